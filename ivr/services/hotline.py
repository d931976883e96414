"""One call to the hotline, from the moment Asterisk hands it to us until it takes it back.

Joins what others own: the session (``ivr.agi``), the flow (``ivr.flow``), speech, billing and the call centre's facts.
Whatever happens, the dialplan gets the caller back; unless the flow ended in ``done`` it takes them to a person.
"""

import logging
import re
from collections.abc import Mapping
from contextlib import suppress
from datetime import date
from importlib.resources import as_file, files
from typing import Final
from zoneinfo import ZoneInfo

from config.settings import Settings
from cti.domain.events import IvrEntered
from cti.domain.ids import LinkedId, PbxName
from ivr.agi.errors import AgiError, RemoteProtocolError
from ivr.agi.session import AgiSession
from ivr.errors import HungUpError
from ivr.flow.engine import FlowRun
from ivr.flow.line import Speaking
from ivr.flow.loader import load
from ivr.flow.model import Flow
from ivr.flow.outcome import Outcome
from ivr.flow.service import Service
from ivr.flow.story import Clock, Story
from ivr.ports import Billing, CallIds, Facts, Speech
from ivr.prompts.catalogue import shipped
from ivr.services.bill import LatestBill
from ivr.services.identify import Identify
from ivr.services.phone_line import ClipLengths, PhoneLine

logger = logging.getLogger(__name__)

SORRY: Final = "error.sorry"
_LINKEDID = re.compile(r"[A-Za-z0-9._-]{1,96}")


def services(billing: Billing, settings: Settings, clock: Clock) -> Mapping[str, Service]:
    """Return what flows may look up, by name."""
    zone = ZoneInfo(settings.site.timezone)

    def today() -> date:
        return clock.now().astimezone(zone).date()

    return {"identify": Identify(billing), "latest_bill": LatestBill(billing, today)}


def shipped_flow(billing: Billing, settings: Settings, clock: Clock | None = None) -> Flow:
    """Read the flow that ships with us, against the catalogue that ships with us."""
    prompts = {name: prompt.slots for name, prompt in shipped().prompts.items()}
    with as_file(files("config") / "flows" / "water.yaml") as path:
        return load(path, prompts=prompts, services=services(billing, settings, clock or Clock()))


class HotlineHandler:
    """Carries every call of one hotline through its flow."""

    def __init__(
        self,
        flow: Flow,
        speech: Speech,
        billing: Billing,
        facts: Facts,
        call_ids: CallIds,
        settings: Settings,
        clock: Clock | None = None,
    ) -> None:
        self._flow = flow
        self._speech = speech
        self._facts = facts
        self._call_ids = call_ids
        self._settings = settings
        self._clock = clock or Clock()
        self._services = services(billing, settings, self._clock)
        self._lengths = ClipLengths()

    async def run(self, session: AgiSession) -> None:
        """Carry one call through the flow and hand it back with the result."""
        story = self._enter(session)
        line = PhoneLine(session, self._speech, self._lengths, self._clock.monotonic)
        number = session.environment.caller_number
        flow = FlowRun(self._flow, line, self._services, story, number=number)
        outcome = Outcome("failed")
        try:
            await session.answer()
            outcome = await flow.run()
            outcome = await self._hand_back(session, outcome)
        except HungUpError:
            outcome = Outcome("hangup")
        except AgiError:
            raise
        except Exception:
            await self._apologise(line, flow)
            raise
        finally:
            story.left(outcome)

    def _enter(self, session: AgiSession) -> Story:
        caller = session.environment
        linkedid = caller.arguments[1] if len(caller.arguments) > 1 else ""
        if not _LINKEDID.fullmatch(linkedid):
            raise RemoteProtocolError("the second argument is not a Linkedid")
        call = self._call_ids(LinkedId(linkedid))
        self._facts(
            IvrEntered(
                at=self._clock.now(),
                call=call,
                pbx=PbxName(self._settings.pbx.name),
                linkedid=LinkedId(linkedid),
                caller_number=caller.caller_number,
                caller_name=caller.caller_name,
                dialled=caller.dialled or caller.extension,
                flow=self._flow.flow,
            )
        )
        return Story(call, self._facts, self._clock)

    async def _hand_back(self, session: AgiSession, outcome: Outcome) -> Outcome:
        """Tell the dialplan how it ended, as the very last act; return how it ended after all."""
        try:
            if outcome.result == "person":
                await session.set_variable("HYDROPHONE_QUEUE", outcome.queue or self._settings.pbx.queue)
            if outcome.result in ("person", "done"):
                await session.set_variable("HYDROPHONE_RESULT", outcome.result)
        except HungUpError:
            return Outcome("hangup", served=outcome.served)
        return outcome

    async def _apologise(self, line: PhoneLine, flow: FlowRun) -> None:
        """Say that something went wrong, if that much still works."""
        logger.warning("a call leaves the menu because of an error")
        with suppress(Exception):
            await line.play(Speaking(SORRY, flow.language, {}), "0123456789*#")
