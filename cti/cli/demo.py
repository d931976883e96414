"""``hydrophone demo``: a whole hotline on this machine, for a newcomer. What ``make run`` starts."""

import asyncio
import contextlib
import signal
import socket
import time
from datetime import UTC, datetime
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from rich.console import Console, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from config.settings import Settings, home
from cti.sandbox.errors import SandboxError
from cti.sandbox.hotline import Hotline
from cti.sandbox.ready import Ready
from storage.demo.town import LEAST_ACCOUNTS, MOST_ACCOUNTS
from storage.errors import StorageError

_PORTS = (("web", "port"), ("web", "push_port"), ("pbx", "ami_port"), ("pbx", "sip_ws_port"), ("agi", "port"))
_UDP_PORTS = (("pbx", "sip_port"),)

console = Console(highlight=False)


def demo(
    accounts: Annotated[
        int,
        typer.Option(min=LEAST_ACCOUNTS, max=MOST_ACCOUNTS, help="How many accounts to invent at the first start."),
    ] = 20_000,
) -> None:
    """Start a whole hotline here: PostgreSQL, a sandbox Asterisk, demo data, speech, the daemon. Ctrl-C ends it."""
    folder = home()
    if not (folder / "hydrophone.toml").exists():
        _write_settings(Settings())
    settings = Settings()
    today = datetime.now(UTC).astimezone(ZoneInfo(settings.site.timezone)).date()
    started = time.monotonic()

    def say(line: str) -> None:
        _tell(Text(f"  {time.monotonic() - started:5.1f} s  {line}"))

    try:
        asyncio.run(_run(Hotline(settings, accounts=accounts, today=today, say=say)))
    except (SandboxError, StorageError) as error:
        _tell(Panel(Text(str(error)), title="The hotline did not start", border_style="red"))
        raise typer.Exit(1) from error


async def _run(hotline: Hotline) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, stop.set)
    start = asyncio.create_task(hotline.start(), name="start hotline")
    stopped = asyncio.create_task(stop.wait(), name="wait for stop")
    try:
        await asyncio.wait({start, stopped}, return_when=asyncio.FIRST_COMPLETED)
        if start.done():
            _show(start.result(), hotline)
            await stopped
    finally:
        if stop.is_set():
            _tell("\n  Stopping; the data stays.")
        for task in (start, stopped):
            task.cancel()
            with contextlib.suppress(BaseException):
                await task
        await hotline.stop()


def _show(ready: Ready, hotline: Hotline) -> None:
    agent, supervisor, account = ready.agents[0], ready.supervisors[0], ready.accounts[0]
    pbx = hotline.settings.pbx
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold")
    table.add_column()
    rows = (
        ("Console", ready.console_url),
        ("Agent", f"{agent.user}  password {agent.password}  (phone {agent.extension})"),
        ("Supervisor", f"{supervisor.user}  password {supervisor.password}"),
        ("", ""),
        ("Call in from the browser", f"{ready.phone_url} in a second tab"),
        (
            "from any SIP phone",
            f"{ready.softphone.uri}, password {ready.softphone.password}; dial {ready.hotline}",
        ),
        ("from this shell", ".venv/bin/hydrophone call --lang en"),
        ("", f"  --account {account.number} --pin {account.pin} --then agent"),
        ("to hear", f"{account.latest_bill.amount} yuan for {account.latest_bill.month}"),
        ("", ""),
        ("Logs", f"{hotline.log}, {hotline.pbx.log}" if pbx.sandbox else str(hotline.log)),
        *(() if pbx.sandbox else (("PBX", f"the Asterisk at {pbx.host}:{pbx.ami_port}, which is not ours to start"),)),
        ("For scripts", f"{ready.home / 'demo' / 'ready.json'}"),
    )
    for name, text in rows:
        table.add_row(name, Text(text))
    _tell(Panel(table, title="Hydrophone is up", border_style="cyan", expand=False))
    _tell("  Log in as the agent, choose Available, then call. Ctrl-C ends everything and keeps the data.")


def _tell(what: RenderableType) -> None:
    """Print. A screen that is gone (its window closed, its pipe broken) is no reason to leave anything running."""
    with contextlib.suppress(OSError, SystemExit):  # rich leaves the program at a broken pipe
        console.print(what)


def _write_settings(usual: Settings) -> None:
    """Write the first ``hydrophone.toml``: the demo phone on, and other ports where the usual ones are taken."""
    lines: dict[str, list[str]] = {"web": ["demo_phone = true"]}
    for kind, ports in ((socket.SOCK_STREAM, _PORTS), (socket.SOCK_DGRAM, _UDP_PORTS)):
        for section, name in ports:
            if section == "pbx" and not usual.pbx.sandbox:
                continue  # where an Asterisk that runs already listens is not ours to choose
            wanted = getattr(getattr(usual, section), name)
            port = _free(kind, wanted)
            if port != wanted:
                _tell(f"  Port {wanted} is taken here, so {section}.{name} is {port}.")
                lines.setdefault(section, []).append(f"{name} = {port}")
    text = "# Settings of this install; see docs/settings.md. An environment variable beats a line here.\n"
    for section, entries in lines.items():
        text += f"\n[{section}]\n" + "\n".join(entries) + "\n"
    usual.home.mkdir(mode=0o700, parents=True, exist_ok=True)
    (usual.home / "hydrophone.toml").write_text(text, encoding="utf-8")


def _free(kind: socket.SocketKind, wanted: int) -> int:
    for port in (wanted, 0):
        with socket.socket(socket.AF_INET, kind) as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return int(probe.getsockname()[1])
    raise SandboxError("no free port on 127.0.0.1")
