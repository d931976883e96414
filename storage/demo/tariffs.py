"""The demo utility's prices: three steps each, whole fen a cubic metre, by the month."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Step:
    """What a cubic metre costs above ``above_m3`` in a month."""

    above_m3: int
    fen_per_m3: int


@dataclass(frozen=True, slots=True)
class Tariff:
    """Three steps, dearer as more is used."""

    code: str
    name_zh: str
    name_en: str
    steps: tuple[Step, Step, Step]

    def amount_fen(self, usage_m3: int) -> int:
        """Return what ``usage_m3`` in one month costs."""
        tops = [step.above_m3 for step in self.steps[1:]] + [max(usage_m3, self.steps[-1].above_m3)]
        return sum(
            max(0, min(usage_m3, top) - step.above_m3) * step.fen_per_m3
            for step, top in zip(self.steps, tops, strict=True)
        )

    def table(self, most_m3: int) -> NDArray[np.int64]:
        """Return the amounts of 0 to ``most_m3`` cubic metres."""
        return np.array([self.amount_fen(usage_m3) for usage_m3 in range(most_m3 + 1)], dtype=np.int64)


RESIDENTIAL: Final = Tariff("residential", "居民生活用水", "Residential", (Step(0, 345), Step(18, 483), Step(30, 765)))
BUSINESS: Final = Tariff("business", "非居民用水", "Business", (Step(0, 520), Step(60, 645), Step(120, 890)))
TARIFFS: Final = (RESIDENTIAL, BUSINESS)
