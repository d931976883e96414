"""The quality of the water in a zone, as it was last published. Values only."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from cti.domain.ids import ZoneCode

MOST_TURBIDITY_NTU: Final = Decimal("1")
CHLORINE_MG_L: Final = (Decimal("0.05"), Decimal("2"))
PH: Final = (Decimal("6.5"), Decimal("8.5"))
MOST_HARDNESS_MG_L: Final = Decimal("450")
"""GB 5749-2022, 生活饮用水卫生标准, tables 1 and 2; free chlorine at the consumer's end and at the most."""


@dataclass(frozen=True, slots=True)
class WaterQuality:
    """What was measured in ``zone``: turbidity, free chlorine, pH, total hardness as CaCO3."""

    zone: ZoneCode
    sampled_on: date
    published_on: date
    turbidity_ntu: Decimal
    chlorine_mg_l: Decimal
    ph: Decimal
    hardness_mg_l: Decimal

    @property
    def meets_the_standard(self) -> bool:
        """Whether every figure is within GB 5749-2022."""
        return (
            self.turbidity_ntu <= MOST_TURBIDITY_NTU
            and CHLORINE_MG_L[0] <= self.chlorine_mg_l <= CHLORINE_MG_L[1]
            and PH[0] <= self.ph <= PH[1]
            and self.hardness_mg_l <= MOST_HARDNESS_MG_L
        )
