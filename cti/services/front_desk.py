"""All that has to do with callers who wait, are called back, leave a message or a mark: made here, plugged together.

The composition root makes one of these, gives its parts to the phone menu and the consoles, and runs its tasks.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from config.settings import Settings
from cti.domain.callbacks import Rules
from cti.domain.dialling import DiallingRules
from cti.domain.ids import CallId, PbxName, QueueName
from cti.domain.model import Call
from cti.services.call_book import CallBook
from cti.services.callback_wishes import CallbackWishes
from cti.services.callbacks import CallbackEngine, CallbackSite, Link
from cti.services.keeping import as_call
from cti.services.live import Live
from cti.services.messages import MessageFiles
from cti.services.places import Places
from cti.services.ratings import Ratings
from cti.services.waiting_line import Standing
from ivr.agi.session import AgiSession
from ivr.ports import Billing, Desk
from ivr.services.hotline import ENTRY, HotlineHandler
from ivr.services.later import CALLBACK, SURVEY, WAITING, if_wanted, noting_priority
from ivr.services.to_person import Ending, Joining, Returning, Staying
from storage.callbacks import CallbackStore
from storage.calls import CallStore
from storage.engine import Database
from storage.errors import NotFoundError, StorageError
from storage.messages import MessageStore
from storage.ratings import RatingStore

_log = logging.getLogger(__name__)

TIDY_S: Final = 3600.0

MakeHandler = Callable[[str, Ending, Desk, Standing], HotlineHandler]
"""Makes the handler of a flow by its name."""


@dataclass(frozen=True, slots=True)
class Stores:
    """What is asked and written."""

    database: Database
    calls: CallStore
    billing: Billing


class FrontDesk:
    """Owns places, promises, messages and marks from start to stop."""

    def __init__(
        self,
        live: Live,
        book: CallBook,
        link: Link,
        stores: Stores,
        settings: Settings,
        now: Callable[[], datetime],
        *,
        settled: Callable[[], bool],
    ) -> None:
        self._live = live
        self._calls = stores.calls
        self.places = Places(live, now)
        self.messages = MessageStore(stores.database)
        self.sounds = MessageFiles(settings.home / "recordings", self.messages, live.fact, now)
        self.ratings = Ratings(
            RatingStore(stores.database, now=now), ask=settings.survey.ask, holdout_pct=settings.survey.holdout_pct
        )
        self.callbacks = CallbackEngine(
            live,
            self.places,
            CallbackStore(stores.database),
            link,
            site_of(settings),
            now,
            first_call=self._first_call,
            call_ids=book,
            settled=settled,
        )
        self.standing = Standing(live, self.places, self.callbacks, stores.billing, settings, now)
        wishes = CallbackWishes(live, self.places, self.callbacks, settings, now)
        self.desk = Desk(recordings=self.sounds, callbacks=wishes, surveys=self.ratings)
        live.listen(self.places.on_changes)
        live.listen(self.callbacks.on_changes)

    def handlers(self, make: MakeHandler) -> Mapping[str, Callable[[AgiSession], Awaitable[None]]]:
        """Return who carries a call through each flow, by the name that the dialplan asks for."""

        def handler(name: str, ending: Ending) -> HotlineHandler:
            return make(name, ending, self.desk, self.standing)

        entry = handler(ENTRY, Joining(self.standing))
        waiting = handler(WAITING, Returning(self.standing))
        survey = handler(SURVEY, Staying())
        called_back = handler(CALLBACK, Returning(self.standing))
        return {
            "hotline": entry.run,
            WAITING: noting_priority(waiting.run, waiting.call_of, self.places.give),
            SURVEY: if_wanted(survey.run, survey.call_of, self._asks),
            CALLBACK: called_back.run,
        }

    async def _asks(self, call: CallId) -> bool:
        state = self._live.state
        return await self.ratings.wanted(state.calls.get(call) or state.recent.get(call))

    async def _first_call(self, call: CallId) -> Call | None:
        try:
            return as_call(await self._calls.get(call))
        except NotFoundError:
            return None

    async def tidy(self) -> None:
        """Delete what nobody wants any more, now and every hour, until cancelled."""
        while True:
            try:
                await self.sounds.forget_unkept()
            except (StorageError, OSError) as error:
                _log.info("recordings are not tidied up: %s", type(error).__name__)
            await asyncio.sleep(TIDY_S)


def site_of(settings: Settings) -> CallbackSite:
    """Return what a site has set about calling people back."""
    site, dialling, callback = settings.site, settings.dialling, settings.callback
    zone = ZoneInfo(site.timezone)
    night = (dialling.night_from, dialling.night_until)
    return CallbackSite(
        pbx=PbxName(settings.pbx.name),
        trunk=dialling.trunk,
        hotline=site.hotline,
        queue=QueueName(settings.pbx.queue),
        region=site.region,
        rules=Rules(
            attempts=callback.attempts,
            pauses=tuple(timedelta(minutes=pause) for pause in callback.pauses_min),
            ring_s=callback.ring_s,
        ),
        dialling=DiallingRules(
            region=site.region,
            allowed=dialling.allowed,
            denied=dialling.denied,
            night=None if night[0] == night[1] else night,
            hourly=dialling.hourly,
        ),
        local=lambda moment: moment.astimezone(zone),
    )
