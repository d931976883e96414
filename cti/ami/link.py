"""The link to one PBX: always there, sometimes down, and honest about it.

::

    link = AmiLink(address, wanted={"Newchannel": on_new_channel}, display_only={"VarSet"},
                   on_state=on_state, on_doubt=on_doubt)
    await link.start()                       # returns at once; the daemon lives without a PBX too
    status = (await link.send(actions.core_status())).or_raise()
    members = await link.collect(actions.queue_status("water"))
    await link.close()

Handlers, ``on_state`` and ``on_doubt`` are called by one worker, one after the other, in the order in which things
happened; each may be a coroutine function, and the worker waits for it. So ``on_state`` may take its whole snapshot
when the link comes up: events that happen meanwhile wait behind it. What an action answers does not go through the
worker, so waiting for it inside a handler is fine.

A connection is a :class:`~cti.ami.session.Session`; this module only makes the next one when one is lost.
"""

import asyncio
import logging
import random
import time
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Set
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from cti.ami.actions import AmiAction
from cti.ami.errors import (
    ActionTimeoutError,
    LinkClosedError,
    LinkDownError,
    LinkError,
    LinkLostError,
    LoginRefusedError,
    MisuseError,
    NotAmiError,
    NotBootedError,
    NotRepeatableError,
    PartialListError,
)
from cti.ami.frames import FrameCounters
from cti.ami.intake import Bounds, Counters, DoubtHandler, Handler, Intake, utc_now
from cti.ami.messages import Event, Response
from cti.ami.session import AmiAddress, DownReason, Session, Timings, random_action_id

_log = logging.getLogger(__name__)

_REASONS: dict[type[LinkError], DownReason] = {
    LinkDownError: DownReason.UNREACHABLE,
    NotAmiError: DownReason.NOT_AMI,
    NotBootedError: DownReason.NOT_BOOTED,
    LoginRefusedError: DownReason.REFUSED,
}
_NEEDS_SOMEBODY = frozenset({DownReason.REFUSED, DownReason.NOT_AMI, DownReason.INTERNAL})
_MANY_FAILURES = 5
"""With all login slots taken the PBX just hangs up: only that it goes on tells."""
_RECENT_IDS = 4096


class Phase(StrEnum):
    """Whether there is a link."""

    DOWN = "down"
    UP = "up"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class LinkState:
    """How the link is, since when and why. ``reason`` is None while it is up; ``failures`` are tries in vain."""

    phase: Phase
    at: datetime
    reason: DownReason | None = None
    failures: int = 0

    @property
    def up(self) -> bool:
        """Whether actions can be sent."""
        return self.phase is Phase.UP

    @property
    def alarm(self) -> bool:
        """Whether somebody has to do something: it will hardly get better by itself."""
        return self.reason in _NEEDS_SOMEBODY or self.failures >= _MANY_FAILURES


StateHandler = Callable[[LinkState], Awaitable[None] | None]


