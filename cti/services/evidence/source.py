"""Where Asterisk's own account of the calls is read from: one port, for its files and for its tables.

A mark is a place in the account: for each of its two parts a few numbers that only the source understands.
"""

from dataclasses import dataclass
from typing import Final, Protocol

from cti.translator.pbx_lines import CelLine, QueueLine

Mark = dict[str, list[int]]
CEL: Final = "cel"
QUEUE: Final = "queue"


class UnreadableError(Exception):
    """The account can't be read now. What it would have told is owed."""


@dataclass(frozen=True, slots=True)
class Account:
    """What was written since a mark, and the mark of its end. ``refused`` are lines that were not believed.

    ``missing``: something between the mark and the first line is not there any more.
    """

    cel: tuple[CelLine, ...]
    queue: tuple[QueueLine, ...]
    end: Mark
    refused: int = 0
    missing: bool = False


class Source(Protocol):
    """One PBX's account. Raises :class:`UnreadableError`."""

    async def end(self) -> Mark:
        """Return the mark of where the account ends now."""

    async def since(self, mark: Mark) -> Account:
        """Return all that was written since ``mark``."""

    async def prune(self) -> None:
        """Let go of what is too old to be of use, where that is ours to do."""
