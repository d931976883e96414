"""``hydrophone prompts``: render the hotline's speech ahead, see what there is, hear one sentence."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
import soundfile
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from config.settings import Settings
from ivr.flow.errors import FlowFaultsError
from ivr.ports import Count, Date, Day, Digits, Measure, Money, Month, Time, Value
from ivr.prompts import core_pack, g711, script
from ivr.prompts.catalogue import LANGUAGES, Catalogue, Clip, Prompt, shipped
from ivr.prompts.errors import SpeechError
from ivr.prompts.inline import spoken
from ivr.prompts.rendering import Rendering, is_verifiable
from ivr.prompts.speakers import voices
from ivr.prompts.speech import RenderedSpeech
from ivr.prompts.store import Store
from ivr.prompts.studio import Recording, ignored, recordings
from ivr.prompts.studio import recording as studio_recording
from ivr.prompts.voices import VOICES, key_of
from ivr.services.flow_files import FlowFiles
from ivr.services.published import written_in_use

if TYPE_CHECKING:
    from ivr.prompts.inspection import Listen

app = typer.Typer(no_args_is_help=True, help="Speech, rendered ahead.")


def _console() -> Console:
    """Return a console as wide as the terminal is now."""
    return Console()


_BOM = b"\xef\xbb\xbf"
"""Without it a spreadsheet takes UTF-8 for the system's old code page."""
_AMOUNT = re.compile(r"(\d{1,8})(?:\.(\d{1,2}))?")


@app.command()
def build(
    amounts: Annotated[
        Path | None, typer.Option(help="A file of amounts to render too, in yuan, one a line.", exists=True)
    ] = None,
    verify: Annotated[
        bool | None,
        typer.Option("--verify/--no-verify", help="Have every clip recognised before it is kept; as [voice] says."),
    ] = None,
) -> None:
    """Render every fixed sentence that is missing, and the amounts of a file; list what was not understood."""
    asyncio.run(_build(_amounts(amounts) if amounts else [], verify=verify))


@app.command("list")
def list_prompts() -> None:
    """List the prompts with their words, which are ready to play, and which studio recordings nobody will hear."""
    speech = _speech()
    table = Table("prompt", "zh", "en", "ready")
    for prompt in speech.catalogue.prompts.values():
        words = ["".join(clause.text for clause in prompt.clauses[language]) for language in LANGUAGES]
        table.add_row(prompt.id, *words, _readiness(speech, prompt))
    _console().print(table)
    for unused in ignored(list(recordings(_studio())), speech.catalogue):
        why = f"{', '.join(unused.missing)} not recorded" if unused.missing else "no prompt has such a clip"
        place = f"{unused.recording.language}/{unused.recording.clip}.wav"
        _console().print(f"ignored: {place}: {why}", markup=False, highlight=False)


@app.command()
def missing() -> None:
    """List the fixed clips that aren't rendered; exit 1 if there are any."""
    speech = _speech()
    absent = speech.missing(speech.catalogue.core_clips().values())
    for clip in absent:
        _console().print(f"{clip.language} {clip.id}: {clip.text}", markup=False, highlight=False)
    _console().print(f"{len(absent)} missing")
    raise typer.Exit(1 if absent else 0)


@app.command()
def refused() -> None:
    """List the clips that a recogniser did not understand: nobody hears them, unless nothing else can say it."""
    store = Store(Settings().cache / "voice")
    told = store.refusals()
    for key, one in told.items():
        order, heard, sound = one["order"], one["heard"], store.refused_sound(key)
        clip = f"{order['language']} {order.get('clip', '')} ({'in use' if order.get('only_way') else 'not used'})"
        line = f"{key[:12]}  {clip}: {order['text']}  heard: {heard}\n              {sound}"
        _console().print(line, markup=False, highlight=False, soft_wrap=True)
    _console().print(f"{len(told)} refused; listen, then: hydrophone prompts accept KEY")


@app.command()
def accept(key: Annotated[str, typer.Argument(help="As prompts refused shows it.")]) -> None:
    """Have a refused clip used as it is, since you have listened to it and it is good."""
    asyncio.run(_accept(key))


@app.command()
def play(
    prompt: Annotated[str, typer.Argument(help="A prompt's id, such as bill.latest.")],
    value: Annotated[
        list[str] | None, typer.Option("--value", "-v", help="amount=86.40, month=2026-10, due=11-25, …")
    ] = None,
    language: Annotated[str, typer.Option(help="zh or en.")] = "zh",
    wav: Annotated[Path | None, typer.Option(help="Write what a caller hears to this file.")] = None,
) -> None:
    """Show the clips and files of a sentence, rendering it if need be; with --wav, to listen to."""
    try:
        values = _values(prompt, value or [], _catalogue())
        asyncio.run(_play(prompt, values, language, wav))
    except (SpeechError, ValueError) as error:
        raise typer.BadParameter(str(error)) from error


