"""How good the water is where the caller is. Published figures, so nobody has to prove anything.

The zone is that of the account that a PIN has proved, else of the caller's number, else of the postcode that they
key. Its name is not spoken: for a number that somebody pretends to call from it would be part of an address.
"""

from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Final

from cti.domain.ids import ZoneCode
from ivr.flow.service import Answer, Caller
from ivr.ports import Day, Measure, Value
from ivr.sources import Zones

ZONE: Final = "zone"
"""The note with the code of the caller's zone."""


class CallersZone:
    """The service ``zone_of_caller``: ``known`` or ``unknown``."""

    needs: Final[frozenset[str]] = frozenset()
    ways: Final = frozenset({"known", "unknown"})
    gives: Final[Mapping[str, str]] = MappingProxyType({})
    words: Final[Mapping[str, frozenset[str]]] = MappingProxyType({})
    proves: Final[frozenset[str]] = frozenset()
    personal: Final = False

    def __init__(self, zones: Zones) -> None:
        self._zones = zones

    async def __call__(self, caller: Caller) -> Answer:
        """Find the zone of who calls."""
        zone = None
        if caller.verified is not None:
            zone = await self._zones.of_account(caller.verified)
        elif caller.number:
            zone = await self._zones.of_number(caller.number)
        return _found(zone)


class PostcodesZone:
    """The service ``zone_of_postcode``: ``known`` or ``unknown``."""

    needs: Final = frozenset({"postcode"})
    ways: Final = frozenset({"known", "unknown"})
    gives: Final[Mapping[str, str]] = MappingProxyType({})
    words: Final[Mapping[str, frozenset[str]]] = MappingProxyType({})
    proves: Final[frozenset[str]] = frozenset()
    personal: Final = False

    def __init__(self, zones: Zones) -> None:
        self._zones = zones

    async def __call__(self, caller: Caller) -> Answer:
        """Find the zone of the postcode that was keyed."""
        return _found(await self._zones.of_postcode(caller.keyed["postcode"]))


def _found(zone: ZoneCode | None) -> Answer:
    return Answer("unknown") if zone is None else Answer("known", notes={ZONE: zone})


class Quality:
    """The service ``water_quality``: ``good`` when all figures meet the standard, ``beyond`` it, or ``none`` at all."""

    needs: Final[frozenset[str]] = frozenset()
    ways: Final = frozenset({"good", "beyond", "none"})
    gives: Final[Mapping[str, str]] = MappingProxyType(
        {"sampled": "day"} | dict.fromkeys(("turbidity", "chlorine", "ph", "hardness"), "measure")
    )
    words: Final[Mapping[str, frozenset[str]]] = MappingProxyType({})
    proves: Final[frozenset[str]] = frozenset()
    personal: Final = False

    def __init__(self, zones: Zones) -> None:
        self._zones = zones

    async def __call__(self, caller: Caller) -> Answer:
        """Look up what was published last for the zone that was found."""
        zone = caller.notes.get(ZONE)
        figures = None if zone is None else await self._zones.quality(ZoneCode(zone))
        if figures is None:
            return Answer("none")
        values: dict[str, Value] = {
            "turbidity": _measure(figures.turbidity_ntu),
            "chlorine": _measure(figures.chlorine_mg_l),
            "ph": _measure(figures.ph),
            "hardness": _measure(figures.hardness_mg_l),
        }
        sampled = Day(figures.sampled_on.month, figures.sampled_on.day)
        return Answer("good" if figures.meets_the_standard else "beyond", {"sampled": sampled} | values)


def _measure(figure: Decimal) -> Measure:
    return Measure(round(figure * 100))
