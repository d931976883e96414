"""The phone menu of one daemon: its flows, its voice, the incidents it tells of, and the server Asterisk asks.

A caller always reaches a person, so the menu starts first and needs neither PBX link nor database.
"""

from collections.abc import Mapping
from typing import Final
from zoneinfo import ZoneInfo

from config.secrets import Secrets
from config.settings import Settings
from cti.domain.incidents import Incident
from cti.services.clock import SteadyClock
from cti.services.front_desk import FrontDesk
from cti.services.incidents import Incidents
from cti.services.kept import Kept
from cti.services.live import Live
from cti.services.one_pbx import OnePbx
from cti.services.waiting_line import Standing
from ivr.agi.server import AgiServer, Handler
from ivr.flow.story import Clock
from ivr.ports import Desk
from ivr.prompts.inline import spoken
from ivr.prompts.speakers import reserve, voices
from ivr.prompts.speech import RenderedSpeech
from ivr.services.flow_files import FlowFiles
from ivr.services.hotline import HotlineHandler
from ivr.services.incident import streets
from ivr.services.public import Public
from ivr.services.published import PublishedFlows
from ivr.services.publishing import FlowDesk
from ivr.services.to_person import Ending


class Menu:
    """Owns speech, flows and incidents. ``agi`` is there once :meth:`start` was called, until :meth:`stop`."""

    def __init__(self, settings: Settings, kept: Kept, live: Live, clock: SteadyClock) -> None:
        self._settings = settings
        self._kept = kept
        self._live = live
        self._clock: Final = clock
        self.speech = RenderedSpeech(
            settings.cache,
            studio=settings.home / "studio",
            voices=voices(settings.voice),
            verify=settings.voice.verify,
            reserve=reserve(settings.cache),
        )
        self.incidents = Incidents(kept.incidents, self._render_streets)
        files = FlowFiles(settings)
        self.flow_desk = FlowDesk(files, kept.flows, kept.funnel, ZoneInfo(settings.site.timezone))
        self.flows = PublishedFlows(
            files, kept.flows, settings.home / "flows", on_new=lambda flow: self.speech.learn(spoken(flow.written))
        )
        self.agi: AgiServer | None = None

    async def start(self, secrets: Secrets, pbxs: tuple[OnePbx, ...], desk: FrontDesk) -> None:
        """Take the calls that ``pbxs`` send; the first needs no name, each other one is known by its secret."""
        await self.speech.start()
        await self.flows.start()
        first, *others = pbxs
        server = AgiServer(
            self._handlers(first, desk),
            secret=secrets.agi,
            allow=self._settings.agi.allow,
            others={secrets.agi_of[pbx.name]: self._handlers(pbx, desk) for pbx in others},
        )
        await server.start(self._settings.agi.host, self._settings.agi.port)
        self.agi = server

    async def stop(self) -> None:
        """Take no more calls and let the voices go."""
        if self.agi is not None:
            await self.agi.stop()
        await self.speech.stop()

    def _handlers(self, pbx: OnePbx, front_desk: FrontDesk) -> Mapping[str, Handler]:
        """Return who carries the calls of one PBX through each flow."""
        settings = self._settings.of_pbx(pbx.name)
        clock = Clock(now=self._clock, monotonic=self._clock.monotonic)

        def make(name: str, ending: Ending, desk: Desk, line: Standing) -> HotlineHandler:
            return HotlineHandler(
                self.flows,
                self.speech,
                self._kept.sources,
                self._live.fact,
                pbx.book,
                settings,
                clock,
                public=Public(self.incidents, self._kept.zones, self._kept.fault_reports),
                desk=desk,
                entry=name,
                line=line,
                ending=ending,
            )

        return front_desk.handlers(make)

    async def _render_streets(self, incident: Incident) -> int:
        return await self.speech.prerender([("incident.streets", {"streets": streets(incident)})])