@app.command("export-script")
def export_script(
    language: Annotated[str, typer.Option(help="zh or en.")] = "zh",
    form: Annotated[str, typer.Option("--format", help="csv or md.")] = "csv",
    to: Annotated[Path | None, typer.Option(help="The file to write, else the terminal.")] = None,
    flow: Annotated[
        list[Path] | None,
        typer.Option(help="A flow's file, for its sentences before it is published.", exists=True),
    ] = None,
) -> None:
    """Write the list that a studio records from: files, words, neighbours, slots; of published flows, too."""
    chosen = next((one for one in LANGUAGES if one == language), None)
    if chosen is None or form not in ("csv", "md"):
        raise typer.BadParameter("--language is zh or en, --format csv or md")
    found = script.rows(_catalogue(flow or []), chosen)
    text = script.as_csv(found) if form == "csv" else script.as_markdown(found)
    if to is None:
        typer.echo(text, nl=False)
    else:
        to.write_bytes((_BOM if form == "csv" else b"") + text.encode())


@app.command()
def check(
    listen: Annotated[bool, typer.Option("--listen", help="Recognise the words too; a second or two a clip.")] = False,
) -> None:
    """Check the studio's recordings in <home>/studio; exit 1 if anything is wrong with them."""
    from ivr.prompts.inspection import findings

    found = list(recordings(_studio()))
    faults = list(findings(found, _catalogue(), _listener() if listen else None))
    for fault in faults:
        _console().print(f"{fault.file}: {fault.fault}: {fault.detail}", markup=False, highlight=False, soft_wrap=True)
    _console().print(f"{len(found)} recordings, {len(faults)} faults")
    raise typer.Exit(1 if faults else 0)


def _listener() -> "Listen":
    from ivr.prompts import listening

    recogniser = listening.recogniser(Settings().cache)

    def listen(one: Recording, said: str) -> str:
        prompt = listening.clause_prompt(said, one.language)
        return recogniser.text(studio_recording(one.wav) / 32768.0, one.language, prompt)

    return listen


@app.command("core-pack")
def make_core_pack(
    to: Annotated[Path, typer.Option(help="The file to write.")] = core_pack.SHIPPED,
) -> None:
    """Render the core without loss where that is still to be done, and pack it into one file."""
    asyncio.run(_core_pack(to))
    _console().print(f"{to}: {to.stat().st_size / 1e6:.1f} MB")


async def _accept(shown: str) -> None:
    async with _running() as speech:
        keys = [key for key in speech.store.refusals() if key.startswith(shown)]
        if len(keys) != 1:
            raise typer.BadParameter(f"{len(keys)} refused clips have this key; prompts refused lists them")
        await speech.accept(keys[0])
    _console().print("accepted")


async def _build(amounts: list[Money], *, verify: bool | None) -> None:
    catalogue = _catalogue()
    sentences = [("bill.arrears", {"total": amount}) for amount in amounts]
    clips = catalogue.core_clips()
    for prompt, values in sentences:
        for language in LANGUAGES:
            clips |= {(language, clip.id): clip for clip in catalogue.clips(prompt, values, language)}
    async with _running(verify=verify) as speech:
        failed = await _render(speech, speech.to_do(list(clips.values())))
        ready = sum(speech.store.has(speech.key(clip)) for clip in clips.values())
    told = f"{ready} of {len(clips)} clips ready, {failed} failed, {len(clips) - ready - failed} refused"
    _console().print(f"{told}; prompts refused lists those that were not understood")
    raise typer.Exit(1 if failed else 0)


async def _play(name: str, values: Mapping[str, Value], language: str, wav: Path | None) -> None:
    if language not in LANGUAGES:
        raise ValueError(f"{language} is neither zh nor en")
    sounds = []
    async with _running() as speech:
        catalogue = speech.catalogue
        for clip in catalogue.clips(name, values, language):
            key = speech.key(clip)
            _console().print(f"{clip.id}  {clip.text}  {speech.store.stem(key)}", markup=False, highlight=False)
        await _render(speech, speech.missing(catalogue.clips(name, values, language)))
        async for path in speech.files(name, values, language):
            _console().print(f"→ {path}", markup=False, highlight=False)
            sounds.append(g711.from_alaw(await asyncio.to_thread(path.with_suffix(".alaw").read_bytes)))
    if wav is not None:
        soundfile.write(wav, np.concatenate(sounds), g711.RATE_HZ)


async def _core_pack(to: Path) -> None:
    catalogue = shipped()
    held = core_pack.sounds(core_pack.SHIPPED) if core_pack.SHIPPED.exists() else {}
    async with _running(ours=True) as speech:
        wanted = [
            clip
            for clip in catalogue.core_clips().values()
            if (key := key_of(clip, catalogue.readings)) not in held and speech.store.master(key) is None
        ]
        if failed := await _render(speech, wanted, keep_master=True):
            _console().print(f"{failed} clips failed; no pack was written")
            raise typer.Exit(1)
        core = {speech.key(clip): clip for clip in catalogue.core_clips().values() if is_verifiable(clip)}

        def sound_of(key: str) -> g711.Linear:
            found = speech.store.master(key)
            return held[key] if found is None else found

        core_pack.build(catalogue, to, sound_of)
        core_pack.keep_heard(to, await asyncio.to_thread(_heard, core, core_pack.heard(to), sound_of))


