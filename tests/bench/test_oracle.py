"""The drills' oracle must be able to fail: whichever source is spoiled, it says so."""

from dataclasses import replace
from pathlib import Path

import pytest

from bench.drill.evidence import (
    CallerLog,
    CallRow,
    CelCall,
    Evidence,
    NoteRow,
    PhoneLeg,
    QueueEvent,
    TicketRow,
    read_cel,
    read_queue_log,
)
from bench.drill.oracle import Kind, judge

SOUND = Evidence(
    callers=(
        CallerLog("13900000001", 100.0, 101.0, 120.0, "hotline"),
        CallerLog("13900000002", 100.0, 101.0, 110.0, "caller"),
    ),
    phones=(PhoneLeg("100.1", 105.0, 120.0, "phone"),),
    cel=(CelCall("100.1", "13900000001", 101.0, 120.0, bridged=True), CelCall("100.2", "13900000002", 101.0, 110.0)),
    queue_log=(
        QueueEvent(103.0, "100.1", "ENTERQUEUE"),
        QueueEvent(105.0, "100.1", "CONNECT"),
        QueueEvent(120.0, "100.1", "COMPLETEAGENT"),
        QueueEvent(104.0, "100.2", "ENTERQUEUE"),
        QueueEvent(110.0, "100.2", "ABANDON"),
    ),
    calls=(
        CallRow("c1", "100.1", "13900000001", "answered", queued=True, ended_at=120.0),
        CallRow("c2", "100.2", "13900000002", "abandoned", queued=True, ended_at=110.0),
    ),
    tickets=(TicketRow("t1", "c1", "resolved"), TicketRow("t2", "c2")),
    notes=(NoteRow("t1", "note 1"),),
    acknowledged=(("t1", "note 1"),),
    disposition="resolved",
)  # fmt: skip
ROWS = [
    (source, number)
    for source in ("callers", "phones", "cel", "queue_log", "calls", "tickets", "notes")
    for number in range(len(getattr(SOUND, source)))
    if (source, number) != ("queue_log", 2)  # how a conversation ended is not joined to anything
]


def test_what_fits_together_has_no_finding() -> None:
    assert judge(SOUND).findings == ()


@pytest.mark.parametrize(("source", "number"), ROWS)
def test_a_row_that_is_missing_is_found(source: str, number: int) -> None:
    rows = getattr(SOUND, source)
    assert kinds(**{source: rows[:number] + rows[number + 1 :]})


@pytest.mark.parametrize(("source", "number"), ROWS)
def test_a_row_that_is_there_twice_is_found(source: str, number: int) -> None:
    rows = getattr(SOUND, source)
    assert kinds(**{source: (*rows, rows[number])})


def kinds(**spoiled: object) -> set[Kind]:
    return {finding.kind for finding in judge(replace(SOUND, **spoiled)).findings}  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"outcome": None}, Kind.LOST_CALL),
        ({"outcome": "abandoned"}, Kind.DRIFT),
        ({"queued": False}, Kind.DRIFT),
        ({"ended_at": 200.0}, Kind.DRIFT),
        ({"number": "13900000009"}, Kind.DRIFT),
        ({"linkedid": "100.9"}, Kind.LOST_CALL),
    ],
)
def test_a_record_that_says_something_else_is_found(change: dict[str, object], kind: Kind) -> None:
    spoiled = replace(SOUND.calls[0], **change)  # type: ignore[arg-type]
    assert kind in kinds(calls=(spoiled, SOUND.calls[1]))


def test_a_ticket_of_another_call_is_a_lost_and_an_unmatched_one() -> None:
    assert kinds(tickets=(replace(SOUND.tickets[0], call="c9"), SOUND.tickets[1])) == {Kind.LOST_TICKET, Kind.UNMATCHED}


def test_an_acknowledged_disposition_that_is_gone_is_found() -> None:
    assert kinds(tickets=(replace(SOUND.tickets[0], disposition=None), SOUND.tickets[1])) == {Kind.LOST_TICKET}


def test_a_note_on_another_ticket_is_lost() -> None:
    assert Kind.LOST_TICKET in kinds(notes=(NoteRow("t2", "note 1"),))


def test_a_conversation_that_nobody_ended_was_cut() -> None:
    assert kinds(phones=(replace(SOUND.phones[0], ended_by="pbx"),)) == {Kind.CUT}


def test_a_call_that_was_up_when_the_pbx_died_is_lost_by_its_restart_and_nothing_else() -> None:
    cel = (replace(SOUND.cel[0], ended_at=None), SOUND.cel[1])
    died = replace(SOUND, cel=cel, pbx_deaths=(115.0,), phones=(replace(SOUND.phones[0], ended_by="pbx"),))
    assert {finding.kind for finding in judge(died).findings} == {Kind.DRIFT}
    told = replace(died, calls=(replace(SOUND.calls[0], outcome="pbx_restart"), SOUND.calls[1]))
    assert judge(told).findings == ()


def test_cel_and_queue_log_are_read_as_asterisk_writes_them(tmp_path: Path) -> None:

    folder = tmp_path
    (folder / "cel").write_text(
        '"CHAN_START","101.5","","13900000001","96000","from-trunk","PJSIP/trunk-1","","100.1","100.1","",""\n'
        '"BRIDGE_ENTER","105.0","","13900000001","s","x","PJSIP/trunk-1","Queue","100.1","100.1","PJSIP/3001-2","{}"\n'
        '"LINKEDID_END","120.0","","","s","x","PJSIP/3001-2","","100.2","100.1","",""\n'
        '"CHAN_START","130.0","","139'
    )
    (folder / "queue_log").write_text(
        "99|NONE|NONE|NONE|QUEUESTART|\n103|100.1|water|NONE|ENTERQUEUE||13900000001|1\n105|100.1|wat"
    )
    assert read_cel(folder / "cel") == (CelCall("100.1", "13900000001", 101.5, 120.0, bridged=True),)
    assert read_queue_log(folder / "queue_log") == (QueueEvent(103.0, "100.1", "ENTERQUEUE"),)
