"""A frozen value with a field changed is another value, and itself if nothing changed."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest

from cti.domain.ids import CallId, LinkedId, PbxName, QueueName
from cti.domain.model import Call, CallStage, Queue
from cti.domain.values import as_dict, replace

AT = datetime(2026, 11, 25, 8, tzinfo=UTC)


def a_call() -> Call:
    return Call(CallId(uuid4()), PbxName("main"), LinkedId("1.1"), AT, CallStage.RINGING, AT)


def test_a_replaced_field_differs_and_nothing_else() -> None:
    call = a_call()
    mine = replace(call, stage=CallStage.QUEUED, wait_s=7)
    assert as_dict(mine) == as_dict(call) | {"stage": CallStage.QUEUED, "wait_s": 7}
    assert type(mine) is Call
    assert call.stage is CallStage.RINGING


def test_what_comes_out_is_frozen_and_hashes_like_any_other() -> None:
    queue = replace(Queue(QueueName("water")), offered=3)
    with pytest.raises(AttributeError, match="immutable"):
        queue.offered = 4  # type: ignore[misc]
    assert hash(queue) == hash(Queue(QueueName("water"), offered=3))


def test_a_value_that_would_be_equal_is_itself() -> None:
    call = a_call()
    assert replace(call, legs={}, stage=CallStage.RINGING, started_at=AT.replace()) is call


def test_a_field_that_is_not_there_is_refused() -> None:
    with pytest.raises(AttributeError):
        replace(a_call(), colour="blue")
