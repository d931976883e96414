"""Each formula by hand, each profile's choice, and that number, text and inputs are one."""

import pytest
from hypothesis import given

from cti.domain.kpi.facts import CallFacts
from cti.domain.kpi.figures import PROFILES, Goal, Profile, figure, figures
from cti.domain.kpi.formulas import FORMULAS, Kpi, Rules, Unit
from cti.domain.kpi.tally import Tally, bucket, tally_of, total
from tests.domain.kpi.days import lists_of_facts

DAY = Tally(
    calls=200,
    into_ivr=190,
    self_served=50,
    announced=10,
    queued=110,
    answered=80,
    abandoned=20,
    flowed_out=10,
    callbacks=4,
    wait_answered_s=1_600,
    wait_abandoned_s=700,
    wait_flowed_out_s=300,
    longest_wait_s=240,
    talk_s=8_000,
    hold_s=800,
    wrap_up_s=2_400,
    on_call_s=9_000,
    available_s=3_800,
    followed=50,
    resolved=45,
    asked=40,
    rated=20,
    satisfied=6,
    very_satisfied=12,
    answered_waits=(30, 10, 10, 14, 6, 4, 2, 1, 1, 1, 1, 0, 0),
    abandoned_waits=(5, 0, 3, 2, 0, 0, 6, 4, 0, 0, 0, 0, 0),
)
RULES = Rules(target_s=20, short_s=5)

EXPECTED = {
    "calls": 200,
    "offered": 110,
    "answered": 80,
    "abandoned": 20,
    "abandonment_of_offered": 100 * 20 / 110,
    "abandonment_of_queued": 100 * 20 / 106,
    "abandonment_of_all": 10,
    "abandonment_of_offered_without_short": 100 * 15 / 105,
    "abandonment_of_queued_without_short": 100 * 15 / 101,
    "abandonment_of_all_without_short": 100 * 15 / 195,
    "service_level_of_offered": 100 * 64 / 110,
    "service_level_without_early_abandons": 100 * 64 / (80 + 10),
    "service_level_of_answered": 80,
    "service_level_of_all": 100 * (64 + 60) / 200,
    "asa_of_answered": 20,
    "asa_of_handled": 2_600 / 140,
    "longest_wait": 240,
    "aht": 140,
    "acw": 30,
    "occupancy": 100 * 11_400 / 15_200,
    "answer_rate": 100 * 80 / 110,
    "fcr": 90,
    "csat": 90,
    "csat_response": 50,
    "self_service": 100 * 50 / 190,
}


def test_every_formula_is_checked_by_hand() -> None:
    assert EXPECTED.keys() == FORMULAS.keys()


@pytest.mark.parametrize("id_", FORMULAS)
def test_a_formula_gives_what_one_computes_by_hand(id_: str) -> None:
    assert FORMULAS[id_].value(DAY, RULES) == pytest.approx(EXPECTED[id_])


@pytest.mark.parametrize("id_", FORMULAS)
def test_without_calls_a_ratio_is_no_number_and_a_count_is_nought(id_: str) -> None:
    formula = FORMULAS[id_]
    assert formula.value(Tally(), RULES) == (None if formula.under else 0)


@pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES)
def test_a_profile_gives_every_kpi_with_its_formula_and_inputs(profile: Profile) -> None:
    found = figures(DAY, profile)
    assert [one.kpi for one in found] == list(Kpi)
    for one in found:
        formula = FORMULAS[one.formula]
        assert formula.kpi is one.kpi
        assert len(one.inputs) == len(formula.terms)
        assert "{" not in one.zh + one.en
        for known in one.inputs:
            assert known.zh in one.zh
            assert known.en in one.en


