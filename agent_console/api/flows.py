"""The phone menus' routes: supervisors see how callers fared, admins change, publish and go back."""

import logging
from typing import Any, Final

from agent_console.api.route import ADMINS, NOTHING, SUPERVISORS, Asked, Method, Route
from agent_console.backend import Backend
from agent_console.wire_flows import (
    FlowDraft,
    FlowJudgement,
    FlowList,
    FlowPicture,
    FlowPublication,
    FlowReturn,
    FlowText,
    FlowTextQuery,
    FlowVersionList,
    FlowView,
    FunnelQuery,
    FunnelView,
    PictureQuery,
)

audit: Final = logging.getLogger("hydrophone.audit")


async def list_flows(backend: Backend, asked: Asked[None, None]) -> FlowList:
    """Return every flow as it stands."""
    return await backend.stores.flows.flows()


async def list_versions(backend: Backend, asked: Asked[None, None]) -> FlowVersionList:
    """Return the versions of a flow and of those that it calls."""
    return await backend.stores.flows.versions(asked.flow_name)


async def text(backend: Backend, asked: Asked[FlowTextQuery, None]) -> FlowText:
    """Return the text of a version, and what it differs in from another."""
    return await backend.stores.flows.text(asked.flow_name, asked.query)


async def judge(backend: Backend, asked: Asked[None, FlowDraft]) -> FlowJudgement:
    """Return what the linter finds in a draft."""
    return await backend.stores.flows.judge(asked.flow_name, asked.body.text)


async def publish(backend: Backend, asked: Asked[None, FlowPublication]) -> FlowView:
    """Publish a text that the linter passes."""
    wanted = asked.body
    made = await backend.stores.flows.publish(
        asked.flow_name, wanted.text, by=asked.who.user, based_on=wanted.based_on, comment=wanted.comment
    )
    audit.info("flow %s version %d published by %s, from %s", made.flow, made.version, asked.who.user, asked.address)
    return made


async def back(backend: Backend, asked: Asked[None, FlowReturn]) -> FlowView:
    """Take up an earlier version again."""
    wanted = asked.body
    made = await backend.stores.flows.back(asked.flow_name, by=asked.who.user, to=wanted.to, comment=wanted.comment)
    audit.info("flow %s taken back as %d by %s, from %s", made.flow, made.version, asked.who.user, asked.address)
    return made


async def funnel(backend: Backend, asked: Asked[FunnelQuery, None]) -> FunnelView:
    """Return how callers fared on a day."""
    return await backend.stores.flows.funnel(asked.flow_name, asked.query.day, asked.query.version)


async def picture(backend: Backend, asked: Asked[PictureQuery, None]) -> FlowPicture:
    """Return the picture of a flow, with the callers of a day on it."""
    return await backend.stores.flows.picture(asked.flow_name, asked.query.day, asked.query.version)


FLOW_ROUTES: tuple[Route[Any, Any], ...] = (
    Route(
        method=Method.GET,
        path="/api/flows",
        name="listFlows",
        summary="Every phone menu as it stands: version, who published it and when",
        allowed=SUPERVISORS,
        run=list_flows,
        query=NOTHING,
        body=NOTHING,
        answer=FlowList,
        refusals=(503,),
    ),
    Route(
        method=Method.GET,
        path="/api/flows/{flow}/versions",
        name="listFlowVersions",
        summary="The versions of a phone menu and of those that it calls, newest first",
        allowed=SUPERVISORS,
        run=list_versions,
        query=NOTHING,
        body=NOTHING,
        answer=FlowVersionList,
        refusals=(503,),
    ),
    Route(
        method=Method.GET,
        path="/api/flows/{flow}/text",
        name="getFlowText",
        summary="A version as it is written, and what changed from another",
        allowed=ADMINS,
        run=text,
        query=FlowTextQuery,
        body=NOTHING,
        answer=FlowText,
        refusals=(404, 503),
    ),
    Route(
        method=Method.POST,
        path="/api/flows/{flow}/check",
        name="checkFlow",
        summary="What the linter finds in a draft, each fault with its line and what to do",
        allowed=ADMINS,
        run=judge,
        query=NOTHING,
        body=FlowDraft,
        answer=FlowJudgement,
        refusals=(503,),
    ),
    Route(
        method=Method.POST,
        path="/api/flows/{flow}/versions",
        name="publishFlow",
        summary="Publish a version that the linter passes, for the calls that come from now on",
        allowed=ADMINS,
        run=publish,
        query=NOTHING,
        body=FlowPublication,
        answer=FlowView,
        refusals=(409, 503),
    ),
    Route(
        method=Method.POST,
        path="/api/flows/{flow}/back",
        name="takeFlowBack",
        summary="Take up the version before the one in use, or the one named, as a new version",
        allowed=ADMINS,
        run=back,
        query=NOTHING,
        body=FlowReturn,
        answer=FlowView,
        refusals=(404, 409, 503),
    ),
    Route(
        method=Method.GET,
        path="/api/flows/{flow}/funnel",
        name="getFunnel",
        summary="How callers fared on a day: at each step how many came, how long, which way on, who gave up",
        allowed=SUPERVISORS,
        run=funnel,
        query=FunnelQuery,
        body=NOTHING,
        answer=FunnelView,
        refusals=(503,),
    ),
    Route(
        method=Method.GET,
        path="/api/flows/{flow}/picture",
        name="getFlowPicture",
        summary="The picture of a phone menu as SVG, with the callers of a day on it",
        allowed=SUPERVISORS,
        run=picture,
        query=PictureQuery,
        body=NOTHING,
        answer=FlowPicture,
        refusals=(404, 503),
    ),
)
