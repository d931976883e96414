"""The picture of a flow: an SVG that reads the same in every language, with the words of both behind each step.

Names of steps, kinds and keys are what stands in the YAML; what is said shows when the pointer rests on a step.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from cti.domain.events import Language
from ivr.flow.arrows import ANYWHERE, KEY_PX, START, Way, arrows
from ivr.flow.funnel import Funnel, StepCount
from ivr.flow.layout import Box, Curve, Layout, Link, lay_out
from ivr.flow.model import (
    KINDS_OF_STEPS,
    Branch,
    CallFlow,
    Flow,
    LookUp,
    Return,
    Step,
    Survey,
    Transfer,
    sentences,
)
from ivr.flow.texts import INLINE

Words = Callable[[str, Language], str]
"""The words of a prompt in a language."""

FIGURES_PX: Final = 58.0
"""How much wider a step is with its callers in it."""
NAME_PX: Final = 7.4
DETAIL_PX: Final = 6.1
GAP_PX: Final = 5.0
"""Between a way and its label, which Graphviz sets close to each other."""
HEIGHT_PX: Final = 46.0
MARGIN_PX: Final = 24.0
LEGEND_PX: Final = 46.0


@dataclass(frozen=True, slots=True)
class Node:
    """A step as it is drawn: corner and size, kind, name, what it says or asks, the words behind it."""

    name: str
    kind: str
    detail: str
    words: str
    x: float
    y: float
    width: float
    height: float
    count: StepCount | None = None


@dataclass(frozen=True, slots=True)
class Drawn:
    """A way with its course."""

    way: Way
    path: str
    tip: str
    x: float
    y: float


def draw(flow: Flow, words: Words, funnel: Funnel | None = None) -> str:
    """Return the picture of ``flow`` as SVG, with the callers of a ``funnel`` on it.

    Raises :class:`~ivr.flow.layout.LayoutError`.
    """
    ways = arrows(flow, funnel)
    details = {name: told if (told := detail(step)) != name else "" for name, step in flow.steps.items()}
    boxes = [Box(START, 30, 30), *(Box(name, _width(name, details[name], funnel), HEIGHT_PX) for name in flow.steps)]
    boxes.append(Box(ANYWHERE, 78, 30))
    order = {box.name: place for place, box in enumerate(boxes)}
    links = [_link(way, onward=order[way.head] > order[way.tail]) for way in ways]
    layout = lay_out(boxes, links)
    nodes = [_node(flow, box, details, words, layout, funnel) for box in boxes if box.name in flow.steps]
    drawn = [_drawn(way, curve) for way, curve in zip(ways, layout.curves, strict=True)]
    return (
        _template().render(
            flow=flow,
            funnel=funnel,
            nodes=nodes,
            ways=drawn,
            start=layout.centres[START],
            anywhere=layout.centres[ANYWHERE],
            kinds=[kind for kind in KINDS_OF_STEPS if any(step.do == kind for step in flow.steps.values())],
            width=max(layout.width, 620) + 2 * MARGIN_PX,
            height=layout.height + 2 * MARGIN_PX + LEGEND_PX,
            legend_y=layout.height + LEGEND_PX / 2 + 8,
            margin=MARGIN_PX,
        )
        + "\n"
    )


def detail(step: Step) -> str:
    """Return what a step says, asks or looks up, in a word."""
    match step:
        case LookUp():
            return step.service
        case Branch():
            return step.by
        case CallFlow():
            return step.flow
        case Return():
            return step.way
        case Transfer():
            return step.to
        case Survey():
            return f"{len(step.questions)} × 1–5"
        case _:
            said = [_called(sentence.prompt) for key, sentence in sentences(step) if key not in ("wrong", "confirm")]
            more = f" +{len(said) - 1}" if len(said) > 1 else ""
            return said[0] + more if said and said[0] else ""


def _called(prompt: str) -> str:
    """Return a prompt's name; a sentence that is written out has none, its words show behind the step."""
    return "“…”" if prompt.startswith(INLINE) else prompt


def _link(way: Way, *, onward: bool) -> Link:
    """Return the link for a way; the way on runs straighter than the way back, and than that of a failure."""
    weight = 3 if onward and not way.failure else 1
    label = (way.width + GAP_PX, KEY_PX + 2) if way.width else (0.0, 0.0)
    return Link(way.tail, way.head, *label, weight)


def _width(name: str, told: str, funnel: Funnel | None) -> float:
    figures = FIGURES_PX if funnel is not None else 0.0
    return figures + max(120.0, 48 + max(NAME_PX * len(name), DETAIL_PX * len(told)))


def _node(flow: Flow, box: Box, details: dict[str, str], words: Words, layout: Layout, funnel: Funnel | None) -> Node:
    step = flow.steps[box.name]
    x, y = layout.centres[box.name]
    corner = (x - box.width / 2, y - box.height / 2)
    behind = "\n".join(
        f"{language}  {words(sentence.prompt, language)}"
        for _, sentence in sentences(step)
        for language in flow.languages
    )
    count = None
    if funnel is not None:
        count = funnel.steps.get(box.name) or StepCount(box.name, 0, 0, {}, 0, 0, 0)
    return Node(box.name, step.do, details[box.name], behind, *corner, box.width, box.height, count)


def _drawn(way: Way, curve: Curve) -> Drawn:
    first, *rest = curve.points
    path = f"M{_xy(first)}C{' '.join(_xy(point) for point in rest)}"
    (x, y), (back_x, back_y) = curve.tip, curve.points[-1]
    length = max(0.1, ((x - back_x) ** 2 + (y - back_y) ** 2) ** 0.5)
    across = (-(y - back_y) / length * 3.6, (x - back_x) / length * 3.6)
    corners = ((x, y), (back_x + across[0], back_y + across[1]), (back_x - across[0], back_y - across[1]))
    label_x, label_y = curve.label or (0.0, 0.0)
    return Drawn(way, path, " ".join(_xy(point) for point in corners), label_x + GAP_PX / 2, label_y)


def _xy(point: tuple[float, float]) -> str:
    return f"{point[0]:.1f},{point[1]:.1f}"


@cache
def _template() -> Template:
    loader = PackageLoader("ivr.flow", package_path="")
    environment = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["percent"] = lambda share: "–" if share is None else f"{100 * share:.0f} %"
    environment.filters["px"] = lambda number: f"{number:.1f}".removesuffix(".0")
    return environment.get_template("drawing.svg.j2")