@pytest.mark.parametrize(
    ("profile", "kpi", "formula", "target_s"),
    [
        ("house", Kpi.SERVICE_LEVEL, "service_level_of_offered", 20),
        ("house", Kpi.ABANDONMENT, "abandonment_of_offered_without_short", 20),
        ("genesys", Kpi.SERVICE_LEVEL, "service_level_without_early_abandons", 20),
        ("genesys", Kpi.ABANDONMENT, "abandonment_of_offered", 20),
        ("amazon_connect", Kpi.ABANDONMENT, "abandonment_of_queued", 20),
        ("wazo", Kpi.SERVICE_LEVEL, "service_level_of_answered", 20),
        ("maryland", Kpi.SERVICE_LEVEL, "service_level_of_all", 30),
        ("maryland", Kpi.ABANDONMENT, "abandonment_of_all", 30),
        ("maryland", Kpi.ASA, "asa_of_handled", 30),
        ("china_12345", Kpi.SERVICE_LEVEL, "service_level_of_answered", 15),
    ],
)
def test_each_profile_counts_its_own_way(profile: str, kpi: Kpi, formula: str, target_s: int) -> None:
    assert PROFILES[profile].formula(kpi).id == formula
    assert PROFILES[profile].rules.target_s == target_s


def test_the_formula_names_the_target_in_both_languages() -> None:
    shown = figure(FORMULAS["service_level_without_early_abandons"], DAY, Rules(target_s=15))
    assert shown.en == "answered within 15 s ÷ (answered + abandoned after 15 s)"
    assert shown.zh == "15 秒内接听 ÷ (接听 + 15 秒后放弃)"
    assert {known.id: known.value for known in shown.inputs} == {
        "answered_in_time": 50,
        "answered": 80,
        "abandoned_late": 12,
    }


def test_rules_that_are_asked_for_take_the_place_of_the_profiles() -> None:
    level = {one.kpi: one for one in figures(DAY, PROFILES["wazo"], Rules(target_s=60))}[Kpi.SERVICE_LEVEL]
    assert level.value == pytest.approx(95)
    assert "60 s" in level.en


@pytest.mark.parametrize("rules", [{"target_s": 21}, {"short_s": 0}])
def test_a_target_that_was_not_counted_is_refused(rules: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="counted"):
        Rules(**rules)


def test_a_goal_is_met_or_not_or_there_is_no_telling() -> None:
    formula = FORMULAS["service_level_of_answered"]
    assert figure(formula, DAY, RULES, Goal(80)).met is True
    assert figure(formula, DAY, RULES, Goal(81)).met is False
    assert figure(formula, Tally(), RULES, Goal(80)).met is None
    assert figure(formula, DAY, RULES).met is None
    assert figure(FORMULAS["abandonment_of_all"], DAY, RULES, Goal(10, at_most=True)).met is True


@given(lists_of_facts)
def test_percentages_are_between_nought_and_a_hundred(calls: list[CallFacts]) -> None:
    counted = total(map(tally_of, calls))
    for profile in PROFILES.values():
        for one in figures(counted, profile):
            if one.kpi in (Kpi.SELF_SERVICE, Kpi.CSAT_RESPONSE) or one.formula.startswith("abandonment_of_queued"):
                continue  # invented facts may be served without a menu, rate unasked, give up without a queue
            if one.unit is Unit.PERCENT and one.value is not None and one.formula != "service_level_of_all":
                assert 0 <= one.value <= 100


@given(lists_of_facts)
def test_the_wazo_level_is_never_below_genesys_and_that_never_below_the_pure_one(calls: list[CallFacts]) -> None:
    counted = total(map(tally_of, calls))
    pure, genesys, wazo = (
        FORMULAS[f"service_level_{name}"].value(counted, RULES)
        for name in ("of_offered", "without_early_abandons", "of_answered")
    )
    if wazo is not None and genesys is not None and pure is not None:
        assert pure <= genesys <= wazo


def test_an_abandon_at_the_threshold_is_short() -> None:
    counted = Tally(abandoned=2, abandoned_waits=tuple(map(sum, zip(bucket(5), bucket(6), strict=True))))
    shown = figure(FORMULAS["abandonment_of_offered_without_short"], counted, RULES)
    assert [known.value for known in shown.inputs] == [1, 1]
