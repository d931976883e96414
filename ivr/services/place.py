"""Where a waiting caller stands, for the flow that they reach by a key while they wait."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from cti.domain.utility import BillingUnavailableError
from ivr.flow.service import Answer, Caller
from ivr.ports import Count, Duration, Value, WaitingLine
from ivr.services.to_person import LONGEST_MIN


class Place:
    """The service ``place``: ``next`` for whom an agent is free, ``known``, or ``unknown`` how long it takes.

    ``position`` is counted from 1, ``wait`` in minutes.
    """

    needs: Final[frozenset[str]] = frozenset()
    ways: Final = frozenset({"next", "known", "unknown"})
    gives: Final[Mapping[str, str]] = MappingProxyType({"position": "count", "wait": "duration"})
    words: Final[Mapping[str, frozenset[str]]] = MappingProxyType({})
    proves: Final[frozenset[str]] = frozenset()
    personal: Final = False

    def __init__(self, line: WaitingLine | None) -> None:
        self._line = line

    async def __call__(self, caller: Caller) -> Answer:
        """Look."""
        if self._line is None or caller.call is None:
            raise BillingUnavailableError
        outlook = self._line.outlook(caller.call)
        values: dict[str, Value] = {"position": Count(outlook.position), "wait": Duration(outlook.minutes or 0)}
        if outlook.minutes == 0:
            return Answer("next", values)
        return Answer("unknown" if outlook.minutes is None or outlook.minutes > LONGEST_MIN else "known", values)
