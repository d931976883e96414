"""Every event comes back from the journal as it was, those of other versions as far as they can be understood."""

import json
from datetime import UTC
from pathlib import Path
from typing import Any, get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cti.domain import events, model, restored
from cti.domain.centre import HANDLERS
from cti.domain.events import Event
from cti.domain.restored import CallRestored, CentreRestored
from cti.domain.values import replace
from cti.services.journal import canon
from cti.services.journal.codec import Codec, UnreadableEventError
from tests.domain.story import Story, at
from tests.domain.test_convergence import stories

CODEC = Codec()
WRITTEN = Path(__file__).with_name("written.jsonl")

texts = st.text(max_size=12)
times = st.datetimes(timezones=st.just(UTC))


def whole_states() -> st.SearchStrategy[model.CentreState]:
    return stories().map(lambda told: canon.copy(_folded(told)))


def _folded(told: list[Event]) -> model.CentreState:
    story = Story(ready=False)
    for event in told:
        story.tell(event)
    return story.centre.state


def of_kind(kind: type[Event]) -> st.SearchStrategy[Event]:
    """Any event of a kind, made from the types of its fields."""
    hints = get_type_hints(kind)
    given_: dict[str, Any] = {}
    for name in kind.__struct_fields__:
        if hints[name] is model.CentreState:
            given_[name] = whole_states()
        elif hints[name] is model.Call:
            given_[name] = whole_states().map(lambda state: [*state.calls.values(), *state.recent.values()][0])
        else:
            given_[name] = times if name == "at" else st.from_type(hints[name])
    return st.builds(kind, **given_)


@pytest.mark.parametrize("kind", HANDLERS, ids=lambda kind: kind.__name__)
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_every_kind_of_event_comes_back_as_it_was(kind: type[Event], data: st.DataObject) -> None:
    event = data.draw(of_kind(kind))
    assert CODEC.decode(*CODEC.encode(event)) == event


def test_no_event_is_forgotten() -> None:
    kinds = {
        kind for kind in (vars(events) | vars(restored)).values() if isinstance(kind, type) and issubclass(kind, Event)
    }
    leaves = {kind for kind in kinds if not any(kind in other.__mro__[1:] for other in kinds)}
    for kind in leaves:
        assert kind.__name__ in CODEC._decoders


def test_what_callers_write_comes_back_to_the_letter() -> None:
    story = Story()
    story.leg(0)
    event = story.log[-1]
    assert isinstance(event, events.LegStarted)
    name = "a\0b\N{REPLACEMENT CHARACTER} ' \" \\ 王芳\n"
    hostile = replace(event, caller_name=name)
    assert CODEC.decode(*CODEC.encode(hostile)) == hostile


def test_a_later_versions_events_are_told_as_such() -> None:
    for kind, version, body in (("AgentAbducted", 1, "{}"), ("LinkDown", 2, "{}"), ("LinkDown", 1, '{"pbx": 3}')):
        with pytest.raises(UnreadableEventError) as unreadable:
            CODEC.decode(kind, version, body)
        assert (unreadable.value.kind, unreadable.value.version) == (kind, version)


def test_an_earlier_versions_events_are_brought_to_this_one() -> None:
    old = '{"at": "2026-11-22T08:00:00Z", "pbx": "main", "why": "gone"}'
    upgrades = {("LinkDown", 1): lambda body: {**body, "word": body["why"]},
                ("LinkDown", 2): lambda body: {**body, "reason": body["word"]}}  # fmt: skip
    codec = Codec({"LinkDown": 3}, upgrades)
    assert codec.decode("LinkDown", 1, old) == events.LinkDown(at=at(0), pbx=Story.of(Story())["pbx"], reason="gone")
    assert codec.encode(codec.decode("LinkDown", 1, old))[1] == 3
    with pytest.raises(UnreadableEventError):
        Codec({"LinkDown": 3}).decode("LinkDown", 1, old)


def test_rows_that_were_ever_written_stay_readable() -> None:
    """``written.jsonl`` has rows of past versions and is only added to. If this fails: a version and an upgrade."""
    rows = [json.loads(line) for line in WRITTEN.read_text(encoding="utf-8").splitlines()]
    told = [CODEC.decode(row["kind"], row["version"], json.dumps(row["body"])) for row in rows]
    assert len({type(event) for event in told}) >= 30
    carrying = [event for event in told if isinstance(event, CallRestored | CentreRestored)]
    assert len(carrying) == 2
