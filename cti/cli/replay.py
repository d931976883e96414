"""``hydrophone replay``: the live state as it was at a time, or a period of it, played in the console.

The daemon may run meanwhile: the console of the replay has ports of its own. Whoever may log in there may look; nothing
can be changed.
"""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, tzinfo
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from agent_console.history import KeptHistory
from agent_console.incident_desk import IncidentDesk
from agent_console.server import ConsoleServer
from agent_console.stores import NoCallbacks, stores_of
from agent_console.views import Reader, live_view
from agent_console.wire import ReplayView
from agent_console.wire_live import LiveView
from config.secrets import Secrets
from config.settings import Settings
from cti.domain.ids import AgentId
from cti.domain.incidents import Incident
from cti.services.clock import wall
from cti.services.errors import CentreError
from cti.services.incidents import Incidents
from cti.services.journal.codec import Codec
from cti.services.journal.replay import Findings, NothingKnownError, Replay
from cti.services.journal.stage import Stage
from cti.services.messages import MessageFiles
from ivr.prompts.wording import spelt_out
from ivr.services.publishing import flow_desk
from storage.billing.own import OwnTables
from storage.calls import CallStore
from storage.embedded import postgres
from storage.engine import Database
from storage.errors import StorageError
from storage.incidents import IncidentStore
from storage.journal import JournalStore
from storage.kpi import KpiStore
from storage.messages import MessageStore
from storage.reported_readings import ReportedReadings
from storage.tickets import TicketStore
from storage.users import UserStore
from storage.zones import Zones

PORT = 18610
EVERYTHING = Reader(AgentId(""), everything=True)


def replay(
    at: Annotated[str | None, typer.Option("--at", help="Print the live state as it was then.")] = None,
    since: Annotated[str | None, typer.Option("--from", help="Play from here …")] = None,
    until: Annotated[str | None, typer.Option("--to", help="… to here; default now.")] = None,
    speed: Annotated[float, typer.Option(min=0.01, max=1000, help="How many times as fast as it was.")] = 1.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print the state as JSON.")] = False,
    port: Annotated[int, typer.Option(min=1, max=65534, help="The console's port; the next one pushes.")] = PORT,
) -> None:
    """Print the live state of a time, or play a period in the console. Times: 2026-11-25T10:30:00, the site's zone."""
    settings = Settings()
    zone = ZoneInfo(settings.site.timezone)
    moment, first, last = (_time(text, zone) for text in (at, since, until))
    if (moment is None) == (first is None) or (moment is not None and last is not None):
        raise typer.BadParameter("give either --at, or --from and --to")
    last = last or wall()
    if first is not None and last <= first:
        raise typer.BadParameter("--to must be later than --from")
    try:
        if moment is not None:
            asyncio.run(_print(settings, moment, as_json=as_json))
        elif first is not None:
            asyncio.run(_play(_beside(settings, port), ReplayView(since=first, until=last, speed=speed)))
    except NothingKnownError as error:
        _end("The journal begins later.", error)
    except StorageError as error:
        _end(str(error), error)


def _end(text: str, error: Exception) -> None:
    Console(stderr=True).print(f"hydrophone: {text}", style="red", markup=False)
    raise typer.Exit(1) from error


def _time(text: str | None, zone: tzinfo) -> datetime | None:
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is no time; write 2026-11-25T10:30:00") from error
    return (found if found.tzinfo else found.replace(tzinfo=zone)).astimezone(UTC)


@asynccontextmanager
async def _database(settings: Settings) -> AsyncIterator[Database]:
    dsn = settings.database.dsn
    async with postgres(dsn.get_secret_value() if dsn else None, settings.home / "postgres") as reached:
        database = Database(reached, pool_size=4)
        try:
            yield database
        finally:
            await database.close()


# ------------------------------------------------------------------ one moment


async def _print(settings: Settings, at: datetime, *, as_json: bool) -> None:
    async with _database(settings) as database:
        fold = await Replay(JournalStore(database), Codec()).at(at)
    view = live_view(fold.state, EVERYTHING, at)
    if as_json:
        typer.echo(view.model_dump_json(indent=2))
    else:
        _show(view, ZoneInfo(settings.site.timezone))
    _tell(fold.findings)


