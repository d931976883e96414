"""The console names what the shipped phone menu tells of a call: no id stands where a person reads."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
FLOWS = sorted((ROOT / "config/flows").glob("*.yaml"))
UNHEARD = {"branch", "return"}
"""Steps of no length: nothing is heard in them, and no screen shows them."""


def named(section: str) -> set[str]:
    """Return what the English dictionary names; a test of the front end holds the Chinese one to the same."""
    text = (ROOT / "agent_console/web/src/i18n/en.ts").read_text(encoding="utf-8")
    start = text.index(f"\n  {section}: {{")
    return set(re.findall(r"^    (\w+):", text[start : text.index("\n  },", start)], re.MULTILINE))


def heard() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path in FLOWS:
        flow = yaml.safe_load(path.read_text(encoding="utf-8"))
        yield from ((flow["flow"], name, step) for name, step in flow["steps"].items() if step["do"] not in UNHEARD)


def test_every_flow_has_a_name() -> None:
    assert {path.stem for path in FLOWS} - named("flow") == set()


@pytest.mark.parametrize("flow", [path.stem for path in FLOWS])
def test_every_step_that_is_heard_has_a_name(flow: str) -> None:
    steps = {name for where, name, _ in heard() if where == flow}
    assert steps
    assert steps - named("step") == set()


@pytest.mark.parametrize("flow", [path.stem for path in FLOWS])
def test_every_way_on_from_such_a_step_has_a_name(flow: str) -> None:
    ways = {str(way) for where, _, step in heard() if where == flow for way in step.get("ways", {})}
    assert ways - named("way") == set()
