"""What water costs: 阶梯水价, a price a cubic metre that rises with what is used in one billing period."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True, slots=True)
class TariffStep:
    """What a cubic metre costs above ``above_m3`` in one billing period."""

    above_m3: int
    fen_per_m3: int


@dataclass(frozen=True, slots=True)
class Tariff:
    """Steps, the lowest first; the first one is above nothing."""

    steps: tuple[TariffStep, ...]

    def __post_init__(self) -> None:
        bounds = [step.above_m3 for step in self.steps]
        if bounds[:1] != [0] or any(low >= high for low, high in pairwise(bounds)):
            raise ValueError("a tariff's steps begin at 0 and rise")

    def amount_fen(self, usage_m3: int) -> int:
        """Return what ``usage_m3`` in one billing period costs."""
        return sum(cubic_metres * step.fen_per_m3 for step, cubic_metres in self.shares(usage_m3))

    def reached(self, usage_m3: int) -> int:
        """Return the number of the highest step, from 1, in which any of ``usage_m3`` is charged."""
        return max((number for number, (_, used) in enumerate(self.shares(usage_m3), start=1) if used), default=1)

    def shares(self, usage_m3: int) -> Iterator[tuple[TariffStep, int]]:
        """Yield each step with the cubic metres that are charged in it."""
        tops = [step.above_m3 for step in self.steps[1:]] + [max(usage_m3, self.steps[-1].above_m3)]
        for step, top in zip(self.steps, tops, strict=True):
            yield step, max(0, min(usage_m3, top) - step.above_m3)
