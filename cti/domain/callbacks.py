"""Being called back without losing one's place. Values and rules; who dials is ``cti.services.callbacks``.

Rules. A place in a line is a priority and the moment its holder began to wait; both never change, so a place is kept
by whoever has hung up as well as by whoever holds the line. A callback is dialled when an agent would be free for it
(more free agents than people before it), or when nobody is before it and the next free agent would go to somebody
behind it. Its call then joins the queue at its own place: before all who have a worse one, behind all who have a better
one. One attempt at a time, ``Rules.attempts`` of them with pauses between; after the last it is *unreached*, which is a
task for a person. An attempt whose end nobody saw (a crash of ours) counts as made. A callback that is over never
begins again.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NewType
from uuid import UUID, uuid5

from cti.domain.events import Language
from cti.domain.ids import AccountNumber, CallId, LinkedId, QueueName

CallbackId = NewType("CallbackId", UUID)
_CALLBACKS = UUID("1d3a5f0a-6a57-5f43-9a1c-52a7c7f3be10")
LINKED_PREFIX = "cb-"


class CallbackState(StrEnum):
    """Where a callback stands."""

    WAITING = "waiting"
    DIALLING = "dialling"
    REACHED = "reached"
    UNREACHED = "unreached"
    CANCELLED = "cancelled"


class CallbackMove(StrEnum):
    """What can happen to a callback."""

    DIALLED = "dialled"
    FAILED = "failed"
    ANSWERED = "answered"
    WITHDRAWN = "withdrawn"


STATES: dict[CallbackState, dict[CallbackMove, CallbackState]] = {
    CallbackState.WAITING: {
        CallbackMove.DIALLED: CallbackState.DIALLING,
        CallbackMove.WITHDRAWN: CallbackState.CANCELLED,
    },
    CallbackState.DIALLING: {
        CallbackMove.FAILED: CallbackState.WAITING,
        CallbackMove.ANSWERED: CallbackState.REACHED,
        CallbackMove.WITHDRAWN: CallbackState.CANCELLED,
    },
    CallbackState.REACHED: {},
    CallbackState.UNREACHED: {},
    CallbackState.CANCELLED: {},
}
"""A failed last attempt goes to ``UNREACHED`` instead of ``WAITING``; see :func:`failed`."""

OPEN = frozenset({CallbackState.WAITING, CallbackState.DIALLING})


@dataclass(frozen=True, slots=True)
class Rules:
    """What a site may set about callbacks. ``pauses`` are between attempts, the last one for all further ones."""

    attempts: int = 3
    pauses: tuple[timedelta, ...] = (timedelta(minutes=5), timedelta(minutes=15))
    ring_s: int = 30

    def pause_after(self, attempts: int) -> timedelta:
        """Return how long to wait after so many attempts."""
        return self.pauses[min(attempts, len(self.pauses)) - 1] if self.pauses else timedelta(0)


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a line. ``since`` is when its holder began to wait, ``priority`` as Asterisk's ``QUEUE_PRIO``."""

    since: datetime
    priority: int = 0

    def is_before(self, other: "Place") -> bool:
        """Tell whether this place is the better one. Equal places are nobody's advantage."""
        return (-self.priority, self.since) < (-other.priority, other.since)


@dataclass(frozen=True, slots=True)
class Callback:
    """One promise to call somebody back. ``number`` is E.164; ``call`` is the one in which they asked for it."""

    id: CallbackId
    call: CallId
    queue: QueueName
    place: Place
    number: str = field(repr=False)
    asked_at: datetime
    next_at: datetime
    state: CallbackState = CallbackState.WAITING
    state_since: datetime | None = None
    attempts: int = 0
    language: Language | None = None
    account: AccountNumber | None = field(default=None, repr=False)

    @property
    def open(self) -> bool:
        """Whether anything is still to be done."""
        return self.state in OPEN


class IllegalCallbackMoveError(Exception):
    """A callback can't do this from where it stands."""

    def __init__(self, state: CallbackState, move: CallbackMove) -> None:
        super().__init__(f"a callback that is {state} can't be {move}")
        self.state = state
        self.move = move


