"""The question after the call: who is asked, and where the marks go.

The hold-out is drawn by chance, but from the call's own id: the same call is in it or not, however often it is looked
at. Who is not asked is noted too, so that what asking itself changes can be seen.
"""

import asyncio
import logging
from hashlib import sha256
from typing import Final, Protocol

from cti.domain.events import Language
from cti.domain.ids import CallId
from cti.domain.model import Call
from ivr.ports import DeskUnavailableError, Mark
from storage.errors import StorageError

_log = logging.getLogger(__name__)

DECIDE_S: Final = 1.5
"""A caller who has hung on after the call waits no longer than this for the first word."""


class Store(Protocol):
    """Where marks are kept. Raises a ``StorageError``."""

    async def decided(self, call: CallId, *, asked: bool) -> None:
        """Note whether this caller is asked."""

    async def mark(self, call: CallId, survey: str, question: str, mark: int, language: Language) -> None:
        """Keep one mark."""


class Ratings:
    """Asks callers or does not, and keeps their marks. Fulfils ``ivr.ports.Surveys``."""

    def __init__(self, store: Store, *, ask: bool, holdout_pct: int) -> None:
        self._store = store
        self._ask = ask
        self._holdout_pct = holdout_pct

    def held_out(self, call: CallId) -> bool:
        """Tell whether this call is in the hold-out."""
        return int.from_bytes(sha256(call.bytes).digest()[:4]) % 100 < self._holdout_pct

    async def wanted(self, call: Call | None) -> bool:
        """Tell whether the caller is to be asked: an agent talked with them, and chance does not speak against it."""
        if not self._ask or call is None or call.answered_at is None:
            return False
        asked = not self.held_out(call.id)
        try:
            async with asyncio.timeout(DECIDE_S):
                await self._store.decided(call.id, asked=asked)
        except (StorageError, TimeoutError):
            return False
        return asked

    async def mark(self, mark: Mark) -> None:
        """Keep one mark."""
        try:
            await self._store.mark(mark.call, mark.survey, mark.question, mark.mark, mark.language)
        except StorageError as error:
            raise DeskUnavailableError from error
