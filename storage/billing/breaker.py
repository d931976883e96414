"""A circuit breaker: who has failed several times in a row is left alone for a while, then asked once.

Pure; the monotonic time comes in. The libraries for this that were read (purgatory, aiobreaker) count by the wall
clock, which steps, or let every waiting caller try at once when the time is over, or take a cancelled request for a
success; and a breaker is four rules:

========  ==========================================================================================
closed    everybody may ask; ``failures`` in a row open it
open      nobody may, for ``rest_s``
probing   one asks, all others may not; its success closes it, its failure opens it again
either    who goes away without an answer (a caller who hung up) proves nothing, and gives the probe back
========  ==========================================================================================
"""

from dataclasses import dataclass, field


@dataclass(slots=True)
class Breaker:
    """The state of one circuit. Times are monotonic seconds."""

    failures: int = 5
    rest_s: float = 10.0
    opened: int = 0
    _in_a_row: int = field(default=0, init=False)
    _open_until: float | None = field(default=None, init=False)
    _probing: bool = field(default=False, init=False)

    @property
    def closed(self) -> bool:
        """Whether everybody may ask."""
        return self._open_until is None

    def may_ask(self, now: float) -> bool:
        """Tell whether one may ask now; who may is expected to report how it went."""
        if self._open_until is None:
            return True
        if self._probing or now < self._open_until:
            return False
        self._probing = True
        return True

    def succeeded(self) -> None:
        """Note an answer."""
        self._in_a_row, self._open_until, self._probing = 0, None, False

    def failed(self, now: float) -> None:
        """Note that there was none, or a bad one."""
        self._in_a_row += 1
        if self._probing or self._in_a_row >= self.failures:
            self.opened += self._open_until is None
            self._open_until, self._probing = now + self.rest_s, False

    def gave_up(self) -> None:
        """Note that who asked went away before the answer."""
        self._probing = False
