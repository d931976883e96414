"""Once a minute the PBX is asked for everything, and what we have different is put right, counted and shown.

Unlike the resync after a login, this must not hold up the events: they go on while the PBX is asked. What an event
touched meanwhile is fresher than any list, so it is left alone; the lists are compared with the rest, in the link's
worker, in slices of a few milliseconds between which events have their turn. A list that is not whole changes nothing.
"""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Protocol

from cti.ami.errors import AmiError
from cti.domain import events
from cti.domain.ids import CallId, Extension, PbxName, QueueName
from cti.domain.model import Changes
from cti.domain.work import NOTHING
from cti.services import asking
from cti.services.asking import Differences, Known
from cti.services.evidence.evidence import PATIENT_S, Evidence
from cti.services.live import Live
from cti.services.resync import Resync
from cti.translator import Snapshot, Translator
from cti.translator.pbx_log import Chapter

_log = logging.getLogger(__name__)

EVERY_S: Final = 60.0
SETTLE_S: Final = 0.5
"""How long Asterisk may take from a change to its event: it makes them in threads of their own."""
SLICE_S: Final = 0.004


class Link(asking.Link, Protocol):
    """The part of the AMI link that the check needs."""

    def in_order(self, what: str, call: Callable[[], Awaitable[None] | None]) -> None:
        """Have the worker make a call, in order with the events."""


@dataclass(slots=True)
class _Touched:
    """What events changed since the PBX was asked."""

    live: Live
    calls: set[CallId] = field(default_factory=set)
    phones: set[Extension] = field(default_factory=set)
    queues: set[QueueName] = field(default_factory=set)
    deaf: bool = False

    def on_changes(self, changes: Changes) -> None:
        """Note them, unless it is our own correction that made them."""
        if not self.deaf:
            self.calls |= changes.calls | {call.id for call in changes.ended}
            self.phones.update(self.live.state.agents[agent].extension for agent in changes.agents)
            self.queues |= changes.queues


@dataclass(slots=True)
class _Check:
    """One comparison under way: what was known and found, and what has been put right so far."""

    known: Known
    found: Snapshot
    touched: _Touched
    resyncs: int
    over: asyncio.Future[bool]
    missed: Chapter
    facts: Iterator[tuple[events.Event, ...]]
    differences: Differences = field(default_factory=Differences)