def callback_id(call: CallId) -> CallbackId:
    """Return the id of the callback asked for in this call: asked for twice, it is the same."""
    return CallbackId(uuid5(_CALLBACKS, call.hex))


def asked(
    call: CallId,
    queue: QueueName,
    place: Place,
    number: str,
    at: datetime,
    *,
    language: Language | None = None,
    account: AccountNumber | None = None,
) -> Callback:
    """Return a new callback that may be dialled from now on."""
    return Callback(
        callback_id(call), call, queue, place, number, at, at, state_since=at, language=language, account=account
    )


# ------------------------------------------------------------------ moves


def dialled(callback: Callback, at: datetime) -> Callback:
    """Return the callback as one more attempt begins."""
    return replace(_moved(callback, CallbackMove.DIALLED, at), attempts=callback.attempts + 1)


def failed(callback: Callback, at: datetime, rules: Rules) -> Callback:
    """Return the callback after an attempt that reached nobody: it waits for the next one, or was the last."""
    moved = _moved(callback, CallbackMove.FAILED, at)
    if moved.attempts >= rules.attempts:
        return replace(moved, state=CallbackState.UNREACHED)
    return replace(moved, next_at=at + rules.pause_after(moved.attempts))


def answered(callback: Callback, at: datetime) -> Callback:
    """Return the callback once its customer is on the line: from here on theirs is a call like any other."""
    return _moved(callback, CallbackMove.ANSWERED, at)


def withdrawn(callback: Callback, at: datetime) -> Callback:
    """Return the callback once somebody decided that it is needed no longer."""
    return _moved(callback, CallbackMove.WITHDRAWN, at)


def _moved(callback: Callback, move: CallbackMove, at: datetime) -> Callback:
    try:
        state = STATES[callback.state][move]
    except KeyError:
        raise IllegalCallbackMoveError(callback.state, move) from None
    return replace(callback, state=state, state_since=at)


# ------------------------------------------------------------------ the line


def position(place: Place, waiting: Sequence[Place]) -> int:
    """Return at which position, from 1, this place belongs among those who wait, given in the queue's order."""
    ahead = 0
    for number, other in enumerate(waiting, 1):
        if not place.is_before(other):
            ahead = number
    return ahead + 1


def next_due(
    callbacks: Iterable[Callback], waiting: Sequence[Place], *, free: int, staffed: int, now: datetime
) -> Callback | None:
    """Return the callback of one queue to dial now, if any.

    ``waiting`` are the places of callers who hold the line, ``free`` the agents who would take a call this moment,
    ``staffed`` all who take calls of this queue today, busy or not. Nobody is called when nobody is there to talk.
    """
    if staffed <= 0:
        return None
    mine = [callback for callback in callbacks if callback.open]
    dialling = [callback.place for callback in mine if callback.state is CallbackState.DIALLING]
    ready = [callback for callback in mine if callback.state is CallbackState.WAITING and callback.next_at <= now]
    first = min(ready, key=lambda callback: (-callback.place.priority, callback.place.since, callback.id), default=None)
    if first is None:
        return None
    before = sum(other.is_before(first.place) for other in (*waiting, *dialling))
    if free - before - sum(not other.is_before(first.place) for other in dialling) > 0:
        return first
    behind = any(first.place.is_before(other) for other in waiting)
    return first if before == 0 and behind else None


# ------------------------------------------------------------------ the call that is made


def linked_id(callback: Callback) -> LinkedId:
    """Return what the PBX is to call this attempt's channel, and so its call.

    Known before it is dialled, and the same when asked again: Asterisk refuses a second channel of that name.
    """
    begun = callback.state_since or callback.asked_at
    return LinkedId(f"{LINKED_PREFIX}{callback.id.hex}-{int(begun.timestamp())}.{callback.attempts}")


def callback_of(linkedid: LinkedId) -> CallbackId | None:
    """Return the callback that a call was made for, by its Linkedid; None for any other call."""
    prefix, _, rest = linkedid.partition("-")
    word = rest.partition("-")[0]
    if f"{prefix}-" != LINKED_PREFIX or len(word) != 32:
        return None
    try:
        return CallbackId(UUID(hex=word))
    except ValueError:
        return None
