"""The truth about one PBX, asked for after each login and whenever something told by it may be missing.

Runs in the link's one worker: events that happen while the PBX is being asked wait behind it, and are applied after
the snapshot. A hangup among them wins. A list that is not whole changes nothing; then it is asked for again, and what
the screens show grows older, which they say.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from cti.ami import actions
from cti.ami.actions import AmiAction
from cti.ami.errors import ActionRefusedError, AmiError
from cti.ami.intake import Doubt
from cti.ami.link import LinkState
from cti.ami.messages import Event as Message
from cti.ami.messages import Response
from cti.domain import events
from cti.domain.ids import CallId, ChannelId
from cti.services.call_book import CallBook
from cti.services.live import NOTHING, Live
from cti.translator import Snapshot, Translator, boot_time, snapshot

_log = logging.getLogger(__name__)

ATTEMPTS: Final = 5
FIRST_PAUSE_S: Final = 0.2
SPACING_S: Final = 1.0
"""Doubts that come faster than this are answered together."""


class Link(Protocol):
    """The part of the AMI link that a resync needs."""

    async def send(self, action: AmiAction) -> Response:
        """Ask one thing."""

    async def collect(self, action: AmiAction) -> list[Message]:
        """Ask for a list."""


@dataclass(frozen=True, slots=True)
class _Known:
    """What the centre knew before the PBX was asked: only that can turn out to be gone."""

    calls: frozenset[CallId]
    legs: frozenset[tuple[CallId, ChannelId]]


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
        boot = boot_time((await link.send(actions.core_status())).or_raise())
        await asyncio.to_thread(self._book.on_link_up, boot)
        pbx = self._translator.pbx
        before = self._live.state.links.get(pbx)
        if before is None or not before.up or before.boot != boot:
            self._live.apply(events.LinkUp(at=self._now(), pbx=pbx, boot=boot))
        known = self._known()
        channels = await link.collect(actions.core_show_channels())
        queues = await link.collect(actions.queue_status())
        found = snapshot(self._translator, channels, queues, await self._devices(link))
        self._apply(found, known)

    def _link(self) -> Link:
        if self.link is None:
            raise RuntimeError("a resync needs its link")
        return self.link

    @staticmethod
    async def _devices(link: Link) -> Sequence[Message]:
        """Return the devices' states; a PBX without that module still has its queues' view of them."""
        try:
            return await link.collect(actions.device_state_list())
        except ActionRefusedError:
            return ()

    def _known(self) -> _Known:
        mine = [call for call in self._live.state.calls.values() if call.pbx == self._translator.pbx]
        return _Known(
            calls=frozenset(call.id for call in mine),
            legs=frozenset((call.id, leg) for call in mine for leg in call.legs),
        )

    def _apply(self, found: Snapshot, known: _Known) -> None:
        now, pbx = self._now(), self._translator.pbx
        link = self._live.state.links.get(pbx)
        first = link is None or link.synced_at is None
        facts = (*found.facts, *self._gone(found, known, now))
        drift = sum(self._live.apply(fact) != NOTHING for fact in facts)
        gone = known.calls - found.calls
        started_since = frozenset(self._live.state.calls) - known.calls
        self._live.apply(
            events.Resynced(at=now, pbx=pbx, live=found.calls | started_since, drift=0 if first else drift + len(gone))
        )
        _log.info("resynced: %d calls, %d differences", len(found.calls), drift + len(gone))

    def _gone(self, found: Snapshot, known: _Known, now: datetime) -> Iterator[events.Event]:
        """Yield what the PBX has no longer: legs of calls that go on, and members of queues."""
        pbx = self._translator.pbx
        for call, leg in known.legs:
            if call in found.calls and leg not in found.legs:
                yield events.LegEnded(at=now, pbx=pbx, call=call, leg=leg, cause=0)
        for agent in tuple(self._live.state.agents.values()):
            for queue in agent.memberships:
                if (queue, agent.extension) not in found.members:
                    yield events.MemberGone(at=now, pbx=pbx, queue=queue, extension=agent.extension)