class AntiEntropy:
    """Owns one PBX's checks while :meth:`run` runs. ``corrections`` counts what was put right, by kind."""

    def __init__(
        self,
        live: Live,
        translator: Translator,
        link: Link,
        resync: Resync,
        evidence: Evidence,
        now: Callable[[], datetime],
        *,
        every_s: float = EVERY_S,
        settle_s: float = SETTLE_S,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.corrections: Counter[str] = Counter(dict.fromkeys(asking.KINDS, 0))
        self.done = 0
        self.failed = 0
        self.passed_over = 0
        self._live = live
        self._translator = translator
        self._link = link
        self._resync = resync
        self._evidence = evidence
        self._now = now
        self._every_s = every_s
        self._settle_s = settle_s
        self._sleep = sleep
        self._monotonic = monotonic

    @property
    def _pbx(self) -> PbxName:
        return self._translator.pbx

    async def run(self) -> None:
        """Check until cancelled."""
        while True:
            await self._sleep(self._every_s)
            try:
                await self.check()
            except Exception:  # noqa: BLE001 - the boundary of this loop
                self.failed += 1
                _log.exception("the check of PBX %s failed by a fault of ours", self._pbx)

    async def check(self) -> bool:
        """Compare once; False if there was nothing to compare with, or it was overtaken by a resync."""
        link = self._live.state.links.get(self._pbx)
        if link is None or not link.up or link.synced_at is None or link.synced_at < link.since:
            self.passed_over += 1
            return False
        touched = _Touched(self._live)
        stop = self._live.listen(touched.on_changes)
        try:
            return await self._ask_and_compare(touched)
        except AmiError as error:
            self.failed += 1
            _log.warning("the check of PBX %s failed, nothing is changed: %s", self._pbx, error)
            return False
        finally:
            stop()

    async def _ask_and_compare(self, touched: _Touched) -> bool:
        resyncs, known = self._resync.done, Known.now(self._live.state, self._pbx)
        if await asking.boot_of(self._link) != self._live.state.links[self._pbx].boot:
            self._link.in_order("resync, for the PBX was started anew", self._resync.take)
            return False
        mark = await self._evidence.end()
        found = await asking.read(self._translator, await asking.lists_of(self._link))
        await self._sleep(self._settle_s)
        missed = await self._missed(known.calls - found.calls - touched.calls, found.calls - touched.calls)
        over: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        check = _Check(known, found, touched, resyncs, over, missed, iter(()))
        check.facts = self._facts(check)
        self._link.in_order("check", lambda: self._slice(check))
        if not await over:
            return False
        await self._evidence.settle(mark)
        return True

    async def _missed(self, gone: Collection[CallId], found: Collection[CallId]) -> Chapter:
        """Read the PBX's own account, if there are calls whose end or beginning no event told, or it is owed."""
        live = self._live.state.calls
        of_gone = [live[call].linkedid for call in gone if call in live]
        if not (of_gone or self._evidence.owed or any(call not in live for call in found)):
            return Chapter()
        reading = await self._evidence.read(of_gone, deadline_s=PATIENT_S)
        self._evidence.owed = reading is None and self._evidence.there_is_some
        return Chapter() if reading is None else reading.chapter

    # -------------------------------------------------------------- in the worker, in order with the events

    def _slice(self, check: _Check) -> None:
        """Compare for some milliseconds, then let the events that came meanwhile go first."""
        try:
            if self._compare(check):
                self._link.in_order("check", lambda: self._slice(check))
        except Exception as error:
            if not check.over.done():
                check.over.set_exception(error)
            raise

    def _compare(self, check: _Check) -> bool:
        """Put differences right; tells whether there are more to look for."""
        if check.over.done():  # whoever asked is gone
            return False
        link = self._live.state.links[self._pbx]
        if self._resync.done != check.resyncs or not link.up:
            self.passed_over += 1
            check.over.set_result(False)
            return False
        ends = self._monotonic() + SLICE_S
        check.touched.deaf = True
        try:
            for facts in check.facts:
                self._apply(facts, check)
                if self._monotonic() >= ends:
                    return True
        finally:
            check.touched.deaf = False
        self._finish(check)
        return False

    def _apply(self, facts: tuple[events.Event, ...], check: _Check) -> None:
        with self._live.retelling(self._pbx):
            for fact in facts:
                if self._live.apply(fact) is not NOTHING:
                    check.differences.note(fact, check.known)

    def _finish(self, check: _Check) -> None:
        self._live.apply(events.TruthChecked(at=self._now(), pbx=self._pbx, drift=check.differences.drift))
        self.done += 1
        self.corrections.update(check.differences.by_kind)
        if check.differences.drift:
            told = ", ".join(f"{number} {kind}" for kind, number in sorted(check.differences.by_kind.items()))
            _log.warning("the check of PBX %s put right: %s", self._pbx, told)
        check.over.set_result(True)

    def _facts(self, check: _Check) -> Iterator[tuple[events.Event, ...]]:
        """Yield what should be so, and what should be no more, as far as no event has touched it by then.

        What belongs together comes together: all that was missed of one call.
        """
        yield from self._missed_calls(check)
        yield from ((fact,) for fact in check.found.facts if not self._is_touched(fact, check.touched))
        for call, leg in check.known.legs:
            if call in check.found.calls and leg not in check.found.legs and call not in check.touched.calls:
                yield (events.LegEnded(at=self._now(), pbx=self._pbx, call=call, leg=leg, cause=0),)
        for call in check.known.calls - check.found.calls:
            if call not in check.touched.calls:
                yield (events.CallGone(at=self._now(), pbx=self._pbx, call=call, assumed=True),)
        for agent in tuple(self._live.state.agents.values()):
            for queue in agent.memberships if self._translator.has(agent.extension) else ():
                gone = (queue, agent.extension) not in check.found.members
                if gone and agent.extension not in check.touched.phones:
                    yield (events.MemberGone(at=self._now(), pbx=self._pbx, queue=queue, extension=agent.extension),)

    def _missed_calls(self, check: _Check) -> Iterator[tuple[events.Event, ...]]:
        """Yield each call that the account tells more of than the events did."""
        by_call: dict[CallId, list[events.Event]] = {}
        for fact in check.missed.facts:
            by_call.setdefault(fact.call, []).append(fact)
        for call, facts in by_call.items():
            gone = call in check.known.calls - check.found.calls
            state = self._live.state
            new = call not in check.known.calls and call not in state.calls and call not in state.recent
            if (gone or new) and call not in check.touched.calls:
                self._evidence.counts.calls += 1
                yield tuple(facts)

    @staticmethod
    def _is_touched(fact: events.Event, touched: _Touched) -> bool:
        match fact:
            case events.LegEvent(call=call):
                return call in touched.calls
            case events.QueueSeen(queue=queue):
                return queue in touched.queues
            case events.MemberSeen(extension=extension) | events.DeviceSeen(extension=extension):
                return extension in touched.phones
        return False
