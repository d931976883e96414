"""One call to the hotline, from the moment Asterisk hands it to us until it takes it back.

Joins what others own: the session (``ivr.agi``), the flow (``ivr.flow``), speech, billing and the call centre's facts.
Whatever happens, the dialplan gets the caller back; unless the flow ended in ``done`` it takes them to a person.
"""

import asyncio
import logging
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import date
from typing import Final, get_args
from zoneinfo import ZoneInfo

from config.settings import Settings
from cti.domain.events import IvrEntered, Language
from cti.domain.ids import CallId, LinkedId, PbxName
from ivr.agi.errors import AgiError, RemoteProtocolError
from ivr.agi.session import KEYS, AgiSession
from ivr.errors import HungUpError
from ivr.flow.bundle import Bundle
from ivr.flow.engine import FlowRun
from ivr.flow.errors import UnknownFlowError
from ivr.flow.line import Speaking
from ivr.flow.outcome import Outcome
from ivr.flow.service import Service
from ivr.flow.story import Clock, Story
from ivr.ports import CallIds, Desk, Facts, Speech, Value, WaitingLine
from ivr.services.bill import LatestBill
from ivr.services.identify import identifications
from ivr.services.listing import lists
from ivr.services.meter_reading import CheckMeant, CheckReading, ReportReading
from ivr.services.phone_line import ClipLengths, PhoneLine
from ivr.services.place import Place
from ivr.services.public import Public, public_services
from ivr.services.ticket import TicketProgress
from ivr.services.to_person import Ending, Leaving, UsualQueue
from ivr.services.water import CallersZone, PostcodesZone, Quality
from ivr.services.why_bill import LastPayment, WhyHigh
from ivr.sources import Sources

logger = logging.getLogger(__name__)

SORRY: Final = "error.sorry"
ENTRY: Final = "water"
"""The flow that calls begin with."""
DOOR: Final = "closed"
"""The flow that those go through who want a person outside the opening hours."""
_LINKEDID = re.compile(r"[A-Za-z0-9._-]{1,96}")


def services(
    sources: Sources,
    settings: Settings,
    clock: Clock,
    *,
    public: Public | None = None,
    line: WaitingLine | None = None,
) -> Mapping[str, Service]:
    """Return what flows may look up, by name."""
    zone = ZoneInfo(settings.site.timezone)

    def today() -> date:
        return clock.now().astimezone(zone).date()

    billing, zones = sources.billing, sources.zones
    checking = CheckReading(billing, today)
    return {
        **identifications(billing),
        **lists(billing, today),
        "latest_bill": LatestBill(billing, today),
        "last_payment": LastPayment(billing),
        "why_high": WhyHigh(billing),
        "check_reading": checking,
        "check_meant": CheckMeant(checking),
        "report_reading": ReportReading(sources.readings, clock.now),
        "zone_of_caller": CallersZone(zones),
        "zone_of_postcode": PostcodesZone(zones),
        "water_quality": Quality(zones),
        "place": Place(line),
        "ticket": TicketProgress(sources.tickets, zone),
        **public_services(public or Public(), settings, clock),
    }


Flows = Callable[[str], Bundle | None]
"""The flow that a call which begins now goes through, by its name, with all that it calls."""


