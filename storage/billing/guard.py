"""What stands between callers and somebody else's billing system: a deadline, a bulkhead, a breaker.

Whatever happens there becomes ``BillingUnavailableError`` here, within the deadline: then a caller goes to a person
and an agent's pop says that billing is missing. Callers and consoles have a bulkhead each, so that a wave of pops
can't keep the menu waiting. Texts never hold what was asked or answered.
"""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from enum import StrEnum
from typing import Final, TypeVar

from cti.domain.utility import BillingUnavailableError
from storage.billing.breaker import Breaker

_log = logging.getLogger(__name__)

Result = TypeVar("Result")

DEADLINE_S: Final = 5.0
"""Under the six seconds after which the menu gives up."""


class Trouble(StrEnum):
    """What went wrong, as counted."""

    SLOW = "slow"
    FAILED = "failed"
    MISMATCH = "mismatch"
    BUSY = "busy"
    RESTING = "resting"


class MismatchError(Exception):
    """The billing system answered with something that is not what was asked for, or makes no sense."""


class Guard:
    """One compartment of the way to a billing system. Several may share a breaker: the system is one."""

    def __init__(
        self,
        breaker: Breaker,
        *,
        at_once: int,
        deadline_s: float = DEADLINE_S,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.troubles: Counter[Trouble] = Counter()
        self._breaker = breaker
        self._free = at_once
        self._deadline_s = deadline_s
        self._monotonic = monotonic

    async def __call__(self, work: Callable[[], Awaitable[Result]]) -> Result:
        """Do ``work``. Raises :class:`BillingUnavailableError`."""
        if not self._free:
            raise self._refused(Trouble.BUSY)
        if not self._breaker.may_ask(self._monotonic()):
            raise self._refused(Trouble.RESTING)
        self._free -= 1
        try:
            return await self._asked(work)
        finally:
            self._free += 1

    async def _asked(self, work: Callable[[], Awaitable[Result]]) -> Result:
        try:
            async with asyncio.timeout(self._deadline_s):
                answer = await work()
        except asyncio.CancelledError:
            self._breaker.gave_up()
            raise
        except TimeoutError as error:
            raise self._failed(Trouble.SLOW, "no answer in time") from error
        except MismatchError as error:
            raise self._failed(Trouble.MISMATCH, str(error)) from error
        except Exception as error:
            raise self._failed(Trouble.FAILED, type(error).__name__) from error
        self._breaker.succeeded()
        return answer

    def _failed(self, trouble: Trouble, why: str) -> BillingUnavailableError:
        was_closed = self._breaker.closed
        self._breaker.failed(self._monotonic())
        log = _log.error if trouble is Trouble.MISMATCH else _log.warning
        log("billing: %s: %s", trouble, why)
        if was_closed and not self._breaker.closed:
            _log.error(
                "billing is left alone for %.0f s after %d failures", self._breaker.rest_s, self._breaker.failures
            )
        self.troubles[trouble] += 1
        return BillingUnavailableError(f"billing: {trouble}")

    def _refused(self, trouble: Trouble) -> BillingUnavailableError:
        self.troubles[trouble] += 1
        return BillingUnavailableError(f"billing: {trouble}")
