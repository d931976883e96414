"""The words of storage and of the REST API are the same words."""

from dataclasses import fields
from enum import StrEnum
from typing import Any

import pytest

from agent_console import wire, wire_records
from storage import records


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (records.Role, wire.Role),
        (records.Category, wire_records.Category),
        (records.TicketStatus, wire_records.TicketStatus),
        (records.Disposition, wire_records.Disposition),
    ],
)
def test_each_word_is_known_on_both_sides(ours: type[StrEnum], theirs: type[StrEnum]) -> None:
    assert [str(word) for word in ours] == [str(word) for word in theirs]


@pytest.mark.parametrize(
    ("ours", "theirs", "beyond"),
    [
        (records.CallRecord, wire_records.CallRecord, set()),
        (records.Ticket, wire_records.Ticket, set()),
        (records.TicketBrief, wire_records.TicketBrief, set()),
        (records.TicketEntry, wire_records.TicketEntry, set()),
        (records.TicketChange, wire_records.TicketChange, {"version", "key"}),
    ],
)
def test_each_field_on_the_wire_is_in_the_record(ours: type[Any], theirs: type[wire.Wire], beyond: set[str]) -> None:
    assert set(theirs.model_fields) - beyond <= {field.name for field in fields(ours)}
