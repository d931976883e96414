"""What happened while we could not see one PBX, from its own account of it.

Owns the mark up to which everything that the account tells is in our state. The mark moves on with each check that
found our state to be true, and only when all ended calls are kept; so whatever a gap, a crash of ours or a crash of
Asterisk takes from us lies behind it. What can't be read stays owed until it can.
"""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from cti.domain.ids import AgentId, CallId, Extension, LinkedId, PbxName, extension_at
from cti.services.call_book import CallBook
from cti.services.evidence.source import Account, Mark, Source, UnreadableError
from cti.services.live import Live
from cti.translator import words
from cti.translator.pbx_lives import STARTED
from cti.translator.pbx_log import Chapter, Teller

_log = logging.getLogger(__name__)

DEADLINE_S: Final = 2.0
"""How long a login waits for the account. What takes longer is read by the next check, and told then."""
PATIENT_S: Final = 30.0
LATE_S: Final = 0.25
"""How late Asterisk may write a line, at most seen 0.1."""
LATE_TIMES: Final = 4


class Kept(Protocol):
    """The calls that are kept."""

    async def ended_among(self, calls: Collection[CallId]) -> frozenset[CallId]:
        """Return those of these calls whose record has an end."""


@dataclass(slots=True)
class Counts:
    """What was read so far. ``gaps``: times a part of the account was not there any more."""

    lines: int = 0
    refused: int = 0
    failures: int = 0
    gaps: int = 0
    calls: int = 0


@dataclass(frozen=True, slots=True)
class Reading:
    """A chapter and where it ends."""

    chapter: Chapter
    end: Mark


class Evidence:
    """Reads one PBX's account. ``source`` None: there is none, and every unseen end is assumed."""

    def __init__(
        self,
        live: Live,
        pbx: PbxName,
        book: CallBook,
        source: Source | None,
        file: Path,
        kept: Kept | None = None,
        *,
        further: bool = False,
        settled: Callable[[], bool] = lambda: True,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.counts = Counts()
        self.owed = True
        self._live = live
        self._pbx = pbx
        self._source = source
        self._file = file
        self._kept = kept
        self._settled = settled
        self._sleep = sleep
        self._mark = _load(file)
        self._teller = Teller(
            pbx,
            lambda linkedid, present: book(linkedid) if present else book.in_former_life(linkedid),
            self._phone,
            self._here,
        )
        self._further = further

    @property
    def there_is_some(self) -> bool:
        """Whether this PBX's account can be read at all."""
        return self._source is not None

    def gap(self) -> None:
        """Note that from now on we may miss what happens."""
        self.owed = True

    async def end(self) -> Mark | None:
        """Return where the account ends now; None if nobody can tell."""
        if self._source is None:
            return None
        try:
            async with asyncio.timeout(DEADLINE_S):
                return await self._source.end()
        except (UnreadableError, TimeoutError):
            return None

    async def prune(self) -> None:
        """Let go of what is too old to be of use; another day, if the account can't be reached."""
        try:
            if self._source is not None:
                await self._source.prune()
        except UnreadableError as error:
            _log.info("PBX %s: its account can't be pruned now: %s", self._pbx, error)

    async def settle(self, mark: Mark | None) -> None:
        """Take it that everything up to ``mark`` is in our state."""
        if mark is not None and not self.owed and self._settled() and mark != self._mark:
            self._mark = mark
            await asyncio.to_thread(_save, self._file, mark)

    async def read(
        self, gone: Collection[LinkedId] = (), *, restarted: bool = False, deadline_s: float = DEADLINE_S
    ) -> Reading | None:
        """Return what the account tells since the mark; None if it can't be read now.

        Asterisk may write a line a moment late: it is waited for as long as the end of one of ``gone`` is missing. It
        answers before it has written that it was ``restarted``: without that line nobody can tell which calls are
        over, so the account is owed.
        """
        if self._source is None:
            return None
        if self._mark is None:
            return await self._begin()
        try:
            async with asyncio.timeout(deadline_s):
                account = await self._account(self._source, self._mark, gone, restarted=restarted)
                reading = await asyncio.to_thread(self._retell, account)
        except (UnreadableError, TimeoutError) as error:
            self.counts.failures += 1
            _log.warning("PBX %s: its account can't be read now: %s", self._pbx, str(error) or "it takes too long")
            return None
        self._count(account)
        return await self._without_kept(reading)

    async def _begin(self) -> Reading | None:
        """Begin at the end: what was before our first day is not ours to tell."""
        end = await self.end()
        if end is None:
            return None
        self._mark = end
        await asyncio.to_thread(_save, self._file, end)
        return Reading(Chapter(), end)

    async def _account(self, source: Source, mark: Mark, gone: Collection[LinkedId], *, restarted: bool) -> Account:
        account = await source.since(mark)
        for _ in range(LATE_TIMES):
            if _tells_of_start(account) or (not restarted and _ends(account).issuperset(gone)):
                return account
            await self._sleep(LATE_S)
            account = await source.since(mark)
        if restarted and not _tells_of_start(account):
            raise UnreadableError("it does not tell yet that the PBX was started anew")
        return account

    def _retell(self, account: Account) -> Reading:
        link = self._live.state.links.get(self._pbx)
        seen_until = link.since if link is not None and not link.up else None
        return Reading(self._teller.chapter(account.cel, account.queue, seen_until=seen_until), account.end)

    async def _without_kept(self, reading: Reading) -> Reading:
        """Leave out calls whose whole record is kept: after a restart of ours we do not remember them."""
        state = self._live.state
        unknown = [call for call in reading.chapter.calls if call not in state.calls and call not in state.recent]
        if self._kept is None or not unknown:
            return reading
        try:
            ended = await self._kept.ended_among(unknown)
        except Exception as error:  # noqa: BLE001 - without the database they are told again, which changes no record
            _log.info("can't ask which calls are kept: %s", type(error).__name__)
            return reading
        return Reading(reading.chapter.only(lambda call: call not in ended), reading.end)

    def _count(self, account: Account) -> None:
        self.counts.lines += len(account.cel) + len(account.queue)
        self.counts.refused += account.refused
        self.counts.gaps += account.missing
        if account.missing:
            _log.error("PBX %s: a part of its account is gone, calls in it may have no record", self._pbx)

    def _phone(self, member: str) -> Extension | None:
        """Return the phone of a queue's member: the queue logs an agent's name, or the phone itself."""
        agent = self._live.state.agents.get(AgentId(member))
        return agent.extension if agent is not None else self._here(words.phone(member))

    def _here(self, number: Extension | None) -> Extension | None:
        """Return a phone as one of this PBX."""
        return number if number is None or not self._further else extension_at(number, self._pbx)


def _tells_of_start(account: Account) -> bool:
    return any(line.event == STARTED for line in account.queue)


def _ends(account: Account) -> set[LinkedId]:
    return {line.linkedid for line in account.cel if line.event == "LINKEDID_END"}


def _load(file: Path) -> Mark | None:
    try:
        found = json.loads(file.read_text())
    except (OSError, ValueError):
        return None
    whole = isinstance(found, dict) and all(
        isinstance(part, list) and all(isinstance(number, int) for number in part) for part in found.values()
    )
    return found if whole else None


def _save(file: Path, mark: Mark) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        draft = file.with_suffix(".new")
        draft.write_text(json.dumps(mark))
        draft.replace(file)
    except OSError:
        _log.exception("can't remember how far the PBX's account was read")
