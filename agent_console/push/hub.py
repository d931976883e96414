"""Who is connected, and what each is told: changes gathered for a moment, pops at once, the newest console of an agent.

No sockets here: a :class:`Console` is filled by the hub and emptied by :mod:`agent_console.push.server`.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from agent_console import views
from agent_console.auth import Login
from agent_console.pop_desk import PopDesk
from agent_console.ports import LiveCentre
from agent_console.push.delays import PopDelays
from agent_console.push.frames import Composer, numbered
from agent_console.push.outbox import Ids, Outbox, OutboxFullError, Places
from agent_console.push.rota import TURNS, Rota
from agent_console.wire import Role
from agent_console.wire_live import Pop
from agent_console.wire_push import PopShown
from cti.domain.ids import AgentId, CallId
from cti.domain.model import Changes

log = logging.getLogger(__name__)

GATHER_S = 0.05
"""Changes within this time of each other go out together. The first after a pause goes at once."""

NOBODY: frozenset["Console"] = frozenset()

GONE = 1000
TOO_SLOW = 1013
BAD_COMMAND = 1008
SESSION_OVER = 4401
REPLACED = 4409


@dataclass(eq=False, slots=True)
class Console:
    """One connection of one session: what it must still be sent, and why it should be closed, if it should."""

    login: Login
    outbox: Outbox = field(default_factory=Outbox)
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    shown_calls: set[CallId] = field(default_factory=set)
    seq: int = 0
    close_code: int | None = None
    popped: CallId | None = None
    unconfirmed_ms: int | None = None

    @property
    def is_phone(self) -> bool:
        """Whether it goes with an agent's phone, of which there is one."""
        return self.login.role is Role.AGENT

    def close_soon(self, code: int) -> None:
        """Close it once what is urgent has been sent; the first reason stays."""
        self.close_code = self.close_code or code
        self.wake.set()


