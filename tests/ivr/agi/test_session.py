from collections.abc import Awaitable, Callable

import pytest

from ivr.agi import session as session_module
from ivr.agi.errors import (
    CommandRefusedError,
    CommandTimeoutError,
    LocalProtocolError,
    PlaybackFailedError,
    RecordingRefusedError,
    RemoteProtocolError,
)
from ivr.agi.session import AgiSession
from ivr.errors import HungUpError
from tests.ivr.agi.fake_pbx import Answerer, call


def replying(*replies: bytes) -> Answerer:
    """Answer with these, in order."""
    left = list(replies)
    return lambda words: left.pop(0)


async def test_verbs_are_commands_of_asterisk() -> None:
    async with call() as (session, commands):
        await session.answer()
        assert await session.stream_file("/clips/a b", "0*") == ""
        assert await session.wait_for_digit(2.5) == ""
        await session.set_variable("CHANNEL(language)", "zh")
        await session.refresh_deadline()
        assert await session.get_variable("NOTHING") is None
        assert commands == [
            ["ANSWER"],
            ["STREAM", "FILE", "/clips/a b", "0*"],
            ["WAIT", "FOR", "DIGIT", "2500"],
            ["SET", "VARIABLE", "CHANNEL(language)", "zh"],
            ["SET", "VARIABLE", "TIMEOUT(absolute)", "45"],
            ["GET", "VARIABLE", "NOTHING"],
        ]


async def test_keys_and_variables_come_back() -> None:
    replies = replying(b"200 result=35 endpos=1600\n", b"200 result=48\n", b"200 result=1 (zh)\n")
    async with call(replies) as (session, _):
        assert await session.stream_file("/clips/a", "#") == "#"
        assert await session.wait_for_digit(1) == "0"
        assert await session.get_variable("HYDROPHONE_LANGUAGE") == "zh"


async def test_a_file_that_asterisk_cannot_open_is_no_silent_success() -> None:
    # as Asterisk 22.10 answered, the caller being on the line
    async with call(replying(b"200 result=-1 endpos=0\n", b"200 result=0\n")) as (session, _):
        with pytest.raises(PlaybackFailedError, match="/clips/gone"):
            await session.stream_file("/clips/gone")


async def test_a_file_and_the_key_after_it_are_one_command() -> None:
    async with call(replying(b"200 result=50 endpos=16000\n", b"200 result=0 endpos=8000\n")) as (session, commands):
        assert await session.stream_and_wait("/clips/a b", "0*", 2.5) == ("2", 2.0)
        assert await session.stream_and_wait("/clips/a", "0*", 6) == ("", 1.0)
        assert commands == [["GET", "OPTION", "/clips/a b", "0*", "2500"], ["GET", "OPTION", "/clips/a", "0*", "6000"]]


async def test_a_question_that_asterisk_cannot_open_is_not_taken_for_silence() -> None:
    # as Asterisk 22.10 answered, the caller being on the line
    async with call(replying(b"200 result=-1 endpos=0\n", b"200 result=0\n")) as (session, _):
        with pytest.raises(PlaybackFailedError, match="/clips/gone"):
            await session.stream_and_wait("/clips/gone", "1", 6)


async def test_a_refused_command_is_our_error() -> None:
    replies = replying(b"510 Invalid or unknown command\n", b"520-Use:\nso\n520 End of proper usage.\n")
    async with call(replies) as (session, _):
        with pytest.raises(CommandRefusedError, match="510 to ANSWER"):
            await session.answer()
        with pytest.raises(CommandRefusedError, match="520"):
            await session.answer()


@pytest.mark.parametrize("result", [b"200", b"7", b"-5", b"999999", b"x"])
async def test_a_key_that_is_none_is_refused(result: bytes) -> None:
    async with call(replying(b"200 result=" + result + b"\n")) as (session, _):
        with pytest.raises(RemoteProtocolError):
            await session.wait_for_digit(1)


async def test_a_pbx_that_stops_answering_is_given_up_at_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session_module, "COMMAND_S", 0.05)
    async with call(lambda words: None) as (session, _):
        with pytest.raises(CommandTimeoutError, match="STREAM FILE within"):
            await session.stream_file("/clips/a", length_s=0.01)
        # its reply may still come: nothing may be asked any more that it could be taken for
        with pytest.raises(LocalProtocolError):
            await session.answer()


