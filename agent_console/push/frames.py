"""Puts frames together from the live state. Each entity is encoded once per change, however many consoles see it.

A frame here has no ``seq`` yet: :func:`numbered` writes the connection's own into it without touching the rest.
Calls on a console are never masked differently for two readers: a reader sees a call whole or not at all.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from pydantic import BaseModel

from agent_console import views
from agent_console.auth import Login
from agent_console.push.outbox import Ids
from agent_console.views import Reader
from agent_console.wire_live import Pop
from cti.domain.ids import AgentId, CallId
from cti.domain.model import CentreState, Changes

Fragments = dict[Any, orjson.Fragment]
ALL = Reader(AgentId(""), everything=True)


def numbered(body: bytes, seq: int) -> bytes:
    """Return the frame with its number."""
    return b'{"seq":%d,%b' % (seq, body[1:])


class Composer:
    """Makes frame bodies; owns the encoded entities until they change."""

    def __init__(self, state: Callable[[], CentreState], now: Callable[[], datetime]) -> None:
        self._state = state
        self._now = now
        self._links: Fragments = {}
        self._calls: Fragments = {}
        self._agents: Fragments = {}
        self._queues: Fragments = {}
        self._same: tuple[Ids, bytes] | None = None
        self._totals: tuple[set[Any], bytes] | None = None

    def forget(self, changes: Changes) -> None:
        """Drop what is encoded of everything that changed."""
        self._same = self._totals = None
        for known, ids in (
            (self._links, changes.links),
            (self._calls, changes.calls),
            (self._agents, changes.agents),
            (self._queues, changes.queues),
        ):
            for key in ids:
                known.pop(key, None)
        for call in changes.ended:
            self._calls.pop(call.id, None)

    def forget_ids(self, ids: Ids) -> None:
        """Drop what is encoded of these, whose view depends on others that changed."""
        self._same = self._totals = None
        for call in ids.calls:
            self._calls.pop(call, None)
        for queue in ids.queues:
            self._queues.pop(queue, None)

    def snapshot(self, login: Login, pop: Pop | None, shown: set[CallId]) -> bytes:
        """Return everything that this console may see; ``shown`` becomes what an agent has on screen."""
        state, reader = self._state(), Reader.of(login, self._state())
        shown.clear()
        shown.update(reader.own)
        me = state.agents.get(login.user)
        return self._body(
            "snapshot",
            live={
                "at": self._now(),
                "links": [self._link(key, state) for key in state.links],
                "calls": [
                    self._call(call.id, state) for call in state.calls.values() if views.shows_call(call, reader)
                ],
                "agents": [self._agent(key, state) for key in state.agents if views.shows_agent(key, reader)],
                "queues": [self._queue(key, state) for key in state.queues],
            },
            me=self._agent(me.id, state) if me is not None else None,
            pop=_encoded(pop) if pop is not None else None,
        )

    def upsert(self, ids: Ids, login: Login, shown: set[CallId]) -> bytes | None:
        """Return what of ``ids`` this console may see, or None if nothing; ``shown`` is what an agent has on screen."""
        if login.sees_everything:
            if self._same is None or self._same[0] != ids:
                self._same = (ids.copy(), self._upsert(ids, ALL))
            return self._same[1]
        own = self._own_of(login.user, ids.calls | shown)
        calls = (ids.calls & (own | shown)) | (own ^ shown)
        mine = Ids(ids.links, calls, ids.agents & {login.user}, ids.queues)
        shown.clear()
        shown.update(own)
        if not (mine.links or mine.calls or mine.agents):
            return self._upsert_totals(mine) if mine.queues else None
        return self._upsert(mine, Reader(login.user, everything=False, own=frozenset(own)))

    def _upsert_totals(self, ids: Ids) -> bytes:
        """Return the queues' totals, which are the same for all agents; encoded once for those whose turn it is."""
        if self._totals is None or self._totals[0] != ids.queues:
            self._totals = (set(ids.queues), self._upsert(ids, ALL))
        return self._totals[1]

    def _own_of(self, agent: AgentId, among: set[CallId]) -> set[CallId]:
        """Return which of these calls are on the agent's phone: a call becomes so only by changing."""
        state = self._state()
        known = state.agents.get(agent)
        current = {known.call} if known is not None and known.call is not None else set()
        return current | {key for key in among if key in state.calls and views.is_with(agent, state.calls[key])}

    def _upsert(self, ids: Ids, reader: Reader) -> bytes:
        state = self._state()
        live, gone = [], []
        for call_id in ids.calls:
            call = state.calls.get(call_id)
            if call is not None and views.shows_call(call, reader):
                live.append(self._call(call_id, state))
            else:
                gone.append(call_id)
        return self._body(
            "upsert",
            links=[self._link(key, state) for key in ids.links if key in state.links],
            calls=live,
            agents=[self._agent(key, state) for key in ids.agents if key in state.agents],
            queues=[self._queue(key, state) for key in ids.queues if key in state.queues],
            gone_calls=gone,
        )

    def pop(self, pop: Pop) -> bytes:
        """Return the frame that shows a pop."""
        return self._body("pop", pop=_encoded(pop))

    def pop_withdrawn(self, call: UUID) -> bytes:
        """Return the frame that takes a pop away."""
        return self._body("pop_withdrawn", call_id=call)

    def replaced(self) -> bytes:
        """Return the frame that tells a console of its successor."""
        return self._body("replaced")

    def heartbeat(self) -> bytes:
        """Return the frame that says we are still here."""
        return self._body("heartbeat")

    def _body(self, kind: str, **rest: Any) -> bytes:
        return orjson.dumps({"type": kind, "at": self._now(), **rest}, option=orjson.OPT_UTC_Z)

    def _link(self, key: Any, state: CentreState) -> orjson.Fragment:
        return self._links.get(key) or self._links.setdefault(key, _encoded(views.link_view(state.links[key])))

    def _call(self, key: Any, state: CentreState) -> orjson.Fragment:
        known = self._calls.get(key)
        return known or self._calls.setdefault(key, _encoded(views.call_view(state.calls[key], state, ALL)))

    def _agent(self, key: Any, state: CentreState) -> orjson.Fragment:
        return self._agents.get(key) or self._agents.setdefault(key, _encoded(views.agent_view(state.agents[key])))

    def _queue(self, key: Any, state: CentreState) -> orjson.Fragment:
        return self._queues.get(key) or self._queues.setdefault(
            key, _encoded(views.queue_view(state.queues[key], state))
        )


def _encoded(value: BaseModel) -> orjson.Fragment:
    return orjson.Fragment(value.model_dump_json())
