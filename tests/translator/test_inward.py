"""From recorded Asterisk 22 traffic to facts, whole, split and hostile."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cti.ami.errors import ForgedFrameError
from cti.domain import events as e
from cti.domain.centre import Centre
from cti.domain.events import DeviceState
from cti.domain.ids import AgentId, Extension, LinkedId, QueueName
from cti.domain.model import Outcome, RoutingStatus
from cti.translator import words
from cti.translator.inward import NAMES
from tests.translator.frames import BEGIN, BOOT, PBX, TRANSLATOR, call_ids, changed, facts, named, transcript

AGENT = AgentId("agent1")
PHONE = Extension("2001")
WATER = QueueName("water")


def _centre() -> Centre:
    centre = Centre()
    centre.apply(e.LinkUp(at=BEGIN, pbx=PBX, boot=BOOT))
    centre.apply(e.AgentEnrolled(at=BEGIN, agent=AGENT, name="", extension=PHONE, queues=(WATER,)))
    return centre


def test_an_answered_call_as_asterisk_told_it() -> None:
    kinds = [type(fact).__name__ for fact in facts(transcript("answered"))]
    assert kinds == [
        "MemberSeen",
        "LegStarted",
        "LegAnswered",
        "CallerQueued",
        "LegStarted",
        "AgentOffered",
        "MemberSeen",
        "LegAnswered",
        "MemberSeen",
        "CallerLeftQueue",
        "AgentConnected",
        "LegBridged",
        "LegBridged",
        "MemberSeen",
        "AgentCompleted",
        "LegUnbridged",
        "LegUnbridged",
        "LegEnded",
        "LegEnded",
        "MemberSeen",
        "MemberSeen",
        "MemberGone",
    ]


def test_the_callers_leg_and_the_agents_leg_are_told_apart() -> None:
    caller, agent = (fact for fact in facts(transcript("answered")) if isinstance(fact, e.LegStarted))
    assert (caller.caller_number, caller.caller_name, caller.dialled) == ("13800138000", "王芳", "96000")
    assert (caller.inbound, caller.extension, str(caller.leg)) == (True, None, str(caller.linkedid))
    assert (agent.inbound, agent.extension, agent.channel) == (False, PHONE, "PJSIP/2001-00000001")
    assert agent.call == caller.call == call_ids(LinkedId("1795324849.0"))


@pytest.mark.parametrize(
    ("name", "outcome", "routing"),
    [
        ("answered", Outcome.ANSWERED, RoutingStatus.WRAP_UP),
        ("abandoned", Outcome.ABANDONED, RoutingStatus.IDLE),
        ("rejected", Outcome.ABANDONED, RoutingStatus.NOT_RESPONDING),
        ("missed", Outcome.ABANDONED, RoutingStatus.NOT_RESPONDING),
    ],
)
def test_what_became_of_the_recorded_calls(name: str, outcome: Outcome, routing: RoutingStatus) -> None:
    centre = _centre()
    ended = [call for fact in facts(transcript(name)) for call in centre.apply(fact).ended]
    assert [call.outcome for call in ended] == [outcome]
    assert (centre.state.agents[AGENT].routing, centre.state.waiting(WATER)) == (routing, ())


def test_every_recorded_offer_is_raised_with_the_agents_leg_before_agent_called() -> None:
    centre = _centre()
    raised = [
        (type(fact).__name__, offer) for fact in facts(transcript("missed")) for offer in centre.apply(fact).offers
    ]
    assert [kind for kind, _ in raised] == ["LegStarted", "LegStarted"]


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_however_the_stream_is_split_the_same_facts_come_out(data: st.DataObject) -> None:
    raw = transcript("answered")
    cuts = data.draw(st.sets(st.integers(1, len(raw) - 1), max_size=30))
    assert facts(raw, pieces=tuple(sorted(cuts))) == facts(raw)


def test_a_chinese_name_survives_a_cut_through_each_of_its_bytes() -> None:
    raw = transcript("answered")
    place = raw.index("王芳".encode())
    for cut in range(place - 1, place + 8):
        legs = [fact for fact in facts(raw, pieces=(cut,)) if isinstance(fact, e.LegStarted)]
        assert legs[0].caller_name == "王芳"


@pytest.mark.parametrize(
    "name",
    [
        "<script>alert(1)</script>",
        "'; DROP TABLE calls; --",
        "$(touch /tmp/x)",
        "=cmd|' /C calc'!A0",
        "\u202eevil",
        "Event: Hangup",
        "a: b: c",
        "😀" * 20,
    ],
)
def test_hostile_text_is_text(name: str) -> None:
    (leg,) = TRANSLATOR.facts(changed(named("Newchannel"), CallerIDName=name))
    assert isinstance(leg, e.LegStarted)
    assert leg.caller_name == name


def test_what_asterisk_was_not_told_is_empty_and_a_novel_is_cut() -> None:
    leg = TRANSLATOR.facts(changed(named("Newchannel"), CallerIDNum="<unknown>", CallerIDName="x" * 5000))[0]
    assert isinstance(leg, e.LegStarted)
    assert (leg.caller_number, len(leg.caller_name)) == ("", 256)


@pytest.mark.parametrize(
    "name", sorted({"Newchannel", "QueueCallerJoin", "AgentConnect", "Hangup", "QueueMemberPause"})
)
def test_a_message_with_a_key_too_many_or_too_few_is_not_believed(name: str) -> None:
    message = named(name)
    for forged in (changed(message, **{"X-Made": "up"}), changed(message, Queue=None) if "Queue" in message else None):
        if forged is not None:
            with pytest.raises(ForgedFrameError):
                TRANSLATOR.facts(forged)


@pytest.mark.parametrize(
    ("name", "header", "value"),
    [
        ("Newchannel", "Uniqueid", "1; DROP"),
        ("Newchannel", "Linkedid", "../../etc/passwd"),
        ("Newchannel", "Channel", "PJSIP/trunk 00000000"),
        ("QueueCallerJoin", "Position", "-1"),
        ("QueueCallerJoin", "Queue", "water<script>"),
        ("Hangup", "Cause", "sixteen"),
        ("AgentConnect", "HoldTime", "1e9"),
        ("QueueMemberPause", "Status", "99"),
    ],
)
def test_a_value_that_cannot_be_asterisks_is_not_believed(name: str, header: str, value: str) -> None:
    with pytest.raises(ForgedFrameError) as error:
        TRANSLATOR.facts(changed(named(name), **{header: value}))
    assert value not in str(error.value)


@pytest.mark.parametrize(
    ("channel", "extension"),
    [
        ("PJSIP/1001-0000001a", "1001"),
        ("PJSIP/1001-0000001A", None),
        ("PJSIP/1001-1a", None),
        ("PJSIP/1001-0000001a;1", None),
        ("PJSIP/trunk-00000001", None),
        ("PJSIP/1001x-0000001a", None),
        ("Local/1001@agents-0000001a;1", None),
        ("PJSIP/1001-0000001a\n", None),
        ("PJSIP/１００１-0000001a", None),
    ],
)
def test_a_channels_name_is_read_exactly(channel: str, extension: str | None) -> None:
    assert words.phone_of_channel(channel) == extension


def test_a_member_that_is_no_phone_of_ours_means_nothing() -> None:
    for name in ("AgentCalled", "AgentConnect", "AgentComplete", "QueueMemberPause", "QueueMemberRemoved"):
        assert TRANSLATOR.facts(changed(named(name), Interface="Local/1001@agents")) == ()
    missed = named("AgentRingNoAnswer", "missed")
    assert TRANSLATOR.facts(changed(missed, Interface="Local/1001@agents")) == ()


def test_only_up_is_an_answer() -> None:
    assert TRANSLATOR.facts(changed(named("Newstate"), ChannelState="5")) == ()


@pytest.mark.parametrize(
    ("name", "headers", "kind"),
    [("Hold", {"MusicClass": "hydrophone"}, e.LegHeld), ("Hold", {}, e.LegHeld), ("Unhold", {}, e.LegResumed)],
)
def test_hold_and_unhold_have_a_channels_keys(name: str, headers: dict[str, str], kind: type[e.Event]) -> None:
    message = changed(named("Newstate"), **headers)
    message.name = name
    assert isinstance(TRANSLATOR.facts(message)[0], kind)


def test_a_devices_state_is_read_and_a_foreign_one_is_not_believed() -> None:
    message = changed(named("Newstate"))
    message.clear()
    message.update({"Event": "DeviceStateChange", "Privilege": "call,all", "Device": "PJSIP/1001", "State": "ONHOLD"})
    message.name = "DeviceStateChange"
    assert TRANSLATOR.facts(message) == (
        e.DeviceSeen(at=message.at, pbx=PBX, extension=Extension("1001"), device=DeviceState.ON_HOLD),
    )
    assert TRANSLATOR.facts(changed(message, Device="Custom:night")) == ()
    with pytest.raises(ForgedFrameError):
        TRANSLATOR.facts(changed(message, State="DANCING"))


def test_the_member_status_is_asterisks_number() -> None:
    seen = [fact for fact in facts(transcript("answered")) if isinstance(fact, e.MemberSeen)]
    assert [fact.device for fact in seen[:3]] == [DeviceState.NOT_IN_USE, DeviceState.RINGING, DeviceState.IN_USE]
    assert [(fact.paused, fact.reason) for fact in seen if fact.paused] == [(True, "on_call"), (True, "on_call")]


def test_a_message_that_nobody_asked_for_is_our_mistake() -> None:
    message = changed(named("Newstate"))
    message.name = "VarSet"
    assert "VarSet" not in NAMES
    with pytest.raises(KeyError):
        TRANSLATOR.facts(message)


def test_a_conversation_that_ended_with_the_agents_channel_gone_is_told_without_it() -> None:
    whole = named("AgentComplete")
    gone = changed(whole, **dict.fromkeys(words.DESTINATION))
    assert TRANSLATOR.facts(gone) == TRANSLATOR.facts(whole)
