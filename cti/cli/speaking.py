"""A voice for the shell: what it says, rendered on demand with progress shown."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from config.settings import Settings
from ivr.flow.errors import FlowFaultsError
from ivr.prompts.catalogue import Catalogue, Clip, shipped
from ivr.prompts.inline import spoken
from ivr.prompts.rendering import Rendering
from ivr.prompts.speakers import voices
from ivr.prompts.speech import RenderedSpeech
from ivr.prompts.voices import VOICES
from ivr.services.flow_files import FlowFiles
from ivr.services.published import written_in_use


def console() -> Console:
    """Return a console as wide as the terminal is now."""
    return Console()


def progress_bar() -> Progress:
    """Return a bar that shows how many are done and how long the rest will take."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=console())


async def render(speech: RenderedSpeech, clips: list[Clip], *, keep_master: bool = False) -> int:
    """Render ``clips`` and show how it goes; return how many failed, each with its reason on the console."""
    if not clips:
        return 0
    with progress_bar() as progress:
        task = progress.add_task("rendering", total=len(clips))
        failures: list[str] = []
        failed = await speech.render(
            clips,
            lambda done, _: progress.update(task, completed=done),
            keep_master=keep_master,
            on_failure=lambda clip, why: failures.append(f"{clip.language} {clip.id}: {clip.text} {why}"),
        )
    for failure in failures:
        console().print(failure, markup=False, highlight=False, soft_wrap=True)
    return failed


@asynccontextmanager
async def running(*, ours: bool = False, verify: bool | None = None) -> AsyncIterator[RenderedSpeech]:
    """Yield a voice that renders on demand only: the site's, or the one that ships with us."""
    settings = Settings()
    chosen = VOICES if ours else voices(settings.voice)
    rendering = Rendering(settings.cache, warm=(), voices=chosen)
    catalogue = shipped() if ours else sayable()
    speech = RenderedSpeech(
        settings.cache,
        studio=studio(),
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


def studio() -> Path:
    """Return where a studio's recordings are."""
    return Settings().home / "studio"


def silent_speech() -> RenderedSpeech:
    """Return the site's voice, not started: it can be asked what it has."""
    return RenderedSpeech(Settings().cache, catalogue=sayable(), voices=voices(Settings().voice))


def sayable(drafts: Sequence[Path] = ()) -> Catalogue:
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
