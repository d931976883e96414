"""The push channel on a real socket: who gets in, what each is told, and what a bad console does to the others."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from uuid import UUID

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from websockets.exceptions import ConnectionClosed, InvalidStatus

from agent_console.push import hub as hub_module
from agent_console.push.hub import BAD_COMMAND, REPLACED, SESSION_OVER, TOO_SLOW
from agent_console.push.outbox import MAX_CHANGED
from agent_console.push.server import COMMANDS
from cti.domain.events import LinkDown, LinkUp
from cti.domain.ids import CallId
from cti.domain.model import Changes
from tests.console.conftest import House
from tests.console.fakes import AGENT1, CALLER, PBX
from tests.console.screens import Console

SHOWN: dict[str, Any] = {"type": "pop_shown", "call_id": "00000000-0000-0000-0000-000000000001", "shown_ms": 12}
RESYNC: dict[str, Any] = {"type": "resync"}


async def eventually(what: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not what():  # noqa: ASYNC110 - a condition of another's making, with a deadline
            await asyncio.sleep(0)


# ------------------------------------------------------------------ who gets in


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "", "http://127.0.0.1"])
async def test_another_sites_page_does_not_get_in(house: House, origin: str) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with Console(house, "agent1", origin=origin):
            pass

    assert refused.value.response.status_code == 403


@pytest.mark.parametrize("ticket", ["", "made-up", "x" * 2_000])
async def test_nobody_gets_in_without_a_ticket_of_ours(house: House, ticket: str) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with Console(house, "agent1", ticket=ticket):
            pass

    assert refused.value.response.status_code == 401
    assert b"not_logged_in" in (refused.value.response.body or b"")


async def test_a_ticket_lets_in_once(house: House) -> None:
    _, made = await house.ask("POST", "/api/push-ticket", headers=house.bearer("agent1"))
    async with Console(house, "agent1", ticket=made["ticket"]) as console:
        await console.until("snapshot")

    with pytest.raises(InvalidStatus):
        async with Console(house, "agent1", ticket=made["ticket"]):
            pass


async def test_a_ticket_is_too_old_after_thirty_seconds(house: House) -> None:
    _, made = await house.ask("POST", "/api/push-ticket", headers=house.bearer("agent1"))
    house.clock.move(30)

    with pytest.raises(InvalidStatus):
        async with Console(house, "agent1", ticket=made["ticket"]):
            pass


async def test_a_session_token_is_no_ticket(house: House) -> None:
    with pytest.raises(InvalidStatus):
        async with Console(house, "agent1", ticket=house.token("agent1")):
            pass


@pytest.mark.parametrize("user", ["agent1", "supervisor1"])
async def test_logging_out_closes_the_sessions_consoles(house: House, user: str) -> None:
    headers = house.bearer(user)
    _, made = await house.ask("POST", "/api/push-ticket", headers=headers)
    async with Console(house, user, ticket=made["ticket"]) as console:
        await console.until("snapshot")
        await house.ask("POST", "/api/logout", headers=headers)

        assert await console.closed() == SESSION_OVER


async def test_a_console_is_closed_when_its_session_expires_also_if_nothing_happens(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(house.server._push, "_heartbeat_s", 0.05)
    async with Console(house, "agent1") as console:
        await console.until("snapshot")
        house.clock.move(12 * 3600 + 1)

        assert await console.closed() == SESSION_OVER


# ------------------------------------------------------------------ what may be sent


@pytest.mark.parametrize("user", ["agent1", "supervisor1", "admin1"])
@pytest.mark.parametrize("command", [SHOWN, RESYNC], ids=lambda command: str(command["type"]))
async def test_each_role_may_send_what_the_table_says(house: House, user: str, command: dict[str, Any]) -> None:
    kind = next(kind for kind in COMMANDS if kind.model_fields["type"].default == command["type"])  # type: ignore[attr-defined]
    async with Console(house, user) as console:
        await console.until("snapshot")
        await console.send(command)

        if user.rstrip("1") in COMMANDS[kind]:
            await caught_up(house, console)
        else:
            assert await console.closed() == BAD_COMMAND


def test_every_command_is_in_the_table() -> None:
    assert {kind.__name__ for kind in COMMANDS} == {"PopShown", "ResyncRequest"}


@pytest.mark.parametrize(
    "message",
    [
        "",
        "{",
        "null",
        "[]",
        '{"type":"shutdown"}',
        '{"type":"resync","more":1}',
        '{"type":"pop_shown","call_id":"x","shown_ms":1}',
        '{"type":"pop_shown","call_id":"00000000-0000-0000-0000-000000000001","shown_ms":-1}',
        b"\x00\x01",
    ],
)
async def test_what_is_no_command_closes_the_console(house: House, message: str | bytes) -> None:
    async with Console(house, "agent1") as console:
        await console.line.send(message)

        assert await console.closed() == BAD_COMMAND


async def test_a_storm_of_commands_closes_the_console(house: House) -> None:
    async with Console(house, "agent1") as console:
        with suppress(ConnectionClosed):
            for _ in range(500):
                await console.send(RESYNC)

        assert await console.closed() == BAD_COMMAND


async def test_too_long_a_message_closes_the_console(house: House) -> None:
    async with Console(house, "agent1") as console:
        await console.line.send("x" * 5_000)

        assert await console.closed() == 1009


# ------------------------------------------------------------------ what each is told


async def test_the_first_frame_is_a_snapshot_and_numbers_count_up_by_one(house: House) -> None:
    async with Console(house, "supervisor1") as console:
        assert (await console.next()).type == "snapshot"
        for n in range(5):
            house.live.arrive(n)
            await console.until("upsert")

        assert console.screen.seq >= 6
        assert not console.screen.gap


async def test_a_supervisor_sees_all_of_it_live(house: House) -> None:
    async with Console(house, "supervisor1") as console:
        await console.until("snapshot")
        house.live.arrive()
        house.live.queue()
        await console.until("upsert")

        (call,) = console.screen.calls.values()
        assert (call.stage, call.caller_number, call.position) == ("queued", CALLER, 1)
        house.live.hang_up()
        await console.until("upsert")
        assert console.screen.calls == {}


async def test_an_agent_is_told_of_nobody_elses_calls(house: House) -> None:
    async with Console(house, "agent2") as console:
        await console.until("snapshot")
        house.live.arrive()
        house.live.queue()
        house.live.offer()
        house.live.answer()
        await caught_up(house, console)

        assert console.screen.calls == {}
        assert set(console.screen.agents) == {"agent2"}
        assert console.screen.queues["water"].answered == 1
        assert "pop" not in console.screen.types


async def test_a_call_appears_on_the_agents_screen_with_the_offer_and_goes_with_it(house: House) -> None:
    async with Console(house, "agent1") as console:
        await console.until("snapshot")
        call = house.live.arrive()
        house.live.queue()
        house.live.offer()
        while call not in console.screen.calls:
            await console.next()
        house.live.unanswered()
        while call in console.screen.calls:
            await console.next()

        assert "pop_withdrawn" in console.screen.types


async def test_a_gap_is_healed_by_a_snapshot(house: House) -> None:
    async with Console(house, "supervisor1") as console:
        await console.until("snapshot")
        house.live.arrive()
        await console.line.recv()  # lost on the way to the screen
        house.live.arrive(2)
        await console.until("upsert")
        assert console.screen.gap

        await console.send(RESYNC)
        await console.until("snapshot")
        assert len(console.screen.calls) == 2


async def test_a_quiet_line_has_a_heartbeat_with_the_next_number(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(house.server._push, "_heartbeat_s", 0.01)
    async with Console(house, "supervisor1") as console:
        await console.until("heartbeat")

        assert (console.screen.types[:2], console.screen.gap) == (["snapshot", "heartbeat"], False)


DEEDS = ("arrive", "queue", "offer", "unanswered", "answer", "hang_up", "finish", "key", "move")


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(deeds=st.lists(st.tuples(st.sampled_from(DEEDS), st.integers(1, 4), st.booleans()), max_size=40))
@pytest.mark.parametrize("user", ["supervisor1", "agent1"])
async def test_all_deltas_together_equal_a_fresh_snapshot(
    house: House, user: str, deeds: list[tuple[str, int, bool]]
) -> None:
    async with Console(house, user) as console:
        await console.until("snapshot")
        for deed, n, pause in deeds:
            do(house, deed, n)
            if pause:
                await asyncio.sleep(0)
        await caught_up(house, console)
        by_deltas = console.screen.state()
        await console.send(RESYNC)
        await console.until("snapshot")

        assert by_deltas == console.screen.state()
        assert not console.screen.gap


async def caught_up(house: House, console: Console) -> None:
    """Let something happen that everybody is told of, and wait until it is on the screen."""
    house.clock.move(1)
    now = house.clock()
    house.live.tell(LinkDown(at=now, pbx=PBX, reason="test"), LinkUp(at=now, pbx=PBX, boot=1))
    while console.screen.links["main"].since != now:
        await console.next()


def do(house: House, deed: str, n: int) -> None:
    """Let something happen at the hotline; what makes no sense changes nothing."""
    if deed == "move":
        house.clock.move(n)
    elif deed == "finish":
        house.live.finish()
    elif deed == "key":
        call = next(iter(house.live.state.calls), None)
        if call is not None:
            house.live.key(call, "10000012")
    else:
        getattr(house.live, deed)(n)


# ------------------------------------------------------------------ two consoles, slow consoles


async def test_the_newest_console_takes_over_and_the_old_one_says_so(house: House) -> None:
    async with Console(house, "agent1") as old:
        await old.until("snapshot")
        async with Console(house, "agent1") as new:
            await new.until("snapshot")

            assert await old.closed() == REPLACED
            assert old.screen.types[-1] == "replaced"
            assert house.live.consoles == [("opened", AGENT1)]
            house.live.arrive()
            house.live.queue()
            house.live.offer()
            await new.until("pop")
    await eventually(lambda: house.live.consoles[-1] == ("closed", AGENT1))


async def test_supervisors_may_watch_on_two_screens(house: House) -> None:
    async with Console(house, "supervisor1") as first, Console(house, "supervisor1") as second:
        await first.until("snapshot")
        await second.until("snapshot")
        house.live.arrive()

        assert (await first.next()).type == (await second.next()).type == "upsert"


async def test_a_console_that_reads_nothing_does_not_hold_up_the_others(house: House) -> None:
    house.server._push._send_deadline_s = 0.05
    async with Console(house, "supervisor1", small=True) as slow:
        await slow.until("snapshot")
        (its_side,) = house.server.hub._consoles
        slow.line.transport.pause_reading()
        async with Console(house, "supervisor1") as good:
            await good.until("snapshot")
            for n in range(3_000):
                house.clock.move(1)
                house.live.arrive(n, name="王" * 200)
                if n % 50 == 0:
                    await good.until("upsert")
            while len(good.screen.calls) < 3_000:
                await good.next()
            await eventually(lambda: its_side not in house.server.hub._consoles)

            assert its_side.close_code == TOO_SLOW
            assert not good.screen.gap
        slow.line.transport.abort()


async def test_a_console_behind_by_too_much_is_closed_and_may_come_back(house: House) -> None:
    async with Console(house, "supervisor1") as console:
        await console.until("snapshot")
        too_many = frozenset(CallId(UUID(int=n)) for n in range(MAX_CHANGED + 1))
        house.server.hub.on_changes(Changes(calls=too_many))

        assert await console.closed() == TOO_SLOW
    async with Console(house, "supervisor1") as again:
        await again.until("snapshot")


async def test_a_flood_is_gathered_into_few_frames(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(house.server.hub, "_gather_s", hub_module.GATHER_S)
    async with Console(house, "supervisor1") as console:
        await console.until("snapshot")
        for n in range(500):
            house.live.arrive(n)
            await asyncio.sleep(0)
        while len(console.screen.calls) < 500:
            await console.next()

        assert console.screen.types.count("upsert") < 50


async def test_an_entity_is_encoded_once_however_many_see_it(house: House) -> None:
    composer = house.server.hub._composer
    async with Console(house, "supervisor1") as first, Console(house, "admin1") as second:
        await first.until("snapshot")
        await second.until("snapshot")
        call = house.live.arrive()
        await first.until("upsert")
        encoded = composer._calls[call]
        await second.until("upsert")

        assert composer._calls[call] is encoded


async def test_nothing_is_left_behind_when_consoles_go(house: House) -> None:
    before = asyncio.all_tasks()
    for _ in range(20):
        async with Console(house, "agent1") as console:
            await console.until("snapshot")
    await eventually(lambda: len(house.server.hub) == 0)
    await eventually(lambda: not {t for t in asyncio.all_tasks() - before if "commands" in t.get_name()})

    assert house.live.consoles[-1] == ("closed", AGENT1)
    assert house.server.hub._phones == {}


# ------------------------------------------------------------------ pops


async def test_the_pop_comes_before_any_news_of_the_offer(house: House) -> None:
    async with Console(house, "agent1") as console:
        await console.until("snapshot")
        house.live.arrive()
        house.live.queue()
        await console.until("upsert")
        await eventually(lambda: all(fetch.task.done() for fetch in house.server.pops._fetches.values()))
        seen = len(console.screen.types)
        house.live.offer()

        assert (await console.next()).type == "pop"
        assert console.screen.types[seen] == "pop"


async def test_a_reloaded_console_finds_its_pop_again(house: House) -> None:
    call = house.live.arrive()
    house.live.queue()
    house.live.offer()
    house.live.answer()
    _, asked = await house.ask("GET", "/api/pop", headers=house.bearer("agent1"))
    async with Console(house, "agent1") as console:
        snapshot = await console.until("snapshot")

    assert asked["pop"]["call_id"] == str(call)
    assert snapshot.pop.call_id == call
    assert snapshot.me.call == call


async def test_how_long_a_pop_took_is_measured_once(house: House) -> None:
    async with Console(house, "agent1") as console:
        await console.until("snapshot")
        call = house.live.arrive()
        house.live.queue()
        house.live.offer()
        await console.until("pop")
        for _ in range(2):
            await console.send({"type": "pop_shown", "call_id": str(call), "shown_ms": 40})
        await eventually(lambda: house.server.pop_delays.strays == 1)

    delays = house.server.pop_delays
    assert (delays.shown, delays.longest_ms, sum(delays.buckets)) == (1, 40, 1)


async def test_hostile_callers_reach_the_screen_as_the_text_they_are(house: House) -> None:
    names = [
        "<script>alert(1)</script>",
        '"};alert(1);//',
        "\u202e\u0000\x1b[31m",
        "'; DROP TABLE calls; --",
        "李\U00020bb7",
    ]
    async with Console(house, "agent1") as console:
        await console.until("snapshot")
        for n, name in enumerate(names, start=1):
            house.clock.move(1)
            house.live.arrive(n, name=name)
            house.live.queue(n)
            house.clock.move(1)
            house.live.offer(n)
            frame = await console.until("pop")
            assert frame.pop.caller_name == name
            house.live.hang_up(n)


def test_frames_are_plain_json_that_any_client_can_read() -> None:
    assert orjson.loads(b'{"seq":1,"type":"heartbeat"}')["seq"] == 1
