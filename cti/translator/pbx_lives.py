"""Which life of a PBX a call was in, by its own account: a PBX that is started anew has lost every call it had.

``queue_log`` tells of a start, once it is through; in a file by the whole second only, and a fast PBX is killed and up
again within one. What CEL tells of that second is before the start or after it: Asterisk counts its channels from 0 on
in each life, and CEL's lines are in order. Sources: ``main/asterisk.c``, ``logger_queue_start`` in ``main/logger.c``,
``uniqueint`` in ``main/channel.c`` of Asterisk 22.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from cti.domain.ids import ChannelId, LinkedId
from cti.translator.pbx_lines import CelLine, QueueLine

STARTED: Final = "QUEUESTART"
_SECOND: Final = timedelta(seconds=1)
_QUICKEST_START: Final = timedelta(milliseconds=100)
"""No Asterisk is up faster. Channels that are made at once may be told of in another order than they are counted."""


class Lives:
    """The lives that an account tells the end of.

    ``seen_until``: when a link ended, which the PBX may have lived to see.
    """

    def __init__(
        self, cel: Sequence[CelLine], queue: Sequence[QueueLine], *, seen_until: datetime | None = None
    ) -> None:
        self._began = {line.linkedid: line.at for line in cel if line.event == "CHAN_START" and _is_first(line)}
        starts = [place for place, line in enumerate(queue) if line.event == STARTED]
        self._ends = [_begin_of_next(queue[place], cel) for place in starts]
        self._lost = [
            self._last_sign(cel, queue[:place], end, seen_until) or queue[place].at
            for place, end in zip(starts, self._ends, strict=True)
        ]

    @property
    def lost_at(self) -> datetime | None:
        """When the first of these lives ended: its last sign; None if the account tells of no start."""
        return self._lost[0] if self._lost else None

    def lost_with(self, linkedid: LinkedId) -> datetime | None:
        """Return when the life ended that this call was in; None if that is the present one."""
        began = self._began_at(linkedid)
        return next((lost for end, lost in zip(self._ends, self._lost, strict=True) if began < end), None)

    def _began_at(self, linkedid: LinkedId) -> datetime:
        """Return when a call began; where no line tells, the second that stands in its id."""
        known = self._began.get(linkedid)
        return known if known is not None else datetime.fromtimestamp(_second_and_number(linkedid)[0], UTC)

    def _last_sign(
        self, cel: Sequence[CelLine], queue: Sequence[QueueLine], end: datetime, seen_until: datetime | None
    ) -> datetime | None:
        signs = [line.at for line in cel if self._began_at(line.linkedid) < end]
        signs += [line.at for line in queue]
        if seen_until is not None and seen_until < end:
            signs.append(seen_until)
        return max(signs, default=None)


def _begin_of_next(start: QueueLine, cel: Sequence[CelLine]) -> datetime:
    """Return the time from which on calls that began are not of the life before this start."""
    if start.exact:
        return start.at
    before, number_before = None, 0
    for line in cel:
        number = _second_and_number(line.leg)[1]
        is_start = line.event == "CHAN_START"
        counted_anew = is_start and number <= number_before and start.at <= line.at < start.at + _SECOND
        if counted_anew and (before is None or line.at - before >= _QUICKEST_START):
            return line.at
        before = line.at
        number_before = max(number, number_before) if is_start else number_before
    return start.at + _SECOND


def _is_first(line: CelLine) -> bool:
    return line.leg == ChannelId(line.linkedid)


def _second_and_number(unique: str) -> tuple[int, int]:
    """Return when a channel was made, in seconds since the epoch, and its number in that life of the PBX."""
    second, number = unique.rpartition("-")[2].split(".")
    return int(second), int(number)
