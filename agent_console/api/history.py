"""``GET /api/live``: the live state, now or at a moment of the past."""

import logging

from agent_console import views
from agent_console.api.route import Asked
from agent_console.backend import Backend
from agent_console.errors import ForbiddenError, InvalidError, NotFoundError
from agent_console.views import Reader
from agent_console.wire_live import LiveQuery, LiveView

audit = logging.getLogger("hydrophone.audit")


async def live(backend: Backend, asked: Asked[LiveQuery, None]) -> LiveView:
    """Return the live state; that of the past for those who see everything."""
    at = asked.query.at
    if at is None:
        state = backend.live.state
        return views.live_view(state, Reader.of(asked.who, state), backend.live_now())
    if not asked.who.sees_everything:
        raise ForbiddenError
    if at > backend.now():
        raise InvalidError(fields={"at": "future"})
    audit.info("%s looks at the live state of %s", asked.who.user, at.isoformat(timespec="seconds"))
    past = await backend.stores.history.state_at(at)
    if past is None:
        raise NotFoundError
    return views.live_view(past, Reader.of(asked.who, past), at)
