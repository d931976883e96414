"""The composition root: every part is made here, plugged into the others, started and stopped in stages.

A caller always reaches a person, so the phone menu comes first and needs neither PBX link nor database; then the
database, which may take its time or be away; then the consoles; the AMI link last, because the agents should be known
when its first snapshot arrives. At the end the same stages are gone through backwards.
"""

import asyncio
import gc
import logging
import os
import signal
from collections.abc import Coroutine, Iterable
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from prometheus_client.metrics_core import Metric

from agent_console.history import KeptHistory
from agent_console.incident_desk import IncidentDesk
from agent_console.ports import Queued
from agent_console.server import ConsoleServer
from agent_console.stores import stores_of
from agent_console.wire_live import PulseView
from config.metrics_token import load_or_make as metrics_token
from config.queues import queues_of
from config.secrets import Secrets
from config.settings import Pbx, Settings
from cti.caller.options import options
from cti.domain.centre import Centre
from cti.domain.events import CentreStarted, DayBegan, QueueOpened
from cti.domain.ids import QueueName, ReasonCode
from cti.domain.restored import CentreRestored
from cti.services.call_orders import CallOrders
from cti.services.clock import SteadyClock
from cti.services.consoles import Consoles
from cti.services.errors import CentreError
from cti.services.figures import Figures
from cti.services.front_desk import FrontDesk
from cti.services.front_desk import Stores as DeskStores
from cti.services.journal.codec import Codec
from cti.services.journal.journal import Journal
from cti.services.journal.replay import Replay
from cti.services.journal.restore import before_us
from cti.services.keeping import Keeping
from cti.services.kept import kept_of
from cti.services.live import Live
from cti.services.menu import Menu
from cti.services.metrics import Parts, daemon_metrics
from cti.services.one_pbx import OnePbx
from cti.services.presence import ConsoleOrders
from cti.services.recorder import LIVE_EVERY_S, Recorder
from cti.services.timers import Timers
from cti.services.vitals import Vitals
from cti.services.watchdog import Watchdog
from cti.services.wrap_up import WrapUps
from ivr.prompts.wording import spelt_out
from storage.billing.external import ExternalBilling

_log = logging.getLogger(__name__)

DATABASE_PATIENCE_S: Final = 20.0
"""How long the AMI link waits for the database, which knows the agents and the calls from before our start."""
JOURNAL_PATIENCE_S: Final = 10.0
HOUSEKEEPING_S: Final = 30.0
MOST_OFF: Final = timedelta(seconds=2)


