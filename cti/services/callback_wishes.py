"""A caller's wish to be called back becomes a promise: whose number, which queue, which place."""

from collections.abc import Callable
from datetime import datetime

from config.queues import queue_for
from config.settings import Settings
from cti.domain import callbacks
from cti.domain.ids import QueueName
from cti.services.callbacks import CallbackEngine
from cti.services.live import Live
from cti.services.places import Places
from ivr.ports import CallbackVerdict, CallbackWish, DeskUnavailableError
from storage.errors import StorageError
from storage.phones import e164


class CallbackWishes:
    """Takes wishes from the menu. Fulfils ``ivr.ports.Callbacks``."""

    def __init__(
        self, live: Live, places: Places, engine: CallbackEngine, settings: Settings, now: Callable[[], datetime]
    ) -> None:
        self._live = live
        self._places = places
        self._engine = engine
        self._settings = settings
        self._now = now

    async def request(self, wish: CallbackWish) -> CallbackVerdict:
        """Take a wish. The place is the one that the caller has, or that they would have if they waited from now."""
        number = e164(wish.number, self._settings.site.region)
        if number is None or self._engine.refuses(number):
            return CallbackVerdict.REFUSED
        call = self._live.state.calls.get(wish.call)
        queue = call.queue if call is not None else None
        callback = callbacks.asked(
            wish.call,
            queue or QueueName(queue_for(self._settings, wish.queue, wish.language)),
            self._places.of(wish.call),
            number,
            self._now(),
            language=wish.language,
            account=wish.account or (call.account if call is not None else None),
        )
        try:
            new = await self._engine.promise(callback)
        except StorageError as error:
            raise DeskUnavailableError from error
        return CallbackVerdict.ARRANGED if new else CallbackVerdict.ALREADY