class HotlineHandler:
    """Carries every call through the flow ``entry``, as it was published when the call came in.

    A flow other than :data:`ENTRY` comes later in a call: its steps are told behind its name, and it opens nothing.
    """

    def __init__(
        self,
        flows: Flows,
        speech: Speech,
        sources: Sources,
        facts: Facts,
        call_ids: CallIds,
        settings: Settings,
        clock: Clock | None = None,
        *,
        desk: Desk | None = None,
        public: Public | None = None,
        entry: str = ENTRY,
        line: WaitingLine | None = None,
        ending: Ending | None = None,
    ) -> None:
        self._flows = flows
        self._speech = speech
        self._facts = facts
        self._call_ids = call_ids
        self._settings = settings
        self._clock = clock or Clock()
        self._services = services(sources, settings, self._clock, public=public, line=line)
        self._lengths = ClipLengths()
        self._desk = desk or Desk()
        self._entry = entry
        self._ending = ending or UsualQueue(settings.pbx.queue)
        self._hours = settings.opening.in_zone(ZoneInfo(settings.site.timezone))

    async def run(self, session: AgiSession) -> None:
        """Carry one call through the flow and hand it back with the result."""
        call = self.call_of(session)
        bundle = self._flows(self._entry)
        if bundle is None:
            raise UnknownFlowError(self._entry)
        story = Story(call, self._facts, self._clock)
        if self._entry == ENTRY:
            self._enter(session, call, bundle)
        line = PhoneLine(session, self._speech, self._lengths, self._clock.monotonic)
        door = await self._door()
        flow = FlowRun(
            bundle.flow,
            line,
            self._services,
            story,
            number=session.environment.caller_number,
            called=bundle.called,
            desk=self._desk,
            language=None if self._entry == ENTRY else _language(session, bundle),
            prefix="" if self._entry == ENTRY else f"{self._entry}.",
            door=door is not None,
        )
        outcome = Outcome("failed")
        try:
            await session.answer()
            outcome = await flow.run()
            if door is not None and outcome.result == "person":
                outcome = await self._past(door, outcome, flow, line, story, session)
            outcome = await self._hand_back(session, outcome, self._leaving(call, outcome, line, flow))
        except HungUpError:
            outcome = Outcome("hangup")
        except AgiError:
            raise
        except Exception:
            await self._apologise(line, flow)
            raise
        finally:
            if self._entry == ENTRY:
                story.left(outcome)

    async def _door(self) -> Bundle | None:
        """Return :data:`DOOR` outside the opening hours. Whatever can't be told leaves it open."""
        if self._entry != ENTRY:
            return None
        try:
            return None if await asyncio.to_thread(self._is_open) else self._flows(DOOR)
        except Exception:
            logger.exception("ivr.hours_unknown")
            return None

    async def _past(
        self, door: Bundle, outcome: Outcome, flow: FlowRun, line: PhoneLine, story: Story, session: AgiSession
    ) -> Outcome:
        """Take who wants a person through the door, which an emergency always passes."""
        visit = FlowRun(
            door.flow,
            line,
            self._services,
            story,
            number=session.environment.caller_number,
            called=door.called,
            desk=self._desk,
            language=flow.language,
            prefix=f"{DOOR}.",
        )
        met = await visit.run()
        served = outcome.served or met.served
        return replace(outcome if met.result == "person" else met, served=served)

    def _is_open(self) -> bool:
        return self._hours.is_open(self._clock.now())

    def call_of(self, session: AgiSession) -> CallId:
        """Return our id of the call. Raises ``RemoteProtocolError`` where the dialplan gives no Linkedid."""
        arguments = session.environment.arguments
        linkedid = arguments[1] if len(arguments) > 1 else ""
        if not _LINKEDID.fullmatch(linkedid):
            raise RemoteProtocolError("the second argument is not a Linkedid")
        return self._call_ids(LinkedId(linkedid))

    def _enter(self, session: AgiSession, call: CallId, bundle: Bundle) -> None:
        caller = session.environment
        self._facts(
            IvrEntered(
                at=self._clock.now(),
                call=call,
                pbx=PbxName(self._settings.pbx.name),
                linkedid=LinkedId(caller.arguments[1]),
                caller_number=caller.caller_number,
                caller_name=caller.caller_name,
                dialled=caller.dialled or caller.extension,
                flow=bundle.flow.flow,
                version=bundle.version,
            )
        )

    def _leaving(self, call: CallId, outcome: Outcome, line: PhoneLine, flow: FlowRun) -> Leaving:
        async def say(prompt: str, values: Mapping[str, Value]) -> None:
            await line.play(Speaking(prompt, flow.language, values), KEYS)

        return Leaving(call, outcome, flow.language, say)

    async def _hand_back(self, session: AgiSession, outcome: Outcome, leaving: Leaving) -> Outcome:
        """Tell the dialplan how it ended, as the very last act; return how it ended after all."""
        try:
            if outcome.result == "person":
                for name, value in (await self._ending.person(leaving)).items():
                    await session.set_variable(name, value)
            if outcome.result == "done":
                await self._ending.done(leaving)
            if outcome.result == "transfer":
                await session.set_variable("HYDROPHONE_TARGET", outcome.target or "")
            if outcome.result in ("person", "done", "transfer"):
                await session.set_variable("HYDROPHONE_RESULT", outcome.result)
        except HungUpError:
            return Outcome("hangup", served=outcome.served, leaves_as=outcome.leaves_as)
        return outcome

    async def _apologise(self, line: PhoneLine, flow: FlowRun) -> None:
        """Say that something went wrong, if that much still works."""
        logger.warning("a call leaves the menu because of an error")
        with suppress(Exception):
            await line.play(Speaking(SORRY, flow.language, {}), KEYS)


def _language(session: AgiSession, bundle: Bundle) -> Language | None:
    """Return the language that was chosen earlier in this call, if the flow speaks it."""
    spoken = session.environment.language
    return next((known for known in get_args(Language) if known == spoken and known in bundle.flow.languages), None)
