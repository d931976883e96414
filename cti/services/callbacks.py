"""Calls people back: keeps the promises, dials when it is somebody's turn, finds out what became of each attempt.

The table is the truth, so that nothing is lost or done twice whatever is restarted: an attempt is written down before
it is dialled, under a name that Asterisk takes once, and its end is read off the call itself. While the database is
away nothing is promised and nobody is dialled. An attempt that was under way when we died counts as made, unless its
call is found to have reached the queue.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

from cti.ami.actions import AmiAction, originate
from cti.ami.errors import AmiError, LinkDownError
from cti.ami.messages import Response
from cti.domain import callbacks, dialling
from cti.domain.callbacks import Callback, CallbackId, CallbackState, Place, Rules
from cti.domain.dialling import DiallingRules, Hourly
from cti.domain.events import CallbackAsked, LegEnded
from cti.domain.ids import CallId, ChannelId, LinkedId, PbxName, QueueName
from cti.domain.model import Call, Changes
from cti.domain.restored import CallbackPlaced
from cti.domain.waiting import staff
from cti.services.errors import CallbackOverError
from cti.services.live import Live
from cti.services.places import Places
from storage.errors import StorageError, StorageUnavailableError
from storage.phones import e164

_log = logging.getLogger(__name__)
audit = logging.getLogger("hydrophone.audit")

LOOK_AGAIN_S: Final = 5.0
SETTLE_S: Final = 0.2
"""Changes that come faster than this are looked at together."""
GRACE: Final = timedelta(seconds=60)
"""How long after ringing an attempt of which nothing is to be seen may still turn up."""


class Link(Protocol):
    """The part of the AMI link that dialling needs."""

    async def send(self, action: AmiAction, *, timeout_s: float = 5.0) -> Response:
        """Ask one thing."""


class Store(Protocol):
    """Where promises are kept. Raises ``StorageUnavailableError`` for now."""

    async def add(self, callback: Callback) -> Callback:
        """Keep a new one; returns it, or the one that is there for this call or number."""

    async def open(self) -> Sequence[Callback]:
        """Return those with anything still to do."""

    async def change(self, before: Callback, after: Callback, *, by: str = "system") -> bool:
        """Put one in place of the other, if nobody did anything meanwhile."""

    async def was_reached(self, callback: Callback) -> bool:
        """Tell whether the attempt under way came as far as the queue."""


@dataclass(frozen=True, slots=True)
class CallbackSite:
    """What a site has set: the PBX, its trunk, the number it calls from, its usual queue, its rules."""

    pbx: PbxName
    trunk: str
    hotline: str
    queue: QueueName
    region: str
    rules: Rules
    dialling: DiallingRules
    local: Callable[[datetime], datetime]


FirstCall = Callable[[CallId], Awaitable[Call | None]]
"""Returns what is kept of the call in which somebody asked to be called back."""


class CallbackEngine:
    """Owns the promises that are open, and the one task that keeps them, while :meth:`run` runs."""

    def __init__(
        self,
        live: Live,
        places: Places,
        store: Store,
        link: Link,
        site: CallbackSite,
        now: Callable[[], datetime],
        *,
        first_call: FirstCall,
        call_ids: Callable[[LinkedId], CallId],
        settled: Callable[[], bool],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.attempts = 0
        self._live = live
        self._places = places
        self._store = store
        self._link = link
        self._site = site
        self._now = now
        self._first_call = first_call
        self._call_ids = call_ids
        self._settled = settled
        self._sleep = sleep
        self._hourly = Hourly(site.dialling.hourly)
        self._open: dict[CallbackId, Callback] = {}
        self._known = False
        self._ringing: set[asyncio.Task[None]] = set()
        self._wake = asyncio.Event()

    @property
    def pending(self) -> Sequence[Callback]:
        """The open promises, the best place first."""
        return sorted(self._open.values(), key=lambda one: (one.queue, -one.place.priority, one.place.since))

    def place_of(self, callback: Callback) -> int:
        """Return the place in the line, from 1, counting those who hold the line and those who don't."""
        others = [one.place for one in self._open.values() if one.queue == callback.queue and one.id != callback.id]
        everybody = (*self._places.waiting(callback.queue), *others)
        return 1 + sum(place.is_before(callback.place) for place in everybody)

    # -------------------------------------------------------------- promises

    def refuses(self, number: str) -> bool:
        """Tell whether this number is never called by this site."""
        return dialling.number_denial(number, self._site.dialling) is not None

    async def promise(self, callback: Callback) -> bool:
        """Keep a promise; False if there is one for this number already. Raises ``StorageUnavailableError``."""
        kept = await self._store.add(callback)
        if kept.open:
            self._open.setdefault(kept.id, kept)
        self._live.apply(CallbackAsked(at=self._now(), call=callback.call))
        self._wake.set()
        return kept.id == callback.id

    async def withdraw(self, id_: CallbackId, *, by: str) -> None:
        """Call somebody back no more. Raises ``CallbackOverError`` if it is over, or being dialled just now."""
        callback = self._open.get(id_)
        if callback is None or callback.state is not CallbackState.WAITING:
            raise CallbackOverError
        if not await self._change(callback, callbacks.withdrawn(callback, self._now()), by=by):
            raise CallbackOverError

    async def declined(self, linkedid: LinkedId) -> None:
        """Note that the customer, called back, needs nobody any more."""
        callback = self._dialling(linkedid)
        if callback is not None:
            await self._change(callback, callbacks.withdrawn(callback, self._now()))

    def place_on_return(self, linkedid: LinkedId) -> tuple[Place, QueueName] | None:
        """Return the place and queue of a customer who is called back on this call."""
        callback = self._dialling(linkedid)
        return None if callback is None else (callback.place, callback.queue)

    def _dialling(self, linkedid: LinkedId) -> Callback | None:
        id_ = callbacks.callback_of(linkedid)
        callback = self._open.get(id_) if id_ is not None else None
        return callback if callback is not None and callback.state is CallbackState.DIALLING else None

    async def _change(self, before: Callback, after: Callback, *, by: str = "system") -> bool:
        if not await self._store.change(before, after, by=by):
            await self._load()
            return False
        if after.open:
            self._open[after.id] = after
        else:
            self._open.pop(after.id, None)
        self._wake.set()
        return True

    # -------------------------------------------------------------- the worker

    def on_changes(self, changes: Changes) -> None:
        """Look again when lines or agents changed."""
        if self._open and (changes.queues or changes.agents or changes.calls or changes.ended):
            self._wake.set()

    async def run(self) -> None:
        """Keep the promises until cancelled."""
        try:
            while True:
                try:
                    await self.work_off()
                except StorageUnavailableError as error:
                    _log.info("callbacks wait for the database: %s", error)
                except Exception:  # noqa: BLE001 - the boundary of this loop
                    _log.exception("callbacks could not be looked after")
                await self._pause()
        finally:
            for task in self._ringing:
                task.cancel()
            await asyncio.gather(*self._ringing, return_exceptions=True)

    async def _pause(self) -> None:
        await self._sleep(SETTLE_S)
        try:
            async with asyncio.timeout(LOOK_AGAIN_S):
                await self._wake.wait()
        except TimeoutError:
            pass
        self._wake.clear()

    async def _load(self) -> None:
        self._open = {callback.id: callback for callback in await self._store.open()}
        self._known = True

    async def work_off(self) -> None:
        """Settle what is under way, drop what is needed no longer, dial what is due."""
        if not self._known:
            await self._load()
        if not self._open or not self._is_sure():
            return
        for callback in list(self._open.values()):
            if callback.state is CallbackState.DIALLING:
                await self._settle(callback)
            elif self._reached_us(callback):
                await self._change(callback, callbacks.withdrawn(callback, self._now()))
        for queue in {callback.queue for callback in self._open.values()}:
            while (due := self._due(queue)) is not None and await self._dial(due):
                pass

    def _is_sure(self) -> bool:
        """Tell whether the PBX has been asked since the link came up: before that nobody knows who waits."""
        link = self._live.state.links.get(self._site.pbx)
        return link is not None and link.up and link.synced_at is not None and link.synced_at >= link.since

    def _calls(self) -> Iterable[Call]:
        state = self._live.state
        return (*state.calls.values(), *state.recent.values())

    def _reached_us(self, callback: Callback) -> bool:
        """Tell whether somebody who waits to be called back has talked with an agent meanwhile."""
        return any(
            call.inbound
            and call.answered_at is not None
            and call.answered_at > callback.asked_at
            and e164(call.caller_number, self._site.region) == callback.number
            for call in self._calls()
        )

    async def _settle(self, callback: Callback) -> None:
        """Find out what became of an attempt, from its call; from the records if that is not to be seen."""
        linkedid, now = callbacks.linked_id(callback), self._now()
        call = next((call for call in self._calls() if call.linkedid == linkedid), None)
        if call is not None:
            self._places.keep(call.id, callback.place)
            if call.queued_at is not None or call.answered_at is not None:
                await self._change(callback, callbacks.answered(callback, now))
            elif call.ended_at is not None:
                await self._failed(callback)
            return
        begun = callback.state_since or callback.asked_at
        if now < begun + timedelta(seconds=self._site.rules.ring_s) + GRACE or not self._settled():
            return
        if await self._store.was_reached(callback):
            await self._change(callback, callbacks.answered(callback, now))
        else:
            await self._failed(callback)

    async def _failed(self, callback: Callback) -> None:
        after = callbacks.failed(callback, self._now(), self._site.rules)
        if await self._change(callback, after):
            audit.info("callback %s: attempt %d reached nobody; it is %s", after.id, after.attempts, after.state)

    # -------------------------------------------------------------- dialling

    def _due(self, queue: QueueName) -> Callback | None:
        now, rules = self._now(), self._site.dialling
        if dialling.is_night(rules.night, self._site.local(now).time()) or self._hourly.full(now):
            return None
        free, staffed = staff(self._live.state, queue)
        if not staffed:
            free, staffed = staff(self._live.state, self._site.queue)
        mine = [callback for callback in self._open.values() if callback.queue == queue]
        return callbacks.next_due(mine, self._places.waiting(queue), free=free, staffed=staffed, now=now)

    async def _dial(self, callback: Callback) -> bool:
        """Begin an attempt: first it is written down, then it is dialled. False when it was not begun."""
        now = self._now()
        if self.refuses(callback.number):
            audit.warning("callback %s: its number is not called by this site any more", callback.id)
            return await self._change(callback, callbacks.withdrawn(callback, now))
        after = callbacks.dialled(callback, now)
        if not await self._change(callback, after):
            return False
        self._hourly.placed(now)
        self.attempts += 1
        audit.info("callback %s: attempt %d is placed", after.id, after.attempts)
        task = asyncio.create_task(self._ring(after), name="callback")
        self._ringing.add(task)
        task.add_done_callback(self._ringing.discard)
        return True

    async def _ring(self, callback: Callback) -> None:
        """Ring the customer. However that ends, what counts is what becomes of the call."""
        linkedid = callbacks.linked_id(callback)
        call = self._call_ids(linkedid)
        try:
            await self._announce(callback, call, linkedid)
            response = await self._link.send(self._order(callback), timeout_s=self._site.rules.ring_s + 10.0)
            if not response.success:
                self._nobody(call, linkedid)
        except LinkDownError:
            self._nobody(call, linkedid)
        except (AmiError, StorageError) as error:
            _log.info("callback %s: attempt %d: %s", callback.id, callback.attempts, error)
        except Exception:  # noqa: BLE001 - the boundary of this task
            _log.exception("callback %s: attempt %d failed by a fault of ours", callback.id, callback.attempts)
        self._wake.set()

    async def _announce(self, callback: Callback, call: CallId, linkedid: LinkedId) -> None:
        """Open the call with what is known of whom we call, as the PBX knows but a number."""
        state = self._live.state
        first = state.calls.get(callback.call) or state.recent.get(callback.call)
        first = first or await self._first_call(callback.call)
        self._places.keep(call, callback.place)
        if first is not None:
            placed = CallbackPlaced(at=self._now(), call=call, pbx=self._site.pbx, linkedid=linkedid, first=first)
            self._live.apply(placed)

    def _nobody(self, call: CallId, linkedid: LinkedId) -> None:
        """End the call of an attempt that the PBX could not make: of a channel that never was there is no event."""
        self._live.apply(LegEnded(at=self._now(), pbx=self._site.pbx, call=call, leg=ChannelId(linkedid), cause=0))

    def _order(self, callback: Callback) -> AmiAction:
        variables = {"HYDROPHONE_QUEUE": callback.queue, "HYDROPHONE_PRIORITY": str(callback.place.priority)}
        if callback.language is not None:
            variables["HYDROPHONE_LANGUAGE"] = callback.language
        return originate(
            f"PJSIP/{dialling.as_dialled(callback.number)}@{self._site.trunk}",
            context="hydrophone-callback",
            extension="s",
            ring_s=self._site.rules.ring_s,
            caller_number=self._site.hotline,
            variables=variables,
            channel_id=callbacks.linked_id(callback),
        )
