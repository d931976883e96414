"""The database comes up, in its own time, and is asked what we must know: the agents, and the calls from before.

Until then the hotline works without: callers reach people, calls wait to be kept.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Final, Protocol

from cti.domain.events import AgentEnrolled
from cti.domain.ids import PbxName
from cti.domain.model import Call, CallStage
from cti.domain.restored import CallRestored, CentreRestored
from cti.services.call_book import CallBook
from cti.services.live import Live
from storage.engine import Database
from storage.errors import StorageError
from storage.migrate import upgrade
from storage.records import CallRecord, User

_log = logging.getLogger(__name__)

FIRST_PAUSE_S: Final = 0.5
LONGEST_PAUSE_S: Final = 10.0
LOOK_AGAIN_S: Final = 15.0


class Server(Protocol):
    """A database server of our own."""

    async def start(self) -> str:
        """Start it if it does not run."""


class Users(Protocol):
    """Who are the agents."""

    async def agents(self) -> Sequence[User]:
        """Return every active agent with a phone."""


class Calls(Protocol):
    """The calls that are kept."""

    async def unfinished(self, pbx: PbxName) -> Sequence[CallRecord]:
        """Return those without an end."""


class Keeping:
    """Owns the way from no database to one that is ours, migrated and read; then looks for changes of agents.

    ``before`` tells, once the tables are there, what the journal knows of the time before our start.
    """

    def __init__(
        self,
        live: Live,
        books: Mapping[PbxName, CallBook],
        now: Callable[[], datetime],
        database: Database,
        users: Users,
        calls: Calls,
        server: Server | None,
        *,
        before: Callable[[], Awaitable[CentreRestored | None]] | None = None,
        migrate: Callable[[str], Awaitable[bool]] = upgrade,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._live = live
        self._books = books
        self._now = now
        self._database = database
        self._users = users
        self._calls = calls
        self._server = server
        self._before = before
        self._migrate = migrate
        self._sleep = sleep
        self._ready = asyncio.Event()

    async def wait_ready(self, timeout_s: float) -> bool:
        """Wait until the database has told what we must know; False if it takes longer."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._ready.wait()
        except TimeoutError:
            _log.warning("the database is not there yet; going on without")
            return False
        return True

    async def run(self) -> None:
        """Bring the database up, read it, then go on looking who the agents are."""
        pause_s = FIRST_PAUSE_S
        while not self._ready.is_set():
            try:
                await self._bring_up()
            except Exception as error:  # noqa: BLE001 - the boundary of this loop
                _log.warning("no database yet: %s", _why(error))
                await self._sleep(pause_s)
                pause_s = min(LONGEST_PAUSE_S, pause_s * 2)
            else:
                self._ready.set()
        while True:
            await self._sleep(LOOK_AGAIN_S)
            try:
                await self._enrol()
            except Exception as error:  # noqa: BLE001 - the boundary of this loop
                _log.info("can't look for agents: %s", _why(error))

    async def _bring_up(self) -> None:
        if self._server is not None:
            await self._server.start()
        await self._migrate(self._database.engine.url.render_as_string(hide_password=False))
        await self._enrol()
        await self._restore()
        for pbx, book in self._books.items():
            for record in await self._calls.unfinished(pbx):
                book.restored(record.id, record.linkedid)
                self._live.apply(CallRestored(at=self._now(), record=as_call(record)))

    async def _restore(self) -> None:
        if self._before is None:
            return
        known, self._before = await self._before(), None
        if known is not None:
            for call in known.state.calls.values():
                book = self._books.get(call.pbx)
                if book is not None:
                    book.restored(call.id, call.linkedid)
            self._live.apply(known)

    async def _enrol(self) -> None:
        for user in await self._users.agents():
            if user.extension is not None:
                self._live.apply(
                    AgentEnrolled(
                        at=self._now(), agent=user.id, name=user.name, extension=user.extension, queues=user.queues
                    )
                )


def _why(error: Exception) -> str:
    """Say what went wrong; only our own errors' texts are known to hold nothing of a customer's."""
    return str(error) if isinstance(error, StorageError) else type(error).__name__


def as_call(record: CallRecord) -> Call:
    """Return the live call that a record without an end was made of, as far as a record tells."""
    return Call(
        id=record.id,
        pbx=record.pbx,
        linkedid=record.linkedid,
        started_at=record.started_at,
        stage=CallStage.RINGING,
        stage_since=record.started_at,
        caller_number=record.caller_number,
        caller_name=record.caller_name,
        dialled=record.dialled,
        inbound=record.inbound,
        language=record.language,
        account=record.account,
        verified=record.verified,
        ivr_flow=record.ivr_flow,
        ivr_version=record.ivr_version,
        ivr_path=record.ivr_path,
        ivr_served=record.ivr_served,
        queue=record.queue,
        queued_at=record.queued_at,
        answered_at=record.answered_at,
        wait_s=record.wait_s,
        talk_s=record.talk_s,
        hold_s=record.hold_s,
        holds=record.holds,
        agent=record.agent,
        counted=record.answered_at is not None,
        visits=record.visits,
        talks=record.talks,
        callback_of=record.callback_of,
    )
