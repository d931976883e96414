"""``GET /api/kpi``: the figures of any period, as any profile counts them."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from agent_console.api.route import Asked
from agent_console.backend import Backend
from agent_console.errors import InvalidError
from agent_console.ports import Counted
from agent_console.wire_kpi import KpiAnswer, KpiFigure, KpiGoal, KpiInput, KpiPoint, KpiQuery
from cti.domain.kpi.cells import Step
from cti.domain.kpi.figures import PROFILES, Figure, Profile, figures
from cti.domain.kpi.formulas import Rules
from cti.domain.kpi.tally import Tally, total

MOST_POINTS: Final = 400
LONGEST: Final = timedelta(days=3 * 366)
_LENGTHS: Final = {Step.INTERVAL: timedelta(minutes=15), Step.HOUR: timedelta(hours=1), Step.DAY: timedelta(days=1)}


async def kpi(backend: Backend, asked: Asked[KpiQuery, None]) -> KpiAnswer:
    """Return the figures of a period."""
    query = asked.query
    _check_period(query)
    found = await backend.stores.kpis.read(query)
    return await asyncio.to_thread(answer, query, found)


def _check_period(query: KpiQuery) -> None:
    period = query.to - query.from_
    if period <= timedelta(0):
        raise InvalidError(fields={"to": "not_after_from"})
    if period > LONGEST:
        raise InvalidError(fields={"to": "too_long"})
    if query.step in _LENGTHS and period / _LENGTHS[query.step] > MOST_POINTS:
        raise InvalidError(fields={"step": "too_fine"})


def answer(query: KpiQuery, found: Sequence[Counted]) -> KpiAnswer:
    """Return what was counted as this query's profile sees it."""
    profile = PROFILES[query.profile]
    rules = Rules(query.target_s or profile.rules.target_s, query.short_s or profile.rules.short_s)
    points = () if query.step is Step.TOTAL else found
    return KpiAnswer(
        since=query.from_,
        until=query.to,
        profile=query.profile,
        profile_zh=profile.zh,
        profile_en=profile.en,
        step=query.step,
        target_s=rules.target_s,
        short_s=rules.short_s,
        queue=query.queue,
        agent=query.agent,
        computed_at=max((point.computed_at for point in found), default=None),
        total=_figures(total(point.tally for point in found), profile, rules),
        points=[KpiPoint(at=point.at, figures=_figures(point.tally, profile, rules)) for point in points],
    )


def _figures(tally: Tally, profile: Profile, rules: Rules) -> list[KpiFigure]:
    return [figure_view(figure) for figure in figures(tally, profile, rules)]


def figure_view(figure: Figure) -> KpiFigure:
    """Return a figure as it goes over the wire."""
    goal = figure.goal
    return KpiFigure(
        kpi=figure.kpi,
        formula=figure.formula,
        unit=figure.unit,
        zh=figure.zh,
        en=figure.en,
        value=None if figure.value is None else round(figure.value, 4),
        inputs=[KpiInput(id=one.id, zh=one.zh, en=one.en, value=one.value) for one in figure.inputs],
        goal=None if goal is None else KpiGoal(bound=goal.bound, at_most=goal.at_most),
        met=figure.met,
    )
