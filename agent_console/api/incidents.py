"""``/api/incidents``: what is wrong where, written by supervisors; callers of the zone hear it before the menu."""

import logging

from agent_console.api.route import Asked
from agent_console.backend import Backend
from agent_console.errors import InvalidError
from agent_console.views import incident_view
from agent_console.wire_incidents import IncidentChange, IncidentList, IncidentView, NewIncident, ZoneView

audit = logging.getLogger("hydrophone.audit")


async def list_incidents(backend: Backend, asked: Asked[None, None]) -> IncidentList:
    """Return the latest incidents and the zones."""
    store = backend.stores.incidents
    found, zones = await store.of_late(), await store.zones()
    return IncidentList(
        items=[incident_view(incident, spoken=store.is_spoken(incident)) for incident in found],
        zones=[ZoneView(code=zone.code, name_zh=zone.name_zh, name_en=zone.name_en) for zone in zones],
    )


async def open_incident(backend: Backend, asked: Asked[None, NewIncident]) -> IncidentView:
    """Tell callers of a zone, from now on."""
    now, body = backend.now(), asked.body
    if body.until is not None and body.until <= now:
        raise InvalidError(fields={"until": "in_the_past"})
    opened = await backend.stores.incidents.open(body, by=asked.who.user, at=now)
    audit.info("incident %s opened by %s", opened.id, asked.who.user)
    return incident_view(opened, spoken=False)


async def change_incident(backend: Backend, asked: Asked[None, IncidentChange]) -> IncidentView:
    """Say when it should be over, or that it is."""
    changed = await backend.stores.incidents.change(asked.entity, asked.body, by=asked.who.user)
    audit.info("incident %s %s by %s", asked.entity, "ended" if asked.body.ended else "changed", asked.who.user)
    return incident_view(changed, spoken=backend.stores.incidents.is_spoken(changed))
