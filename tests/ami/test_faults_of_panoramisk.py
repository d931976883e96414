"""Each fault of stock panoramisk that was reproduced: the proof that it is there, and ours without it.

The proofs keep the tests honest (they can fail), and tell us when a new panoramisk has mended something.
"""

import ast
import asyncio
from pathlib import Path
from typing import Any

import pytest
from panoramisk.actions import Action
from panoramisk.ami_protocol import AMIProtocol
from panoramisk.manager import Manager
from panoramisk.message import Message

from cti.ami import actions
from cti.ami.actions import AmiAction
from cti.ami.errors import ActionRefusedError, ActionTimeoutError, LinkLostError, UnsafeHeaderError
from cti.ami.intake import Doubt, DoubtReason
from cti.ami.link import AmiLink
from cti.ami.messages import Event
from tests.ami.conftest import QUICK, MakeLink
from tests.fakes.asterisk_ami import Connection, FakeAsterisk, Headers, frame

CHINESE = frame("Event", "Newchannel", {"Uniqueid": "1.1", "CallerIDName": "王小明"})


class StockTransport:
    """Takes what is written and remembers whether it was closed."""

    def __init__(self) -> None:
        self.written = b""
        self.closed = False

    def write(self, data: bytes) -> None:
        self.written += data

    def close(self) -> None:
        self.closed = True


def stock(**config: Any) -> tuple[Manager, AMIProtocol]:
    """Return panoramisk's manager as it is once it is connected, without a socket."""
    manager = Manager(**config)
    manager.loop = asyncio.get_running_loop()
    protocol = AMIProtocol()
    protocol.connection_made(StockTransport())
    protocol.factory, protocol.encoding = manager, "utf8"
    manager.protocol, manager.responses = protocol, protocol.responses
    return manager, protocol


def drop(client: Connection, action: Headers) -> None:
    client.drop()


# ------------------------------------------------------------------ a handler that raises closes the socket


def fail(event: Event) -> None:
    raise ValueError(event["CallerIDName"])


async def test_stock_a_failing_handler_loses_the_rest_of_the_read() -> None:
    manager, protocol = stock()
    seen: list[str] = []

    def handler(_: Manager, event: Any) -> None:
        seen.append(event.uniqueid)
        raise ZeroDivisionError

    manager.register_event("Newchannel", handler)
    with pytest.raises(ZeroDivisionError):  # asyncio closes the transport of such a protocol
        protocol.data_received(CHINESE + CHINESE)
    assert seen == ["1.1"]


async def test_a_failing_handler_costs_neither_the_socket_nor_the_next_event(
    pbx: FakeAsterisk, make_link: MakeLink, caplog: pytest.LogCaptureFixture
) -> None:
    heard = await make_link("Hangup", handlers={"Newchannel": fail})
    pbx.client.write(CHINESE + CHINESE + frame("Event", "Hangup", {"Uniqueid": "1.1"}))
    await pbx.until(lambda: heard.names == ["Hangup"] and bool(heard.doubts))
    assert heard.link.counters.handler_errors == 2
    assert heard.doubts == [Doubt(DoubtReason.HANDLER_FAILED, 2)]
    assert len(pbx.connections) == 1
    assert "Newchannel" in caplog.text
    assert "王" not in caplog.text


async def test_stock_an_originate_without_async_breaks_the_reader() -> None:
    manager, protocol = stock()
    manager.send_action({"Action": "Originate", "ActionID": "x", "Channel": "PJSIP/1"})
    queued = {"ActionID": "x", "Message": "Originate successfully queued"}
    with pytest.raises(KeyError):
        protocol.data_received(frame("Response", "Success", queued))


def test_an_originate_can_not_be_made_without_async() -> None:
    assert ("Async", "true") in actions.originate("PJSIP/1", context="c", extension="1").headers


# ------------------------------------------------------------------ an action in flight is sent again


async def test_stock_an_originate_in_flight_rings_twice() -> None:
    manager, protocol = stock()
    protocol.send({"Action": "Originate", "Channel": "PJSIP/1001", "Async": "true"})
    protocol.close()
    assert [action["Action"] for action in manager.awaiting_actions] == ["Originate"]


async def test_an_originate_in_flight_when_the_link_drops_rings_once(pbx: FakeAsterisk, make_link: MakeLink) -> None:
    pbx.answers["Originate"] = drop
    heard = await make_link()
    with pytest.raises(LinkLostError):
        await heard.link.send(actions.originate("PJSIP/1001", context="c", extension="1"))
    await heard.link.wait_up(5)
    assert (await heard.link.send(actions.ping())).success
    assert (pbx.count("Originate"), len(pbx.connections)) == (1, 2)


# ------------------------------------------------------------------ characters split over two reads vanish


