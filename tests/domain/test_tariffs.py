import pytest
from hypothesis import given
from hypothesis import strategies as st

from cti.domain.tariffs import Tariff, TariffStep

HOME = Tariff((TariffStep(0, 345), TariffStep(18, 483), TariffStep(30, 765)))


@pytest.mark.parametrize(
    ("usage_m3", "fen", "step"),
    [(0, 0, 1), (1, 345, 1), (18, 6_210, 1), (19, 6_693, 2), (30, 12_006, 2), (31, 12_771, 3), (100, 65_556, 3)],
)
def test_what_is_used_above_a_bound_costs_its_own_price(usage_m3: int, fen: int, step: int) -> None:
    assert HOME.amount_fen(usage_m3) == fen
    assert HOME.reached(usage_m3) == step


@given(st.integers(0, 10_000))
def test_every_cubic_metre_is_charged_once(usage_m3: int) -> None:
    assert sum(used for _, used in HOME.shares(usage_m3)) == usage_m3


@pytest.mark.parametrize("steps", [(), (TariffStep(1, 345),), (TariffStep(0, 345), TariffStep(0, 400))])
def test_a_tariff_that_leaves_out_or_repeats_a_cubic_metre_is_refused(steps: tuple[TariffStep, ...]) -> None:
    with pytest.raises(ValueError, match="begin at 0"):
        Tariff(steps)
