"""A line for a person that is as long as one likes."""

from dataclasses import dataclass

from cti.domain.events import Language
from cti.domain.ids import CallId
from cti.domain.utility import BillingUnavailableError
from ivr.ports import Admission, Outlook


@dataclass(frozen=True, slots=True)
class PretendLine:
    """Stands still, as :class:`ivr.ports.WaitingLine`; without an outlook nobody can tell anything."""

    at: Outlook | None

    async def admit(self, call: CallId, wish: str | None, language: Language) -> Admission:
        """Let anybody in."""
        return Admission(wish or "water", 0, self.outlook(call))

    def outlook(self, call: CallId) -> Outlook:
        """Return how it looks."""
        if self.at is None:
            raise BillingUnavailableError
        return self.at

    def position(self, call: CallId) -> int:
        """Return where they stand."""
        return self.outlook(call).position

    async def declined(self, call: CallId) -> None:
        """Believe it."""
