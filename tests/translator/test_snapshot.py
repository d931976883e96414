"""From the PBX's lists to facts, as recorded while a call talked and while one rang."""

from datetime import timedelta

import pytest

from cti.ami.errors import ForgedFrameError
from cti.ami.messages import Event, Response
from cti.domain import events as e
from cti.domain.centre import Centre
from cti.domain.events import DeviceState
from cti.domain.ids import AgentId, ChannelId, Extension, QueueName
from cti.domain.model import CallStage, RoutingStatus
from cti.translator import Snapshot, boot_time, snapshot
from tests.translator.frames import BEGIN, BOOT, PBX, TRANSLATOR, changed, messages, named, transcript

WATER = QueueName("water")
PHONE = Extension("2001")


def _lists(name: str) -> tuple[list[Event], list[Event]]:
    """Return the channels and the queues of the recording's last snapshot."""
    found = messages(transcript(name))
    channels = [message for message in found if message.name == "CoreShowChannel"]
    queues = [message for message in found if message.name in ("QueueParams", "QueueMember", "QueueEntry")]
    return channels, queues[2:] if name == "answered" else queues


def _snapshot(name: str) -> Snapshot:
    return snapshot(TRANSLATOR, *_lists(name), [])


def _applied(found: Snapshot) -> Centre:
    centre = Centre()
    centre.apply(e.LinkUp(at=BEGIN, pbx=PBX, boot=BOOT))
    centre.apply(e.AgentEnrolled(at=BEGIN, agent=AgentId("agent1"), name="", extension=PHONE, queues=(WATER,)))
    for fact in found.facts:
        centre.apply(fact)
    return centre


def test_a_call_that_talks_is_found_talking_with_its_queue() -> None:
    found = _snapshot("answered")
    state = _applied(found).state
    (call,) = state.calls.values()
    assert (call.stage, call.agent, call.queue, call.counted) == (CallStage.TALKING, "agent1", WATER, True)
    assert (call.caller_name, call.dialled, call.inbound) == ("王芳", "", True)
    assert state.agents[AgentId("agent1")].routing is RoutingStatus.ON_CALL
    assert found.members == frozenset({(WATER, PHONE)})
    assert len(found.legs) == 2


def test_a_call_that_rings_at_an_agent_is_found_offered_and_waiting() -> None:
    state = _applied(_snapshot("abandoned")).state
    (call,) = state.calls.values()
    assert (call.stage, call.offered_to, state.waiting(WATER)) == (CallStage.OFFERED, "agent1", (call.id,))
    assert state.agents[AgentId("agent1")].routing is RoutingStatus.RINGING


def test_times_are_when_it_began_not_when_we_asked() -> None:
    channels, _ = _lists("abandoned")
    found = _snapshot("abandoned")
    caller = next(fact for fact in found.facts if isinstance(fact, e.LegStarted))
    assert caller.at == channels[1].at - timedelta(seconds=1)


def test_the_same_snapshot_twice_changes_nothing() -> None:
    found = _snapshot("abandoned")
    centre = _applied(found)
    assert all(centre.apply(fact) == type(centre.apply(fact))() for fact in found.facts)


def test_a_waiting_caller_whose_channel_is_not_listed_is_left_to_the_events() -> None:
    _, queues = _lists("abandoned")
    found = snapshot(TRANSLATOR, [], queues, [])
    assert [type(fact).__name__ for fact in found.facts] == ["MemberSeen", "QueueSeen"]
    assert found.calls == frozenset()


def test_waiting_callers_come_in_the_queues_order() -> None:
    channels, queues = _lists("abandoned")
    entry = next(item for item in queues if item.name == "QueueEntry")
    caller = channels[1]
    second = changed(caller, Uniqueid="1.2", Linkedid="1.2", Channel="PJSIP/trunk-0000000f")
    rest = [item for item in queues if item.name != "QueueEntry"]
    found = snapshot(
        TRANSLATOR,
        [caller, second],
        [*rest, changed(entry, Position="2"), changed(entry, Uniqueid="1.2", Position="1")],
        [],
    )
    seen = next(fact for fact in found.facts if isinstance(fact, e.QueueSeen))
    assert seen.waiting == tuple(fact.call for fact in found.facts if isinstance(fact, e.CallerQueued))
    assert next(fact.leg for fact in found.facts if isinstance(fact, e.CallerQueued)) == ChannelId("1.2")


def test_devices_are_read_when_the_pbx_lists_them() -> None:
    device = changed(named("Newstate"))
    device.clear()
    device.update({"Event": "DeviceStateChange", "Device": "PJSIP/1001", "State": "UNAVAILABLE", "ActionID": "x"})
    device.name = "DeviceStateChange"
    found = snapshot(TRANSLATOR, [], [], [device])
    assert found.facts == (
        e.DeviceSeen(at=device.at, pbx=PBX, extension=Extension("1001"), device=DeviceState.UNAVAILABLE),
    )


def test_a_dialled_number_is_kept_while_the_snapshot_shows_one() -> None:
    channels, _ = _lists("abandoned")
    found = snapshot(TRANSLATOR, [changed(channels[1], Exten="96000")], [], [])
    assert [fact.dialled for fact in found.facts if isinstance(fact, e.LegStarted)] == ["96000"]


@pytest.mark.parametrize("application", ["AppDial", "Queue"])
def test_who_is_bridged_outside_a_queue_has_none(application: str) -> None:
    channels, _ = _lists("answered")
    asked = {"Application": application, "ApplicationData": "(Outgoing Line)"}
    found = snapshot(TRANSLATOR, [changed(channel, **asked) for channel in channels], [], [])
    assert not any(isinstance(fact, e.CallerFoundServed) for fact in found.facts)


@pytest.mark.parametrize("headers", [{"Extra": "x"}, {"Duration": None}, {"Duration": "long"}])
def test_a_list_with_an_item_that_asterisk_does_not_write_is_no_truth(headers: dict[str, str | None]) -> None:
    channels, _ = _lists("answered")
    with pytest.raises(ForgedFrameError):
        snapshot(TRANSLATOR, [changed(channels[0], **headers)], [], [])


def test_the_pbxs_start_tells_one_run_from_another() -> None:
    status = Response({"CoreStartupDate": "2026-11-22", "CoreStartupTime": "05:20:01"})
    assert boot_time(status) == BOOT
    for broken in ({}, {"CoreStartupDate": "today", "CoreStartupTime": "now"}):
        with pytest.raises(ForgedFrameError):
            boot_time(Response(broken))


def test_a_conference_rooms_own_channels_are_no_calls() -> None:
    channels, queues = _lists("answered")
    rooms = changed(
        channels[0], Channel="CBAnn/1795652205.0-00000000;2", Uniqueid="1795652299.7", Linkedid="1795652299.7"
    )
    found = snapshot(TRANSLATOR, [*channels, rooms], queues, [])
    assert found.calls == _snapshot("answered").calls
