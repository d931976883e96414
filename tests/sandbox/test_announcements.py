"""What a caller whom nobody answers hears, told from the caller's own recording of a real call."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest

from config.pbx_files import Patience
from cti.caller.phone import Caller
from cti.caller.script import Stay
from cti.caller.story import live
from cti.domain.events import Language
from cti.sandbox.pbx import SandboxPbx
from ivr.prompts import core_pack
from ivr.prompts.announcements import FILES
from ivr.prompts.catalogue import shipped
from ivr.prompts.voices import key_of
from tests.asterisk.pbx import new_pbx
from tests.hearing.correlate import Sound, heard, speech_dbfs

pytestmark = [pytest.mark.asterisk, pytest.mark.timeout(180)]

SORRY, GIVE_UP, WAIT = "queue.sorry", "queue.give_up", "queue.wait"


@pytest.fixture(scope="module")
def clips() -> dict[str, Sound]:
    """Return what Asterisk says of its own accord, and the menu's first words, by language and id: ``en queue.wait.1``.

    Not all that the hotline says: two sentences with the same "Goodbye." are told apart by what comes before, which a
    busy machine may tear.
    """
    catalogue, sounds = shipped(), core_pack.sounds(core_pack.SHIPPED)
    fixed = (
        clip
        for prompt in (*FILES, "language.choose", "menu.main")
        for language in ("zh", "en")
        for clip in catalogue.clips(prompt, {}, language)
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
    """Return the clips heard, in order. A busy machine may tear one; what was not said stays under 0.2."""
    return [hit.clip for hit in heard(recording, clips, ncc=0.35, weakest=-1.0)]


CALLERS: dict[str, tuple[Language, ...]] = {NUMBERS["zh"]: ("zh",), NUMBERS["en"]: ("en",), "13800138003": ("zh", "en")}


@dataclass(frozen=True, slots=True)
class HeardByAll:
    """What everybody heard: who is given up on, in the order of :data:`CALLERS`, and who waits with no daemon there."""

    given_up_on: Sequence[Sound]
    without_daemon: Sound


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> HeardByAll:
    """Have all calls of this file at once, on two PBXs: what they are about takes minutes to be said."""
    # A word falls due after two seconds and lasts for seven or more: within eight it is said once, even if late.
    impatient = Patience(queue_s=8, ring_s=1, rounds=2, word_every_s=2)
    return asyncio.run(
        everybody_calls(
            new_pbx(tmp_path_factory.mktemp("impatient"), patience=impatient),
            new_pbx(tmp_path_factory.mktemp("alone"), patience=Patience(queue_s=60, word_every_s=1)),
        )
    )


async def everybody_calls(impatient: SandboxPbx, alone: SandboxPbx) -> HeardByAll:
    try:
        await impatient.up()
        await alone.up()
        async with menu(impatient):
            *given_up_on, without_daemon = await asyncio.gather(
                *(recorded(impatient, number, 100) for number in CALLERS), recorded(alone, NUMBERS["en"], 48)
            )
    finally:
        await impatient.down()
        await alone.down()
    return HeardByAll(given_up_on, without_daemon)


def test_whom_nobody_answers_is_told_so_in_their_language_and_at_last_to_call_again(
    recordings: HeardByAll, clips: dict[str, Sound]
) -> None:
    for recording, languages in zip(recordings.given_up_on, CALLERS.values(), strict=True):
        expected = [clip for prompt in (WAIT, SORRY, WAIT, GIVE_UP) for clip in spoken(prompt, *languages)]
        assert words(recording, clips) == expected
        assert -26 < speech_dbfs(recording) < -14


def test_who_calls_while_the_daemon_is_down_is_told_again_and_again_that_they_are_not_forgotten(
    recordings: HeardByAll, clips: dict[str, Sound]
) -> None:
    found = words(recordings.without_daemon, clips)
    once = spoken(WAIT, "zh", "en")
    assert found[: 2 * len(once)] == 2 * once
