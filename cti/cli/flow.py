"""``hydrophone flow``: check a phone menu, try it at the terminal, make its test calls, draw it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from config.settings import Settings
from cti.cli import flow_versions
from cti.domain.events import CallEvent, IvrStepPassed
from ivr.errors import IvrError
from ivr.flow.bundle import Bundle
from ivr.flow.drawing import draw
from ivr.flow.errors import FlowFaultsError
from ivr.flow.layout import LayoutError
from ivr.flow.model import Flow
from ivr.flow.schema import schema
from ivr.flow.texts import INLINE
from ivr.services.flow_files import FlowFiles, catalogue_faults, script_files, shipped_files
from ivr.simulator.billing import Behaviour
from ivr.simulator.coverage import Coverage, coverage
from ivr.simulator.errors import ScriptFaultsError
from ivr.simulator.line import HANG_UP, KEYS, SPEAK, WAIT, Heard
from ivr.simulator.script import BillingGiven, Given, Script, read
from ivr.simulator.trial import Simulator, Trial, complaints, make

app = typer.Typer(no_args_is_help=True, help="Phone menus: check, try, test, draw, publish.")
console = Console(highlight=False, markup=False, soft_wrap=True)
mistakes = Console(highlight=False, markup=False, soft_wrap=True, stderr=True)

FlowFile = Annotated[Path, typer.Argument(help="A flow: a file, or the name of one that ships with us.")]
FlowFileOrAll = Annotated[Path | None, typer.Argument(help="A flow; without it, all that ship with us.")]

HOW_TO_KEY = f"Key digits, * or #, several at once if you like; '{WAIT}' keys nothing, '{HANG_UP}' ends the call."


@app.command()
def check(file: FlowFileOrAll = None) -> None:
    """Look for what would fail or annoy callers; say where it stands and what to do. Exit 1 if there is anything."""
    desk = _desk()
    faults = 0
    for path in _files(file):
        try:
            bundle = desk.checked(path)
        except FlowFaultsError as error:
            faults += len(error.faults)
            for fault in error.faults:
                console.print(f"{path.parent / str(fault)}")
        else:
            called = f", calls {', '.join(sorted(bundle.called))}" if bundle.called else ""
            console.print(f"{path}: {len(bundle.flow.steps)} steps{called}, no faults")
    raise typer.Exit(1 if faults else 0)


@app.command("schema")
def print_schema() -> None:
    """Print the flow language as a JSON Schema, for an editor that completes and checks while one writes."""
    desk = _desk()
    typer.echo(json.dumps(schema(desk.prompts.keys(), desk.services.keys()), ensure_ascii=False, indent=2))


@app.command("test")
def make_calls(
    file: FlowFileOrAll = None,
    every_step: Annotated[bool, typer.Option(help="Fail, too, if a step was taken by no call.")] = False,
) -> None:
    """Make the test calls that stand in tests/ beside the flow; say what went otherwise, and which steps none took."""
    failed = False
    for path in _files(file):
        desk, flow = _flow(path)
        passed, bad = _make_calls(path, flow, desk)
        found = coverage(flow, passed)
        for line in _coverage(flow.flow, found):
            console.print(line)
        failed = failed or bad or (every_step and not found.is_whole)
    raise typer.Exit(1 if failed else 0)


def _make_calls(path: Path, flow: Bundle, desk: FlowFiles) -> tuple[set[tuple[str, str]], bool]:
    """Make all calls to ``flow``; return the steps taken with their ways, and whether any call went wrong."""
    settings = Settings()
    simulator = Simulator(flow, desk.catalogue, desk.lengths, settings)
    passed: set[tuple[str, str]] = set()
    failed = False
    for script in _scripts(path, flow.flow):
        for call in script.calls:
            trial = make(call, script.given, simulator)
            passed |= set(trial.steps)
            wrong = list(complaints(call.expect, trial))
            failed = failed or bool(wrong)
            console.print(f"{'✗' if wrong else '✓'} {call.name} ({_minutes(trial.took_s)})", style="red" * bool(wrong))
            for line in wrong:
                console.print(f"    {line}")
    return passed, failed


def _coverage(flow: Flow, found: Coverage) -> Iterator[str]:
    steps, ways = found.steps - len(found.steps_left), found.ways - len(found.ways_left)
    yield f"{flow.flow}: {steps} of {found.steps} steps taken, {ways} of {found.ways} ways"
    for name in found.steps_left:
        yield f"    no call takes the step {name}"
    for name, way in found.ways_left:
        if name not in found.steps_left:
            yield f"    no call leaves {name} by {way}"


@app.command("try")
def try_flow(
    file: FlowFile,
    billing: Annotated[str | None, typer.Option(help="Seconds that billing takes, or down, silent, broken.")] = None,
    given: Annotated[Path | None, typer.Option(help="A file of calls whose accounts and time to use.")] = None,
) -> None:
    """Call a flow at the terminal: read what a caller hears, type what they key. No telephone, no billing system."""
    path = _path(file)
    desk, flow = _flow(path)
    setting = _given(path, flow.flow, given)
    if billing is not None:
        behaviour = _behaviour(billing)
        setting = setting.model_copy(update={"billing": BillingGiven(pins=behaviour, bills=behaviour)})
    for number, account in (setting.accounts or {}).items():
        console.print(f"account {number}, PIN {account.pin}{', locked' * account.locked}")
    console.print(HOW_TO_KEY)
    trial = _Shown()
    Simulator(flow, desk.catalogue, desk.lengths, Settings()).call(setting, _Terminal(), trial)
    _tell_end(trial)


app.command("publish")(flow_versions.publish)
app.command("versions")(flow_versions.versions)
app.command("back")(flow_versions.back)
app.command("funnel")(flow_versions.funnel)


@app.command("draw")
def draw_flow(
    file: FlowFile,
    day: Annotated[
        str | None, typer.Option(help="Draw the callers of this day on the flow in use: yesterday, or 2026-11-24.")
    ] = None,
    version: Annotated[int | None, typer.Option(help="With --day: this version, and its callers alone.")] = None,
) -> None:
    """Draw a flow as SVG, on the standard output. What each step says shows under the pointer."""
    if day is not None:
        typer.echo(flow_versions.drawn(file.stem, day, version), nl=False)
        return
    desk, flow = _flow(_path(file))
    try:
        typer.echo(draw(flow.flow, desk.words_of(flow)), nl=False)
    except LayoutError as error:
        mistakes.print(str(error), style="red")
        raise typer.Exit(1) from error


class _Shown(Trial):
    """A call that is shown while it goes on."""

    def hears(self, heard: Heard) -> None:
        cut = "" if heard.whole else " …"
        name = "" if heard.prompt.startswith(INLINE) else f" {heard.prompt}"
        slowly = ", slowly" if heard.slow else ""
        console.print(f"{_minutes(heard.at_s)}  {heard.words}{cut}  [{heard.language}{name}{slowly}]")
        super().hears(heard)

    def learns(self, fact: CallEvent) -> None:
        if isinstance(fact, IvrStepPassed):
            console.print(f"      ({fact.step}: {fact.way})", style="dim")
        super().learns(fact)


class _Terminal:
    """A thumb at the terminal."""

    def listened_to(self) -> str:
        while True:
            try:
                typed = console.input("keys> ").replace(" ", "")
            except (EOFError, KeyboardInterrupt):
                return HANG_UP
            if typed in (WAIT, HANG_UP) or (typed and set(typed) <= set(KEYS)):
                return typed
            console.print(HOW_TO_KEY)

    def interrupts(self, prompt: str, words: str) -> str:
        return ""

    def speaks(self) -> str:
        while True:
            try:
                typed = console.input("seconds you speak, and maybe a key (8, 8#, 8 hangup)> ").replace(" ", "")
            except (EOFError, KeyboardInterrupt):
                return f"speak {HANG_UP}"
            if (said := f"speak {typed}" if typed else "speak") and SPEAK.fullmatch(said):
                return said


def _tell_end(trial: Trial) -> None:
    if trial.error is not None:
        console.print(f"The flow failed: {type(trial.error).__name__}: {trial.error}", style="red")
        console.print("A caller would hear an apology and be taken to a person.")
        raise typer.Exit(1)
    served = ", served" if trial.outcome.served else ""
    queue = f" in the queue {trial.outcome.queue}" if trial.outcome.queue else ""
    target = f" to {trial.outcome.target}" if trial.outcome.target else ""
    console.print(f"{_minutes(trial.took_s)}  The end: {trial.outcome.result}{queue}{target}{served}")


def _given(path: Path, flow: Flow, chosen: Path | None) -> Given:
    if chosen is not None:
        return _read(chosen).given
    return next((script.given for script in _scripts(path, flow)), Given())


def _behaviour(text: str) -> Behaviour:
    try:
        return BillingGiven.model_validate({"pins": text}).pins
    except ValueError as error:
        raise typer.BadParameter("seconds, down, silent or broken") from error


def _scripts(path: Path, flow: Flow) -> Iterator[Script]:
    for file in script_files(path):
        script = _read(file)
        if script.flow == flow.flow:
            yield script


def _read(file: Path) -> Script:
    try:
        return read(file)
    except (ScriptFaultsError, OSError) as error:
        mistakes.print(str(error), style="red")
        raise typer.Exit(1) from error


def _desk() -> FlowFiles:
    if faults := catalogue_faults():
        for fault in faults:
            mistakes.print(str(fault), style="red")
        raise typer.Exit(1)
    return FlowFiles(Settings())


def _flow(path: Path) -> tuple[FlowFiles, Bundle]:
    desk = _desk()
    try:
        return desk, desk.load(path)
    except (IvrError, OSError) as error:
        mistakes.print(str(error), style="red")
        raise typer.Exit(1) from error


def _files(file: Path | None) -> tuple[Path, ...]:
    return shipped_files() if file is None else (_path(file),)


def _path(file: Path) -> Path:
    """Return the file, or the shipped one of that name."""
    if file.exists():
        return file
    for shipped in shipped_files():
        if str(file) in (shipped.name, shipped.stem):
            return shipped
    raise typer.BadParameter(f"there is no flow {file}")


def _minutes(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"
