"""The link against a fake Asterisk on a real socket: coming up, going down, asking, closing."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from cti.ami import actions, session, wire
from cti.ami.errors import (
    ActionRefusedError,
    ActionTimeoutError,
    LinkBusyError,
    LinkClosedError,
    LinkDownError,
    LinkLostError,
    MisuseError,
    NotRepeatableError,
    PartialListError,
)
from cti.ami.intake import DoubtReason
from cti.ami.link import AmiLink, LinkState, Phase
from cti.ami.messages import Event
from cti.ami.session import DownReason, Timings
from tests.ami.conftest import QUICK, MakeLink
from tests.fakes.asterisk_ami import Connection, FakeAsterisk, Headers, frame


def ignore(client: Connection, action: Headers) -> None:
    """Leave the client waiting."""


def drop(client: Connection, action: Headers) -> None:
    client.drop()


# ------------------------------------------------------------------ coming up


async def test_a_login_by_challenge_never_shows_the_secret(pbx: FakeAsterisk, make_link: MakeLink) -> None:
    heard = await make_link()
    assert heard.link.state.up
    assert [one["Action"] for one in pbx.received[:2]] == ["Challenge", "Login"]
    assert not any("s3cret" in value for one in pbx.received for value in one.values())
    assert "s3cret" not in repr(pbx.address)
    await pbx.until(lambda: [state.phase for state in heard.states] == [Phase.UP])


async def test_a_plain_login_is_possible_when_asked_for(pbx: FakeAsterisk, make_link: MakeLink) -> None:
    await make_link(address=replace(pbx.address, auth="plain"))
    assert pbx.received[0]["Secret"] == "s3cret"


async def test_two_greetings_are_no_obstacle(pbx: FakeAsterisk, make_link: MakeLink) -> None:
    pbx.greetings = 2
    await make_link()


async def test_the_link_is_not_up_before_the_pbx_has_booted(pbx: FakeAsterisk, make_link: MakeLink) -> None:
    pbx.booted = False
    heard = await make_link("Hangup", up=False)
    await pbx.until(lambda: pbx.count("QueueSummary") >= 2)
    pbx.event("Hangup", Uniqueid="before")
    assert not heard.link.state.up
    pbx.booted = True
    pbx.event("FullyBooted")
    await heard.link.wait_up(5)
    pbx.event("Hangup", Uniqueid="after")
    await pbx.until(lambda: bool(heard.events))
    assert [event["Uniqueid"] for event in heard.events] == ["after"]


async def test_a_user_who_is_not_told_of_the_boot_finds_out(pbx: FakeAsterisk, make_link: MakeLink) -> None:
    pbx.announces_boot = False
    await make_link()
    assert pbx.count("QueueSummary") == 1


async def test_a_pbx_that_never_boots_is_said_to_be_so(pbx: FakeAsterisk, make_link: MakeLink) -> None:
    pbx.booted = False
    heard = await make_link(up=False, timings=replace(QUICK, boot_s=0.1))
    await pbx.until(lambda: bool(heard.states))
    assert heard.states[0].reason is DownReason.NOT_BOOTED


async def test_starting_without_a_pbx_is_no_error_and_it_is_found_later(pbx: FakeAsterisk, make_link: MakeLink) -> None:
    await pbx.stop()
    heard = await make_link(up=False)
    await pbx.until(lambda: bool(heard.states))
    assert heard.states[0].reason is DownReason.UNREACHABLE
    with pytest.raises(LinkDownError):
        await heard.link.send(actions.ping())
    with pytest.raises(LinkDownError):
        await heard.link.wait_up(0.01)
    await pbx.start()
    await heard.link.wait_up(5)


@pytest.mark.parametrize("greeting", [b"", b"SSH-2.0-OpenSSH\r\n"])
async def test_somebody_else_on_the_port_is_not_ami(pbx: FakeAsterisk, make_link: MakeLink, greeting: bytes) -> None:
    pbx.greetings = 0
    heard = await make_link(up=False, timings=replace(QUICK, greeting_s=0.1))
    await pbx.until(lambda: bool(pbx.connections))
    pbx.client.write(greeting)
    await pbx.until(lambda: bool(heard.states))
    assert heard.states[0].reason is DownReason.NOT_AMI
    assert heard.states[0].alarm


async def test_a_login_without_answer_is_given_up(pbx: FakeAsterisk, make_link: MakeLink) -> None:
    pbx.answers["Login"] = ignore
    heard = await make_link(up=False, timings=replace(QUICK, login_s=0.1))
    await pbx.until(lambda: bool(heard.states))
    assert heard.states[0].reason is DownReason.NOT_AMI


async def test_a_refused_login_is_an_alarm_and_not_hurried(pbx: FakeAsterisk, make_link: MakeLink) -> None:
    pbx.refuse_login = True
    heard = await make_link(up=False)
    await pbx.until(lambda: len(heard.pauses) == 3)
    assert heard.pauses == [30.0, 30.0, 30.0]
    assert [(state.reason, state.alarm) for state in heard.states] == [(DownReason.REFUSED, True)]
    pbx.refuse_login = False
    await heard.link.wait_up(5)


async def test_login_slots_taken_is_an_alarm_after_a_while(pbx: FakeAsterisk, make_link: MakeLink) -> None:
    pbx.hang_up_at_once = True
    heard = await make_link(up=False)
    await pbx.until(lambda: len(heard.states) == 2)
    assert [(state.reason, state.alarm) for state in heard.states] == [
        (DownReason.LOST, False), (DownReason.LOST, True),
    ]  # fmt: skip


async def test_pauses_grow_from_a_fifth_of_a_second_to_five_with_jitter(pbx: FakeAsterisk, make_link: MakeLink) -> None:
    pbx.hang_up_at_once = True
    heard = await make_link(up=False)
    await pbx.until(lambda: len(heard.pauses) >= 12)
    pauses = heard.pauses[:12]
    assert all(0.2 <= pause <= 5.0 for pause in pauses)
    assert pauses[0] == 0.2
    assert all(pause >= 2.5 for pause in pauses[6:])
    assert len(set(pauses[5:])) == len(pauses[5:])


async def test_a_pbx_that_hangs_up_after_each_login_is_not_hurried(pbx: FakeAsterisk, make_link: MakeLink) -> None:
    pbx.answers["Ping"] = drop
    heard = await make_link()
    for times in range(1, 8):
        await pbx.until(lambda times=times: len(pbx.connections) == times and heard.link.state.up)  # type: ignore[misc]
        with pytest.raises(LinkLostError):
            await heard.link.send(actions.ping())
        await pbx.until(lambda times=times: len(heard.pauses) == times)  # type: ignore[misc]
    assert heard.pauses[-1] >= 2.5


async def test_a_link_that_held_begins_with_short_pauses_again(pbx: FakeAsterisk, make_link: MakeLink) -> None:
    now = [0.0]
    heard = await make_link(monotonic=lambda: now[0])
    for lost in range(1, 9):
        now[0] += 60
        pbx.drop_all()
        await pbx.until(lambda lost=lost: len(heard.pauses) == lost)  # type: ignore[misc]
        await heard.link.wait_up(5)
    assert set(heard.pauses) == {0.2}


# ------------------------------------------------------------------ going down


async def test_a_crash_is_told_and_the_link_comes_back(pbx: FakeAsterisk, make_link: MakeLink) -> None:
    heard = await make_link("Hangup")
    pbx.event("Hangup", Uniqueid="1")
    await pbx.until(lambda: bool(heard.events))
    pbx.drop_all()
    await pbx.until(lambda: len(heard.states) == 3)
    pbx.event("Hangup", Uniqueid="2")
    await pbx.until(lambda: len(heard.events) == 2)
    assert [(state.phase, state.reason) for state in heard.states] == [
        (Phase.UP, None), (Phase.DOWN, DownReason.LOST), (Phase.UP, None),
    ]  # fmt: skip


async def test_a_shutdown_is_known_as_one(pbx: FakeAsterisk, make_link: MakeLink) -> None:
    heard = await make_link()
    pbx.event("Shutdown", Shutdown="Cleanly", Restart="False")
    pbx.client.writer.close()
    await pbx.until(lambda: len(heard.states) >= 2)
    assert heard.states[1].reason is DownReason.SHUTDOWN


async def test_going_down_comes_after_the_events_before_it(pbx: FakeAsterisk, make_link: MakeLink) -> None:
    story: list[str] = []
    gate = asyncio.Event()

    async def slow(event: Event) -> None:
        await gate.wait()
        story.append(event["N"])

    heard = await make_link(handlers={"A": slow}, on_state=lambda state: story.append(str(state.phase)))
    for n in range(3):
        pbx.event("A", N=str(n))
    pbx.client.writer.close()
    await pbx.until(lambda: len(pbx.connections) == 2 and heard.link.state.up)
    gate.set()
    await pbx.until(lambda: len(story) == 6)
    assert story == ["up", "0", "1", "2", "down", "up"]


async def test_a_half_open_link_is_found_by_the_missing_pong(pbx: FakeAsterisk, make_link: MakeLink) -> None:
    heard = await make_link(timings=replace(QUICK, ping_idle_s=0.1, silent_s=0.3))
    await pbx.until(lambda: pbx.count("Ping") >= 3)
    assert heard.link.state.up
    pbx.silent = True
    await pbx.until(lambda: len(heard.states) >= 2)
    assert heard.states[1].reason is DownReason.SILENT


def test_the_shipped_waits_find_a_half_open_link_within_twelve_seconds() -> None:
    shipped = Timings()
    assert (shipped.ping_idle_s, shipped.silent_s) == (4.0, 10.0)


async def test_any_byte_is_life(pbx: FakeAsterisk, make_link: MakeLink) -> None:
    heard = await make_link(timings=replace(QUICK, ping_idle_s=0.1, silent_s=0.4))
    pbx.silent = True
    for byte in b"Event: Nothing":
        before = heard.link.frame_counters.bytes
        pings = pbx.count("Ping")
        await pbx.until(lambda pings=pings: pbx.count("Ping") > pings)  # type: ignore[misc]
        pbx.client.write(bytes([byte]))
        await pbx.until(lambda before=before: heard.link.frame_counters.bytes > before)  # type: ignore[misc]
    assert heard.link.state.up
    assert len(pbx.connections) == 1


# ------------------------------------------------------------------ asking


async def test_an_answer_is_what_the_pbx_said(pbx: FakeAsterisk, make_link: MakeLink) -> None:
    pbx.answers["CoreStatus"] = lambda client, action: client.respond(action, CoreStartupDate="2026-03-01")
    heard = await make_link()
    response = await heard.link.send(actions.core_status())
    assert response.success
    assert (response.name, response["CoreStartupDate"]) == ("CoreStatus", "2026-03-01")
    refused = await heard.link.send(actions.queue_remove("water", "PJSIP/1001"))
    assert not refused.success
    with pytest.raises(ActionRefusedError):
        refused.or_raise()


async def test_action_ids_are_random_and_long(pbx: FakeAsterisk, make_link: MakeLink) -> None:
    heard = await make_link()
    for _ in range(20):
        await heard.link.send(actions.ping())
    ids = [one["ActionID"] for one in pbx.received]
    assert len(set(ids)) == len(ids)
    assert all(len(bytes.fromhex(one)) == 16 for one in ids)


async def test_an_action_without_answer_has_a_deadline_and_its_late_answer_harms_nobody(
    pbx: FakeAsterisk, make_link: MakeLink
) -> None:
    pbx.answers["CoreStatus"] = ignore
    heard = await make_link("DeviceStateChange")
    with pytest.raises(ActionTimeoutError, match="CoreStatus"):
        await heard.link.send(actions.core_status(), timeout_s=0.05)
    late = pbx.received[-1]
    pbx.client.respond(late)
    pbx.event("DeviceStateChange", ActionID=late["ActionID"])
    pbx.event("DeviceStateChange", Device="PJSIP/1001")
    await pbx.until(lambda: len(heard.events) == 1)
    assert heard.events[0]["Device"] == "PJSIP/1001"
    assert heard.link.counters.stale == 1
    assert heard.doubts == []


async def test_an_answer_that_nobody_asked_for_is_forged(pbx: FakeAsterisk, make_link: MakeLink) -> None:
    heard = await make_link()
    pbx.client.write(frame("Response", "Success", {"ActionID": "guessed"}))
    pbx.client.write(frame("Response", "Success", [("ActionID", "x"), ("ActionID", "y")]))
    await pbx.until(lambda: bool(heard.doubts))
    assert heard.doubts[0].reason is DoubtReason.FORGED


async def test_a_crash_fails_what_is_under_way_and_leaves_no_table(pbx: FakeAsterisk, make_link: MakeLink) -> None:
    pbx.answers["Hangup"] = ignore
    pbx.answers["QueueStatus"] = ignore
    heard = await make_link()
    asked = [
        asyncio.ensure_future(heard.link.send(actions.hangup("PJSIP/1-1"))),
        asyncio.ensure_future(heard.link.collect(actions.queue_status())),
    ]
    await pbx.until(lambda: pbx.count("Hangup") == pbx.count("QueueStatus") == 1)
    pbx.drop_all()
    for outcome in await asyncio.gather(*asked, return_exceptions=True):
        assert isinstance(outcome, LinkLostError)
    await heard.link.wait_up(5)
    assert pbx.count("Hangup") == 1


async def test_what_is_safe_to_repeat_is_repeated_when_asked_for(pbx: FakeAsterisk, make_link: MakeLink) -> None:
    pbx.answers["QueuePause"] = drop
    heard = await make_link()
    pause = actions.queue_pause("PJSIP/1001", paused=True)
    asked = asyncio.ensure_future(heard.link.send(pause, idempotent=True))
    await pbx.until(lambda: pbx.count("QueuePause") == 1)
    pbx.answers["QueuePause"] = lambda client, action: client.respond(action)
    assert (await asked).success
    assert pbx.count("QueuePause") == 2
    with pytest.raises(NotRepeatableError):
        await heard.link.send(actions.hangup("PJSIP/1-1"), idempotent=True)


async def test_a_repeat_keeps_to_the_first_deadline(pbx: FakeAsterisk, make_link: MakeLink) -> None:
    pbx.answers["CoreStatus"] = drop
    heard = await make_link(timings=replace(QUICK))
    with pytest.raises((ActionTimeoutError, LinkDownError, LinkLostError)):
        await heard.link.send(actions.core_status(), timeout_s=0.2, idempotent=True)


async def test_too_many_waiting_actions_are_refused_before_the_socket(
    pbx: FakeAsterisk, make_link: MakeLink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "MAX_PENDING", 3)
    pbx.answers["CoreStatus"] = ignore
    heard = await make_link()
    asked = [asyncio.ensure_future(heard.link.send(actions.core_status())) for _ in range(3)]
    await pbx.until(lambda: pbx.count("CoreStatus") == 3)
    with pytest.raises(LinkBusyError):
        await heard.link.send(actions.core_status())
    for one in asked:
        one.cancel()
    await asyncio.gather(*asked, return_exceptions=True)
    pbx.answers["CoreStatus"] = lambda client, action: client.respond(action)
    assert (await heard.link.send(actions.core_status())).success


async def test_an_originate_ends_with_the_word_of_its_event(pbx: FakeAsterisk, make_link: MakeLink) -> None:
    def queued(client: Connection, action: Headers) -> None:
        client.respond(action, Message="Originate successfully queued")
        outcome = {"ActionID": action["ActionID"], "Response": "Failure", "Reason": "3"}
        client.write(frame("Event", "OriginateResponse", outcome))

    pbx.answers["Originate"] = queued
    heard = await make_link("OriginateResponse")
    order = actions.originate("PJSIP/1001", context="from-phone", extension="96000")
    response = await heard.link.send(order)
    assert (response.success, response["Reason"], response.name) == (False, "3", "Originate")
    pbx.answers["Originate"] = lambda client, action: client.respond(action, "Error", Message="No such channel type")
    assert not (await heard.link.send(order)).success
    assert heard.events == []


# ------------------------------------------------------------------ lists

MEMBER = ("QueueMember", {"Queue": "water", "Location": "PJSIP/1001"})
ENTRY = ("QueueEntry", {"Queue": "water", "CallerIDName": "王小明"})


async def test_a_list_is_collected_and_other_events_go_their_way(pbx: FakeAsterisk, make_link: MakeLink) -> None:
    def answer(client: Connection, action: Headers) -> None:
        client.write(frame("Event", "Hangup", {"Uniqueid": "1"}))
        pbx.listing("QueueStatusComplete", [MEMBER, ENTRY])(client, action)

    pbx.answers["QueueStatus"] = answer
    heard = await make_link("Hangup")
    items = await heard.link.collect(actions.queue_status("water"))
    assert [(item.name, item["Queue"]) for item in items] == [("QueueMember", "water"), ("QueueEntry", "water")]
    await pbx.until(lambda: heard.names == ["Hangup"])
    assert heard.events[0].position == items[0].position == 1


async def test_a_lists_item_that_comes_unasked_and_nobody_handles_fails_no_handler(
    pbx: FakeAsterisk, make_link: MakeLink
) -> None:
    """``DeviceStateChange`` is an item of a list, and an event that Asterisk sends when a phone changes."""
    heard = await make_link("Hangup")
    pbx.event("DeviceStateChange", Device="PJSIP/1001", State="INUSE")
    pbx.event("Hangup", Uniqueid="1")
    await pbx.until(lambda: bool(heard.events))
    assert heard.names == ["Hangup"]
    assert (heard.doubts, heard.link.counters.handler_errors) == ([], 0)


async def test_a_late_item_of_a_list_that_was_given_up_fails_no_handler(pbx: FakeAsterisk, make_link: MakeLink) -> None:
    pbx.answers["QueueStatus"] = pbx.listing("QueueStatusComplete", [MEMBER], ends="")
    heard = await make_link("Hangup")
    with pytest.raises(ActionTimeoutError):
        await heard.link.collect(actions.queue_status(), timeout_s=0.05)
    pbx.event(*ENTRY, ActionID=pbx.received[-1]["ActionID"])
    pbx.event("Hangup", Uniqueid="1")
    await pbx.until(lambda: bool(heard.events))
    assert (heard.names, heard.doubts, heard.link.counters.handler_errors) == (["Hangup"], [], 0)


async def test_items_stream_before_the_list_is_over(pbx: FakeAsterisk, make_link: MakeLink) -> None:
    pbx.answers["QueueStatus"] = pbx.listing("QueueStatusComplete", [MEMBER, ENTRY], ends="")
    heard = await make_link()
    stream = heard.link.items(actions.queue_status())
    assert (await anext(stream)).name == "QueueMember"
    assert (await anext(stream)).name == "QueueEntry"
    await stream.aclose()
    session_ = heard.link._session
    assert session_ is not None
    assert session_.protocol.responses == {}


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (FakeAsterisk.listing("QueueStatusComplete", [MEMBER], ends="cancelled"), PartialListError),
        (FakeAsterisk.listing("QueueStatusComplete", [MEMBER], count=2), PartialListError),
        (FakeAsterisk.listing("QueueStatusComplete", [MEMBER], ends=""), ActionTimeoutError),
        (lambda client, action: client.respond(action, "Error", Message="Permission denied"), ActionRefusedError),
    ],
)
async def test_a_list_that_is_not_whole_is_an_error(
    pbx: FakeAsterisk, make_link: MakeLink, answer: Any, error: type[Exception]
) -> None:
    pbx.answers["QueueStatus"] = answer
    heard = await make_link()
    with pytest.raises(error):
        await heard.link.collect(actions.queue_status(), timeout_s=0.3)


async def test_a_partial_list_carries_what_came(pbx: FakeAsterisk, make_link: MakeLink) -> None:
    pbx.answers["QueueStatus"] = pbx.listing("QueueStatusComplete", [MEMBER], ends="cancelled")
    heard = await make_link()
    with pytest.raises(PartialListError, match="cancelled") as caught:
        await heard.link.collect(actions.queue_status())
    assert [item.name for item in caught.value.items] == ["QueueMember"]


async def test_a_forged_item_spoils_its_list_and_no_other(pbx: FakeAsterisk, make_link: MakeLink) -> None:
    def answer(client: Connection, action: Headers) -> None:
        mine = action["ActionID"]
        client.respond(action, EventList="start")
        twice = [("Channel", "PJSIP/a-1"), ("Uniqueid", "1"), ("Uniqueid", "2"), ("ActionID", mine)]
        client.write(frame("Event", "CoreShowChannel", twice))
        end = {"ActionID": mine, "EventList": "Complete", "ListItems": "1"}
        client.write(frame("Event", "CoreShowChannelsComplete", end))

    pbx.answers["CoreShowChannels"] = answer
    heard = await make_link()
    with pytest.raises(PartialListError) as caught:
        await heard.link.collect(actions.core_show_channels())
    assert caught.value.refused == 1


async def test_an_empty_list_may_come_as_an_error(pbx: FakeAsterisk, make_link: MakeLink) -> None:
    pbx.answers["PJSIPShowContacts"] = lambda client, action: client.respond(
        action, "Error", Message="No Contacts found"
    )
    heard = await make_link()
    assert await heard.link.collect(actions.pjsip_show_contacts()) == []


async def test_a_list_without_end_is_bounded(
    pbx: FakeAsterisk, make_link: MakeLink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "MAX_ITEMS", 5)
    pbx.answers["QueueStatus"] = pbx.listing("QueueStatusComplete", [MEMBER] * 10)
    heard = await make_link()
    with pytest.raises(PartialListError, match="too long"):
        await heard.link.collect(actions.queue_status())


async def test_a_list_is_collected_and_an_action_sent(pbx: FakeAsterisk, make_link: MakeLink) -> None:
    heard = await make_link()
    with pytest.raises(MisuseError, match="collect"):
        await heard.link.send(actions.queue_status())
    with pytest.raises(MisuseError, match="send"):
        await heard.link.collect(actions.ping())


async def test_a_snapshot_taken_when_the_link_comes_up_has_later_events_behind_it(
    pbx: FakeAsterisk, make_link: MakeLink
) -> None:
    story: list[str] = []

    def answer(client: Connection, action: Headers) -> None:
        client.write(frame("Event", "Hangup", {"Uniqueid": "1"}))
        pbx.listing("QueueStatusComplete", [MEMBER])(client, action)

    async def on_state(state: LinkState) -> None:
        story.append(str(state.phase))
        items = await heard.link.collect(actions.queue_status())
        story.append(f"{len(items)} items")

    pbx.answers["QueueStatus"] = answer
    heard = await make_link(handlers={"Hangup": lambda event: story.append(event.name)}, up=False, on_state=on_state)
    await pbx.until(lambda: len(story) == 3)
    assert story == ["up", "1 items", "Hangup"]


# ------------------------------------------------------------------ closing


async def test_closing_while_up_ends_the_connection_and_fails_what_is_asked(
    pbx: FakeAsterisk, make_link: MakeLink
) -> None:
    pbx.answers["CoreStatus"] = ignore
    heard = await make_link()
    asked = asyncio.ensure_future(heard.link.send(actions.core_status()))
    await pbx.until(lambda: pbx.count("CoreStatus") == 1)
    await heard.link.close()
    with pytest.raises(LinkLostError):
        await asked
    await pbx.until(lambda: pbx.client.over)
    assert heard.link.state.phase is Phase.CLOSED
    for attempt in (heard.link.send(actions.ping()), heard.link.wait_up(1), heard.link.start()):
        with pytest.raises(LinkClosedError):
            await attempt
    await heard.link.close()


async def test_closing_in_the_pause_before_a_try_makes_no_try(pbx: FakeAsterisk, make_link: MakeLink) -> None:
    pausing = asyncio.Event()

    async def pause(seconds: float) -> None:
        pausing.set()
        await asyncio.Event().wait()

    heard = await make_link(sleep=pause)
    pbx.drop_all()
    await pausing.wait()
    await heard.link.close()
    assert len(pbx.connections) == 1


async def test_closing_during_the_login_ends_it(pbx: FakeAsterisk, make_link: MakeLink) -> None:
    pbx.answers["Login"] = ignore
    heard = await make_link(up=False)
    await pbx.until(lambda: pbx.count("Login") == 1)
    await heard.link.close()
    await pbx.until(lambda: pbx.client.over)


async def test_a_link_starts_once(pbx: FakeAsterisk, make_link: MakeLink) -> None:
    heard = await make_link()
    with pytest.raises(LinkClosedError):
        await heard.link.start()


async def test_a_fault_of_ours_is_an_alarm_and_not_the_end(
    pbx: FakeAsterisk, make_link: MakeLink, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(self: session.Session) -> None:
        raise RuntimeError("a fault")

    monkeypatch.setattr(session.Session, "_log_in", broken)
    heard = await make_link(up=False)
    await pbx.until(lambda: bool(heard.states))
    assert heard.states[0].reason is DownReason.INTERNAL
    assert "by a fault of ours" in caplog.text
    monkeypatch.undo()
    await heard.link.wait_up(5)


async def test_the_death_of_a_task_is_not_silent(
    pbx: FakeAsterisk, make_link: MakeLink, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def dies(self: AmiLink) -> None:
        raise RuntimeError("a fault")

    monkeypatch.setattr(AmiLink, "_keep", dies)
    await make_link(up=False)
    await pbx.until(lambda: "ami-link died" in caplog.text)


async def test_a_stuck_reader_of_ours_is_told_how_much_waits(pbx: FakeAsterisk, make_link: MakeLink) -> None:
    gate = asyncio.Event()

    async def slow(event: Event) -> None:
        await gate.wait()

    heard = await make_link(handlers={"A": slow})
    for _ in range(5):
        pbx.event("A")
    await pbx.until(lambda: heard.link.waiting == 4)
    gate.set()
    await pbx.until(lambda: heard.link.waiting == 0)


async def test_a_flood_is_read_to_its_end_in_order_while_actions_are_answered(
    pbx: FakeAsterisk, make_link: MakeLink
) -> None:
    seen: list[int] = []
    heard = await make_link(handlers={"Newchannel": lambda event: seen.append(int(event["N"]))})
    for n in range(20_000):
        pbx.event("Newchannel", N=str(n), CallerIDName="王小明")
        pbx.event("VarSet", Variable="A", Value="")
    assert (await heard.link.send(actions.ping())).success
    await pbx.until(lambda: len(seen) == 20_000, timeout_s=20)
    assert seen == list(range(20_000))
    assert heard.link.frame_counters.skipped >= 20_000
    assert (heard.link.counters.dropped, heard.link.counters.shed, heard.doubts) == (0, 0, [])
    assert len(pbx.connections) == 1
