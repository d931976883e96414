"""The core pack, made anew after a change of words: rendered, listened to, said more slowly where it was misheard."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import typer

from config.settings import Settings
from cti.cli.speaking import console, progress_bar, render, running
from cti.domain.events import Language
from ivr.prompts import core_pack, g711
from ivr.prompts.catalogue import Clip, shipped
from ivr.prompts.grammar import stem
from ivr.prompts.speech import RenderedSpeech
from ivr.prompts.voices import key_of


async def make(to: Path) -> None:
    """Write the core pack, and what was heard of it beside it."""
    catalogue = shipped()
    held = core_pack.sounds(core_pack.SHIPPED) if core_pack.SHIPPED.exists() else {}
    async with running(ours=True) as speech:
        wanted = [
            clip
            for clip in catalogue.core_clips().values()
            if (key := key_of(clip, catalogue.readings)) not in held and speech.store.master(key) is None
        ]
        if failed := await render(speech, wanted, keep_master=True):
            console().print(f"{failed} clips failed; no pack was written")
            raise typer.Exit(1)
        core = {speech.key(clip): clip for clip in catalogue.core_clips().values()}

        def sound_of(key: str) -> g711.Linear:
            found = speech.store.master(key)
            return held[key] if found is None else found

        heard = await asyncio.to_thread(_heard, core, core_pack.heard(to), sound_of)
        slower = await _slower(speech, [core[key] for key in heard.misheard if key not in heard.withheld])
        told = core_pack.Heard(
            heard.understood | slower,
            {key: instead for key, instead in heard.misheard.items() if key not in slower},
            frozenset(key for key in heard.misheard.keys() - slower if not core[key].is_only_way),
        )
        core_pack.build(catalogue, to, sound_of, core_pack.SHIPPED if core_pack.SHIPPED.exists() else None)
        core_pack.keep_heard(to, told)


async def _slower(speech: RenderedSpeech, misheard: Sequence[Clip]) -> frozenset[str]:
    """Say more slowly what was misheard; return what is understood now."""
    for clip in misheard:
        speech.store.accept(speech.key(clip))
        speech.store.drop(speech.key(clip))
    await render(speech, list(misheard), keep_master=True)
    keys = [speech.key(clip) for clip in misheard]
    return frozenset(key for key in keys if speech.store.has(key) and speech.store.facts(key).get("verified"))


def _heard(
    core: Mapping[str, Clip], before: core_pack.Heard, sound_of: Callable[[str], g711.Linear]
) -> core_pack.Heard:
    """Listen to those clips of a pack that nobody has listened to before; what was misheard is not withheld yet."""
    from ivr.prompts import listening

    recogniser = listening.recogniser(Settings().cache)
    pieces = {(clip.language, stem(clip.text)): key for key, clip in core.items() if clip.manner == "piece"}
    understood = before.understood & core.keys()
    misheard = {key: heard for key, heard in before.misheard.items() if key in core}
    with progress_bar() as progress:
        for key in progress.track(core.keys() - understood - misheard.keys(), description="listening"):
            clip = core[key]

            def say(words: str, language: Language = clip.language) -> listening.Sound:
                return sound_of(pieces[language, words]) / 32768.0

            mistake = recogniser.mistake(sound_of(key) / 32768.0, clip.text, clip.language, clip.manner, say)
            if mistake:
                misheard[key] = mistake
                progress.console.print(f"{clip.language} {clip.id}: {clip.text}  heard: {mistake}", soft_wrap=True)
            else:
                understood |= {key}
    return core_pack.Heard(understood, misheard, before.withheld & misheard.keys())
