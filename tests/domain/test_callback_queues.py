"""Ten thousand queues with callbacks, played from beginning to end: nobody loses a place, nobody is called twice.

The game is Asterisk and the daemon in small: callers arrive and wait in priority order, agents take the head of the
line, some callers hang up for a callback, phones ring unanswered, and the daemon dies at any moment and comes back with
nothing but its table. What is asserted is written down here once more, without the model's own words.
"""

import heapq
import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from uuid import UUID

from cti.domain import callbacks
from cti.domain.callbacks import Callback, CallbackState, Place, Rules
from cti.domain.ids import CallId, QueueName

QUEUES = 10_000
START = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)
RULES = Rules(attempts=3, pauses=(timedelta(seconds=90), timedelta(seconds=200)))
QUEUE = QueueName("water")


@dataclass(eq=False, slots=True)
class Person:
    number: int
    place: Place
    answers_at: int
    """Which ring of the phone they answer; more than three is never."""
    callback: Callback | None = None
    served: int = 0
    rings: int = 0
    ringing: bool = False


@dataclass(slots=True)
class Game:
    """One queue. ``line`` is Asterisk's, ``table`` the database's; all else the daemon forgets when it dies."""

    luck: random.Random
    agents: int
    now: int = 0
    free: int = 0
    line: list[Person] = field(default_factory=list)
    table: dict[UUID, Callback] = field(default_factory=dict)
    people: dict[UUID, Person] = field(default_factory=dict)
    coming: list[tuple[int, int, str, Person | None]] = field(default_factory=list)
    order: "count[int]" = field(default_factory=count)
    alive: bool = True
    seen: set[Person] = field(default_factory=set)

    # ---------------------------------------------------------------- the world

    def later(self, seconds: int, what: str, who: Person | None = None) -> None:
        heapq.heappush(self.coming, (self.now + seconds, next(self.order), what, who))

    def time(self) -> datetime:
        return START + timedelta(seconds=self.now)

    def play(self, people: int) -> list[Person]:
        luck, everybody = self.luck, []
        self.free = self.agents
        for number in range(people):
            arrives = luck.randrange(240)
            priority = luck.choice((0, 0, 0, 5))
            person = Person(
                number, Place(START + timedelta(seconds=arrives), priority), luck.choice((1, 1, 1, 2, 3, 9))
            )
            everybody.append(person)
            self.later(arrives, "arrives", person)
            if luck.random() < 0.8:
                self.later(arrives + luck.randrange(1, 90), "asks", person)
        if luck.random() < 0.4:
            self.later(luck.randrange(400), "dies")
        while self.coming:
            self.now, _, what, who = heapq.heappop(self.coming)
            getattr(self, f"on_{what}")(who)
            self.settle()
        return everybody

    def settle(self) -> None:
        """Let the daemon dial, then Asterisk hand out callers, until neither has anything to do."""
        while self.alive and (due := self.due()) is not None:
            self.dial(due)
        while self.free and self.line:
            self.serve(self.line.pop(0))

    def serve(self, person: Person) -> None:
        self.not_overtaking(person)
        self.free -= 1
        person.served += 1
        assert person.served == 1, "served twice"
        self.later(self.luck.randrange(30, 150), "freed")

    def not_overtaking(self, person: Person) -> None:
        """Whoever is served has the best place of all who are there, and no callback of a better one lay idle."""
        assert not any(other.place.is_before(person.place) for other in self.line), "overtook a waiting caller"
        if person.callback is None and self.alive:
            idle = [one for one in self.table.values() if one.state is CallbackState.WAITING]
            ready = [one for one in idle if one.attempts == 0 and one.place.is_before(person.place)]
            assert not ready or any(self.is_before(one) for one in ready), "a callback was passed over"

    def is_before(self, callback: Callback) -> bool:
        """Tell whether somebody with a better place is there or is being rung, so that it is not this one's turn."""
        rung = [one.place for one in self.table.values() if one.state is CallbackState.DIALLING]
        return any(place.is_before(callback.place) for place in (*rung, *(other.place for other in self.line)))

    def on_arrives(self, person: Person) -> None:
        self.join(person)

    def join(self, person: Person) -> None:
        """Enter the line as Asterisk does with QUEUE_PRIO and a position."""
        place = callbacks.position(person.place, [other.place for other in self.line])
        self.line.insert(place - 1, person)

    def on_asks(self, person: Person) -> None:
        if person in self.line and self.alive:
            self.line.remove(person)
            call = CallId(UUID(int=person.number + 1))
            made = callbacks.asked(call, QUEUE, person.place, "+8613800000001", self.time())
            person.callback = made
            self.people[made.id] = person
            self.table[made.id] = made

    def on_freed(self, _: Person | None) -> None:
        self.free += 1

    # ---------------------------------------------------------------- the daemon

    def due(self) -> Callback | None:
        line = [person.place for person in self.line]
        table = self.table.values()
        return callbacks.next_due(table, line, free=self.free, staffed=self.agents, now=self.time()) if table else None

    def dial(self, callback: Callback) -> None:
        person = self.people[callback.id]
        assert not person.ringing, "two attempts at a time"
        assert not person.served
        self.table[callback.id] = callbacks.dialled(callback, self.time())
        person.ringing = True
        person.rings += 1
        assert person.rings <= RULES.attempts
        self.later(self.luck.randrange(2, 25), "rung", person)

    def on_rung(self, person: Person) -> None:
        """Asterisk tells how ringing ended: with the customer in the line, whether the daemon lives or not."""
        person.ringing = False
        took = person.rings >= person.answers_at
        if took:
            self.join(person)
            self.seen.add(person)
        if self.alive:
            self.told(person, took=took)

    def told(self, person: Person, *, took: bool) -> None:
        assert person.callback is not None
        callback = self.table[person.callback.id]
        if callback.state is CallbackState.DIALLING:
            self.table[callback.id] = (
                callbacks.answered(callback, self.time()) if took else callbacks.failed(callback, self.time(), RULES)
            )
            self.later(self.wait_of(callback.id), "wakes")

    def wait_of(self, callback: UUID) -> int:
        return max(0, int((self.table[UUID(int=callback.int)].next_at - self.time()).total_seconds()))

    def on_wakes(self, _: Person | None) -> None:
        """A pause between attempts is over."""

    def on_dies(self, _: Person | None) -> None:
        self.alive = False
        self.later(self.luck.randrange(1, 60), "returns")

    def on_returns(self, _: Person | None) -> None:
        """Come back with the table and what the PBX and the call records tell of attempts that were under way."""
        self.alive = True
        for callback in list(self.table.values()):
            person = self.people[callback.id]
            if callback.state is CallbackState.DIALLING and not person.ringing:
                self.told(person, took=person in self.seen)


def test_in_ten_thousand_queues_nobody_overtakes_and_nobody_is_called_twice() -> None:
    luck = random.Random(96000)
    asked = reached = unreached = 0
    for _ in range(QUEUES):
        game = Game(random.Random(luck.random()), agents=luck.choice((1, 1, 2, 3)))
        everybody = game.play(luck.randrange(4, 13))
        for person in everybody:
            callback = game.table[person.callback.id] if person.callback else None
            if callback is None:
                assert person.served == 1
                continue
            asked += 1
            assert not callback.open, "a callback was forgotten"
            assert callback.attempts == person.rings <= RULES.attempts
            if callback.state is CallbackState.REACHED:
                reached += 1
                assert person.served == 1
            else:
                unreached += 1
                assert (callback.state, person.served, person.rings) == (CallbackState.UNREACHED, 0, RULES.attempts)
    assert asked > QUEUES
    assert reached > unreached > QUEUES / 20
