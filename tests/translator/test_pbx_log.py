"""Asterisk's own account of calls, read line by line, and told as the facts that it is an account of."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cti.domain import events as e
from cti.domain.centre import Centre
from cti.domain.ids import CallId, Extension, LinkedId, PbxName, QueueName, call_id
from cti.domain.model import Call, Outcome
from cti.translator.pbx_lines import (
    CEL_COLUMNS,
    CelLine,
    ForgedLineError,
    QueueLine,
    cel_line,
    cel_line_of_file,
    queue_line,
    queue_line_of_file,
)
from cti.translator.pbx_log import Chapter, Teller

PBX = PbxName("main")
FIRST = 1795645761
CEL = '''\
"CHAN_START","1795645761.768919","王芳","13800000001","96000","PJSIP/trunk-00000000","","1795645761.0","1795645761.0","",""
"ANSWER","1795645761.771161","王芳","13800000001","96000","PJSIP/trunk-00000000","Answer","1795645761.0","1795645761.0","",""
"APP_START","1795645762.275858","王芳","13800000001","s","PJSIP/trunk-00000000","Queue","1795645761.0","1795645761.0","",""
"CHAN_START","1795645762.278556","Softphone","2001","s","PJSIP/2001-00000001","","1795645762.1","1795645761.0","",""
"ANSWER","1795645762.884148","Softphone","2001","s","PJSIP/2001-00000001","AppQueue","1795645762.1","1795645761.0","",""
"BRIDGE_ENTER","1795645762.884998","Softphone","2001","s","PJSIP/2001-00000001","AppQueue","1795645762.1","1795645761.0","","{""bridge_id"":""3ac71262-f246-4767-a004-d83e1f9c4d61"",""bridge_technology"":""simple_bridge""}"
"BRIDGE_ENTER","1795645762.885148","王芳","13800000001","s","PJSIP/trunk-00000000","Queue","1795645761.0","1795645761.0","PJSIP/2001-00000001","{""bridge_id"":""3ac71262-f246-4767-a004-d83e1f9c4d61"",""bridge_technology"":""simple_bridge""}"
"HANGUP","1795645764.406650","Softphone","2001","s","PJSIP/2001-00000001","AppQueue","1795645762.1","1795645761.0","","{""hangupcause"":16,""hangupsource"":""PJSIP/2001-00000001"",""dialstatus"":""""}"
"CHAN_END","1795645764.406650","Softphone","2001","s","PJSIP/2001-00000001","AppQueue","1795645762.1","1795645761.0","",""
"HANGUP","1795645764.407190","王芳","13800000001","s","PJSIP/trunk-00000000","","1795645761.0","1795645761.0","","{""hangupcause"":16,""hangupsource"":""PJSIP/2001-00000001"",""dialstatus"":""ANSWER""}"
"LINKEDID_END","1795645764.407190","王芳","13800000001","s","PJSIP/trunk-00000000","","1795645761.0","1795645761.0","",""
"CHAN_START","1795645765.521411","A,B","13900000002","96000","PJSIP/trunk-00000002","","1795645765.2","1795645765.2","",""
"APP_START","1795645766.025522","A,B","13900000002","s","PJSIP/trunk-00000002","Queue","1795645765.2","1795645765.2","",""
"HANGUP","1795645766.530984","A,B","13900000002","s","PJSIP/trunk-00000002","","1795645765.2","1795645765.2","","{""hangupcause"":0,""hangupsource"":""PJSIP/trunk-00000002"",""dialstatus"":""""}"
"LINKEDID_END","1795645766.530984","A,B","13900000002","s","PJSIP/trunk-00000002","","1795645765.2","1795645765.2","",""
'''.splitlines()
QUEUE = """\
1795645761|MANAGER|water|agent1|ADDMEMBER|
1795645762|1795645761.0|water|NONE|ENTERQUEUE||13800000001|1
1795645762|1795645761.0|water|agent1|CONNECT|0|1795645762.1|0
1795645762|NONE|water|agent1|PAUSE|on_call
1795645764|1795645761.0|water|agent1|COMPLETEAGENT|0|2|1
1795645766|1795645765.2|water|NONE|ENTERQUEUE||13900000002|1
1795645766|1795645765.2|water|NONE|ABANDON|1|1|0
""".splitlines()

TELLER = Teller(
    PBX,
    lambda linkedid, present: call_id(PBX, 2 if present else 1, linkedid),
    {"agent1": Extension("2001")}.get,
)


def told(cel: list[str] = CEL, queue: list[str] = QUEUE) -> Chapter:
    return TELLER.chapter([cel_line_of_file(line) for line in cel], [queue_line_of_file(line) for line in queue])


def calls_of(chapter: Chapter) -> dict[str, Call]:
    centre = Centre()
    centre.apply(e.QueueOpened(at=datetime(2026, 1, 1, tzinfo=UTC), queue=QueueName("water"), wrap_up_s=30))
    for fact in chapter.facts:
        centre.apply(fact)
    assert not centre.state.calls
    return {call.linkedid: call for call in centre.state.recent.values()}


def at(seconds: float) -> datetime:
    return datetime.fromtimestamp(FIRST, UTC) + timedelta(seconds=seconds)


def test_calls_are_told_as_they_were() -> None:
    answered, abandoned = calls_of(told()).values()
    assert (answered.outcome, answered.caller_name, answered.caller_number) == (Outcome.ANSWERED, "王芳", "13800000001")
    assert (answered.started_at, answered.ended_at) == (at(0.768919), at(3.406650 + 0.00054))
    assert (answered.queue, answered.dialled, answered.wait_s, answered.talk_s) == ("water", "96000", 0, 1)
    assert [talk.extension for talk in answered.talks] == ["2001"]
    assert (abandoned.outcome, abandoned.caller_name, abandoned.wait_s) == (Outcome.ABANDONED, "A,B", 0)
    assert not answered.end_assumed


def test_who_was_with_whom_is_told_by_their_bridge() -> None:
    left = CEL[6].replace("BRIDGE_ENTER", "BRIDGE_EXIT").replace(".885148", ".900000")
    nameless = CEL[5].replace("bridge_id", "other")
    facts = told(cel=[*CEL[:7], left, nameless]).facts
    entered = [fact.bridge for fact in facts if isinstance(fact, e.LegBridged)]
    assert entered == ["3ac71262-f246-4767-a004-d83e1f9c4d61", "", "3ac71262-f246-4767-a004-d83e1f9c4d61"]
    assert [fact.bridge for fact in facts if isinstance(fact, e.LegUnbridged)] == entered[:1]


def test_the_queues_lines_are_put_where_cel_has_them() -> None:
    facts = told().facts
    joined = [fact.at for fact in facts if isinstance(fact, e.CallerQueued)]
    assert joined == [at(1.275859), at(5.025523)]
    (gave_up,) = (fact for fact in facts if isinstance(fact, e.CallerAbandoned))
    (connected,) = (fact for fact in facts if isinstance(fact, e.AgentConnected))
    assert gave_up.at == at(5.530983)
    assert connected.at == at(1.999998)
    assert connected.extension == "2001"
    assert [fact.at for fact in facts] == sorted(fact.at for fact in facts)


def test_without_cel_a_queues_line_still_names_its_call() -> None:
    assert {fact.call for fact in told(cel=[]).facts} == {
        call_id(PBX, 2, LinkedId("1795645761.0")),
        call_id(PBX, 2, LinkedId("1795645765.2")),
    }


def test_what_was_before_the_pbxs_start_is_of_its_former_life() -> None:
    queue = [*QUEUE[:5], "1795645765|NONE|NONE|NONE|QUEUESTART|", *QUEUE[5:]]
    chapter = told(counted_anew(CEL), counted_anew(queue))
    former, present = chapter.split()
    assert former.calls == {call_id(PBX, 1, LinkedId("1795645761.0"))}
    assert present.calls == {call_id(PBX, 2, LinkedId("1795645765.0"))}
    assert chapter.lost_at == at(3.407190)
    assert told().split() == (Chapter(), told())


def counted_anew(lines: list[str]) -> list[str]:
    """Return the lines with the second call as the first one of another life of the PBX."""
    return [line.replace("1795645765.2", "1795645765.0") for line in lines]


def lost(chapter: Chapter) -> list[tuple[CallId, datetime]]:
    return [(fact.call, fact.at) for fact in chapter.facts if isinstance(fact, e.CallGone) and fact.restart]


def test_a_call_that_began_in_the_second_of_the_pbxs_start_was_lost_by_it_if_channels_were_not_counted_anew() -> None:
    """A fast PBX was killed and up again within a second; its start is told without the fraction."""
    chapter = told(cel=CEL[:12], queue=[*QUEUE[:4], "1795645765|NONE|NONE|NONE|QUEUESTART|"])
    late = call_id(PBX, 1, LinkedId("1795645765.2"))
    assert lost(chapter) == [(late, at(4.521411))]
    assert chapter.former == {late, call_id(PBX, 1, LinkedId("1795645761.0"))}


def test_channels_that_are_made_at_once_are_not_taken_for_a_new_life() -> None:
    """CEL may tell of the later one first."""
    at_once = CEL[11].replace("1795645765.2", "1795645765.1").replace("trunk-00000002", "trunk-00000009")
    second = at_once.replace(".521411", ".522000")
    first = CEL[11]
    chapter = told(cel=[*CEL[:11], first, second], queue=["1795645765|NONE|NONE|NONE|QUEUESTART|"])
    assert [call for call, _ in lost(chapter)] == [
        call_id(PBX, 1, LinkedId("1795645765.2")),
        call_id(PBX, 1, LinkedId("1795645765.1")),
    ]


def test_a_first_call_in_the_second_of_the_pbxs_start_lives() -> None:
    cel = counted_anew(CEL)[11:13]
    chapter = told(cel=cel, queue=["1795645765|NONE|NONE|NONE|QUEUESTART|"])
    assert (chapter.former, lost(chapter)) == (frozenset(), [])


def test_each_call_was_lost_with_the_life_it_was_in() -> None:
    """Killed twice: a second call came in between, a third one lives."""
    third = [
        line.replace("1795645765.2", "1795645769.0").replace("1795645765.5", "1795645769.5") for line in CEL[11:12]
    ]
    starts = ["1795645764|NONE|NONE|NONE|QUEUESTART|", "1795645768|NONE|NONE|NONE|QUEUESTART|"]
    chapter = told(cel=[*CEL[:7], *counted_anew(CEL)[11:13], *third], queue=starts)
    assert lost(chapter) == [
        (call_id(PBX, 1, LinkedId("1795645761.0")), at(1.885148)),
        (call_id(PBX, 1, LinkedId("1795645765.0")), at(5.025522)),
    ]
    assert chapter.lost_at == at(1.885148)
    assert chapter.split()[1].calls == {call_id(PBX, 2, LinkedId("1795645769.0"))}


def test_a_start_that_a_table_tells_is_exact() -> None:
    started = queue_line(["2026-11-25 22:29:25.600000", "NONE", "NONE", "NONE", "QUEUESTART"])
    cel = [cel_line_of_file(line) for line in CEL[:12]]
    assert started.at == at(4.6)
    assert [call for call, _ in lost(TELLER.chapter(cel, [started]))][-1] == call_id(PBX, 1, LinkedId("1795645765.2"))


def test_a_call_whose_beginning_is_not_in_the_account_is_known_by_its_id() -> None:
    chapter = told(cel=CEL[12:13], queue=[*QUEUE[5:6], "1795645790|NONE|NONE|NONE|QUEUESTART|"])
    assert lost(chapter) == [(call_id(PBX, 1, LinkedId("1795645765.2")), at(5.025522))]


def test_a_chapter_can_be_told_of_some_calls_only() -> None:
    wanted = call_id(PBX, 2, LinkedId("1795645765.2"))
    assert told().only(lambda call: call == wanted).calls == {wanted}


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("100|1.1|water|agent1|RINGNOANSWER|9000", e.OfferEnded),
        ("100|1.1|water|PJSIP/2002|RINGNOANSWER|9000", None),
        ("100|1.1|water|NONE|EXITWITHTIMEOUT|1|1|180", e.CallerLeftQueue),
        ("100|1.1|water|NONE|EXITWITHKEY|1|1|1|9", e.CallerLeftQueue),
        ("100|1.1|water|agent1|COMPLETECALLER|1|20|1", e.AgentCompleted),
        ("100|1.1|water|agent1|TRANSFER|x", None),
        ("100|NONE|NONE|NONE|CONFIGRELOAD|", None),
    ],
)
def test_each_line_of_a_queue_means_what_the_event_would(line: str, kind: type[e.Event] | None) -> None:
    facts = told(cel=[], queue=[f"1795645{line}"]).facts
    assert [type(fact) for fact in facts] == ([] if kind is None else [kind])


# ------------------------------------------------------------------ lines that are not believed

GOOD = dict(zip(CEL_COLUMNS, (
    "HANGUP", "1795645764.406650", "王", "138", "s", "PJSIP/trunk-00000000", "", "1.0", "1.0", "", '{"hangupcause":16}',
), strict=True))  # fmt: skip


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("eventtype", "hangup; drop"),
        ("eventtime", "yesterday"),
        ("eventtime", "1e9"),
        ("cid_name", "a\nb"),
        ("cid_num", "9" * 300),
        ("channame", "PJSIP/x y"),
        ("uniqueid", "1.0 OR 1"),
        ("linkedid", ""),
        ("extra", "[1]"),
        ("extra", "{"),
    ],
)
def test_a_cel_line_with_a_value_that_asterisk_does_not_write_is_refused(column: str, value: str) -> None:
    assert cel_line(GOOD).leg == "1.0"
    with pytest.raises(ForgedLineError):
        cel_line(GOOD | {column: value})


@pytest.mark.parametrize(
    "line",
    [
        "",
        "HANGUP,1",
        CEL[0] + ',"more"',
        CEL[0].replace('"王芳"', '"王芳" x'),
        CEL[0].replace('"王芳"', '"王"芳"'),
        CEL[0][:-1],
        CEL[0].replace("王芳", "王" * 9000),
    ],
)
def test_a_cel_line_of_another_shape_is_refused(line: str) -> None:
    with pytest.raises(ForgedLineError):
        cel_line_of_file(line)


@pytest.mark.parametrize(
    "line",
    [
        "",
        "1795645762|1795645761.0|water|NONE",
        "soon|1795645761.0|water|NONE|ABANDON|1|1|0",
        "1795645762|somebody|water|NONE|ABANDON|1|1|0",
        "1795645762|1795645761.0|water; drop|NONE|ABANDON|1|1|0",
        "1795645762|1795645761.0|water|NONE|abandon|1|1|0",
        "1795645762|1795645761.0|water|a\x00b|CONNECT|1|1|0",
        "1795645762|1795645761.0|water|NONE|ENTERQUEUE||\x1b[2J|1",
        "1795645762|1795645761.0|water|NONE|ENTERQUEUE||" + "9" * 9000,
    ],
)
def test_a_queues_line_that_asterisk_does_not_write_is_refused(line: str) -> None:
    with pytest.raises(ForgedLineError):
        queue_line_of_file(line)


def test_a_queues_number_that_is_none_is_taken_for_nothing() -> None:
    (fact,) = told(cel=[], queue=["1795645766|1795645765.2|water|NONE|ABANDON|1|1|soon"]).facts
    assert isinstance(fact, e.CallerAbandoned)
    assert fact.wait_s == 0


def test_a_tables_time_is_exact() -> None:
    line = queue_line(["2026-11-25 22:45:20.712240", "1.0", "water", "NONE", "ENTERQUEUE", "", "139", "1", "", ""])
    assert line == QueueLine(
        event="ENTERQUEUE", at=datetime(2026, 11, 25, 22, 45, 20, 712240, UTC), exact=True, leg=line.leg,
        queue=QueueName("water"), agent="", data=("", "139", "1", "", ""),
    )  # fmt: skip


@given(st.text(max_size=300))
def test_no_line_does_more_than_be_refused(text: str) -> None:
    for read in (cel_line_of_file, queue_line_of_file):
        try:
            found: CelLine | QueueLine = read(text)
        except ForgedLineError:
            continue
        assert isinstance(found, CelLine | QueueLine)


def test_ids_of_calls_are_ours() -> None:
    ids: set[CallId] = set(told().calls)
    assert len(ids) == 2
    kinds: set[Any] = {type(fact) for fact in told().facts}
    assert e.CallGone in kinds