async def test_stock_a_character_split_over_two_reads_vanishes() -> None:
    manager, protocol = stock()
    seen: list[str] = []
    manager.register_event("Newchannel", lambda _, event: seen.append(event.calleridname))
    at = CHINESE.index("小".encode()) + 1
    protocol.data_received(CHINESE[:at])
    protocol.data_received(CHINESE[at:])
    assert seen == ["王明"]


async def test_a_chinese_caller_name_is_whole_wherever_the_segments_are_cut(
    pbx: FakeAsterisk, make_link: MakeLink
) -> None:
    heard = await make_link("Newchannel")
    counters = heard.link.frame_counters
    for at in range(1, len(CHINESE)):
        await pbx.write_in_pieces([CHINESE[:at], CHINESE[at:]], lambda: counters.bytes)
    await pbx.write_in_pieces((CHINESE[i : i + 1] for i in range(len(CHINESE))), lambda: counters.bytes)
    await pbx.until(lambda: len(heard.events) == len(CHINESE))
    assert {event["CallerIDName"] for event in heard.events} == {"王小明"}


# ------------------------------------------------------------------ an empty last header is eaten


async def test_stock_an_empty_last_value_is_eaten() -> None:
    manager, protocol = stock()
    seen: list[Any] = []
    manager.register_event("VarSet", lambda _, event: seen.append(event))
    protocol.data_received(frame("Event", "VarSet", {"Variable": "A", "Value": ""}))
    with pytest.raises(KeyError):
        seen[0]["Value"]


async def test_an_empty_last_value_is_kept(pbx: FakeAsterisk, make_link: MakeLink) -> None:
    heard = await make_link("VarSet")
    pbx.event("VarSet", Variable="A", Value="")
    await pbx.until(lambda: bool(heard.events))
    assert heard.events[0]["Value"] == ""


# ------------------------------------------------------------------ no limit on a message


async def test_stock_a_message_without_end_is_kept_for_ever() -> None:
    _, protocol = stock()
    for _ in range(64):
        protocol.data_received(b"x" * 65536)
    assert len(protocol.queue[0]) == 64 * 65536


async def test_a_megabyte_without_blank_line_is_dropped_and_the_next_event_read(
    pbx: FakeAsterisk, make_link: MakeLink
) -> None:
    heard = await make_link("Hangup")
    pbx.client.write(b"Event: Hangup\r\nX: " + b"x" * 1_000_000 + b"\r\n\r\n")
    pbx.event("Hangup", Uniqueid="next")
    await pbx.until(lambda: bool(heard.events))
    assert heard.events[0]["Uniqueid"] == "next"
    assert heard.doubts == [Doubt(DoubtReason.DAMAGED, 1)]


@pytest.mark.parametrize(
    "garbage",
    [
        b"Event: Hangup\nUniqueid: lf\n\n",
        b"no colon here\r\n\r\n",
        b"Event: Hangup\r\nno colon here\r\n\r\n",
        b"\0\0\0\r\n\r\n",
        b"Event: Other\r\nX: \xff\xfe\r\n\r\n",
        "Event: Other\r\nX: 你好\r\n\r\n".encode("gbk"),
        b"Asterisk Call Manager/11.0.0\r\nAsterisk Call Manager/11.0.0\r\n",
    ],
)
async def test_after_garbage_the_next_event_is_read(pbx: FakeAsterisk, make_link: MakeLink, garbage: bytes) -> None:
    heard = await make_link("Hangup")
    pbx.client.write(garbage)
    pbx.event("Hangup", Uniqueid="next")
    await pbx.until(lambda: any(event.get("Uniqueid") == "next" for event in heard.events))
    assert len(pbx.connections) == 1


# ------------------------------------------------------------------ pongs and answers are never missed


async def test_stock_an_unanswered_action_waits_for_ever() -> None:
    manager, _ = stock()
    future = manager.send_action({"Action": "CoreStatus"})
    await asyncio.sleep(0)
    assert not future.done()
    assert len(manager.responses) == 1


async def test_an_unanswered_action_has_a_deadline_and_leaves_the_table(pbx: FakeAsterisk, make_link: MakeLink) -> None:
    heard = await make_link()
    pbx.silent = True
    with pytest.raises(ActionTimeoutError):
        await heard.link.send(actions.core_status(), timeout_s=0.05)
    session = heard.link._session
    assert session is not None
    assert session.protocol.responses == {}


# ------------------------------------------------------------------ a refused list never ends


async def test_stock_a_refused_list_never_ends() -> None:
    _, protocol = stock()
    future = protocol.send(Action({"Action": "QueueStatus", "ActionID": "x"}), as_list=True)
    protocol.data_received(frame("Response", "Error", {"ActionID": "x", "Message": "Permission denied"}))
    assert not future.done()


async def test_a_refused_list_ends_at_once(pbx: FakeAsterisk, make_link: MakeLink) -> None:
    heard = await make_link()
    with pytest.raises(ActionRefusedError):
        await heard.link.collect(actions.queue_status(), timeout_s=5)


# ------------------------------------------------------------------ close does not close


