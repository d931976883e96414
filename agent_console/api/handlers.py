"""What each route does. Who may ask, and whether what was sent is in order, is settled before.

Whatever leaves here has gone through :mod:`agent_console.views`, which masks what the role may not see.
"""

import logging
from uuid import UUID

from agent_console import views
from agent_console.api.route import Asked
from agent_console.auth import Login
from agent_console.backend import DEMO_PHONE, Backend
from agent_console.errors import ForbiddenError, NotFoundError, WrongPasswordError
from agent_console.pop import reported_reading_view
from agent_console.ports import User
from agent_console.views import Reader
from agent_console.wire import DemoPhone, LoginRequest, PushTicket, Session, SiteView, Token
from agent_console.wire_live import (
    AgentView,
    CurrentPop,
    ExtendRequest,
    Health,
    PresenceRequest,
    ReadingDecision,
    ReportedReadings,
    ReportedReadingView,
)
from agent_console.wire_records import CallPage, CallQuery, CallRecord, Ticket, TicketChange, TicketPage, TicketQuery
from cti.domain.ids import CallId, ReasonCode

audit = logging.getLogger("hydrophone.audit")


async def log_in(backend: Backend, asked: Asked[None, LoginRequest]) -> Session:
    """Open a session for a browser and put it into a cookie."""
    token, login = backend.sessions.open(await _checked(backend, asked))
    asked.cookie.keep = token
    return backend.session(login)


async def make_token(backend: Backend, asked: Asked[None, LoginRequest]) -> Token:
    """Open a session for a script and hand it out once."""
    token, login = backend.sessions.open(await _checked(backend, asked))
    return Token(token=token, expires_at=login.expires_at)


async def _checked(backend: Backend, asked: Asked[None, LoginRequest]) -> User:
    request = asked.body
    backend.throttle.begin(request.user, asked.address)
    user = await backend.stores.users.check_password(request.user, request.password)
    if user is None:
        audit.warning("login refused, from %s", asked.address)
        raise WrongPasswordError
    backend.throttle.succeeded(request.user, asked.address)
    audit.info("login of %s, from %s", user.id, asked.address)
    return user


async def log_out(backend: Backend, asked: Asked[None, None]) -> None:
    """End this session everywhere."""
    await backend.sessions.close(asked.who)
    asked.cookie.forget = True


async def session(backend: Backend, asked: Asked[None, None]) -> Session:
    """Tell who is logged in."""
    return backend.session(asked.who)


async def push_ticket(backend: Backend, asked: Asked[None, None]) -> PushTicket:
    """Hand out a one-time ticket for the push channel."""
    return PushTicket(ticket=backend.push_tickets.issue(asked.who), push_url=backend.settings.push_url)


async def list_calls(backend: Backend, asked: Asked[CallQuery, None]) -> CallPage:
    """List calls; an agent's list holds their own."""
    query = asked.query
    if not asked.who.sees_everything:
        if query.agent not in (None, asked.who.user):
            raise _not_theirs(asked.who, "calls of another agent", None)
        query = query.model_copy(update={"agent": asked.who.user})
    return views.call_page(await backend.stores.calls.page(query), _reader(backend, asked.who))


async def one_call(backend: Backend, asked: Asked[None, None]) -> CallRecord:
    """Return one call; an agent's own only."""
    record = await backend.stores.calls.call(asked.entity)
    reader = _reader(backend, asked.who)
    if record is None:
        raise NotFoundError
    if not (reader.may_see(CallId(record.id)) or record.agent == asked.who.user):
        raise _not_theirs(asked.who, "call", asked.entity)
    return views.call_record(record, reader)


async def list_tickets(backend: Backend, asked: Asked[TicketQuery, None]) -> TicketPage:
    """List tickets, without their entries."""
    return views.ticket_page(await backend.stores.tickets.page(asked.query), _reader(backend, asked.who))


async def one_ticket(backend: Backend, asked: Asked[None, None]) -> Ticket:
    """Return one ticket, whole."""
    found = await backend.stores.tickets.ticket(asked.entity)
    if found is None:
        raise NotFoundError
    return views.ticket(found, _reader(backend, asked.who))


