"""The console backend as one thing to start and stop: the REST API with the pages, and the push channel."""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from aiohttp import web

from agent_console.api.app import make_app
from agent_console.api.static import DIST
from agent_console.auth import LoginThrottle, PushTickets, Sessions, Standing
from agent_console.backend import Backend, allowed_origins
from agent_console.metrics import MetricsPage, Source, console_metrics
from agent_console.pop_desk import PATIENCE_S, PopDesk
from agent_console.ports import LiveCentre, Stores
from agent_console.push.delays import PopDelays
from agent_console.push.hub import GATHER_S, Hub
from agent_console.push.server import HEARTBEAT_S, PushServer
from agent_console.wire import ReplayView
from agent_console.wire_live import PulseView
from config.secrets import Secrets
from config.settings import Settings
from cti.domain.model import Changes
from storage.phones import e164

log = logging.getLogger(__name__)

REPLAY_HEARTBEAT_S = 0.5
"""How often consoles are told the time of a replay, which may run faster than theirs."""
ANY_NUMBER = "+8610000000000"
"""Makes ``phonenumbers`` read its tables from disk before the loop needs them."""


def utc_now() -> datetime:
    """Return the time."""
    return datetime.now(UTC)


class ConsoleServer:
    """All that browsers and scripts talk to. ``refusals`` are the errors of the live centre that mean "not now".

    With ``replay`` what is shown is the past at ``live_now``, and nothing can be changed.
    With a ``metrics_token`` it serves ``/metrics`` too: its own figures and those of the ``sources``.

    Build it inside the running loop; :meth:`start` listens, :meth:`stop` closes every console and every port.
    """

    def __init__(
        self,
        settings: Settings,
        secrets: Secrets,
        live: LiveCentre,
        stores: Stores,
        *,
        refusals: tuple[type[Exception], ...] = (),
        now: Callable[[], datetime] = utc_now,
        monotonic: Callable[[], float] = time.monotonic,
        dist: Path = DIST,
        patience_s: float = PATIENCE_S,
        gather_s: float = GATHER_S,
        metrics_token: str | None = None,
        sources: Sequence[Source] = (),
        replay: ReplayView | None = None,
        live_now: Callable[[], datetime] | None = None,
        pulses: Callable[[], Sequence[PulseView]] = tuple,
    ) -> None:
        self._settings = settings
        self._live = live
        self._refusals = refusals
        self._dist = dist
        self.pops = PopDesk(live, stores, now, region=settings.site.region, patience_s=patience_s)
        self.hub = Hub(live, self.pops, now, live_now=live_now, gather_s=gather_s)
        lifetime = timedelta(hours=settings.web.session_hours)
        closed = settings.home / "closed-sessions.json"
        sessions = Sessions(secrets.session_key, now, lifetime=lifetime, closed=closed)
        self.backend = Backend(
            settings=settings,
            secrets=secrets,
            live=live,
            stores=stores,
            sessions=sessions,
            standing=Standing(stores.users, sessions, monotonic),
            push_tickets=PushTickets(now),
            throttle=LoginThrottle(monotonic),
            pops=self.pops,
            now=now,
            live_now=live_now or now,
            replay=replay,
            pulses=pulses,
        )
        self._metrics: MetricsPage | None = None
        if metrics_token is not None:
            self._metrics = MetricsPage(metrics_token, (partial(console_metrics, live, self.hub, now), *sources))
        heartbeat_s = HEARTBEAT_S if replay is None else REPLAY_HEARTBEAT_S
        self._push = PushServer(self.hub, self.backend.push_tickets, allowed_origins(settings), heartbeat_s=heartbeat_s)
        self._runner: web.AppRunner | None = None
        self._stop_listening: Callable[[], None] | None = None

    @property
    def pop_delays(self) -> PopDelays:
        """How long pops take until agents see them."""
        return self.hub.delays

    async def start(self) -> None:
        """Listen for browsers and scripts, and to the live centre."""
        await asyncio.to_thread(e164, ANY_NUMBER, self._settings.site.region)
        await self.backend.sessions.load()
        self.pops.show_on(self.hub)
        self.backend.sessions.on_close(self.hub.end_session)
        self._stop_listening = self._live.listen(self._on_changes)
        app = await asyncio.to_thread(
            make_app, self.backend, refusals=self._refusals, dist=self._dist, metrics=self._metrics
        )
        self._runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=2.0)
        await self._runner.setup()
        web_settings = self._settings.web
        await web.TCPSite(self._runner, web_settings.host, web_settings.port).start()
        await self._push.start(web_settings.host, web_settings.push_port)
        log.info("consoles are served at %s", self._settings.console_url)

    async def stop(self) -> None:
        """Close everything; may be called after a start that failed half-way."""
        if self._stop_listening is not None:
            self._stop_listening()
            self._stop_listening = None
        await self._push.stop()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None
        await self.pops.aclose()

    def _on_changes(self, changes: Changes) -> None:
        """Tell the desk of pops first: nothing goes out before a pop."""
        self.pops.on_changes(changes)
        self.hub.on_changes(changes)
