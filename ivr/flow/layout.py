"""Where the steps of a flow stand in its picture, and how the ways between them run.

Graphviz's layered layout does it, as the program that the package ``graphviz-pure`` brings: no Graphviz need be
installed, and the same flow is laid out alike on every machine. What the picture looks like is
:mod:`ivr.flow.drawing`'s.
"""

import json
import shutil
import subprocess
import sysconfig
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ivr.flow.errors import FlowError

PROGRAM: Final = "graphviz-pure"
LIMIT_S: Final = 20.0
POINTS: Final = 72.0

SPACING: Final = 'graph [rankdir=TB, nodesep=0.35, ranksep="0.48", splines=spline, margin=0, pad=0]'

Point = tuple[float, float]


class LayoutError(FlowError):
    """There is no picture to be had: the layout program is missing, failed, or took too long."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        return f"no layout: {self.reason}"


@dataclass(frozen=True, slots=True)
class Box:
    """A thing to be placed, with its size in pixels."""

    name: str
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Link:
    """A way to be run, with the size of its label; ``weight`` says how straight, 0 that it may be long."""

    tail: str
    head: str
    width: float = 0.0
    height: float = 0.0
    weight: int = 1


@dataclass(frozen=True, slots=True)
class Curve:
    """A run of cubic Bézier curves (one point, then three for each), where the arrow's tip and the label are."""

    points: tuple[Point, ...]
    tip: Point
    label: Point | None


@dataclass(frozen=True, slots=True)
class Layout:
    """Centres of the boxes by name, and a curve for each link, in its order; y grows downwards."""

    width: float
    height: float
    centres: Mapping[str, Point]
    curves: tuple[Curve, ...]


def lay_out(boxes: Sequence[Box], links: Sequence[Link]) -> Layout:
    """Return the layout. Blocks for some milliseconds. Raises :class:`LayoutError`."""
    text = "\n".join(_dot(boxes, links))
    try:
        done = subprocess.run(  # noqa: S603 - our own program, with a graph on its standard input
            [_program(), "-Tjson0", "-y"], input=text, capture_output=True, text=True, timeout=LIMIT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise LayoutError(type(error).__name__) from error
    if done.returncode:
        raise LayoutError(done.stderr.strip() or f"{PROGRAM} ended with {done.returncode}")
    return _read(json.loads(done.stdout), boxes, links)


def _program() -> str:
    beside = Path(sysconfig.get_path("scripts")) / PROGRAM
    found = str(beside) if beside.exists() else shutil.which(PROGRAM)
    if found is None:
        raise LayoutError(f"the program {PROGRAM} is missing")
    return found


def _dot(boxes: Sequence[Box], links: Sequence[Link]) -> Iterator[str]:
    """Yield the graph in Graphviz's language; names of ours stay out of it."""
    number = {box.name: place for place, box in enumerate(boxes)}
    yield "digraph {"
    yield SPACING
    yield 'node [shape=box, fixedsize=true, label=""]'
    for place, box in enumerate(boxes):
        yield f"n{place} [width={box.width / POINTS:.4f}, height={box.height / POINTS:.4f}]"
    for place, link in enumerate(links):
        label = ""
        if link.width:
            size = f'FIXEDSIZE="TRUE" WIDTH="{link.width:.0f}" HEIGHT="{link.height:.0f}"'
            label = f', label=<<TABLE BORDER="0" CELLPADDING="0" CELLSPACING="0" {size}><TR><TD></TD></TR></TABLE>>'
        yield f"n{number[link.tail]} -> n{number[link.head]} [comment={place}, weight={link.weight}{label}]"
    yield "}"


def _read(table: Mapping[str, Any], boxes: Sequence[Box], links: Sequence[Link]) -> Layout:
    left, first, right, second = (float(part) for part in table["bb"].split(","))
    centres = {boxes[int(node["name"][1:])].name: _point(node["pos"]) for node in table["objects"]}
    curves = {int(edge["comment"]): _curve(edge) for edge in table["edges"]}
    return Layout(right - left, abs(second - first), centres, tuple(curves[place] for place in range(len(links))))


def _curve(edge: Mapping[str, Any]) -> Curve:
    tip, *points = edge["pos"].split()
    label = _point(edge["lp"]) if "lp" in edge else None
    return Curve(tuple(_point(point) for point in points), _point(tip.removeprefix("e,")), label)


def _point(text: str) -> Point:
    x, y = text.split(",")
    return float(x), float(y)
