"""The queue between reader and handlers: order, bounds, and what is said when something had to go."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from itertools import count

import pytest

from cti.ami.frames import Frame
from cti.ami.intake import Bounds, Doubt, DoubtReason, Handler, Intake, utc_now
from cti.ami.messages import Event

AT = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)


def frame(name: str, text: str = "") -> Frame:
    return name.encode(), f"Event: {name}\r\nN: {text}".encode()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - the code under test tells nobody
            await asyncio.sleep(0)


@asynccontextmanager
async def working(intake: Intake) -> AsyncIterator[None]:
    worker = asyncio.create_task(intake.run())
    yield
    worker.cancel()
    await asyncio.gather(worker, return_exceptions=True)


def make(
    handlers: dict[str, Handler],
    *,
    on_doubt: Callable[[Doubt], Awaitable[None] | None] | None = None,
    display_only: frozenset[str] = frozenset(),
    bounds: Bounds | None = None,
    is_ours: Callable[[str], bool] = lambda action_id: False,
    monotonic: Callable[[], float] = lambda: 0.0,
) -> Intake:
    return Intake(
        handlers, on_doubt=on_doubt, display_only=display_only, bounds=bounds, is_ours=is_ours,
        now=lambda: AT, monotonic=monotonic,
    )  # fmt: skip


def put(intake: Intake, *frames: Frame) -> None:
    intake.put(frames, intake.arrival())


async def test_events_reach_their_handlers_in_order_with_time_and_position() -> None:
    seen: list[Event] = []
    intake = make({"A": seen.append, "B": seen.append})
    assert intake.names == {b"A", b"B"}
    put(intake, frame("A", "1"), frame("B", "2"))
    put(intake, frame("A", "3"))
    assert intake.waiting == 3
    async with working(intake):
        await until(lambda: len(seen) == 3)
    assert [(event.name, event["N"], event.position, event.at) for event in seen] == [
        ("A", "1", 1, AT), ("B", "2", 2, AT), ("A", "3", 3, AT),
    ]  # fmt: skip
    assert (intake.counters.handled, intake.waiting) == (3, 0)


async def test_a_slow_handler_keeps_the_order_and_never_runs_beside_another() -> None:
    seen: list[str] = []
    gate = asyncio.Event()

    async def slow(event: Event) -> None:
        seen.append(f"begin {event['N']}")
        await gate.wait()
        seen.append(f"end {event['N']}")

    intake = make({"A": slow, "B": lambda event: seen.append(event["N"])})
    before = len(asyncio.all_tasks())
    async with working(intake):
        put(intake, *(frame("A", str(n)) for n in range(100)), frame("B", "last"))
        await until(lambda: bool(seen))
        assert len(asyncio.all_tasks()) == before + 1
        gate.set()
        await until(lambda: "last" in seen)
    assert seen == [f"{what} {n}" for n in range(100) for what in ("begin", "end")] + ["last"]


async def test_a_flood_leaves_others_in_the_loop_their_turn() -> None:
    seen: list[Event] = []
    clock = count()
    intake = make({"A": seen.append}, bounds=Bounds(turn_s=10), monotonic=lambda: next(clock))
    async with working(intake):
        put(intake, *(frame("A") for _ in range(95)))
        await until(lambda: bool(seen))
        assert len(seen) == 10


async def test_a_failing_handler_is_counted_logged_without_callers_text_and_doubted(
    caplog: pytest.LogCaptureFixture,
) -> None:
    doubts: list[Doubt] = []
    seen: list[str] = []

    def fail(event: Event) -> None:
        seen.append(event["Uniqueid"])
        raise ValueError(f"bad name: {event['CallerIDName']}")

    intake = make({"Newchannel": fail}, on_doubt=doubts.append)
    text = "Event: Newchannel\r\nUniqueid: {}\r\nLinkedid: <script>\r\nCallerIDName: 王小明"
    put(intake, *((b"Newchannel", text.format(n).encode()) for n in ("sys-1.1", "sys-1.2")))
    async with working(intake):
        await until(lambda: len(doubts) == 1)
    assert seen == ["sys-1.1", "sys-1.2"]
    assert doubts == [Doubt(DoubtReason.HANDLER_FAILED, 2)]
    assert intake.counters.handler_errors == 2
    assert "Newchannel failed: ValueError at" in caplog.text
    assert "Uniqueid sys-1.1, Linkedid ?" in caplog.text
    assert "王" not in caplog.text
    assert "script" not in caplog.text


async def test_cancelling_the_worker_inside_a_handler_ends_it() -> None:
    entered = asyncio.Event()

    async def forever(event: Event) -> None:
        entered.set()
        await asyncio.Event().wait()

    intake = make({"A": forever})
    worker = asyncio.create_task(intake.run())
    put(intake, frame("A"))
    await entered.wait()
    worker.cancel()
    with pytest.raises(asyncio.CancelledError):
        await worker


async def test_a_forged_event_is_dropped_counted_logged_and_doubted(security_log: pytest.LogCaptureFixture) -> None:
    seen: list[Event] = []
    doubts: list[Doubt] = []

    def checked(event: Event) -> None:
        event.expect(frozenset({"N"}))
        seen.append(event)

    intake = make({"A": checked}, on_doubt=doubts.append)
    put(
        intake,
        (b"A", b"Event: A\r\nN: 1\r\nN: 2"),
        (b"A", b"Event: A\r\nN: 3\r\nEvil: 1"),
        (b"A", b"Event: A\r\nN: 4\r\nActionID: guessed"),
        frame("A", "good"),
    )
    async with working(intake):
        await until(lambda: bool(doubts))
    assert [event["N"] for event in seen] == ["good"]
    assert intake.counters.forged == 3
    assert doubts == [Doubt(DoubtReason.FORGED, 3)]
    assert len(security_log.records) == 1
    assert intake.counters.handler_errors == 0


async def test_damage_is_doubted_in_its_place() -> None:
    story: list[str] = []
    intake = make({"A": lambda event: story.append(event["N"])}, on_doubt=lambda doubt: story.append(doubt.reason))
    put(intake, frame("A", "1"))
    intake.damaged()
    intake.damaged()
    put(intake, frame("A", "2"))
    put(intake, (b"A", b"Event: A\r\nN: " + b"x" * 20_000))
    async with working(intake):
        await until(lambda: len(story) == 4)
    assert story == ["1", "damaged", "2", "damaged"]
    assert intake.counters.damaged == 3


async def test_an_answer_nobody_waits_for_any_longer_is_no_event() -> None:
    seen: list[Event] = []
    intake = make({"A": seen.append}, is_ours=lambda action_id: action_id == "mine")
    put(intake, (b"A", b"Event: A\r\nActionID: mine"), frame("A"))
    async with working(intake):
        await until(lambda: bool(seen))
    assert len(seen) == 1
    assert (intake.counters.stale, intake.counters.forged) == (1, 0)


async def test_display_events_are_shed_first_and_state_events_stay() -> None:
    seen: list[str] = []
    doubts: list[Doubt] = []
    intake = make(
        {"State": lambda event: seen.append(event["N"]), "Show": lambda event: seen.append("show")},
        display_only=frozenset({"Show"}), on_doubt=doubts.append, bounds=Bounds(events=8),
    )  # fmt: skip
    put(intake, *(frame("Show") for _ in range(7)))  # the seventh is above three quarters
    assert (intake.waiting, intake.counters.shed) == (6, 1)
    put(intake, *(frame("State", str(n)) for n in range(8)))
    assert (intake.waiting, intake.counters.shed, intake.counters.dropped) == (8, 7, 0)
    async with working(intake):
        await until(lambda: len(seen) == 8)
        put(intake, frame("Show"))
        await until(lambda: len(seen) == 9)
    assert seen == [*map(str, range(8)), "show"]
    assert doubts == []


async def test_a_state_event_that_had_to_go_is_doubted_where_it_is_missing() -> None:
    story: list[str] = []

    async def on_doubt(doubt: Doubt) -> None:
        story.append(f"{doubt.reason} {doubt.count}")

    intake = make({"A": lambda event: story.append(event["N"])}, on_doubt=on_doubt, bounds=Bounds(events=4))
    put(intake, *(frame("A", str(n)) for n in range(10)))
    assert intake.counters.dropped == 6
    async with working(intake):
        await until(lambda: len(story) == 5)
        put(intake, frame("A", "after"))
        await until(lambda: len(story) == 6)
    assert story == ["0", "1", "2", "3", "dropped 6", "after"]


async def test_bytes_are_bounded_too() -> None:
    intake = make({"A": lambda event: None}, bounds=Bounds(events=1000, bytes=1000))
    put(intake, *(frame("A", "x" * 100) for _ in range(50)))
    assert intake.waiting < 12
    assert intake.counters.dropped > 35


async def test_notices_keep_their_place_among_events_and_their_errors_stay_here() -> None:
    story: list[str] = []
    intake = make({"A": lambda event: story.append(event["N"])})

    def broken() -> None:
        raise RuntimeError("secret")

    put(intake, frame("A", "1"))
    intake.notice("link up", lambda: story.append("up"))
    intake.notice("link down", broken)
    put(intake, frame("A", "2"))
    async with working(intake):
        await until(lambda: len(story) == 3)
    assert story == ["1", "up", "2"]
    assert intake.counters.handler_errors == 1


async def test_a_doubt_without_anybody_to_tell_is_only_counted() -> None:
    intake = make({"A": lambda event: None})
    intake.damaged()
    async with working(intake):
        await until(lambda: intake.waiting == 0)
    assert intake.counters.damaged == 1


async def test_lag_is_measured_by_the_monotonic_clock() -> None:
    times = iter([10.0, 10.1, 12.5, 20.0, 20.05, 20.1])  # of each event: read, turn begins, handled
    intake = make({"A": lambda event: None}, monotonic=lambda: next(times))
    async with working(intake):
        for handled in (1, 2):
            put(intake, frame("A"))
            await until(lambda handled=handled: intake.counters.handled == handled)  # type: ignore[misc]
    assert intake.counters.lag_s == pytest.approx(0.1)
    assert intake.counters.lag_max_s == 2.5


def test_times_are_aware() -> None:
    assert utc_now().tzinfo is UTC