class Hub:
    """All consoles. ``on_changes`` and the pop methods return at once and never raise for one console's sake."""

    def __init__(
        self,
        live: LiveCentre,
        pops: PopDesk,
        now: Callable[[], datetime],
        *,
        live_now: Callable[[], datetime] | None = None,
        gather_s: float = GATHER_S,
    ) -> None:
        self.delays = PopDelays()
        self._live = live
        self._pops = pops
        self._now = now
        self._gather_s = gather_s
        self._composer = Composer(lambda: live.state, live_now or now)
        self._consoles: set[Console] = set()
        self._phones: dict[AgentId, Console] = {}
        self._seers: set[Console] = set()
        self._showing: dict[CallId, set[Console]] = {}
        self._rota: Rota[Console] = Rota(TURNS if gather_s > 0 else 1)
        self._gathered = Ids()
        self._places = Places()
        self._timer: asyncio.Handle | None = None
        self._last_flush_s = float("-inf")

    # -------------------------------------------------------------- consoles come and go

    def __len__(self) -> int:
        return len(self._consoles)

    def join(self, login: Login) -> Console:
        """Take in a new console. An agent's newest replaces the one before."""
        console = Console(login)
        console.wake.set()
        self._consoles.add(console)
        if not console.is_phone:
            self._seers.add(console)
        else:
            self._rota.join(console)
            old = self._phones.get(login.user)
            self._phones[login.user] = console
            if old is None:
                self._live.console_opened(login.user)
            else:
                self._urgent(old, self._composer.replaced())
                old.close_soon(REPLACED)
        return console

    def leave(self, console: Console) -> None:
        """Let a console go. The agent is without one only if this was their newest."""
        self._consoles.discard(console)
        self._seers.discard(console)
        self._rota.leave(console)
        self._note_shown(console, set(console.shown_calls), set())
        if self._phones.get(console.login.user) is console:
            del self._phones[console.login.user]
            self._live.console_closed(console.login.user)

    def end_session(self, sid: str) -> None:
        """Close what belongs to a session that is over."""
        for console in self._consoles:
            if console.login.sid == sid:
                console.close_soon(SESSION_OVER)

    def close_all(self) -> None:
        """Drop what is gathered; nothing is flushed any more."""
        if self._timer is not None:
            self._timer.cancel()

    # -------------------------------------------------------------- what happens

    def on_changes(self, changes: Changes) -> None:
        """Gather what changed, to be told to all in a moment."""
        self._composer.forget(changes)
        self._gathered.add(changes)
        if len(self._gathered):
            self._flush_soon()

    def _flush_soon(self) -> None:
        if self._timer is None:
            loop = asyncio.get_running_loop()
            wait_s = self._last_flush_s + self._gather_s - loop.time()
            self._timer = loop.call_later(wait_s, self.flush) if wait_s > 0 else loop.call_soon(self.flush)

    def flush(self) -> None:
        """Tell every console what changed since the last time, those of agents what concerns them."""
        self._last_flush_s = asyncio.get_running_loop().time()
        self._timer = None
        gathered, self._gathered = self._gathered, Ids()
        self._places.complete(gathered, self._live.state)
        self._composer.forget_ids(gathered)
        self._rota.note(gathered.queues)
        for console in self._consoles if gathered.links else self._concerned(gathered):
            self._tell(console, gathered)
        totals, whose_turn = self._rota.take()
        for console in whose_turn:
            self._tell(console, Ids(queues=totals))
        if self._rota.is_due:
            self._flush_soon()

    def _concerned(self, ids: Ids) -> set[Console]:
        """Return who has to know at once: whoever sees everything, and the agents whom it is about."""
        agents = set(ids.agents)
        found = set(self._seers)
        for call_id in ids.calls:
            found |= self._showing.get(call_id, NOBODY)
            call = self._live.state.calls.get(call_id)
            if call is not None:
                agents.update(views.agents_with(call))
        return found | {self._phones[agent] for agent in agents & self._phones.keys()}

    def _tell(self, console: Console, ids: Ids) -> None:
        try:
            console.outbox.changed(ids)
            console.wake.set()
        except OutboxFullError:
            console.close_soon(TOO_SLOW)

    def show(self, agent: AgentId, pop: Pop) -> None:
        """Show a pop, before anything else."""
        console = self._phones.get(agent)
        if console is not None:
            if console.popped != pop.call_id:
                console.popped = CallId(pop.call_id)
                console.unconfirmed_ms = round((self._now() - pop.offered_at).total_seconds() * 1000)
            self._urgent(console, self._composer.pop(pop))

    def withdraw(self, agent: AgentId, call: CallId) -> None:
        """Take a pop away."""
        console = self._phones.get(agent)
        if console is not None:
            self._urgent(console, self._composer.pop_withdrawn(call))

    def _urgent(self, console: Console, body: bytes) -> None:
        try:
            console.outbox.urgent(body)
            console.wake.set()
        except OutboxFullError:
            console.close_soon(TOO_SLOW)

    # -------------------------------------------------------------- what a console sends and takes

    def pop_shown(self, console: Console, shown: PopShown) -> None:
        """Count how long it took from the offer until the agent saw the pop; a pop counts once."""
        if console.unconfirmed_ms is None or console.popped != shown.call_id:
            self.delays.strays += 1
            return
        self.delays.note(max(0, console.unconfirmed_ms) + shown.shown_ms)
        console.unconfirmed_ms = None

    def resync(self, console: Console) -> None:
        """Send a fresh snapshot."""
        console.outbox.resync()
        console.wake.set()

    def take(self, console: Console) -> bytes | None:
        """Return the console's next frame, numbered, or None when it has everything."""
        self._end_if_expired(console)
        body = console.outbox.take_urgent()
        if body is None and console.close_code is None:
            body = self._take_state(console)
        return self._number(console, body) if body is not None else None

    def heartbeat(self, console: Console) -> bytes:
        """Return a frame for a console that has been told nothing for a while."""
        self._end_if_expired(console)
        return self._number(console, self._composer.heartbeat())

    def _end_if_expired(self, console: Console) -> None:
        if console.close_code is None and console.login.expires_at <= self._now():
            console.close_soon(SESSION_OVER)

    def _take_state(self, console: Console) -> bytes | None:
        before = set(console.shown_calls)
        if console.outbox.take_snapshot():
            pop = self._pops.peek(console.login.user) if console.is_phone else None
            body: bytes | None = self._composer.snapshot(console.login, pop, console.shown_calls)
        else:
            changed = console.outbox.take_changed()
            if changed is None:
                return None
            body = self._composer.upsert(changed, console.login, console.shown_calls)
        if console.is_phone:
            self._note_shown(console, before, console.shown_calls)
        return body

    def _note_shown(self, console: Console, before: set[CallId], after: set[CallId]) -> None:
        """Remember on which consoles a call is, to tell them when it changes or is there no longer."""
        for call in before - after:
            consoles = self._showing.get(call, set())
            consoles.discard(console)
            if not consoles:
                self._showing.pop(call, None)
        for call in after - before:
            self._showing.setdefault(call, set()).add(console)

    def _number(self, console: Console, body: bytes) -> bytes:
        console.seq += 1
        return numbered(body, console.seq)
