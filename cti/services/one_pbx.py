"""Everything that belongs to one Asterisk: its link and what follows it, cares for its members, checks it.

A site may have several. They share the live centre, the database and the consoles, and nothing else: one that is down
or slow keeps no other waiting. Calls of two PBXs never meet: our id of a call is made of the PBX's name, too.
"""

from collections.abc import Callable, Coroutine, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from config.settings import Pbx
from cti.ami.link import AmiLink
from cti.ami.session import AmiAddress
from cti.domain.ids import PbxName
from cti.domain.model import Changes
from cti.services.anti_entropy import AntiEntropy
from cti.services.call_book import CallBook
from cti.services.evidence.evidence import Evidence, Kept
from cti.services.evidence.files import CEL_FILE, LogFiles
from cti.services.evidence.source import Source
from cti.services.evidence.tables import LogTables
from cti.services.intake import PbxIntake
from cti.services.live import Live
from cti.services.members import Members
from cti.services.pulse import AskSip, Pulse
from cti.services.resync import Resync
from cti.translator import Translator
from storage.engine import Database
from storage.pbx_log import PbxLogStore


class SteadyTime(Protocol):
    """The time of day, and the monotonic clock that it is counted by."""

    monotonic: Callable[[], float]

    def __call__(self) -> datetime:
        """Return the time."""


class OnePbx:
    """One Asterisk's parts, made and plugged together. ``ami_secret`` is what we log in with."""

    def __init__(
        self,
        pbx: Pbx,
        live: Live,
        clock: SteadyTime,
        *,
        further: bool,
        ami_secret: str,
        home: Path,
        database: Database,
        kept: Kept,
        settled: Callable[[], bool],
        ask_sip: AskSip,
    ) -> None:
        self.name = PbxName(pbx.name)
        self.settings = pbx
        spool = home / "spool"
        self.book = CallBook(self.name, spool / f"boot-{self.name}")
        self.translator = Translator(self.name, self.book, further=further)
        self.evidence = Evidence(
            live,
            self.name,
            self.book,
            _account_of_calls(pbx, home, database),
            spool / f"evidence-{self.name}.json",
            kept,
            further=further,
            settled=settled,
        )
        self.resync = Resync(live, self.translator, self.book, clock, monotonic=clock.monotonic, evidence=self.evidence)
        self.link = AmiLink(
            AmiAddress(pbx.host, pbx.ami_port, pbx.ami_user, ami_secret),
            PbxIntake(live, self.translator).handlers,
            display_only=frozenset({"DeviceStateChange", "QueueMemberStatus"}),
            on_state=self.resync.on_state,
            on_doubt=self.resync.on_doubt,
            now=clock,
        )
        self.resync.link = self.link
        self.anti_entropy = AntiEntropy(live, self.translator, self.link, self.resync, self.evidence, clock)
        self.members = Members(live, self.name, self.link, further=further)
        self.pulse = Pulse(self.link, ask_sip)

    @property
    def listeners(self) -> tuple[Callable[[Changes], None], ...]:
        """Whom the live centre has to tell of changes."""
        return self.book.on_changes, self.members.on_changes

    def work(self) -> Iterator[tuple[Coroutine[Any, Any, None], str]]:
        """Yield what has to run as long as we do, and what to call it."""
        yield self.members.run(), f"members of {self.name}"
        yield self.anti_entropy.run(), f"anti-entropy of {self.name}"
        yield self.pulse.run(), f"pulse of {self.name}"


def _account_of_calls(pbx: Pbx, home: Path, database: Database) -> Source:
    """Return where the PBX's own account of its calls is: its log files, or our tables that it writes to."""
    folder = home / "pbx" / "log" if pbx.log_folder is None and pbx.sandbox else pbx.log_folder
    if folder is None:
        return LogTables(PbxLogStore(database, PbxName(pbx.name)))
    return LogFiles(folder / CEL_FILE, folder / "queue_log")
