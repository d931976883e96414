"""An action under way: how it is written, what may be in it, and when it is answered.

panoramisk's ``Action`` writes whatever it is given, so a line break in a value is a second action; it guesses from
the PBX's English whether a list follows, and never ends when that list is refused. Here each header is checked
before anything is written, and the action itself says how it is answered.
"""

import asyncio
from collections import deque
from typing import Final

from panoramisk.actions import Action

from cti.ami.actions import AmiAction
from cti.ami.errors import ActionRefusedError, AmiError, PartialListError, UnsafeHeaderError
from cti.ami.messages import Event, Response

MAX_HEADER: Final = 1000
"""Asterisk throws away an action with a line of more than 1,024 bytes (``manager.c``, ``inbuf``)."""
MAX_ITEMS: Final = 100_000


class WireAction(Action):  # type: ignore[misc]  # panoramisk has no types
    """An action under way: panoramisk's, that refuses what would become two actions, and knows how it is answered."""

    def __init__(self, action: AmiAction, action_id: str) -> None:
        headers: dict[str, str | list[str]] = {"Action": action.name, "ActionID": action_id}
        for name, value in action.headers:
            known = headers.get(name)
            headers[name] = value if known is None else [*([known] if isinstance(known, str) else known), value]
        super().__init__(headers)
        self.order = action
        self.came: deque[Event] = deque()
        self.taken = 0
        self.refused = 0
        self.acknowledged = False
        self.finished = False
        self.failure: AmiError | None = None
        self.changed = asyncio.Event()

    def __setitem__(self, name: str, value: str | list[str]) -> None:
        for one in [value] if isinstance(value, str) else value:
            _check_header(name, one)
        super().__setitem__(name, value)

    def encoded(self) -> bytes:
        """Return what is written to the socket."""
        return str(self).encode()

    def answered(self, response: Response) -> None:
        """Take the PBX's response: the end of the matter, or a promise that more follows."""
        shape = self.order.shape
        if shape is None:
            if self.order.answered_by is None or not response.success:
                self._conclude(response)
        elif response.success:
            self.acknowledged = True
        elif shape.nothing is not None and response.message == shape.nothing:
            self._end(None)
        else:
            self._end(ActionRefusedError(self.order.name, response))

    def followed_by(self, event: Event) -> None:
        """Take an event that names this action: an item, the end of a list, or how it went."""
        shape = self.order.shape
        if event.name == self.order.answered_by:
            self._conclude(_as_response(event, self.order))
        elif shape is not None and event.name in shape.items:
            self._take(event)
        elif shape is not None and event.name == shape.complete:
            self._end(self._missing(event))

    def refuse(self) -> None:
        """Count an item that was not believed; the list can't be whole any more."""
        self.refused += 1

    def fail(self, error: AmiError) -> None:
        """End it: no answer will come."""
        if self.order.shape is not None:
            self._end(error)
        elif not self.future.done():
            self.future.set_exception(error)
            self.future.exception()  # seen, even if whoever asked is being cancelled just now

    def _conclude(self, response: Response) -> None:
        if not self.future.done():
            self.future.set_result(response)

    def _take(self, event: Event) -> None:
        self.taken += 1
        if self.taken > MAX_ITEMS:
            self._end(PartialListError(self.order.name, "too long a list"))
            return
        self.came.append(event)
        self.changed.set()

    def _missing(self, last: Event) -> PartialListError | None:
        """Compare what came with what the PBX says it sent."""
        if last.get("EventList") != "Complete":
            return PartialListError(self.order.name, "cancelled by the PBX", refused=self.refused)
        count = last.get("ListItems", "")
        if self.refused or not (count.isascii() and count.isdigit()) or int(count) != self.taken:
            return PartialListError(self.order.name, "not all items came", refused=self.refused)
        return None

    def _end(self, failure: AmiError | None) -> None:
        if not self.finished:
            self.finished = True
            self.failure = failure
            self.changed.set()


def _check_header(name: str, value: str) -> None:
    for text in (name, value):
        if any(bad in text for bad in "\r\n\0"):
            raise UnsafeHeaderError("?" if text is name else name, "a line break or NUL")
    try:
        length = len(f"{name}: {value}".encode())
    except UnicodeEncodeError as error:
        raise UnsafeHeaderError(name, "not text") from error
    if length > MAX_HEADER:
        raise UnsafeHeaderError(name, "too long")


def _as_response(event: Event, action: AmiAction) -> Response:
    response = Response(event)
    response.loose, response.at, response.position = event.loose, event.at, event.position
    response.name = action.name
    return response
