"""What the menu asks about the line for a person: into which queue, with what priority, how far, how long.

Fulfils ``ivr.ports.WaitingLine``. Answers come from the live centre at once; only a priority needs the billing system,
and who is not found there in time has none.
"""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime
from typing import Final

from config.queues import queue_for
from config.settings import Settings
from cti.domain.callbacks import Place
from cti.domain.events import Language
from cti.domain.ids import CallId, QueueName
from cti.domain.utility import BillingUnavailableError
from cti.domain.waiting import expected_wait_s, handling_s, staff
from cti.services.callbacks import CallbackEngine
from cti.services.live import Live
from cti.services.places import Places
from ivr.ports import Admission, Billing, Outlook
from storage.errors import StorageError

_log = logging.getLogger(__name__)

KEY_ACCOUNT: Final = 3
VULNERABLE: Final = 5
"""Priorities as Asterisk's ``QUEUE_PRIO``; below the 10 of those whom we have failed once."""
FLAGS_S: Final = 0.8


class Standing:
    """Where callers stand in the line, and would stand."""

    def __init__(
        self,
        live: Live,
        places: Places,
        engine: CallbackEngine,
        billing: Billing,
        settings: Settings,
        now: Callable[[], datetime],
    ) -> None:
        self._live = live
        self._places = places
        self._engine = engine
        self._billing = billing
        self._settings = settings
        self._now = now

    async def admit(self, call: CallId, wish: str | None, language: Language) -> Admission:
        """Return where a caller belongs who wants a person now, and how it looks there."""
        queue = QueueName(queue_for(self._settings, wish, language))
        if not staff(self._live.state, queue)[1]:
            # where the dialplan takes them, too
            queue = self._usual
        priority = await self._priority(call)
        self._places.give(call, priority)
        return Admission(queue, priority, self._outlook(call, Place(self._now(), priority), queue))

    def outlook(self, call: CallId) -> Outlook:
        """Return how it looks for a caller who is out of the queue for a moment."""
        return self._outlook(call, self._places.of(call), self._queue(call))

    def position(self, call: CallId) -> int:
        """Return the position in Asterisk's queue at which this caller belongs now."""
        return self._places.position(self._places.of(call), self._queue(call), call=call)

    async def declined(self, call: CallId) -> None:
        """Note that somebody who is called back needs nobody any more."""
        known = self._live.state.calls.get(call)
        if known is None:
            return
        try:
            await self._engine.declined(known.linkedid)
        except StorageError as error:
            _log.info("call %s needs nobody any more, which could not be kept: %s", call, error)

    @property
    def _usual(self) -> QueueName:
        return QueueName(self._settings.pbx.queue)

    def _queue(self, call: CallId) -> QueueName:
        known = self._live.state.calls.get(call)
        if known is None:
            return self._usual
        called_back = self._engine.place_on_return(known.linkedid)
        return known.queue or (called_back[1] if called_back is not None else self._usual)

    def _outlook(self, call: CallId, place: Place, queue: QueueName) -> Outlook:
        state = self._live.state
        absent = [one.place for one in self._engine.pending if one.queue == queue]
        before = self._places.position(place, queue, call=call) - 1 + sum(other.is_before(place) for other in absent)
        free, staffed = staff(state, queue)
        known = state.queues.get(queue)
        wrap_up_s = 0 if known is None else known.wrap_up_s
        takes_s = handling_s(state.recent.values(), queue, wrap_up_s=wrap_up_s, now=self._now())
        wait_s = expected_wait_s(before, free=free, staffed=staffed, handling_s=takes_s)
        return Outlook(before + 1, None if wait_s is None else -(-wait_s // 60))

    async def _priority(self, call: CallId) -> int:
        """Return the priority of the account that the caller named. Whoever lies about it gains a place, no more."""
        known = self._live.state.calls.get(call)
        if known is None or known.account is None:
            return 0
        try:
            async with asyncio.timeout(FLAGS_S):
                account = await self._billing.account(known.account)
        except (BillingUnavailableError, TimeoutError):
            return 0
        if account is None or account.number != known.account:
            return 0
        return VULNERABLE if account.vulnerable else KEY_ACCOUNT if account.key_account else 0