async def change_ticket(backend: Backend, asked: Asked[None, TicketChange]) -> Ticket:
    """Change a ticket, if it still is as its reader saw it."""
    changed = await backend.stores.tickets.change(asked.entity, asked.body, by=asked.who.user)
    audit.info("ticket %s changed by %s", asked.entity, asked.who.user)
    return views.ticket(changed, _reader(backend, asked.who))


async def list_reported_readings(backend: Backend, asked: Asked[None, None]) -> ReportedReadings:
    """List the readings that wait to be confirmed."""
    return ReportedReadings(items=[reported_reading_view(one) for one in await backend.stores.readings.to_confirm()])


async def decide_reading(backend: Backend, asked: Asked[None, ReadingDecision]) -> ReportedReadingView:
    """Confirm a reported reading, or refuse it."""
    confirmed = asked.body.confirmed
    decided = await backend.stores.readings.decide(asked.entity, confirmed=confirmed, by=asked.who.user)
    audit.info("reading %s %s by %s", asked.entity, decided.state, asked.who.user)
    return reported_reading_view(decided)


async def choose_presence(backend: Backend, asked: Asked[None, PresenceRequest]) -> AgentView:
    """Choose one's own presence."""
    me, wish = asked.who.user, asked.body
    reason = None if wish.reason is None else ReasonCode(wish.reason)
    await backend.live.choose_presence(me, wish.presence, by=me, reason=reason)
    return backend.agent(asked.who.user)


async def extend_wrap_up(backend: Backend, asked: Asked[None, ExtendRequest]) -> AgentView:
    """Take more time after the call."""
    await backend.live.extend_wrap_up(asked.who.user, by_s=asked.body.by_s)
    return backend.agent(asked.who.user)


async def finish_wrap_up(backend: Backend, asked: Asked[None, None]) -> AgentView:
    """Be ready for the next call."""
    await backend.live.finish_wrap_up(asked.who.user)
    return backend.agent(asked.who.user)


async def current_pop(backend: Backend, asked: Asked[None, None]) -> CurrentPop:
    """Return one's own current pop, after a reload."""
    return CurrentPop(pop=await backend.pops.current(asked.who.user))


async def demo_phone(backend: Backend, asked: Asked[None, None]) -> DemoPhone:
    """Return what the demo page dials with; there only where a site switched it on."""
    phone = backend.phone(DEMO_PHONE, "Demo") if backend.settings.web.demo_phone else None
    if phone is None:
        raise NotFoundError
    return DemoPhone(phone=phone, hotline=backend.settings.site.hotline)


async def site(backend: Backend, asked: Asked[None, None]) -> SiteView:
    """Tell whose hotline this is."""
    known = backend.settings.site
    return SiteView(
        name_zh=known.name_zh,
        name_en=known.name_en,
        hotline=known.hotline,
        timezone=known.timezone,
        demo_phone=backend.settings.web.demo_phone,
        replay=backend.replay,
    )


async def health(backend: Backend, asked: Asked[None, None]) -> Health:
    """Tell whether each part does its work. ``ok`` when calls are handled; they are without the database too."""
    links = [views.link_view(link) for link in backend.live.state.links.values()]
    database = await backend.stores.database.alive()
    queued = backend.stores.history.queued()
    pulses = list(backend.pulses())
    return Health(
        ok=bool(links) and all(link.up for link in links) and all(pulse.well for pulse in pulses),
        database=database,
        links=links,
        pulses=pulses,
        queued_bytes=queued.size_bytes,
        journal_delay_s=round(queued.delay_s, 1),
        spool_full=queued.full,
    )


def _reader(backend: Backend, login: Login) -> Reader:
    return Reader.of(login, backend.live.state)


def _not_theirs(login: Login, what: str, entity: UUID | None) -> ForbiddenError:
    audit.warning("%s asked for %s %s and was refused", login.user, what, entity or "")
    return ForbiddenError()
