"""The line's own commands around what a flow asks of it."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest

from cti.domain.events import Language
from ivr.flow.line import Speaking
from ivr.ports import Value
from ivr.services.phone_line import DEAD_MAN_S, ClipLengths, PhoneLine
from tests.ivr.agi.fake_pbx import call
from tests.ivr.services.test_hotline import QuietSpeech

NEXT_KEY_S = 4.0


class Clock:
    now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


def replies(words: list[str]) -> bytes:
    """Have a first key pressed and two more."""
    return {"WAIT": b"200 result=49\n", "GET": b"200 result=23\n"}.get(words[0], b"200 result=1\n")


QUESTION = Speaking("menu.main", "zh", {})
PLAYED_S, WAIT_S = 2.0, 6.0


class SpeechInParts(QuietSpeech):
    """Speech whose second part is known only later."""

    async def files(
        self, prompt: str, values: Mapping[str, Value], language: Language, *, slow: bool = False
    ) -> AsyncIterator[Path]:
        async for file in super().files(prompt, values, language, slow=slow):
            yield file
        await asyncio.sleep(0.05)
        async for file in super().files(prompt, values, language, slow=slow):
            yield file


async def asked(
    speech: QuietSpeech, result: bytes, *, takes_s: float = PLAYED_S + WAIT_S
) -> tuple[str, list[list[str]]]:
    """Ask a question; return the key and the commands."""
    clock = Clock()

    def answer(words: list[str]) -> bytes:
        if words[:2] != ["GET", "OPTION"]:
            return b"200 result=0 endpos=16000\n"
        clock.now_s += takes_s
        return b"200 result=%b endpos=16000\n" % result

    async with call(answer) as (session, commands):
        line = PhoneLine(session, speech, ClipLengths(), clock)
        key = await line.ask(QUESTION, "0123456789*", WAIT_S)
    return key, commands


async def test_a_question_and_its_answer_are_one_command(tmp_path: Path) -> None:
    key, commands = await asked(QuietSpeech(tmp_path), b"50")
    assert key == "2"
    assert [words[:2] for words in commands if words[0] != "SET"] == [["GET", "OPTION"]]
    assert commands[-1][3:] == ["0123456789*", "6000"]


@pytest.mark.parametrize(
    ("takes_s", "key"), [(PLAYED_S + WAIT_S, ""), (PLAYED_S + WAIT_S - 0.1, ""), (PLAYED_S + WAIT_S - 0.5, "#")]
)
async def test_a_wait_that_ends_before_its_time_was_ended_by_a_key(tmp_path: Path, takes_s: float, key: str) -> None:
    assert (await asked(QuietSpeech(tmp_path), b"0", takes_s=takes_s))[0] == key


async def test_a_question_of_which_more_may_come_is_played_file_by_file(tmp_path: Path) -> None:
    key, commands = await asked(SpeechInParts(tmp_path), b"51")
    assert key == "3"
    playing = [words[:2] for words in commands if words[0] in {"STREAM", "GET"}]
    assert playing == [["STREAM", "FILE"], ["GET", "OPTION"]]


async def test_a_question_and_its_wait_are_within_the_dead_mans_switch(tmp_path: Path) -> None:
    clock = Clock()
    async with call() as (session, commands):
        line = PhoneLine(session, QuietSpeech(tmp_path), ClipLengths(), clock)
        await line.ask(QUESTION, "0", 40.0)
    assert switch_s(commands)[-1] > 40


def switch_s(commands: list[list[str]]) -> list[int]:
    """Return what the dead man's switch was set to, each time."""
    return [int(words[3]) for words in commands if words[:3] == ["SET", "VARIABLE", "TIMEOUT(absolute)"]]


async def test_between_the_first_key_of_an_entry_and_the_others_there_is_no_command(tmp_path: Path) -> None:
    clock = Clock()
    async with call(replies) as (session, commands):
        line = PhoneLine(session, QuietSpeech(tmp_path), ClipLengths(), clock)
        await line.key(6.0)
        clock.now_s += 6.0
        assert await line.keys(2, NEXT_KEY_S) == "23"
    assert [words[0] for words in commands] == ["SET", "WAIT", "GET"]


@pytest.mark.parametrize("most", [2, 7, 11, 40])
@pytest.mark.parametrize("waited_s", [0.0, 6.0, 30.0])
async def test_the_dead_mans_switch_acts_after_the_longest_entry_and_then_soon_again(
    tmp_path: Path, most: int, waited_s: float
) -> None:
    clock = Clock()
    async with call(replies) as (session, commands):
        line = PhoneLine(session, QuietSpeech(tmp_path), ClipLengths(), clock)
        await line.key(6.0)
        acts_at = clock.now_s + switch_s(commands)[-1]
        clock.now_s += waited_s
        before = len(switch_s(commands))
        await line.keys(most, NEXT_KEY_S)
        if len(switch_s(commands)) > before:
            acts_at = clock.now_s + switch_s(commands)[-1]
        longest_s = most * NEXT_KEY_S
        assert clock.now_s + longest_s < acts_at <= clock.now_s + max(DEAD_MAN_S, longest_s + 11)
        await line.key(6.0)
        assert switch_s(commands)[-1] == DEAD_MAN_S or acts_at - clock.now_s <= DEAD_MAN_S