class Delays:
    """A loop's ``call_later`` that only notes what is due."""

    def __init__(self) -> None:
        self.due: list[tuple[float, Any]] = []

    def call_later(self, delay: float, call: Any) -> None:
        self.due.append((delay, call))

    def call_soon(self, *_: Any) -> None:
        pass


async def test_stock_close_during_the_delay_reconnects_and_the_delay_is_always_the_same() -> None:
    manager, _ = stock()
    manager.loop = delays = Delays()
    for _ in range(3):
        manager.connection_lost(None)
    manager.close()
    assert delays.due == [(2, manager.connect)] * 3


async def test_close_during_the_delay_leaves_no_try_and_no_task(pbx: FakeAsterisk) -> None:
    link = AmiLink(pbx.address, {}, timings=QUICK)
    await pbx.stop()
    before = asyncio.all_tasks()
    await link.start()
    await pbx.until(lambda: link.state.reason == "unreachable")
    await link.close()
    assert asyncio.all_tasks() == before
    assert pbx.connections == []


# ------------------------------------------------------------------ a line break becomes a second action

INJECTION = "x\r\n\r\nAction: Hangup\r\nChannel: /.*/"


async def test_stock_a_line_break_in_a_value_is_a_second_action() -> None:
    text = str(Action({"Action": "Setvar", "Value": INJECTION}))
    assert text.count("\r\n\r\n") == 2
    assert "\r\nAction: Hangup" in text


async def test_a_line_break_never_reaches_the_socket(pbx: FakeAsterisk, make_link: MakeLink) -> None:
    heard = await make_link()
    asked = len(pbx.received)
    for action in (
        AmiAction("Setvar", (("Value", INJECTION),)),
        AmiAction("Setvar", ((INJECTION, "x"),)),
        AmiAction(INJECTION),
    ):
        with pytest.raises(UnsafeHeaderError):
            await heard.link.send(action)
    await heard.link.send(actions.ping())
    assert [one["Action"] for one in pbx.received[asked:]] == ["Ping"]


# ------------------------------------------------------------------ one untracked task for each event


async def test_stock_makes_a_task_of_each_event() -> None:
    manager, protocol = stock()
    gate = asyncio.Event()

    async def slow(_: Manager, event: Any) -> None:
        await gate.wait()

    manager.register_event("*", slow)
    before = len(asyncio.all_tasks())
    protocol.data_received(CHINESE * 500)
    assert len(asyncio.all_tasks()) - before == 500
    gate.set()
    await asyncio.gather(*(asyncio.all_tasks() - {asyncio.current_task()}), return_exceptions=True)


async def test_a_slow_handler_makes_no_task_and_keeps_the_order(pbx: FakeAsterisk, make_link: MakeLink) -> None:
    gate = asyncio.Event()
    seen: list[int] = []

    async def slow(event: Event) -> None:
        await gate.wait()
        seen.append(int(event["N"]))

    heard = await make_link(handlers={"A": slow})
    before = len(asyncio.all_tasks())
    for n in range(500):
        pbx.event("A", N=str(n))
    await pbx.until(lambda: heard.link.waiting == 499)
    assert len(asyncio.all_tasks()) == before
    gate.set()
    await pbx.until(lambda: len(seen) == 500)
    assert seen == list(range(500))


# ------------------------------------------------------------------ every event is a success, every key is there


def test_stock_a_failed_originate_is_a_success_and_a_typo_is_empty() -> None:
    failed = Message({"Event": "OriginateResponse", "Response": "Failure"})
    assert failed.success
    assert failed.uniqeid == ""


async def test_a_failed_originate_is_a_failure_and_a_typo_an_error(pbx: FakeAsterisk, make_link: MakeLink) -> None:
    def queued(client: Connection, action: Headers) -> None:
        client.respond(action)
        client.write(frame("Event", "OriginateResponse", {"ActionID": action["ActionID"], "Response": "Failure"}))

    pbx.answers["Originate"] = queued
    heard = await make_link()
    outcome = await heard.link.send(actions.originate("PJSIP/1001", context="c", extension="1"))
    assert not outcome.success
    with pytest.raises(KeyError):
        outcome["Uniqeid"]


# ------------------------------------------------------------------ fast_agi and call_manager


def test_nothing_of_ours_uses_panoramisk_but_the_session_with_its_actions_and_never_its_unsound_parts() -> None:
    root = Path(__file__).parents[2]
    users: dict[str, set[str]] = {}
    for package in ("agent_console", "config", "cti", "ivr", "storage"):
        for path in (root / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                found = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
                if isinstance(node, ast.ImportFrom) and node.module:
                    found = [node.module]
                if names := {name for name in found if name.split(".")[0] == "panoramisk"}:
                    users.setdefault(str(path.relative_to(root)), set()).update(names)
    assert users == {
        "cti/ami/session.py": {"panoramisk.ami_protocol", "panoramisk.manager"},
        "cti/ami/wire.py": {"panoramisk.actions"},
    }
