"""What concerns every agent a little, the queues' totals, is told to a few consoles at a time.

An agent's own state and calls are told within the moment of gathering. The totals change with every caller, and to tell
five hundred consoles of each would keep the loop from what is urgent. So agents' consoles take turns: at each flush a
share of them is told what changed since their last turn, which comes once in :data:`TURNS` flushes, that is within a
second. Supervisors don't wait.
"""

from collections.abc import Iterator
from typing import Generic, TypeVar

from cti.domain.ids import QueueName

TURNS = 20

C = TypeVar("C")


class Rota(Generic[C]):
    """Consoles and their turns. ``turns`` is one where nothing is gathered: then everybody is told at once."""

    def __init__(self, turns: int = TURNS) -> None:
        self._turns: list[set[C]] = [set() for _ in range(turns)]
        self._turn_of: dict[C, int] = {}
        self._changed: dict[QueueName, int] = {}
        self._now = 0

    @property
    def is_due(self) -> bool:
        """Whether there is somebody whose turn is still to come."""
        return bool(self._changed)

    def join(self, console: C) -> None:
        """Give a console its turn: where the fewest are."""
        turn = min(range(len(self._turns)), key=lambda n: len(self._turns[n]))
        self._turns[turn].add(console)
        self._turn_of[console] = turn

    def leave(self, console: C) -> None:
        """Let a console have no more turns."""
        turn = self._turn_of.pop(console, None)
        if turn is not None:
            self._turns[turn].discard(console)

    def note(self, queues: set[QueueName]) -> None:
        """Take in which queues changed."""
        self._changed.update(dict.fromkeys(queues, self._now))

    def take(self) -> tuple[set[QueueName], Iterator[C]]:
        """Return what is news for those whose turn it is, and who they are; then it is the next ones' turn."""
        changed = set(self._changed)
        whose = self._turns[self._now % len(self._turns)]
        self._now += 1
        last_round = self._now - len(self._turns)
        self._changed = {queue: at for queue, at in self._changed.items() if at > last_round}
        return changed, iter(whose if changed else ())
