"""Hashes and packed states of what really stands in a state, wherever it came from."""

import dataclasses
from uuid import UUID

from asyncpg.pgproto import pgproto

from cti.domain.ids import CallId
from cti.domain.model import CentreState
from cti.domain.values import replace
from cti.services.journal import canon
from tests.domain.story import Story

FIRST = UUID("0b5c7d00-0000-4000-8000-000000000001")


def called_back(first: UUID) -> CentreState:
    """Return a state with a call that calls somebody back, whose first call is known under ``first``."""
    story = Story()
    story.waiting()
    call = replace(story.call(), callback_of=CallId(first))
    return dataclasses.replace(story.centre.state, calls={call.id: call})


def test_a_call_back_whose_first_call_was_read_from_the_database_can_be_hashed_and_kept() -> None:
    ours, read = called_back(FIRST), called_back(pgproto.UUID(str(FIRST)))
    assert canon.digest(read) == canon.digest(ours)
    unpacked = canon.unpack(canon.pack(read))
    assert unpacked is not None
    assert canon.digest(unpacked) == canon.digest(ours)