def _heard(
    core: Mapping[str, Clip], before: core_pack.Heard, sound_of: Callable[[str], g711.Linear]
) -> core_pack.Heard:
    """Listen to those clips of a pack that nobody has listened to before."""
    from ivr.prompts import listening

    recogniser = listening.recogniser(Settings().cache)
    understood = before.understood & core.keys()
    misheard = {key: heard for key, heard in before.misheard.items() if key in core}
    with _progress() as progress:
        for key in progress.track(core.keys() - understood - misheard.keys(), description="listening"):
            clip = core[key]
            mistake = recogniser.mistake(sound_of(key) / 32768.0, clip.text, clip.language)
            if mistake:
                misheard[key] = mistake
                progress.console.print(f"{clip.language} {clip.id}: {clip.text}  heard: {mistake}", soft_wrap=True)
            else:
                understood |= {key}
    withheld = frozenset(key for key in misheard if core[key].spare)
    return core_pack.Heard(understood, misheard, withheld)


def _progress() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=_console())


async def _render(speech: RenderedSpeech, clips: list[Clip], *, keep_master: bool = False) -> int:
    if not clips:
        return 0
    with _progress() as progress:
        task = progress.add_task("rendering", total=len(clips))
        failures: list[str] = []
        failed = await speech.render(
            clips,
            lambda done, _: progress.update(task, completed=done),
            keep_master=keep_master,
            on_failure=lambda clip, why: failures.append(f"{clip.language} {clip.id}: {clip.text} {why}"),
        )
    for failure in failures:
        _console().print(failure, markup=False, highlight=False, soft_wrap=True)
    return failed


@asynccontextmanager
async def _running(*, ours: bool = False, verify: bool | None = None) -> AsyncIterator[RenderedSpeech]:
    """Yield a voice that renders on demand only: the site's, or the one that ships with us."""
    settings = Settings()
    chosen = VOICES if ours else voices(settings.voice)
    rendering = Rendering(settings.cache, warm=(), voices=chosen)
    catalogue = shipped() if ours else _catalogue()
    speech = RenderedSpeech(
        settings.cache,
        studio=_studio(),
        catalogue=catalogue,
        rendering=rendering,
        voices=chosen,
        verify=settings.voice.verify if verify is None else verify,
    )
    await speech.start(complete=False)
    try:
        yield speech
    finally:
        await speech.stop()


def _studio() -> Path:
    return Settings().home / "studio"


def _speech() -> RenderedSpeech:
    return RenderedSpeech(Settings().cache, catalogue=_catalogue(), voices=voices(Settings().voice))


def _catalogue(drafts: Sequence[Path] = ()) -> Catalogue:
    """Return what this hotline says: our catalogue, and the sentences in its published flows and in ``drafts``."""
    settings = Settings()
    files = FlowFiles(settings)
    written = dict(written_in_use(files, settings.home / "flows"))
    try:
        for draft in drafts:
            written |= files.load(draft).written
    except FlowFaultsError as error:
        raise typer.BadParameter(str(error)) from error
    return shipped().taught(spoken(written))


def _readiness(speech: RenderedSpeech, prompt: Prompt) -> str:
    if prompt.slots:
        return "by value"
    clips = [clip for language in LANGUAGES for clip in speech.catalogue.clips(prompt.id, {}, language)]
    absent = speech.missing(clips)
    return f"{len(absent)} missing" if absent else "yes"


def _values(prompt: str, given: list[str], catalogue: Catalogue) -> dict[str, Value]:
    try:
        slots = catalogue.prompts[prompt].slots
    except KeyError as error:
        raise ValueError(f"there is no prompt {prompt}") from error
    values: dict[str, Value] = {}
    for word in given:
        name, _, text = word.partition("=")
        if name not in slots:
            raise ValueError(f"{prompt} has no slot {name}; it has {', '.join(slots) or 'none'}")
        values[name] = _value(slots[name], text)
    return values


def _value(kind: str, text: str) -> Value:
    match kind:
        case "money":
            return _money(text)
        case "month":
            year, _, month = text.partition("-")
            return Month(int(year), int(month))
        case "day":
            month, _, day = text.partition("-")
            return Day(int(month), int(day))
        case "digits":
            return Digits(text)
        case "date":
            year, month, day = text.split("-")
            return Date(int(year), int(month), int(day))
        case "measure":
            return Measure(_money(text).fen)
        case "time":
            hour, _, minute = text.partition(":")
            return Time(int(hour), int(minute))
        case _:
            return Count(int(text))


def _money(text: str) -> Money:
    match = _AMOUNT.fullmatch(text)
    if match is None:
        raise ValueError(f"{text} is no amount such as 86.40")
    return Money(int(match[1]) * 100 + int((match[2] or "").ljust(2, "0")))


def _amounts(file: Path) -> list[Money]:
    try:
        return [_money(line.strip()) for line in file.read_text().splitlines() if line.strip()]
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
