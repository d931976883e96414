"""The journal as the console asks for it: what waits on disk, and the state of a moment of the past."""

from collections.abc import Callable
from datetime import datetime

from agent_console.ports import Queued, StoreUnavailableError
from cti.domain.model import CentreState
from cti.services.journal.replay import NothingKnownError, Replay
from storage.errors import StorageUnavailableError


class KeptHistory:
    """The journal. ``queued`` says what waits for the database; in a replay nothing does."""

    def __init__(self, replay: Replay, queued: Callable[[], Queued] = Queued) -> None:
        self.queued = queued
        self._replay = replay

    async def state_at(self, at: datetime) -> CentreState | None:
        """Return the state as it was, None of a time that nothing is known of."""
        try:
            return (await self._replay.at(at)).state
        except NothingKnownError:
            return None
        except StorageUnavailableError as error:
            raise StoreUnavailableError from error
