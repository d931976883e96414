"""The line's own commands around what a flow asks of it."""

from pathlib import Path

import pytest

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
