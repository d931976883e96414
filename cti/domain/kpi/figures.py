"""Figures, and the profiles that choose how each is computed.

A profile is how somebody counts: for each KPI one formula, the target that service is measured by, and what is
promised. A figure is the number, its formula and its inputs in one object, so that no screen can show the one
without the others.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from cti.domain.kpi.formulas import FORMULAS, Formula, Kpi, Rules, Unit
from cti.domain.kpi.tally import Tally


@dataclass(frozen=True, slots=True)
class Goal:
    """What is promised: at least so much, or with ``at_most`` no more."""

    bound: float
    at_most: bool = False

    def met_by(self, value: float) -> bool:
        """Tell whether the promise is kept."""
        return value <= self.bound if self.at_most else value >= self.bound


@dataclass(frozen=True, slots=True)
class Input:
    """One quantity that went into a figure."""

    id: str
    zh: str
    en: str
    value: int


@dataclass(frozen=True, slots=True)
class Figure:
    """One number with everything that explains it. ``value`` is None where there was nothing to divide by."""

    kpi: Kpi
    formula: str
    unit: Unit
    zh: str
    en: str
    value: float | None
    inputs: tuple[Input, ...]
    goal: Goal | None = None

    @property
    def met(self) -> bool | None:
        """Whether the goal is met; None without a goal or a number."""
        return None if self.goal is None or self.value is None else self.goal.met_by(self.value)


@dataclass(frozen=True, slots=True)
class Profile:
    """How somebody counts. KPIs that are not in ``formulas`` are computed in the one way there is."""

    id: str
    zh: str
    en: str
    rules: Rules
    formulas: Mapping[Kpi, str]
    goals: Mapping[Kpi, Goal]

    def formula(self, kpi: Kpi) -> Formula:
        """Return the formula that this profile computes ``kpi`` by."""
        return FORMULAS[self.formulas.get(kpi, _ONLY_WAY[kpi])]


_ONLY_WAY: Final = {formula.kpi: formula.id for formula in reversed(FORMULAS.values())}
"""For a KPI with several formulas the first of them."""

DEFAULT_GOALS: Final = {Kpi.SERVICE_LEVEL: Goal(80), Kpi.ABANDONMENT: Goal(5, at_most=True)}

HOUSE = Profile(
    "house",
    "本站",
    "House",
    Rules(target_s=20, short_s=5),
    {Kpi.ABANDONMENT: "abandonment_of_offered_without_short", Kpi.SERVICE_LEVEL: "service_level_of_offered"},
    DEFAULT_GOALS | {Kpi.ANSWER_RATE: Goal(95)},
)
GENESYS = Profile(
    "genesys",
    "Genesys",
    "Genesys",
    Rules(target_s=20),
    {Kpi.ABANDONMENT: "abandonment_of_offered", Kpi.SERVICE_LEVEL: "service_level_without_early_abandons"},
    DEFAULT_GOALS,
)
AMAZON_CONNECT = Profile(
    "amazon_connect",
    "Amazon Connect",
    "Amazon Connect",
    Rules(target_s=20),
    {Kpi.ABANDONMENT: "abandonment_of_queued", Kpi.SERVICE_LEVEL: "service_level_of_offered"},
    DEFAULT_GOALS,
)
WAZO = Profile(
    "wazo",
    "Wazo",
    "Wazo",
    Rules(target_s=20),
    {Kpi.ABANDONMENT: "abandonment_of_offered", Kpi.SERVICE_LEVEL: "service_level_of_answered"},
    DEFAULT_GOALS,
)
MARYLAND = Profile(
    "maryland",
    "马里兰州监管(COMAR 20.50.12.08)",
    "Maryland regulator (COMAR 20.50.12.08)",
    Rules(target_s=30),
    {
        Kpi.ABANDONMENT: "abandonment_of_all",
        Kpi.SERVICE_LEVEL: "service_level_of_all",
        Kpi.ASA: "asa_of_handled",
    },
    {Kpi.SERVICE_LEVEL: Goal(75), Kpi.ABANDONMENT: Goal(5, at_most=True)},
)
CHINA_12345 = Profile(
    "china_12345",
    "12345 政务服务热线",
    "China 12345",
    Rules(target_s=15),
    {Kpi.ABANDONMENT: "abandonment_of_offered", Kpi.SERVICE_LEVEL: "service_level_of_answered"},
    {Kpi.SERVICE_LEVEL: Goal(80), Kpi.ANSWER_RATE: Goal(95)},
)

PROFILES: Final = {p.id: p for p in (HOUSE, GENESYS, AMAZON_CONNECT, WAZO, MARYLAND, CHINA_12345)}


def figure(formula: Formula, tally: Tally, rules: Rules, goal: Goal | None = None) -> Figure:
    """Return the number that ``formula`` makes of ``tally``, with its formula and its inputs."""
    return Figure(
        kpi=formula.kpi,
        formula=formula.id,
        unit=formula.unit,
        zh=formula.zh(rules),
        en=formula.en(rules),
        value=formula.value(tally, rules),
        inputs=tuple(
            Input(
                term.id,
                term.zh.format(target_s=rules.target_s, short_s=rules.short_s),
                term.en.format(target_s=rules.target_s, short_s=rules.short_s),
                term.of(tally, rules),
            )
            for term in formula.terms
        ),
        goal=goal,
    )


def figures(tally: Tally, profile: Profile, rules: Rules | None = None) -> tuple[Figure, ...]:
    """Return every KPI as this profile counts it; ``rules`` take the place of the profile's own."""
    rules = rules or profile.rules
    return tuple(figure(profile.formula(kpi), tally, rules, profile.goals.get(kpi)) for kpi in Kpi)