class AmiLink:
    """A PBX's events and the way to ask it. Owns two tasks from :meth:`start` to :meth:`close`."""

    def __init__(
        self,
        address: AmiAddress,
        wanted: Mapping[str, Handler],
        *,
        display_only: Set[str] = frozenset(),
        on_state: StateHandler | None = None,
        on_doubt: DoubtHandler | None = None,
        timings: Timings | None = None,
        bounds: Bounds | None = None,
        now: Callable[[], datetime] = utc_now,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        rng: random.Random | None = None,
        new_id: Callable[[], str] = random_action_id,
    ) -> None:
        """Prepare a link; ``display_only`` are the wanted events that may be shed when too many come."""
        self.frame_counters = FrameCounters()
        self._address = address
        self._on_state = on_state
        self._timings = timings or Timings()
        self._now = now
        self._monotonic = monotonic
        self._sleep = sleep
        self._rng = rng or random.Random()  # noqa: S311 - jitter
        self._new_id = new_id
        self._recent: deque[str] = deque(maxlen=_RECENT_IDS)
        self._intake = Intake(
            wanted,
            display_only=display_only,
            on_doubt=on_doubt,
            is_ours=self._recent.__contains__,
            bounds=bounds,
            now=now,
            monotonic=monotonic,
        )
        self._session: Session | None = None
        self._came_up = asyncio.Event()
        self._state = LinkState(Phase.DOWN, now(), DownReason.STARTING)
        self._up_since = monotonic()
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def state(self) -> LinkState:
        """How the link is this moment; ``on_state`` tells the same in order with the events."""
        return self._state

    @property
    def counters(self) -> Counters:
        """What came, what was shed, dropped or refused, and how late we are."""
        return self._intake.counters

    @property
    def waiting(self) -> int:
        """How many events wait for the worker."""
        return self._intake.waiting

    # -------------------------------------------------------------- life

    async def start(self) -> None:
        """Begin connecting. Returns at once: a PBX that is down is a state, not an error."""
        if self._tasks or self._state.phase is Phase.CLOSED:
            raise LinkClosedError("a link starts once")
        for name, coroutine in (("ami-worker", self._intake.run()), ("ami-link", self._keep())):
            task = asyncio.create_task(coroutine, name=name)
            task.add_done_callback(_report_death)
            self._tasks.append(task)

    async def wait_up(self, timeout_s: float) -> None:
        """Wait until the link is up, or raise :class:`LinkDownError`."""
        if self._state.phase is Phase.CLOSED:
            raise LinkClosedError("the link is closed")
        try:
            async with asyncio.timeout(timeout_s):
                await self._came_up.wait()
        except TimeoutError as error:
            raise LinkDownError(f"no link to the PBX within {timeout_s:g} s: {self._state.reason}") from error

    async def close(self) -> None:
        """End everything this link started. What is under way fails, what waits is not handled any more."""
        self._state = LinkState(Phase.CLOSED, self._now(), DownReason.CLOSED)
        self._came_up.clear()
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _keep(self) -> None:
        """Have a session, for ever; wait longer after each that did not last."""
        failures = 0
        while True:
            reason = await self._one_session()
            if self._state.up and self._monotonic() - self._up_since > self._timings.backoff_most_s:
                failures = 0
            self._change(LinkState(Phase.DOWN, self._now(), reason, failures))
            await self._sleep(self._pause_s(reason, failures))
            failures += 1

    async def _one_session(self) -> DownReason:
        """Have one connection from beginning to end; return why it ended."""
        session = Session(
            self._address,
            self._intake,
            self._timings,
            counters=self.frame_counters,
            new_id=self._new_id,
            recent=self._recent,
        )
        session.lost.add_done_callback(lambda _: self._came_up.clear())
        try:
            await session.open()
            self._session = session
            self._up_since = self._monotonic()
            self._change(LinkState(Phase.UP, self._now()))
            return await session.over()
        except LinkLostError:
            return session.lost.result()
        except LinkError as error:
            return _REASONS[type(error)]
        except Exception:  # noqa: BLE001 - the boundary of this loop
            _log.exception("the link to the PBX failed by a fault of ours")
            return DownReason.INTERNAL
        finally:
            self._session = None
            await session.closed()

    def _pause_s(self, reason: DownReason, failures: int) -> float:
        """Return how long to wait before the next try: a refused login gets no better by hurrying."""
        if reason is DownReason.REFUSED:
            return self._timings.refused_s
        first, most = self._timings.backoff_first_s, self._timings.backoff_most_s
        longest = min(most, first * float(2 ** min(failures, 16)))
        return max(first, longest * self._rng.uniform(0.5, 1.0))

    def _change(self, state: LinkState) -> None:
        before, self._state = self._state, state
        if state.up:
            self._came_up.set()
        else:
            self._came_up.clear()
        if (before.phase, before.reason, before.alarm) == (state.phase, state.reason, state.alarm):
            return
        log = _log.error if state.alarm else _log.info
        log("AMI %s:%d is %s%s", self._address.host, self._address.port, state.phase, _because(state.reason))
        handler = self._on_state
        if handler is not None:
            self._intake.notice(f"link {state.phase}", lambda: handler(state))

    def in_order(self, what: str, call: Callable[[], Awaitable[None] | None]) -> None:
        """Let the worker make a call, after all events that have arrived by now and before all later ones.

        ``what`` names it in the log, should it fail. A call that takes long delays the events behind it, so what is
        long is done in slices: each asks for the next one by this method. Nothing comes of it on a closed link.
        """
        self._intake.notice(what, call)

    # -------------------------------------------------------------- questions

    async def send(self, action: AmiAction, *, timeout_s: float = 5.0, idempotent: bool = False) -> Response:
        """Send an action and return what the PBX answered, success or not.

        With ``idempotent`` an action that was under way when the link went is sent again when it is back, within
        the same ``timeout_s``. Only actions whose repetition is as good as once may be; mind that others may have
        been sent in between.

        Raise :class:`LinkDownError` if nothing was sent, :class:`LinkLostError` or :class:`ActionTimeoutError` if
        nobody knows whether it happened.
        """
        if action.shape is not None:
            raise MisuseError(f"{action.name} answers with a list: collect it")
        if idempotent and not action.repeatable:
            raise NotRepeatableError(action.name)
        deadline = asyncio.get_running_loop().time() + timeout_s
        sent = False
        while True:
            try:
                return await self._usable().ask(action, self._left_s(action, deadline, timeout_s))
            except LinkLostError:
                if not idempotent:
                    raise
                sent = True
            except LinkDownError:
                if not sent:
                    raise
            await self.wait_up(self._left_s(action, deadline, timeout_s))

    async def items(self, action: AmiAction, *, timeout_s: float = 10.0) -> AsyncGenerator[Event, None]:
        """Send a list action and yield its items as they come.

        Raise :class:`PartialListError` at the end if the list was not whole, :class:`ActionRefusedError` if there
        was none. Use it within ``contextlib.aclosing`` when you may stop early.
        """
        if action.shape is None:
            raise MisuseError(f"{action.name} does not answer with a list: send it")
        async with aclosing(self._usable().items(action, timeout_s)) as items:
            async for item in items:
                yield item

    async def collect(self, action: AmiAction, *, timeout_s: float = 10.0) -> list[Event]:
        """Send a list action and return all items, or raise; a :class:`PartialListError` carries what came."""
        found: list[Event] = []
        try:
            async with aclosing(self.items(action, timeout_s=timeout_s)) as items:
                async for item in items:
                    found.append(item)  # noqa: PERF401 - what came is kept if it breaks off
        except PartialListError as error:
            raise PartialListError(error.action, error.why, found, error.refused) from error
        return found

    def _usable(self) -> Session:
        if self._state.phase is Phase.CLOSED:
            raise LinkClosedError("the link is closed")
        if self._session is None:
            raise LinkDownError(f"there is no link to the PBX: {self._state.reason}")
        return self._session

    @staticmethod
    def _left_s(action: AmiAction, deadline: float, timeout_s: float) -> float:
        left_s = deadline - asyncio.get_running_loop().time()
        if left_s <= 0:
            raise ActionTimeoutError(action.name, timeout_s)
        return left_s


def _because(reason: DownReason | None) -> str:
    return "" if reason is None else f" ({reason})"


def _report_death(task: asyncio.Task[None]) -> None:
    """Say so if a task that never ends did."""
    if not task.cancelled() and (error := task.exception()) is not None:
        _log.critical("%s died", task.get_name(), exc_info=error)
