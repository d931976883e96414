"""Figures at the limits of GB 5749-2022 and just past them."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from cti.domain.ids import ZoneCode
from cti.domain.water_quality import WaterQuality

GOOD = WaterQuality(
    zone=ZoneCode("Z03"),
    sampled_on=date(2026, 11, 10),
    published_on=date(2026, 11, 12),
    turbidity_ntu=Decimal("0.2"),
    chlorine_mg_l=Decimal("0.4"),
    ph=Decimal("7.5"),
    hardness_mg_l=Decimal(180),
)


@pytest.mark.parametrize(
    ("figure", "kept", "broken"),
    [
        ("turbidity_ntu", "1", "1.01"),
        ("chlorine_mg_l", "0.05", "0.04"),
        ("chlorine_mg_l", "2", "2.01"),
        ("ph", "6.5", "6.4"),
        ("ph", "8.5", "8.6"),
        ("hardness_mg_l", "450", "451"),
    ],
)
def test_water_meets_the_standard_up_to_its_limits(figure: str, kept: str, broken: str) -> None:
    values: dict[str, Any] = {figure: Decimal(kept)}
    assert replace(GOOD, **values).meets_the_standard
    values[figure] = Decimal(broken)
    assert not replace(GOOD, **values).meets_the_standard
