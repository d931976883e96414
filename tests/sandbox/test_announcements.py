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
from tests.hearing.correlate import Sound, heard, speech_dbfs

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


NUMBERS: dict[Language, str] = {"zh": "13800138001", "en": "13800138002"}


@asynccontextmanager
async def menu(pbx: SandboxPbx) -> AsyncIterator[None]:
    """Be a menu that sets the language of who calls from :data:`NUMBERS`, and dies on everybody."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        told = (await reader.readuntil(b"\n\n")).decode()
        for language, number in NUMBERS.items():
            if f"agi_callerid: {number}\n" in told:
                writer.write(f"SET VARIABLE CHANNEL(language) {language}\n".encode())
                await reader.readline()
        writer.close()

    server = await asyncio.start_server(serve, pbx.settings.agi.host, pbx.settings.agi.port)
    async with server:
        yield


async def recorded(pbx: SandboxPbx, number: str, longest_s: float) -> Sound:
    """Call the hotline, say nothing, and return what was heard until it hung up."""
    uri = f"sip:{pbx.settings.site.hotline}@{pbx.settings.pbx.host}:{pbx.settings.pbx.sip_port}"
    caller = Caller(number=number, address=pbx.settings.pbx.trunk_address)
    _, recording = await live(caller, uri, [Stay(longest_s)], longest_s=longest_s)
    return recording.pcm() / 32768.0


def words(recording: Sound, clips: dict[str, Sound]) -> list[str]:
    """Return the clips heard, in order. Among all others a torn one is still known, as a busy machine may tear it."""
    return [hit.clip for hit in heard(recording, clips, ncc=0.6, weakest=-1.0)]


async def test_whom_nobody_answers_is_told_so_in_their_language_and_at_last_to_call_again(
    make_pbx: MakePbx, clips: dict[str, Sound]
) -> None:
    pbx = await make_pbx(patience=Patience(queue_s=3, ring_s=1, rounds=2, word_every_s=2))
    callers: dict[str, tuple[Language, ...]] = {
        NUMBERS["zh"]: ("zh",),
        NUMBERS["en"]: ("en",),
        "13800138003": ("zh", "en"),
    }
    async with menu(pbx):
        calls = await asyncio.gather(*(recorded(pbx, number, 100) for number in callers))
    for recording, languages in zip(calls, callers.values(), strict=True):
        expected = [clip for prompt in (WAIT, SORRY, WAIT, GIVE_UP) for clip in spoken(prompt, *languages)]
        assert words(recording, clips) == expected
        assert -26 < speech_dbfs(recording) < -14


async def test_who_calls_while_the_daemon_is_down_is_told_again_and_again_that_they_are_not_forgotten(
    make_pbx: MakePbx, clips: dict[str, Sound]
) -> None:
    pbx = await make_pbx(patience=Patience(queue_s=60, word_every_s=1))
    found = words(await recorded(pbx, NUMBERS["en"], 48), clips)
    once = spoken(WAIT, "zh", "en")
    assert found[: 2 * len(once)] == 2 * once
