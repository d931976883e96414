"""``hydrophone prompts``: render the hotline's speech ahead, see what there is, hear one sentence."""

import asyncio
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
import soundfile
import typer
from rich.table import Table

from config.settings import Settings
from cti.cli import packing
from cti.cli.speaking import console, render, running, sayable, silent_speech, studio
from ivr.ports import Count, Date, Day, Digits, Measure, Money, Month, Time, Value
from ivr.prompts import core_pack, g711, script
from ivr.prompts.catalogue import LANGUAGES, Catalogue, Prompt
from ivr.prompts.errors import SpeechError
from ivr.prompts.speech import RenderedSpeech, Sentence
from ivr.prompts.store import Store
from ivr.prompts.studio import Recording, ignored, recordings
from ivr.prompts.studio import recording as studio_recording

if TYPE_CHECKING:
    from ivr.prompts.inspection import Listen

app = typer.Typer(no_args_is_help=True, help="Speech, rendered ahead.")


_BOM = b"\xef\xbb\xbf"
"""Without it a spreadsheet takes UTF-8 for the system's old code page."""
_AMOUNT = re.compile(r"(\d{1,8})(?:\.(\d{1,2}))?")


@app.command()
def build(
    amounts: Annotated[
        Path | None, typer.Option(help="A file of amounts to render too, in yuan, one a line.", exists=True)
    ] = None,
    digits: Annotated[
        bool, typer.Option("--digits", help="Every group of four digits too, in both languages: 22,220 clips, hours.")
    ] = False,
    verify: Annotated[
        bool | None,
        typer.Option("--verify/--no-verify", help="Have every clip recognised before it is kept; as [voice] says."),
    ] = None,
) -> None:
    """Render every fixed sentence that is missing, and the amounts of a file; list what was not understood."""
    asked = _amounts(amounts) if amounts else []
    sentences: list[Sentence] = [("bill.arrears", {"total": amount}) for amount in asked]
    asyncio.run(_build(sentences + (list(_every_group()) if digits else []), verify=verify))


@app.command("list")
def list_prompts() -> None:
    """List the prompts with their words, which are ready to play, and which studio recordings nobody will hear."""
    speech = silent_speech()
    table = Table("prompt", "zh", "en", "ready")
    for prompt in speech.catalogue.prompts.values():
        words = ["".join(clause.text for clause in prompt.clauses[language]) for language in LANGUAGES]
        table.add_row(prompt.id, *words, _readiness(speech, prompt))
    console().print(table)
    for unused in ignored(list(recordings(studio())), speech.catalogue):
        why = f"{', '.join(unused.missing)} not recorded" if unused.missing else "no prompt has such a clip"
        place = f"{unused.recording.language}/{unused.recording.clip}.wav"
        console().print(f"ignored: {place}: {why}", markup=False, highlight=False)


@app.command()
def missing() -> None:
    """List the fixed clips that aren't rendered; exit 1 if there are any."""
    speech = silent_speech()
    absent = speech.missing(speech.catalogue.core_clips().values())
    for clip in absent:
        console().print(f"{clip.language} {clip.id}: {clip.text}", markup=False, highlight=False)
    console().print(f"{len(absent)} missing")
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
        console().print(line, markup=False, highlight=False, soft_wrap=True)
    console().print(f"{len(told)} refused; listen, then: hydrophone prompts accept KEY")


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
        values = _values(prompt, value or [], sayable())
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
    found = script.rows(sayable(flow or []), chosen)
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

    found = list(recordings(studio()))
    faults = list(findings(found, sayable(), _listener() if listen else None))
    for fault in faults:
        console().print(f"{fault.file}: {fault.fault}: {fault.detail}", markup=False, highlight=False, soft_wrap=True)
    console().print(f"{len(found)} recordings, {len(faults)} faults")
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
    asyncio.run(packing.make(to))
    console().print(f"{to}: {to.stat().st_size / 1e6:.1f} MB")


async def _accept(shown: str) -> None:
    async with running() as speech:
        keys = [key for key in speech.store.refusals() if key.startswith(shown)]
        if len(keys) != 1:
            raise typer.BadParameter(f"{len(keys)} refused clips have this key; prompts refused lists them")
        await speech.accept(keys[0])
    console().print("accepted")


def _every_group() -> Iterator[Sentence]:
    """Yield sentences that have every group of digits in which meter readings and ticket numbers are read back."""
    for length in range(1, 5):
        for number in range(10**length):
            yield "reading.heard", {"reading": Digits(f"{number:0{length}d}")}


async def _build(sentences: Sequence[Sentence], *, verify: bool | None) -> None:
    catalogue = sayable()
    clips = catalogue.core_clips()
    for prompt, values in sentences:
        for language in LANGUAGES:
            clips |= {(language, clip.id): clip for clip in catalogue.clips(prompt, values, language)}
    async with running(verify=verify) as speech:
        failed = await render(speech, speech.to_do(list(clips.values())))
        ready = sum(speech.store.has(speech.key(clip)) for clip in clips.values())
    told = f"{ready} of {len(clips)} clips ready, {failed} failed, {len(clips) - ready - failed} refused"
    console().print(f"{told}; prompts refused lists those that were not understood")
    raise typer.Exit(1 if failed else 0)


async def _play(name: str, values: Mapping[str, Value], language: str, wav: Path | None) -> None:
    if language not in LANGUAGES:
        raise ValueError(f"{language} is neither zh nor en")
    sounds = []
    async with running() as speech:
        catalogue = speech.catalogue
        for clip in catalogue.clips(name, values, language):
            key = speech.key(clip)
            console().print(f"{clip.id}  {clip.text}  {speech.store.stem(key)}", markup=False, highlight=False)
        await render(speech, speech.missing(catalogue.clips(name, values, language)))
        async for path in speech.files(name, values, language):
            console().print(f"→ {path}", markup=False, highlight=False)
            sounds.append(g711.from_alaw(await asyncio.to_thread(path.with_suffix(".alaw").read_bytes)))
    if wav is not None:
        soundfile.write(wav, np.concatenate(sounds), g711.RATE_HZ)


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
