"""The truth about one PBX, asked for after each login and whenever something told by it may be missing.

Runs in the link's one worker: events that happen while the PBX is being asked wait behind it, and are applied after
the snapshot. What happened before that, unseen, is told first, from the PBX's own account. A hangup wins. A list that
is not whole changes nothing; then it is asked for again, and what the screens show grows older, which they say.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from datetime import datetime
from typing import Final, TypeVar

from cti.ami.errors import AmiError
from cti.ami.intake import Doubt
from cti.ami.link import LinkState
from cti.domain import events
from cti.domain.ids import CallId
from cti.domain.work import NOTHING
from cti.services import asking
from cti.services.asking import Differences, Known, Link
from cti.services.call_book import CallBook
from cti.services.evidence.evidence import Evidence, Reading
from cti.services.live import Live
from cti.translator import Snapshot, Translator
from cti.translator.pbx_log import Chapter

_log = logging.getLogger(__name__)

ATTEMPTS: Final = 5
FIRST_PAUSE_S: Final = 0.2
SPACING_S: Final = 1.0
"""Doubts that come faster than this are answered together."""
SLICE_S: Final = 0.004

Fact = TypeVar("Fact", bound=events.Event)


class Resync:
    """Keeps the centre true to one PBX. ``link`` is set once it is made."""

    def __init__(
        self,
        live: Live,
        translator: Translator,
        book: CallBook,
        now: Callable[[], datetime],
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        monotonic: Callable[[], float],
        evidence: Evidence,
    ) -> None:
        self.link: Link | None = None
        self.done = 0
        self.failed = 0
        self.corrections: Counter[str] = Counter(dict.fromkeys(asking.KINDS, 0))
        self._live = live
        self._translator = translator
        self._book = book
        self._now = now
        self._sleep = sleep
        self._monotonic = monotonic
        self._evidence = evidence
        self._last = float("-inf")
        self._restarted = False

    async def on_state(self, state: LinkState) -> None:
        """Take the truth when the link comes up; note when it goes."""
        if state.up:
            await self.take()
            return
        self._evidence.gap()
        self._book.on_link_down()
        self._live.apply(events.LinkDown(at=self._now(), pbx=self._translator.pbx, reason=state.reason or state.phase))

    async def on_doubt(self, doubt: Doubt) -> None:
        """Take the truth again, because something is missing or was not believed."""
        _log.warning("resync because of doubt: %s, %d", doubt.reason, doubt.count)
        self._evidence.gap()
        await self._sleep(max(0.0, self._last + SPACING_S - self._monotonic()))
        await self.take()

    async def take(self) -> None:
        """Ask the PBX until it has answered whole, or the link is gone. Never raises for what the PBX does."""
        pause_s = FIRST_PAUSE_S
        for attempt in range(1, ATTEMPTS + 1):
            try:
                await self._take()
            except AmiError as error:
                self.failed += 1
                _log.warning("resync failed, attempt %d: %s", attempt, error)
                await self._sleep(pause_s)
                pause_s *= 2
            else:
                self.done += 1
                self._last = self._monotonic()
                return
        _log.error("no resync with the PBX: what is shown may be wrong")

    async def _take(self) -> None:
        link, pbx = self._link(), self._translator.pbx
        known = Known.now(self._live.state, pbx)
        boot = await asking.boot_of(link)
        self._restarted |= await asyncio.to_thread(self._book.on_link_up, boot)
        found = await asking.read(self._translator, await asking.lists_of(link))
        reading = await self._read_account(known, found)
        chapter = Chapter() if reading is None else reading.chapter
        former, present = chapter.split()
        await self._retell(former)
        self._link_up(boot, reading)
        await self._retell(present)
        told = Known.now(self._live.state, pbx) if chapter.facts else known
        await self._apply(found, known.and_those_of(told, chapter.calls))
        self._evidence.owed = reading is None and self._evidence.there_is_some
        self._restarted = False
        if reading is not None:
            await self._evidence.settle(reading.end)

    async def _read_account(self, known: Known, found: Snapshot) -> Reading | None:
        """Read what the PBX wrote itself of the calls that it has no longer, and of those we never heard of."""
        live = self._live.state.calls
        gone = [live[call].linkedid for call in known.calls - found.calls if call in live]
        return await self._evidence.read(gone, restarted=self._restarted)

    def _link_up(self, boot: int, reading: Reading | None) -> None:
        pbx = self._translator.pbx
        before = self._live.state.links.get(pbx)
        if before is None or not before.up or before.boot != boot:
            lost_at = None if reading is None else reading.chapter.lost_at
            self._live.apply(events.LinkUp(at=self._now(), pbx=pbx, boot=boot, lost_at=lost_at))

    async def _retell(self, chapter: Chapter) -> None:
        """Apply what was missed, as it was; nobody is shown an offer that is over by now."""
        if not chapter.facts:
            return
        news: set[CallId] = set()
        with self._live.retelling(self._translator.pbx):
            async for fact in self._slices(chapter.facts):
                if self._live.apply(fact) is not NOTHING:
                    news.add(fact.call)
        self._evidence.counts.calls += len(news)

    async def _slices(self, facts: Iterable[Fact]) -> AsyncIterator[Fact]:
        """Yield facts, letting the consoles and the menu have their turns in between; the events wait."""
        ends = self._monotonic() + SLICE_S
        for fact in facts:
            yield fact
            if self._monotonic() >= ends:
                await asyncio.sleep(0)
                ends = self._monotonic() + SLICE_S

    def _link(self) -> Link:
        if self.link is None:
            raise RuntimeError("a resync needs its link")
        return self.link

    async def _apply(self, found: Snapshot, known: Known) -> None:
        """Apply the snapshot."""
        now, pbx = self._now(), self._translator.pbx
        link = self._live.state.links.get(pbx)
        first = link is None or link.synced_at is None
        differences = Differences()
        async for fact in self._slices((*found.facts, *self._gone(found, known, now))):
            if self._live.apply(fact) is not NOTHING:
                differences.note(fact, known)
        if not first:
            self.corrections.update(differences.by_kind)
        started_since = frozenset(self._live.state.calls) - known.calls
        drift = 0 if first else differences.drift
        self._live.apply(events.Resynced(at=now, pbx=pbx, live=found.calls | started_since, drift=drift))
        _log.info("resynced: %d calls, %d differences", len(found.calls), differences.drift)

    def _gone(self, found: Snapshot, known: Known, now: datetime) -> Iterator[events.Event]:
        """Yield what the PBX has no longer: legs of calls that go on, calls, and members of queues."""
        pbx = self._translator.pbx
        for call, leg in known.legs:
            if call in found.calls and leg not in found.legs:
                yield events.LegEnded(at=now, pbx=pbx, call=call, leg=leg, cause=0)
        for call in known.calls - found.calls:
            yield events.CallGone(at=now, pbx=pbx, call=call, assumed=True)
        for agent in tuple(self._live.state.agents.values()):
            for queue in agent.memberships if self._translator.has(agent.extension) else ():
                if (queue, agent.extension) not in found.members:
                    yield events.MemberGone(at=now, pbx=pbx, queue=queue, extension=agent.extension)
