"""The phone menus, as the console's ports ask for them: wire types out, the desk's errors as ours."""

from datetime import date

from agent_console.storage_errors import as_ours
from agent_console.wire_flows import (
    FlowFault,
    FlowJudgement,
    FlowList,
    FlowPart,
    FlowPicture,
    FlowText,
    FlowTextQuery,
    FlowVersionList,
    FlowVersionView,
    FlowView,
    FunnelStep,
    FunnelView,
    VersionCount,
    WayCount,
)
from cti.domain.ids import AgentId
from ivr.flow.funnel import Funnel
from ivr.flow.in_chinese import in_chinese
from ivr.services.publishing import FlowDesk


class KeptFlows:
    """The flows, their versions and their callers."""

    def __init__(self, desk: FlowDesk) -> None:
        self._desk = desk

    async def flows(self) -> FlowList:
        """Return every flow as it stands."""
        with as_ours():
            found = await self._desk.standing()
        return FlowList(
            items=[
                FlowView(
                    flow=one.flow,
                    version=one.version,
                    made_at=one.made_at,
                    made_by=one.made_by,
                    comment=one.comment,
                )
                for one in found
            ]
        )

    async def versions(self, flow: str) -> FlowVersionList:
        """Return the versions of a flow and of those that it calls, newest first."""
        with as_ours():
            found = await self._desk.history(flow)
        return FlowVersionList(
            parts=[FlowPart(flow=part.flow, version=part.version) for part in found.parts],
            items=[
                FlowVersionView(
                    flow=one.flow,
                    version=one.version,
                    made_at=one.made_at,
                    made_by=one.made_by,
                    comment=one.comment,
                    back_to=one.back_to,
                )
                for one in found.versions
            ],
        )

    async def text(self, flow: str, query: FlowTextQuery) -> FlowText:
        """Return a text, and what it differs in."""
        with as_ours():
            text = await self._desk.text(flow, query.version)
            difference = None
            if query.against is not None:
                difference = await self._desk.difference(flow, query.version, query.against)
        return FlowText(flow=flow, text=text, difference=difference)

    async def judge(self, flow: str, text: str) -> FlowJudgement:
        """Return what the linter finds."""
        with as_ours():
            found = await self._desk.faults(flow, text)
        return FlowJudgement(
            faults=[
                FlowFault(
                    file=fault.file,
                    line=fault.line,
                    what=fault.what,
                    advice=fault.advice,
                    what_zh=in_chinese(fault.what),
                    advice_zh=in_chinese(fault.advice),
                )
                for fault in found
            ]
        )

    async def publish(self, flow: str, text: str, *, by: AgentId, based_on: int, comment: str) -> FlowView:
        """Publish a text that the linter passes."""
        with as_ours():
            made = await self._desk.publish(flow, text, by=by, based_on=based_on, comment=comment)
        return FlowView(
            flow=flow, version=made.version, made_at=made.made_at, made_by=made.made_by, comment=made.comment
        )

    async def back(self, flow: str, *, by: AgentId, to: int | None, comment: str) -> FlowView:
        """Take up an earlier version again."""
        with as_ours():
            made = await self._desk.back(flow, by=by, to=to, comment=comment)
        return FlowView(
            flow=flow, version=made.version, made_at=made.made_at, made_by=made.made_by, comment=made.comment
        )

    async def funnel(self, flow: str, day: date, version: int | None) -> FunnelView:
        """Return how callers fared."""
        with as_ours():
            found = await self._desk.funnel(flow, day, version)
        return funnel_view(flow, day, version, found)

    async def picture(self, flow: str, day: date | None, version: int | None) -> FlowPicture:
        """Return the picture."""
        with as_ours():
            return FlowPicture(svg=await self._desk.picture(flow, day, version))


def funnel_view(flow: str, day: date, version: int | None, found: Funnel) -> FunnelView:
    """Return a funnel as it goes over the wire."""
    return FunnelView(
        flow=flow,
        day=day,
        version=version,
        calls=found.calls,
        served=found.served,
        to_person=found.to_person,
        gave_up=found.gave_up,
        containment=found.containment,
        drop_off=found.drop_off,
        steps=[
            FunnelStep(
                step=count.step,
                calls=count.calls,
                passes=count.passes,
                ways=[WayCount(way=way, passes=passes) for way, passes in sorted(count.ways.items())],
                mean_ms=count.mean_ms,
                median_ms=count.median_ms,
                p90_ms=count.p90_ms,
                gave_up=count.gave_up,
                failed=count.failed,
                drop_off=count.drop_off,
            )
            for count in found.steps.values()
        ],
        versions=[VersionCount(version=number, calls=calls) for number, calls in found.versions.items()],
    )
