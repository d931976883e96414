"""The truth about one PBX, asked for after each login and whenever something told by it may be missing.

Runs in the link's one worker: events that happen while the PBX is being asked wait behind it, and are applied after
the snapshot. A hangup among them wins. A list that is not whole changes nothing; then it is asked for again, and what
the screens show grows older, which they say.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from datetime import datetime
from typing import Final

from cti.ami.errors import AmiError
from cti.ami.intake import Doubt
from cti.ami.link import LinkState
from cti.domain import events
from cti.domain.work import NOTHING
from cti.services import asking
from cti.services.asking import Differences, Known, Link
from cti.services.call_book import CallBook
from cti.services.live import Live
from cti.translator import Snapshot, Translator

_log = logging.getLogger(__name__)

ATTEMPTS: Final = 5
FIRST_PAUSE_S: Final = 0.2
SPACING_S: Final = 1.0
"""Doubts that come faster than this are answered together."""
SLICE_S: Final = 0.004


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
        self._last = float("-inf")

    async def on_state(self, state: LinkState) -> None:
        """Take the truth when the link comes up; note when it goes."""
        if state.up:
            await self.take()
            return
        self._book.on_link_down()
        self._live.apply(events.LinkDown(at=self._now(), pbx=self._translator.pbx, reason=state.reason or state.phase))

    async def on_doubt(self, doubt: Doubt) -> None:
        """Take the truth again, because something is missing or was not believed."""
        _log.warning("resync because of doubt: %s, %d", doubt.reason, doubt.count)
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
        link = self._link()
        boot = await asking.boot_of(link)
        await asyncio.to_thread(self._book.on_link_up, boot)
        pbx = self._translator.pbx
        before = self._live.state.links.get(pbx)
        if before is None or not before.up or before.boot != boot:
            self._live.apply(events.LinkUp(at=self._now(), pbx=pbx, boot=boot))
        known = Known.now(self._live.state, pbx)
        found = await asking.read(self._translator, await asking.lists_of(link))
        await self._apply(found, known)

    def _link(self) -> Link:
        if self.link is None:
            raise RuntimeError("a resync needs its link")
        return self.link

    async def _apply(self, found: Snapshot, known: Known) -> None:
        """Apply the snapshot. The consoles and the menu have their turns in between; the events wait."""
        now, pbx = self._now(), self._translator.pbx
        link = self._live.state.links.get(pbx)
        first = link is None or link.synced_at is None
        differences = Differences()
        ends = self._monotonic() + SLICE_S
        for fact in (*found.facts, *self._gone(found, known, now)):
            if self._live.apply(fact) is not NOTHING:
                differences.note(fact, known)
            if self._monotonic() >= ends:
                await asyncio.sleep(0)
                ends = self._monotonic() + SLICE_S
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
            for queue in agent.memberships:
                if (queue, agent.extension) not in found.members:
                    yield events.MemberGone(at=now, pbx=pbx, queue=queue, extension=agent.extension)
