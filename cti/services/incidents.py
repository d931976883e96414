"""The incidents that go on, in memory: each call asks for them, with or without a database.

Read anew every few seconds, because several daemons may write them; at once when a supervisor of ours did. What was
known last is believed while the database is away. The streets of each are rendered ahead, and only then spoken.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Protocol
from uuid import UUID

from cti.domain.incidents import Incident
from ivr.prompts.errors import SpeechError
from storage.errors import StorageUnavailableError

_log = logging.getLogger(__name__)

EVERY_S: Final = 5.0


class Store(Protocol):
    """Where incidents are kept."""

    async def going_on(self) -> Sequence[Incident]:
        """Return those that are not over. Raises ``StorageUnavailableError`` for now."""


class Incidents:
    """Owns what is known of incidents; :meth:`run` keeps it so. ``render`` returns how many clips of one failed."""

    def __init__(
        self,
        store: Store,
        render: Callable[[Incident], Awaitable[int]],
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._store = store
        self._render = render
        self._sleep = sleep
        self._going_on: Sequence[Incident] = ()
        self._spoken: set[UUID] = set()
        self._failed: set[UUID] = set()
        self._changed = asyncio.Event()

    def __call__(self) -> Sequence[Incident]:
        """Return the incidents that go on."""
        return self._going_on

    def is_spoken(self, incident: Incident) -> bool:
        """Tell whether its streets can be said at once."""
        return incident.id in self._spoken

    def changed(self) -> None:
        """Look again now: somebody has written one."""
        self._changed.set()

    async def run(self) -> None:
        """Keep up with what is kept, until cancelled."""
        while True:
            try:
                await self._look()
            except StorageUnavailableError as error:
                _log.info("incidents are those known last: %s", error)
            except Exception:  # noqa: BLE001 - a fault in one reading must not end them for good
                _log.exception("incidents could not be read")
            await self._wait()

    async def _look(self) -> None:
        self._going_on = await self._store.going_on()
        ids = {incident.id for incident in self._going_on}
        self._spoken &= ids
        self._failed &= ids
        for incident in self._going_on:
            if incident.id not in self._spoken | self._failed:
                await self._speak(incident)

    async def _speak(self, incident: Incident) -> None:
        try:
            failed = await self._render(incident)
        except SpeechError as error:
            _log.warning("the streets of incident %s can't be spoken: %s", incident.id, error)
            failed = 1
        (self._failed if failed else self._spoken).add(incident.id)

    async def _wait(self) -> None:
        waiting = asyncio.ensure_future(self._sleep(EVERY_S))
        told = asyncio.create_task(self._changed.wait(), name="incident written")
        try:
            await asyncio.wait((waiting, told), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (waiting, told):
                task.cancel()
            await asyncio.gather(waiting, told, return_exceptions=True)
        self._changed.clear()
