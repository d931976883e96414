"""What a bench found: figures for people, and bars that say whether a promise is kept."""

import json
import platform
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Literal

Figure = float | int | str | None


@dataclass(frozen=True, slots=True)
class Bar:
    """One promise: ``value`` must be at least (``at_most``: no more than) ``bar``."""

    name: str
    value: float
    bar: float
    sense: Literal["at_least", "at_most"] = "at_most"

    @property
    def ok(self) -> bool:
        """Whether the promise is kept; a value that is no number keeps none."""
        return self.value <= self.bar if self.sense == "at_most" else self.value >= self.bar


@dataclass(frozen=True, slots=True)
class Report:
    """One run. ``figures`` are nested by subject, units in their names (``p99_ms``, ``events_per_cpu_s``)."""

    bench: str
    figures: Mapping[str, object]
    bars: tuple[Bar, ...] = ()
    rows: tuple[Mapping[str, Figure], ...] = field(default=())
    """A table, where one is the clearest form; every row has the same keys."""

    @property
    def ok(self) -> bool:
        """Whether every promise is kept."""
        return all(bar.ok for bar in self.bars)

    def as_json(self) -> str:
        """Return the one object that ``--json`` prints."""
        bars = [{**asdict(bar), "ok": bar.ok} for bar in self.bars]
        told = {"bench": self.bench, "machine": machine(), "figures": self.figures, "bars": bars, "rows": self.rows}
        return json.dumps(told, ensure_ascii=False)


def machine() -> str:
    """Name what the figures were taken on, as far as Python knows."""
    return f"{platform.machine()}, {platform.system()}, Python {platform.python_version()}"