def _tell(found: Findings) -> None:
    """Say on stderr how far what was folded can be believed."""
    words = Console(stderr=True)
    if found.exact:
        words.print(f"{found.events} events folded; {found.compared} states recorded live compared, all equal.")
        return
    words.print(
        f"Not exact: {len(found.differs)} of {found.compared} recorded states differ, {found.lost} gaps,"
        f" {found.unreadable} events of another version.",
        style="yellow",
    )


_TABLES = {
    "links": ("PBXs", ("pbx", "up", "since", "synced_at")),
    "queues": ("Queues", ("name", "waiting", "offered", "answered", "abandoned")),
    "calls": ("Calls", ("caller_number", "stage", "stage_since", "queue", "position", "agent")),
    "agents": ("Agents", ("name", "extension", "presence", "reason", "routing", "routing_since", "wrap_up_until")),
}
"""Part of the live state → title, and which fields are shown."""


def _show(view: LiveView, zone: tzinfo) -> None:
    out = Console()
    out.print(f"The live state at {view.at.astimezone(zone):%Y-%m-%d %H:%M:%S %Z}")
    for part, (title, names) in _TABLES.items():
        table = Table(*(name.replace("_", " ") for name in names), title=title, title_justify="left")
        for row in getattr(view, part):
            table.add_row(*(Text(_cell(getattr(row, name), zone)) for name in names))
        out.print(table)


def _cell(value: object, zone: tzinfo) -> str:
    """Return a value as a person reads it; what callers wrote is text and nothing else."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return f"{value.astimezone(zone):%H:%M:%S}"
    return str(len(value)) if isinstance(value, list) else str(value)


# ------------------------------------------------------------------ a period


def _beside(settings: Settings, port: int) -> Settings:
    """Return the settings with the console on ports of its own."""
    web = {"port": port, "push_port": port + 1, "public_url": None, "push_public_url": None, "demo_phone": False}
    return settings.model_copy(update={"web": settings.web.model_copy(update=web)})


async def _play(settings: Settings, period: ReplayView) -> None:
    secrets = await asyncio.to_thread(Secrets.load_or_make, settings.home)
    told = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, told.set)
    async with _database(settings) as database, AsyncExitStack() as stack:
        history = Replay(JournalStore(database), Codec())
        fold, steps = await history.between(period.since, period.until)
        stage = Stage(fold, period.since, period.until, period.speed)
        server = _console(settings, secrets, database, history, stage, period)
        stack.push_async_callback(server.stop)
        await server.start()
        typer.echo(f"The replay is at {settings.console_url} ; Ctrl-C ends it.")
        playing = asyncio.create_task(stage.play(steps(stage.pace)), name="replay")
        stack.push_async_callback(_ended, playing)
        await _either(told, playing)
        _tell(fold.findings)
        await told.wait()


def _console(
    settings: Settings, secrets: Secrets, database: Database, history: Replay, stage: Stage, period: ReplayView
) -> ConsoleServer:
    zone, region = ZoneInfo(settings.site.timezone), settings.site.region
    incidents = IncidentStore(database, now=stage.now)
    messages = MessageStore(database)
    stores = stores_of(
        users=UserStore(database),
        calls=CallStore(database, region=region, zone=zone),
        tickets=TicketStore(database, region=region),
        customers=OwnTables(database, pin_key=secrets.pin_key, zone=zone),
        database=database,
        kpis=KpiStore(database, zone=zone),
        readings=ReportedReadings(database, zone=zone),
        incidents=IncidentDesk(incidents, Incidents(incidents, _silent), Zones(database), spelt_out, stage.now),
        history=KeptHistory(history),
        flows=flow_desk(settings, database),
        callbacks=NoCallbacks(),
        messages=messages,
        sounds=MessageFiles(settings.home / "recordings", messages, lambda _fact: None, stage.now),
    )
    return ConsoleServer(settings, secrets, stage, stores, refusals=(CentreError,), replay=period, live_now=stage.now)


async def _silent(_incident: Incident) -> int:
    """Render nothing: nobody calls a replay."""
    return 0


async def _either(told: asyncio.Event, playing: asyncio.Task[None]) -> None:
    """Wait until the replay is over, or somebody has seen enough. A replay that failed says why."""
    ending = asyncio.create_task(told.wait(), name="told to end")
    await asyncio.wait((ending, playing), return_when=asyncio.FIRST_COMPLETED)
    await _ended(ending)
    if playing.done():
        await playing


async def _ended(task: asyncio.Task[Any]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
