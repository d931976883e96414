"""The words of storage and of the REST API are the same words."""

from dataclasses import fields
from enum import StrEnum
from typing import Any

import pytest

from agent_console import wire
from storage import records


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (records.Role, wire.Role),
        (records.Category, wire.Category),
        (records.TicketStatus, wire.TicketStatus),
        (records.Disposition, wire.Disposition),
    ],
)
def test_each_word_is_known_on_both_sides(ours: type[StrEnum], theirs: type[StrEnum]) -> None:
    assert [str(word) for word in ours] == [str(word) for word in theirs]


@pytest.mark.parametrize(
    ("ours", "theirs", "beyond"),
    [
        (records.CallRecord, wire.CallRecord, set()),
        (records.Ticket, wire.Ticket, set()),
        (records.TicketBrief, wire.TicketBrief, set()),
        (records.TicketEntry, wire.TicketEntry, set()),
        (records.TicketChange, wire.TicketChange, {"version", "key"}),
    ],
)
def test_each_field_on_the_wire_is_in_the_record(ours: type[Any], theirs: type[wire.Wire], beyond: set[str]) -> None:
    assert set(theirs.model_fields) - beyond <= {field.name for field in fields(ours)}
