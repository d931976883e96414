import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from ivr.agi.errors import CommandTimeoutError, PlaybackFailedError, RemoteProtocolError
from ivr.agi.server import AgiServer, Counts, Handler, Limits
from ivr.agi.session import AgiSession
from ivr.errors import HungUpError
from tests.ivr.agi.fake_pbx import FakePbx, until
from tests.ivr.agi.transcript import LINKEDID, SECRET, environment

QUICK = Limits(header_s=10, drain_s=0.1)


@asynccontextmanager
async def serving(
    handler: Handler, *, limits: Limits = QUICK, allow: tuple[str, ...] = ("127.0.0.1",)
) -> AsyncIterator[tuple[AgiServer, int]]:
    """Run a server on a free port."""
    server = AgiServer({"hotline": handler}, secret=SECRET, allow=allow, limits=limits)
    port = await server.start("127.0.0.1", 0)
    try:
        yield server, port
    finally:
        await server.stop()
        assert server.connections == 0
        assert server.calls == 0


async def answer(session: AgiSession) -> None:
    await session.answer()


async def wait_for_ever(session: AgiSession) -> None:
    while True:
        await session.wait_for_digit(2)


async def test_a_call_is_handed_to_its_handler_and_closed_when_it_is_done() -> None:
    seen: list[AgiSession] = []

    async def handler(session: AgiSession) -> None:
        seen.append(session)
        await session.answer()

    async with serving(handler) as (server, port):
        pbx = await FakePbx.connect(port)
        assert await pbx.serve() == [["ANSWER"]]
        assert seen[0].environment.arguments == (SECRET, LINKEDID)
        await until(lambda: server.connections == 0)
        assert server.counts == Counts(accepted=1, finished=1)


@pytest.mark.parametrize("arguments", [("wrong", LINKEDID), ("", LINKEDID), (SECRET[:-1],)])
async def test_who_does_not_know_the_secret_is_refused(arguments: tuple[str, ...]) -> None:
    async with serving(answer) as (server, port):
        pbx = await FakePbx.connect(port, environment(*arguments))
        assert await pbx.closed()
        assert server.counts.wrong_secret == 1


async def test_each_pbx_reaches_its_own_menu_by_its_own_secret() -> None:
    reached: list[str] = []

    def noting(pbx: str) -> Handler:
        async def handler(_session: AgiSession) -> None:
            reached.append(pbx)

        return handler

    east = {"east-secret": {"hotline": noting("east")}}
    server = AgiServer({"hotline": noting("main")}, secret=SECRET, allow=("127.0.0.1",), limits=QUICK, others=east)
    port = await server.start("127.0.0.1", 0)
    for secret in ("east-secret", SECRET, "west-secret"):
        assert await (await FakePbx.connect(port, environment(secret, LINKEDID))).closed()
    await until(lambda: server.connections == 0)
    await server.stop()
    assert reached == ["east", "main"]
    assert server.counts.wrong_secret == 1
    with pytest.raises(ValueError, match="secret"):
        AgiServer({}, secret=SECRET, allow=(), others={"": {}})


async def test_without_any_argument_nobody_gets_in() -> None:
    block = environment().split(b"agi_arg_1")[0] + b"\n"
    async with serving(answer) as (server, port):
        assert await (await FakePbx.connect(port, block)).closed()
        assert server.counts.wrong_secret == 1


async def test_another_script_is_refused() -> None:
    async with serving(answer) as (server, port):
        assert await (await FakePbx.connect(port, environment(network_script="survey"))).closed()
        assert server.counts.protocol_errors == 1


async def test_an_address_that_is_not_on_the_list_is_refused() -> None:
    async with serving(answer, allow=("127.0.0.9", "10.0.0.0/8")) as (server, port):
        assert await (await FakePbx.connect(port)).closed()
        assert server.counts.foreign == 1


async def test_who_says_nothing_is_dropped_at_the_deadline() -> None:
    async with serving(answer, limits=Limits(header_s=0.1)) as (server, port):
        started = time.monotonic()
        assert await (await FakePbx.connect(port, b"agi_network: yes\n")).closed()
        assert 0.09 < time.monotonic() - started < 5
        assert server.counts.silent == 1


async def test_who_connects_and_closes_costs_nothing() -> None:
    async with serving(answer, limits=Limits(header_s=5)) as (server, port):
        for _ in range(50):
            await (await FakePbx.connect(port, b"")).close()
        await until(lambda: server.counts.silent == 50 and server.connections == 0)
        spent = time.process_time()
        await asyncio.sleep(0.2)
        assert time.process_time() - spent < 0.1  # stock panoramisk turns for ever here


async def test_a_flood_of_silent_connections_does_not_keep_a_caller_out() -> None:
    async with serving(answer, limits=Limits(silent=20, header_s=30)) as (server, port):
        flood = [await FakePbx.connect(port, b"") for _ in range(100)]
        await until(lambda: server.counts.accepted == 100)
        assert server.connections <= 40
        assert await (await FakePbx.connect(port)).serve() == [["ANSWER"]]
        for pbx in flood:
            await pbx.close()


async def test_excess_callers_are_refused_at_once_and_those_inside_go_on() -> None:
    async with serving(wait_for_ever, limits=Limits(calls=2, drain_s=0.05)) as (server, port):
        inside = [await FakePbx.connect(port) for _ in range(2)]
        await until(lambda: server.calls == 2)
        assert await (await FakePbx.connect(port)).closed()
        assert server.counts.excess == 1
        for pbx in inside:
            assert await pbx.command() == ["WAIT", "FOR", "DIGIT", "2000"]
            pbx.writer.write(b"200 result=49\n")
            assert await pbx.command() == ["WAIT", "FOR", "DIGIT", "2000"]
            await pbx.close()


