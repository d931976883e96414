"""The demo town's postcodes, and the quality of its water: good nearly everywhere. Invented figures."""

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from storage.demo import words
from storage.demo.town import Row, Town

SAMPLES: Final = 3
SAMPLED_ON: Final = 8
PUBLISHED_AFTER: Final = timedelta(days=5)
CLOUDY_ZONE: Final = 7
"""The harbour, whose last sample was too turbid."""


def postcode_rows(town: Town) -> Iterator[Row]:
    """Yield the postcodes, one a zone."""
    for postcode, zone in words.POSTCODES:
        yield postcode, town.uuid("zone", zone)


def sampling_days(town: Town) -> list[date]:
    """Return the days of the last samples that are published by the town's day, oldest first."""
    days = [month.replace(day=SAMPLED_ON) for month in town.months()]
    return [day for day in days if day + PUBLISHED_AFTER <= town.as_of][-SAMPLES:]


def quality_rows(town: Town) -> Iterator[Row]:
    """Yield what was measured: turbidity, free chlorine, pH, hardness."""
    days = sampling_days(town)
    throws = town.random("water quality").integers(0, 100, size=(len(words.ZONES), SAMPLES, 4)).tolist()
    for zone in range(len(words.ZONES)):
        for sample, day in enumerate(days):
            a, b, c, d = throws[zone][sample]
            cloudy = zone == CLOUDY_ZONE and day == days[-1]
            turbidity = Decimal("1.30") if cloudy else Decimal(10 + a % 60) / 100
            chlorine, ph = Decimal(30 + b % 50) / 100, Decimal(70 + c % 9) / 10
            yield town.uuid("zone", zone), day, day + PUBLISHED_AFTER, turbidity, chlorine, ph, Decimal(90 + d)
