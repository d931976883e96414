"""What a call's way through a flow is told as: facts for the call centre, with our ids and times.

The only place in ``ivr.flow`` that makes facts. A PIN never gets here: steps hand over ``keyed`` only when the
flow does not call it secret.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from time import monotonic

from cti.domain.events import AccountClaimed, IvrLeft, IvrStepPassed, Language, LanguageChosen
from cti.domain.ids import AccountNumber, CallId
from ivr.flow.outcome import Outcome
from ivr.ports import Facts


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Clock:
    """The time of day for facts, and one that never steps for durations."""

    now: Callable[[], datetime] = _utc_now
    monotonic: Callable[[], float] = monotonic


class Story:
    """Tells one call's facts, in order."""

    def __init__(self, call: CallId, facts: Facts, clock: Clock) -> None:
        self._call = call
        self._facts = facts
        self._clock = clock

    @property
    def call(self) -> CallId:
        """The call that it tells of."""
        return self._call

    @property
    def clock(self) -> Clock:
        """The clock that this story goes by."""
        return self._clock

    def passed(self, step: str, way: str, since: float, keyed: str = "", *, silent: bool = False) -> None:
        """Tell that ``step``, entered at ``since`` of the monotonic clock, was left by ``way``."""
        self._facts(
            IvrStepPassed(
                at=self._clock.now(),
                call=self._call,
                step=step,
                way=way,
                took_ms=round((self._clock.monotonic() - since) * 1000),
                keyed=keyed,
                silent=silent,
            )
        )

    def speaks(self, language: Language) -> None:
        """Tell the caller's language."""
        self._facts(LanguageChosen(at=self._clock.now(), call=self._call, language=language))

    def claims(self, account: AccountNumber, *, verified: bool) -> None:
        """Tell whose account it is, or is said to be."""
        self._facts(AccountClaimed(at=self._clock.now(), call=self._call, account=account, verified=verified))

    def left(self, outcome: Outcome) -> None:
        """Tell how it ended."""
        self._facts(
            IvrLeft(
                at=self._clock.now(),
                call=self._call,
                result=outcome.result,
                served=outcome.served,
                leaves_as=outcome.leaves_as,
            )
        )