async def test_two_that_were_silent_together_do_not_both_take_the_last_place() -> None:
    async with serving(wait_for_ever, limits=Limits(calls=1, drain_s=0.05)) as (server, port):
        first, second = [await FakePbx.connect(port, b"") for _ in range(2)]
        await until(lambda: server.connections == 2)
        first.writer.write(environment())
        await until(lambda: server.calls == 1)
        second.writer.write(environment())
        assert await second.closed()
        assert server.counts.excess == 1
        await first.close()


@pytest.mark.parametrize("garbage", [b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x02\x00\n", b"\n", b"x" * 9000])
async def test_another_protocol_is_refused(garbage: bytes) -> None:
    async with serving(answer) as (server, port):
        assert await (await FakePbx.connect(port, garbage)).closed()
        assert server.counts.protocol_errors == 1


async def test_a_handler_that_fails_gives_the_caller_back_and_logs_no_caller(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def handler(session: AgiSession) -> None:
        raise ValueError(f"what {session.environment.caller_name} keyed: 123456")

    async with serving(handler) as (server, port):
        with caplog.at_level(logging.DEBUG):
            assert await (await FakePbx.connect(port)).closed()
            await until(lambda: server.counts.handler_errors == 1)
        assert "ValueError at" in caplog.text
        for private in ("张三", "13800138000", "123456", SECRET):
            assert private not in caplog.text


async def hang_up(pbx: FakePbx) -> None:
    await pbx.command()
    pbx.writer.write(b"HANGUP\n")


async def close(pbx: FakePbx) -> None:
    await pbx.command()
    await pbx.close()


async def abort(pbx: FakePbx) -> None:
    await pbx.command()
    pbx.writer.transport.abort()


async def half_a_reply(pbx: FakePbx) -> None:
    await pbx.command()
    pbx.writer.write(b"200 resu")
    await pbx.close()


async def dead_channel(pbx: FakePbx) -> None:
    await pbx.command()
    pbx.writer.write(b"511 Command Not Permitted on a dead channel or intercept routine\n")


async def minus_one(pbx: FakePbx) -> None:
    await pbx.command()
    pbx.writer.write(b"200 result=-1\n")


@pytest.mark.parametrize("end", [hang_up, close, abort, half_a_reply, dead_channel, minus_one])
async def test_a_caller_who_goes_ends_the_flow_quietly(
    end: Callable[[FakePbx], Awaitable[None]], caplog: pytest.LogCaptureFixture
) -> None:
    ended: list[bool] = []

    async def handler(session: AgiSession) -> None:
        try:
            await wait_for_ever(session)
        except HungUpError:
            ended.append(True)
            raise

    async with serving(handler) as (server, port):
        with caplog.at_level(logging.WARNING):
            pbx = await FakePbx.connect(port)
            await end(pbx)
            await until(lambda: server.counts.hung_up == 1)
        await pbx.close()
        assert ended == [True]
        assert caplog.text == ""


async def test_stopping_lets_a_call_end_by_itself() -> None:
    async def handler(session: AgiSession) -> None:
        await session.wait_for_digit(1)

    server = AgiServer({"hotline": handler}, secret=SECRET, allow=("127.0.0.1",), limits=Limits(drain_s=5))
    pbx = await FakePbx.connect(await server.start("127.0.0.1", 0))
    await pbx.command()
    stopping = asyncio.create_task(server.stop())
    await asyncio.sleep(0)
    pbx.writer.write(b"200 result=0\n")
    await stopping
    assert server.counts.finished == 1
    assert await pbx.closed()


async def test_stopping_gives_the_rest_back_to_the_dialplan_and_takes_nobody_new() -> None:
    server = AgiServer({"hotline": wait_for_ever}, secret=SECRET, allow=("127.0.0.1",), limits=QUICK)
    port = await server.start("127.0.0.1", 0)
    talking, silent = await FakePbx.connect(port), await FakePbx.connect(port, b"")
    await until(lambda: server.calls == 1)
    await server.stop()
    await server.stop()
    assert (server.calls, server.connections) == (0, 0)
    assert await talking.command() == ["WAIT", "FOR", "DIGIT", "2000"]
    assert await talking.closed()
    assert await silent.closed()
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", port)


async def test_faults_of_a_call_are_counted_by_their_kind(caplog: pytest.LogCaptureFixture) -> None:
    faults: list[Exception] = [
        CommandTimeoutError("ANSWER", 3),
        PlaybackFailedError("/clips/menu"),
        RemoteProtocolError("a line is not a reply"),
    ]

    async def handler(session: AgiSession) -> None:
        raise faults.pop(0)

    async with serving(handler) as (server, port):
        for _ in range(3):
            assert await (await FakePbx.connect(port)).closed()
        await until(lambda: server.connections == 0)
        assert (server.counts.timeouts, server.counts.handler_errors, server.counts.protocol_errors) == (1, 1, 1)
    assert "no reply to ANSWER within 3 s" in caplog.text
    assert "could not play /clips/menu" in caplog.text


async def test_a_thousand_silent_connections_leave_nothing_behind() -> None:
    async with serving(answer, limits=Limits(silent=50, header_s=10)) as (server, port):
        for _ in range(20):
            flood = [await FakePbx.connect(port, b"") for _ in range(50)]
            assert await (await FakePbx.connect(port)).serve() == [["ANSWER"]]
            for pbx in flood:
                pbx.writer.transport.abort()
        await until(lambda: server.connections == 0)
        assert server.counts.accepted == 20 * 51
        assert server.counts.finished == 20


def test_a_server_without_a_secret_is_refused() -> None:
    with pytest.raises(ValueError, match="secret"):
        AgiServer({}, secret="", allow=())
