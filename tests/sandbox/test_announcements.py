"""What a caller whom nobody answers hears, told from the caller's own recording of a real call."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from config.pbx_files import Patience
from cti.caller.phone import Caller
from cti.caller.script import Stay
from cti.caller.story import live
from cti.domain.events import Language
from cti.sandbox.pbx import SandboxPbx
from ivr.prompts import core_pack
from ivr.prompts.catalogue import shipped
from ivr.prompts.voices import key_of
from tests.asterisk.pbx import MakePbx
from tests.hearing.correlate import Sound, heard

pytestmark = [pytest.mark.asterisk, pytest.mark.timeout(120)]

SORRY, GIVE_UP, WAIT = "queue.sorry", "queue.give_up", "queue.wait"


@pytest.fixture(scope="module")
def clips() -> dict[str, Sound]:
    """Return every fixed clip of the catalogue, by language and id: ``en queue.wait.1``."""
    catalogue, sounds = shipped(), core_pack.sounds(core_pack.SHIPPED)
    fixed = (
        clause.clip({}, language)
        for prompt in catalogue.prompts.values()
        for language in ("zh", "en")
        for clause in prompt.clauses[language]
        if clause.slot is None
    )
    return {f"{clip.language} {clip.id}": sounds[key_of(clip, catalogue.readings)] / 32768.0 for clip in fixed}


def spoken(prompt: str, *languages: Language) -> list[str]:
    """Return the clips of ``prompt`` in these languages, one after the other."""
    return [f"{language} {clip.id}" for language in languages for clip in shipped().clips(prompt, {}, language)]


@asynccontextmanager
async def menu_that_sets(pbx: SandboxPbx, language: Language | None) -> AsyncIterator[None]:
    """Be a menu that sets the caller's language and is gone; without one be no menu at all, as with the daemon down."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\n\n")
        writer.write(f"SET VARIABLE CHANNEL(language) {language}\n".encode())
        await reader.readline()
        writer.close()

    if language is None:
        yield
        return
    server = await asyncio.start_server(serve, pbx.settings.agi.host, pbx.settings.agi.port)
    async with server:
        yield


async def recorded(pbx: SandboxPbx, longest_s: float) -> Sound:
    """Call the hotline, say nothing, and return what was heard until it hung up."""
    uri = f"sip:{pbx.settings.site.hotline}@{pbx.settings.pbx.host}:{pbx.settings.pbx.sip_port}"
    caller = Caller(number="13800138000", address=pbx.settings.pbx.trunk_address)
    _, recording = await live(caller, uri, [Stay(longest_s)], longest_s=longest_s)
    return recording.pcm() / 32768.0


LANGUAGES: list[tuple[Language | None, tuple[Language, ...]]] = [("zh", ("zh",)), ("en", ("en",)), (None, ("zh", "en"))]


@pytest.mark.parametrize(("set_by_menu", "languages"), LANGUAGES)
async def test_whom_nobody_answers_is_told_so_in_their_language_and_at_last_to_call_again(
    make_pbx: MakePbx, clips: dict[str, Sound], set_by_menu: Language | None, languages: tuple[Language, ...]
) -> None:
    pbx = await make_pbx(patience=Patience(queue_s=1, ring_s=1, rounds=2))
    async with menu_that_sets(pbx, set_by_menu):
        found = heard(await recorded(pbx, 60), clips)
    assert [hit.clip for hit in found] == [*spoken(SORRY, *languages), *spoken(GIVE_UP, *languages)]


@pytest.mark.parametrize(("set_by_menu", "languages"), LANGUAGES)
async def test_who_waits_is_told_again_and_again_that_they_are_not_forgotten(
    make_pbx: MakePbx, clips: dict[str, Sound], set_by_menu: Language | None, languages: tuple[Language, ...]
) -> None:
    pbx = await make_pbx(patience=Patience(queue_s=60, word_every_s=2))
    async with menu_that_sets(pbx, set_by_menu):
        found = heard(await recorded(pbx, 15 * len(languages)), clips)
    names, once = [hit.clip for hit in found], spoken(WAIT, *languages)
    assert names[: len(once)] == once
    assert set(names) == set(once)
    starts = [hit.at_s for hit in found if hit.clip == once[0]]
    assert len(starts) >= 2