class App:
    """One running Hydrophone, from :meth:`start` to :meth:`stop`."""

    def __init__(self, settings: Settings, secrets: Secrets) -> None:
        self.settings = settings
        self.clock = SteadyClock()
        self.live = Live(Centre())
        self._secrets = secrets
        self._zone = ZoneInfo(settings.site.timezone)
        self._stack = AsyncExitStack()
        self._day = self.clock().astimezone(self._zone).date()

        self.kept = kept_of(settings, secrets, self.clock)
        self._make_log()
        self._make_desks()
        self.menu = Menu(settings, self.kept, self.live, self.clock)

    def _make_log(self) -> None:
        """Make what writes down all that happens, and what is counted from it."""
        spool = self.settings.home / "spool"
        bound_bytes = self.settings.spool.max_mb * 1024 * 1024
        codec = Codec()
        self.journal = Journal(
            self.kept.journal, codec, spool, self.clock, lambda: self.live.state, bound_bytes=bound_bytes
        )
        self.replay = Replay(self.kept.journal, codec)
        self.recorder = Recorder(self.live, self.kept.calls, spool, bound_bytes=bound_bytes, live_every_s=LIVE_EVERY_S)
        self.figures = Figures(self.live, self.kept.kpis, self.clock, settled=self._all_kept)
        names = {"calls": "calls", "refused": "refused", "journal": "journal", "refused_journal": "refused-journal"}
        self.vitals = Vitals({name: spool / f"{file}.jsonl" for name, file in names.items()})

    def _make_desks(self) -> None:
        """Make the PBXs and those who give them orders."""
        settings, kept = self.settings, self.kept
        self.wrap_ups = WrapUps(self.live, Timers(), self.clock)
        self.consoles = Consoles(self.live, Timers(), self.clock)
        self.pbxs = tuple(self._pbx_of(pbx, further=pbx is not settings.pbx) for pbx in (settings.pbx, *settings.pbxs))
        self.first = self.pbxs[0]
        self.call_orders = CallOrders(self.live, {pbx.name: pbx.link for pbx in self.pbxs}, self.clock)
        self.orders = ConsoleOrders(
            self.live,
            self.consoles,
            self.call_orders,
            self.clock,
            reasons=[ReasonCode(reason.code) for reason in settings.reasons],
            full=lambda: self.journal.full,
        )
        self.front_desk = FrontDesk(
            self.live,
            self.first.book,
            self.first.link,
            DeskStores(kept.database, kept.calls, kept.billing),
            settings,
            self.clock,
            settled=self._all_kept,
        )
        self.keeping = Keeping(
            self.live,
            {pbx.name: pbx.book for pbx in self.pbxs},
            self.clock,
            kept.database,
            kept.users,
            kept.calls,
            kept.embedded,
            before=self._from_journal,
        )

    def _pbx_of(self, pbx: Pbx, *, further: bool) -> OnePbx:
        return OnePbx(
            pbx,
            self.live,
            self.clock,
            further=further,
            ami_secret=self._secrets.ami_of[pbx.name] if further else self._secrets.ami,
            home=self.settings.home,
            database=self.kept.database,
            kept=self.kept.calls,
            settled=self._all_kept,
            ask_sip=lambda timeout_s: options(pbx.host, pbx.sip_port, timeout_s=timeout_s),
        )

    # -------------------------------------------------------------- stages

    async def start(self) -> None:
        """Start stage after stage; what was started is stopped again if one fails."""
        try:
            await self._start_centre()
            await self._start_menu()
            await self._start_keeping()
            await self._start_consoles()
            await self._start_links()
        except BaseException:
            await self.stop()
            raise
        _log.info("hydrophone is up: hotline %s, consoles at %s", self.settings.site.hotline, self.settings.console_url)

    async def stop(self) -> None:
        """Stop everything, last things first."""
        await self._stack.aclose()
        _log.info("hydrophone is down")

    async def _start_centre(self) -> None:
        await self.journal.begin()
        self.live.note = self.journal.note
        self.live.apply(CentreStarted(at=self.clock()))
        opened = {pbx.queue: pbx.wrap_up_s for pbx in reversed((self.settings.pbx, *self.settings.pbxs))}
        opened |= {queue.name: queue.wrap_up_s for queue in queues_of(self.settings)}
        for queue, wrap_up_s in opened.items():
            self.live.apply(QueueOpened(at=self.clock(), queue=QueueName(queue), wrap_up_s=wrap_up_s))
        for listener in (self.recorder, self.figures, self.wrap_ups, self.call_orders):
            self.live.listen(listener.on_changes)
        for one in self.pbxs:
            for listen in one.listeners:
                self.live.listen(listen)
        self._stack.callback(self._stop_timers)
        self._own(self._keep_house(), "housekeeping")
        self._own(self.vitals.run(), "vitals")

    def _stop_timers(self) -> None:
        self.wrap_ups.close()
        self.consoles.close()

    async def _start_menu(self) -> None:
        self._stack.push_async_callback(self.menu.stop)
        await self.menu.start(self._secrets, self.pbxs, self.front_desk)

    async def _start_keeping(self) -> None:
        if self.kept.embedded is not None:
            self._stack.push_async_callback(self.kept.embedded.stop)
        self._stack.push_async_callback(self.kept.database.close)
        if isinstance(self.kept.billing, ExternalBilling):
            self._stack.push_async_callback(self.kept.billing.close)
        self._stack.push_async_callback(self.journal.flush)
        self._own(self.journal.run(), "journal")
        self._stack.push_async_callback(self.recorder.flush)
        self._stack.push_async_callback(self.figures.flush)
        self._own(self.recorder.run(), "recorder")
        self._own(self.figures.run(), "figures")
        self._own(self.menu.incidents.run(), "incidents")
        self._own(self.front_desk.callbacks.run(), "callbacks")
        self._own(self.front_desk.tidy(), "tidying")
        self._own(self.keeping.run(), "keeping")
        self._own(self.menu.flows.run(), "flows")
        await self.keeping.wait_ready(DATABASE_PATIENCE_S)

    async def _from_journal(self) -> CentreRestored | None:
        """Return what the journal knows of the time before our start, once the database has all of it."""
        self.journal.database_ready()
        if not await self.journal.drained(JOURNAL_PATIENCE_S):
            _log.warning("the journal is not drained yet; going on without what it knows of before")
            return None
        return await before_us(self.replay, self.kept.journal, self.journal.first, self.clock, self._zone)

    async def _start_consoles(self) -> None:
        stores = stores_of(
            users=self.kept.users,
            calls=self.kept.calls,
            tickets=self.kept.tickets,
            customers=self.kept.billing,
            database=self.kept.database,
            kpis=self.kept.kpis,
            readings=self.kept.readings,
            history=KeptHistory(self.replay, self._queued),
            incidents=IncidentDesk(self.kept.incidents, self.menu.incidents, self.kept.zones, spelt_out, self.clock),
            flows=self.menu.flow_desk,
            callbacks=self.front_desk.callbacks,
            messages=self.front_desk.messages,
            sounds=self.front_desk.sounds,
        )
        server = ConsoleServer(
            self.settings,
            self._secrets,
            self.orders,
            stores,
            refusals=(CentreError,),
            now=self.clock,
            monotonic=self.clock.monotonic,
            metrics_token=await asyncio.to_thread(metrics_token, self.settings.home),
            sources=(self._metrics,),
            pulses=self._pulses,
        )
        self._stack.push_async_callback(server.stop)
        await server.start()

    def _queued(self) -> Queued:
        calls = self.vitals.spool_bytes["calls"]
        return Queued(self.journal.queued_bytes + calls, self.journal.delay_s, self.journal.full)

    def _pulses(self) -> list[PulseView]:
        return [
            PulseView(
                pbx=pbx.name,
                well=pbx.pulse.well,
                ami_ms=pbx.pulse.beat.ami_ms if pbx.pulse.beat else None,
                sip_ms=pbx.pulse.beat.sip_ms if pbx.pulse.beat else None,
            )
            for pbx in self.pbxs
        ]

    def _all_kept(self) -> bool:
        return not self.recorder.waiting and not self.recorder.away

    def _metrics(self) -> Iterable[Metric]:
        parts = Parts(
            pbxs=self.pbxs,
            recorder=self.recorder,
            live=self.live,
            figures=self.figures,
            vitals=self.vitals,
            journal=self.journal,
            speech=self.menu.speech,
            agi=self.menu.agi,
            billing=self.kept.billing if isinstance(self.kept.billing, ExternalBilling) else None,
        )
        return daemon_metrics(parts)

    async def _start_links(self) -> None:
        self._own(self.call_orders.run(), "call orders")
        for pbx in self.pbxs:
            for work, name in pbx.work():
                self._own(work, name)
            self._stack.push_async_callback(pbx.link.close)
            await pbx.link.start()

    # -------------------------------------------------------------- tasks

    def _own(self, work: Coroutine[Any, Any, None], name: str) -> None:
        """Run a task that goes on until we stop; if it ends before, that is a fault and is said."""
        task = asyncio.create_task(work, name=name)
        task.add_done_callback(_report_death)
        self._stack.push_async_callback(_ended, task)

    async def _keep_house(self) -> None:
        while True:
            await asyncio.sleep(HOUSEKEEPING_S)
            today = self._day
            self._housekeep(self.clock())
            if self._day != today:
                for pbx in self.pbxs:
                    await pbx.evidence.prune()

    def _housekeep(self, now: datetime) -> None:
        today = now.astimezone(self._zone).date()
        if today != self._day:
            self._day = today
            self.live.apply(DayBegan(at=now))
        self.consoles.watch_adopted()
        resting = all(agent.wrap_up_until is None for agent in self.live.state.agents.values())
        if resting and not self.live.state.calls and abs(self.clock.off_by) > MOST_OFF:
            _log.warning("the machine's clock was set; following it by %s", self.clock.off_by)
            self.clock.realign()


async def _ended(task: asyncio.Task[Any]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def _spare_the_collector() -> None:
    """Leave out of the search for cycles what was made by now and stays, and look less often: calls leave few."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


def _report_death(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        _log.critical("%s died", task.get_name(), exc_info=error)


async def run(settings: Settings, secrets: Secrets) -> None:
    """Serve until the process is told to end (SIGINT, SIGTERM)."""
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, told.set)
    watchdog = Watchdog(os.environ)
    app = App(settings, secrets)
    signs = asyncio.create_task(watchdog.run(), name="signs of life")
    ending = asyncio.create_task(told.wait(), name="told to end")
    starting = asyncio.create_task(app.start(), name="starting")
    try:
        await asyncio.wait((starting, ending), return_when=asyncio.FIRST_COMPLETED)
        if starting.done():
            await starting
            _spare_the_collector()
            watchdog.ready()
            await ending
    finally:
        watchdog.stopping()
        await _ended(ending)
        await _ended(starting)
        await app.stop()
        await _ended(signs)
