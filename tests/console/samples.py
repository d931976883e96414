"""What to send to each route, for tests that walk all of them."""

from typing import Any
from uuid import UUID

from agent_console.api.route import Route

BODIES: dict[str, Any] = {
    "logIn": {"user": "agent1", "password": "wrong"},
    "makeToken": {"user": "agent1", "password": "wrong"},
    "changeTicket": {"version": 1, "note": "ok"},
    "decideReading": {"confirmed": True},
    "openIncident": {
        "id": str(UUID(int=7)),
        "kind": "burst",
        "zone": "Z01",
        "streets_zh": "人民路",
        "streets_en": "Renmin Road",
        "until": "2030-01-01T00:00:00Z",
    },
    "changeIncident": {"ended": True},
    "choosePresence": {"presence": "break"},
    "extendWrapUp": {"by_s": 30},
    "checkFlow": {"text": "flow: water"},
    "publishFlow": {"text": "flow: water", "based_on": 3, "comment": "shorter"},
    "takeFlowBack": {"to": 2},
    "transferToQueue": {"queue": "water"},
    "transferToColleague": {"agent": "agent2"},
    "consult": {"agent": "agent2"},
    "reportMute": {"muted": True},
}


QUERIES = {
    "getKpi": "?from=2026-11-22T00:00:00Z&to=2026-11-23T00:00:00Z&step=hour&queue=water",
    "getFunnel": "?day=2026-11-22&version=3",
    "getFlowText": "?version=3&against=2",
    "getFlowPicture": "?day=2026-11-22",
}


def filled(route: Route[Any, Any]) -> str:
    """Return the route's path with an id that exists and the filters that it needs."""
    number = 101 if "tickets" in route.path else 1
    path = route.path.replace("{id}", str(UUID(int=number))).replace("{flow}", "water")
    return path + QUERIES.get(route.name, "")