async def test_nothing_is_sent_to_a_caller_who_has_hung_up() -> None:
    async with call(replying(b"200 result=0\nHANGUP\n")) as (session, commands):
        await session.answer()
        for _ in range(2):
            with pytest.raises(HungUpError):
                await session.answer()
        assert commands == [["ANSWER"]]


@pytest.mark.parametrize(
    ("reply", "keyed"),
    [
        (b"200 result=0345678\n", "0345678"),
        (b"200 result=03 (timeout)\n", "03"),
        (b"200 result=03\n", "03#"),
        (b"200 result= (timeout)\n", ""),
        (b"200 result=\n", "#"),
        (b"200 result=1*2 (timeout)\n", "1*2"),
    ],
)
async def test_digits_are_taken_until_length_terminator_or_silence(reply: bytes, keyed: str) -> None:
    async with call(replying(reply)) as (session, commands):
        assert await session.wait_for_digits(7, 2.5) == keyed
        assert commands == [["GET", "DATA", "", "2500", "7"]]


@pytest.mark.parametrize("reply", [b"200 result=12345678\n", b"200 result=-2\n"])
async def test_more_keys_than_asked_for_or_none_at_all_are_no_entry(reply: bytes) -> None:
    async with call(replying(reply)) as (session, _):
        with pytest.raises(RemoteProtocolError):
            await session.wait_for_digits(7, 2.5)


async def test_an_argument_with_a_line_break_is_refused_before_the_socket() -> None:
    async with call() as (session, commands):
        with pytest.raises(LocalProtocolError):
            await session.set_variable("X", "a\nHANGUP")
        assert commands == []
        await session.answer()


Verb = Callable[[AgiSession], Awaitable[object]]


@pytest.mark.parametrize(
    "verb",
    [
        AgiSession.answer,
        lambda s: s.wait_for_digit(1),
        lambda s: s.wait_for_digits(3, 1),
        lambda s: s.stream_file("/a"),
        lambda s: s.stream_and_wait("/a", "1", 1),
    ],
)
async def test_minus_one_means_that_the_caller_is_gone(verb: Verb) -> None:
    async with call(replying(b"200 result=-1 endpos=80\n", b"511 Command Not Permitted\n")) as (session, _):
        with pytest.raises(HungUpError):
            await verb(session)


RECORD = ["RECORD", "FILE", "/messages/1", "wav", "#0", "30000", "s=3"]


@pytest.mark.parametrize(
    ("reply", "recorded"),
    [
        (b"200 result=35 (dtmf) endpos=40000\n", (5.0, "#")),
        (b"200 result=0 (timeout) endpos=240000\n", (30.0, "")),
        (b"200 result=24120 (timeout) endpos=24000\n", (3.0, "")),
    ],
)
async def test_a_recording_ends_by_a_key_by_silence_or_at_its_longest(
    reply: bytes, recorded: tuple[float, str]
) -> None:
    async with call(replying(reply)) as (session, commands):
        assert await session.record_file("/messages/1", "#0", longest_s=30, silence_s=3) == recorded
        assert commands == [RECORD]


async def test_a_file_that_cannot_be_written_is_told_from_a_caller_who_is_gone() -> None:
    async with call(replying(b"200 result=-1 (writefile)\n", b"200 result=0\n")) as (session, _):
        with pytest.raises(RecordingRefusedError, match="/messages/1"):
            await session.record_file("/messages/1", "#", longest_s=30, silence_s=3)
    async with call(replying(b"200 result=-1 (hangup) endpos=8000\n", b"HANGUP\n")) as (session, _):
        with pytest.raises(HungUpError):
            await session.record_file("/messages/1", "#", longest_s=30, silence_s=3)


async def test_a_recording_has_a_deadline_of_its_own_length(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session_module, "COMMAND_S", 0.05)
    async with call(lambda words: None) as (session, _):
        with pytest.raises(CommandTimeoutError) as caught:
            await session.record_file("/messages/1", "#", longest_s=0.1, silence_s=3)
    assert caught.value.deadline_s == pytest.approx(0.15)
