"""A frozen value with a field changed is what dataclasses.replace would have made of it."""

import dataclasses
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from cti.domain.ids import CallId, LinkedId, PbxName
from cti.domain.model import Call, CallStage, Queue
from cti.domain.values import replace

AT = datetime(2026, 11, 25, 8, tzinfo=UTC)


def a_call() -> Call:
    return Call(CallId(uuid4()), PbxName("main"), LinkedId("1.1"), AT, CallStage.RINGING, AT)


def test_a_replaced_field_differs_and_nothing_else() -> None:
    call = a_call()
    mine = replace(call, stage=CallStage.QUEUED, wait_s=7)
    assert mine == dataclasses.replace(call, stage=CallStage.QUEUED, wait_s=7)
    assert type(mine) is Call
    assert call.stage is CallStage.RINGING


def test_what_comes_out_is_frozen_and_hashes_like_any_other() -> None:
    queue = replace(Queue("water"), offered=3)  # type: ignore[arg-type]
    with pytest.raises(dataclasses.FrozenInstanceError):
        queue.offered = 4  # type: ignore[misc]
    assert hash(queue) == hash(dataclasses.replace(Queue("water"), offered=3))  # type: ignore[arg-type]


def test_a_value_that_would_be_equal_is_itself() -> None:
    call = a_call()
    assert replace(call, legs={}, stage=CallStage.RINGING, started_at=AT.replace()) is call


def test_a_field_that_is_not_there_is_refused() -> None:
    with pytest.raises(AttributeError):
        replace(a_call(), colour="blue")  # type: ignore[call-arg]


def test_a_class_without_slots_is_refused() -> None:
    @dataclasses.dataclass(frozen=True)
    class Loose:
        x: int

    with pytest.raises(TypeError, match="no plain dataclass with slots"):
        replace(Loose(1), x=2)
