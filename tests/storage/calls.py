"""Calls as a centre would hand them over, for tests."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from cti.domain.ids import AgentId, CallId, LinkedId, PbxName, QueueName
from cti.domain.model import Call, CallStage, IvrStep, Outcome

NOON = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
MAIN = PbxName("main")
WATER = QueueName("water")


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def a_call(number: int = 1, **fields: Any) -> Call:
    values: dict[str, Any] = {
        "id": CallId(UUID(int=number)),
        "pbx": MAIN,
        "linkedid": LinkedId(f"1700000000.{number}"),
        "started_at": NOON,
        "stage": CallStage.RINGING,
        "stage_since": NOON,
        "caller_number": "15400000001",
        "caller_name": "王小明",
        "dialled": "96000",
    }
    return Call(**values | fields)


def in_menu(number: int = 1, **fields: Any) -> Call:
    path = (
        IvrStep(step="language", way="1", at=at(3), took_ms=2_500, keyed="1"),
        IvrStep(step="account", way="ok", at=at(12), took_ms=9_000, keyed="10000018"),
    )
    values: dict[str, Any] = {
        "stage": CallStage.IN_IVR,
        "stage_since": at(1),
        "language": "zh",
        "account": "10000018",
        "verified": True,
        "ivr_flow": "water",
        "ivr_path": path,
    }
    return a_call(number, **values | fields)


def answered(number: int = 1, **fields: Any) -> Call:
    values: dict[str, Any] = {
        "stage": CallStage.TALKING,
        "stage_since": at(40),
        "queue": WATER,
        "queued_at": at(20),
        "wait_s": 20,
        "agent": AgentId("agent1"),
        "answered_at": at(40),
    }
    return in_menu(number, **values | fields)


def ended(number: int = 1, outcome: Outcome = Outcome.ANSWERED, **fields: Any) -> Call:
    values: dict[str, Any] = {
        "stage": CallStage.ENDED,
        "stage_since": at(160),
        "ended_at": at(160),
        "talk_s": 110,
        "hold_s": 10,
        "holds": 1,
        "outcome": outcome,
        "cause": 16,
    }
    return answered(number, **values | fields)


def abandoned(number: int = 1, **fields: Any) -> Call:
    values: dict[str, Any] = {"agent": None, "answered_at": None, "talk_s": 0, "hold_s": 0, "holds": 0}
    return ended(number, **{"outcome": Outcome.ABANDONED, **values, **fields})


def served(number: int = 1, **fields: Any) -> Call:
    values: dict[str, Any] = {"queue": None, "queued_at": None, "wait_s": 0, "ivr_served": True}
    return abandoned(number, **{"outcome": Outcome.SELF_SERVICE, **values, **fields})
