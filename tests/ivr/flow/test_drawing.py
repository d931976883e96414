"""The picture: everything of the flow is in it, nothing hides anything else, and it is the same each time."""

import re
import subprocess
from itertools import combinations
from pathlib import Path
from xml.etree import ElementTree

import pytest

from config.settings import Settings
from ivr.flow import layout
from ivr.flow.drawing import draw
from ivr.flow.funnel import Funnel, StepCount
from ivr.flow.layout import Box, LayoutError, Link, lay_out
from ivr.flow.model import Flow, Menu, exits
from ivr.services.flow_files import FlowFiles, shipped_path

SVG = "{http://www.w3.org/2000/svg}"
DESK = FlowFiles(Settings())
BUNDLE = DESK.load(shipped_path("water"))
WORDS = DESK.words_of(BUNDLE)


@pytest.fixture(scope="module")
def flow() -> Flow:
    return BUNDLE.flow


@pytest.fixture(scope="module")
def picture(flow: Flow) -> ElementTree.Element:
    return ElementTree.fromstring(draw(flow, WORDS))  # noqa: S314 - our own


def boxes(picture: ElementTree.Element) -> dict[str, tuple[float, float, float, float]]:
    found = {}
    for group in picture.iter(f"{SVG}g"):
        if (name := group.get("id", "")).startswith("step-"):
            x, y = (float(part) for part in re.findall(r"[\d.]+", group.get("transform", "")))
            rect = group.find(f"{SVG}rect")
            assert rect is not None
            found[name.removeprefix("step-")] = (x, y, float(rect.get("width", 0)), float(rect.get("height", 0)))
    return found


def test_every_step_and_every_way_is_drawn(flow: Flow, picture: ElementTree.Element) -> None:
    assert boxes(picture).keys() == flow.steps.keys()
    ways = [path for path in picture.iter(f"{SVG}path") if (path.get("class") or "").startswith("way")]
    entries = 2  # where calls begin, and what leads to a person from everywhere
    assert len(ways) == entries + sum(len(exits(step)) for step in flow.steps.values())


def test_no_step_hides_another_and_all_lie_in_the_picture(picture: ElementTree.Element) -> None:
    width, height = float(picture.get("width", 0)), float(picture.get("height", 0))
    placed = boxes(picture)
    for x, y, wide, high in placed.values():
        assert 0 <= x <= x + wide <= width
        assert 0 <= y <= y + high <= height
    for (x, y, wide, high), (x2, y2, wide2, high2) in combinations(placed.values(), 2):
        assert x + wide <= x2 or x2 + wide2 <= x or y + high <= y2 or y2 + high2 <= y


def test_the_words_of_both_languages_are_behind_a_step() -> None:
    bills = DESK.load(shipped_path("bills"))
    drawn = draw(bills.flow, DESK.words_of(bills))
    picture = ElementTree.fromstring(drawn)  # noqa: S314 - our own drawing
    titles = [title.text or "" for title in picture.iter(f"{SVG}title")]
    (bill,) = [title for title in titles if title.startswith("due")]
    assert "请在{due}之前缴费" in bill
    assert "Please pay by {due}." in bill


def test_keys_stand_on_the_ways_that_they_open(flow: Flow, picture: ElementTree.Element) -> None:
    keys = [text.text for text in picture.iter(f"{SVG}text") if text.get("class") == "digit"]
    choices = [key for step in flow.steps.values() if isinstance(step, Menu) for key in step.choices]
    assert sorted(key or "" for key in keys) == sorted([*choices, "0"])


def test_the_same_flow_makes_the_same_picture(flow: Flow) -> None:
    assert draw(flow, WORDS) == draw(flow, WORDS)


def test_what_a_prompt_says_is_text_and_never_markup(flow: Flow) -> None:
    hostile = '</title><script>alert("1")</script>'
    svg = draw(flow, lambda prompt, language: hostile)
    assert "<script" not in svg
    assert hostile in {part for title in ElementTree.fromstring(svg).iter(f"{SVG}title") for part in _lines(title.text)}  # noqa: S314


def _lines(text: str | None) -> list[str]:
    return [line[4:] for line in (text or "").splitlines()]


def test_two_ways_between_the_same_steps_are_two_curves() -> None:
    laid = lay_out([Box("a", 100, 40), Box("b", 100, 40)], [Link("a", "b", 20, 20), Link("a", "b", 20, 20)])
    first, second = laid.curves
    assert first.points != second.points
    assert first.label != second.label
    assert laid.centres["a"][1] < laid.centres["b"][1]


def test_without_the_layout_program_there_is_an_error_that_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layout, "PROGRAM", "no-such-program")
    with pytest.raises(LayoutError, match="no-such-program is missing"):
        lay_out([Box("a", 1, 1)], [])


def test_a_layout_program_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    def hanging(*_: object, **__: object) -> None:
        raise subprocess.TimeoutExpired("graphviz-pure", 20)

    monkeypatch.setattr(subprocess, "run", hanging)
    with pytest.raises(LayoutError, match="TimeoutExpired"):
        lay_out([Box("a", 1, 1)], [])


def test_the_picture_in_the_documentation_is_that_of_the_shipped_flow(flow: Flow) -> None:
    shown = Path(__file__).parents[3] / "docs" / "images" / "water-flow.svg"
    up_to_date = shown.read_text(encoding="utf-8") == draw(flow, WORDS)
    assert up_to_date, "run: hydrophone flow draw water.yaml > docs/images/water-flow.svg"


# ------------------------------------------------------------------ with callers on it

FUNNEL = Funnel(
    calls=1234,
    served=800,
    to_person=300,
    gave_up=134,
    steps={
        "main": StepCount("main", 1200, 1300, {"1": 1000, "0": 200, "hangup": 100}, 6400, 5000, 12000),
        "goodbye": StepCount("goodbye", 800, 800, {"done": 800}, 2000, 2000, 2000),
    },
    versions={2: 1234},
)


@pytest.fixture(scope="module")
def with_callers(flow: Flow) -> ElementTree.Element:
    return ElementTree.fromstring(draw(flow, WORDS, FUNNEL))  # noqa: S314 - our own


def texts(part: ElementTree.Element) -> list[str]:
    return ["".join(text.itertext()) for text in part.iter(f"{SVG}text")]


def test_callers_are_in_the_boxes_and_on_the_arrows(with_callers: ElementTree.Element) -> None:
    main = next(group for group in with_callers.iter(f"{SVG}g") if group.get("id") == "step-main")
    told = texts(main)
    assert "1,200" in told
    assert "6.4 s" in told
    assert "✗ 100 (8 %)" in told
    title = main.find(f"{SVG}title")
    assert title is not None
    assert "hangup: 100" in (title.text or "")
    everything = texts(with_callers)
    assert "1,000" in everything  # key 1
    assert any("1,234" in text and "65 %" in text and "11 %" in text for text in everything)


def test_a_step_that_nobody_reached_says_so(flow: Flow, with_callers: ElementTree.Element) -> None:
    name = next(name for name in flow.steps if name not in FUNNEL.steps)
    step = next(group for group in with_callers.iter(f"{SVG}g") if group.get("id") == f"step-{name}")
    assert "0" in texts(step)


def test_no_step_hides_another_with_callers_in_them_either(with_callers: ElementTree.Element) -> None:
    placed = boxes(with_callers)
    for (x, y, wide, high), (x2, y2, wide2, high2) in combinations(placed.values(), 2):
        assert x + wide <= x2 or x2 + wide2 <= x or y + high <= y2 or y2 + high2 <= y
