"""What a pop says, and when it goes out."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from uuid import UUID

import pytest

from agent_console.pop import Question, build, gather, keyed_account, match_of, withheld, without_answers
from agent_console.pop_desk import PopDesk
from agent_console.wire_live import Match, Pop
from agent_console.wire_records import TicketBrief, TicketStatus
from cti.domain.ids import AccountNumber, AgentId, CallId
from cti.domain.model import Call
from storage.call_tickets import ticket_id
from tests.console.fake_stores import FakeStores, an_account, sheet
from tests.console.fakes import ACCOUNT, AGENT1, AGENT2, CALLER, NOON, WATER, Clock, FakeLive

OTHER = AccountNumber("20000024")


@dataclass
class Screens:
    """Where the desk's pops go."""

    shown: list[tuple[AgentId, Pop]] = field(default_factory=list)
    withdrawn: list[tuple[AgentId, CallId]] = field(default_factory=list)

    def show(self, agent: AgentId, pop: Pop) -> None:
        self.shown.append((agent, pop))

    def withdraw(self, agent: AgentId, call: CallId) -> None:
        self.withdrawn.append((agent, call))


@dataclass
class Desk:
    pops: PopDesk
    screens: Screens
    live: FakeLive
    stores: FakeStores

    async def settled(self, what: Callable[[], bool]) -> None:
        async with asyncio.timeout(5):
            while not what():  # noqa: ASYNC110 - a condition of another's making, with a deadline
                await asyncio.sleep(0)

    async def fetched(self) -> None:
        await self.settled(lambda: all(fetch.task.done() for fetch in self.pops._fetches.values()))


@pytest.fixture
async def desk(live: FakeLive, stores: FakeStores, clock: Clock) -> AsyncIterator[Desk]:
    live.open_house()
    screens = Screens()
    pops = PopDesk(live, stores.ports(), clock, region="CN", patience_s=0.01)
    pops.show_on(screens)
    live.listen(pops.on_changes)
    yield Desk(pops, screens, live, stores)
    await pops.aclose()


def call_now(live: FakeLive) -> Call:
    return next(iter(live.state.calls.values()))


# ------------------------------------------------------------------ how sure the account is


@pytest.mark.parametrize(
    ("number", "keyed", "verified", "found", "match"),
    [
        (CALLER, ACCOUNT, True, (), Match.PIN),
        ("", ACCOUNT, True, (), Match.PIN),
        (CALLER, ACCOUNT, False, (), Match.KEYED),
        (CALLER, None, False, (an_account(),), Match.CALLER_ID),
        (CALLER, None, False, (an_account(), an_account(OTHER)), Match.SEVERAL),
        (CALLER, None, False, (), Match.NONE),
        ("", None, False, (), Match.WITHHELD),
        ("anonymous", None, False, (), Match.WITHHELD),
        ("1001", None, False, (), Match.NONE),
    ],
)
def test_how_sure_the_account_is(
    live: FakeLive, number: str, keyed: AccountNumber | None, verified: bool, found: tuple[object, ...], match: Match
) -> None:
    live.arrive(number=number)
    call = call_now(live)
    if keyed:
        live.key(call.id, keyed)
        live.claim(call.id, verified=verified)

    assert match_of(Question.about(call_now(live), "CN"), found) is match  # type: ignore[arg-type]


def test_an_account_that_caller_id_proposed_is_not_taken_for_keyed(live: FakeLive) -> None:
    call = live.arrive()
    live.claim(call, verified=False)

    assert match_of(Question.about(call_now(live), "CN"), ()) is Match.CALLER_ID


def test_an_account_that_is_not_there_is_on_the_screen_too(live: FakeLive) -> None:
    call = live.arrive()
    live.key(call, "1", step="language", way="1")
    live.key(call, OTHER, way="ok")
    live.key(call, "0", step="account", way="0")

    assert keyed_account(call_now(live)) == OTHER


async def test_the_way_through_the_menu_is_where_the_caller_heard_or_chose_something(
    live: FakeLive, stores: FakeStores
) -> None:
    call = live.arrive()
    live.key(call, "1", step="language", way="1")
    live.look_up(call, "incidents.incident", "none")
    live.key(call, OTHER)
    live.queue()

    pop = await pop_of(live, stores)

    assert [step.step for step in pop.ivr_path] == ["language", "account"]
    assert pop.ivr_ms == 2_000, "a flow that was gone through is not counted beside its own steps"


@pytest.mark.parametrize("keyed", ["271828", "10000011", "••••••••", "20261122000123", "1234", "•••••• 271828"])
def test_what_has_not_the_shape_of_an_account_is_none_that_was_keyed(live: FakeLive, keyed: str) -> None:
    call = live.arrive()
    live.key(call, keyed, way="wrong_input")

    assert keyed_account(call_now(live)) is None


async def test_readings_by_telephone_are_on_the_pop(live: FakeLive, stores: FakeStores) -> None:
    call = live.arrive()
    live.claim(call, verified=True)

    pop = await pop_of(live, stores)
    stores.readings.down = True
    without = await pop_of(live, stores)

    assert [(one.value_m3, one.doubt, one.state) for one in pop.reported_readings] == [(1_234, "leak", "to_confirm")]
    assert (without.reported_readings, without.records_available) == ([], False)


def test_numbers_are_brought_to_e164(live: FakeLive) -> None:
    live.arrive(number="013800138000")

    assert Question.about(call_now(live), "CN").e164 == "+8613800138000"


def test_withheld_means_no_digit_at_all() -> None:
    assert withheld("")
    assert withheld("Restricted")
    assert not withheld("1001")


# ------------------------------------------------------------------ what the stores say


async def pop_of(live: FakeLive, stores: FakeStores) -> Pop:
    call = call_now(live)
    question = Question.about(call, "CN")
    return build(call, question, await gather(question, stores.ports()), queue=WATER, offered_at=NOON)


async def test_a_whole_pop_has_everything(live: FakeLive, stores: FakeStores, clock: Clock) -> None:
    stores.tickets.open = [
        TicketBrief(
            id=UUID(int=9),
            number="1",
            category=None,
            status=TicketStatus.OPEN,
            subject="x",
            opened_at=NOON,
            due_at=None,
        )
    ]
    call = live.arrive()
    live.key(call, ACCOUNT)
    live.claim(call, verified=True)
    live.queue()
    clock.move(42)

    pop = await pop_of(live, stores)
    asked_at_42 = build(
        call_now(live),
        Question.about(call_now(live), "CN"),
        await gather(Question.about(call_now(live), "CN"), stores.ports()),
        queue=WATER,
        offered_at=NOON + timedelta(seconds=42),
    )

    assert pop.account is not None
    assert (pop.account.name, pop.account.balance_fen, len(pop.account.bills)) == ("王小明", -12_345, 1)
    assert (pop.match, pop.account_keyed, pop.calls_7_days) == (Match.PIN, ACCOUNT, 2)
    assert (len(pop.open_tickets), len(pop.last_contacts), pop.ticket_id) == (1, 1, ticket_id(call))
    assert (pop.billing_available, pop.records_available) == (True, True)
    assert (pop.ivr_ms, asked_at_42.wait_s) == (1_000, 42)


async def test_several_accounts_on_one_number_are_choices_and_none_is_shown_as_theirs(
    live: FakeLive, stores: FakeStores
) -> None:
    stores.customers.accounts = [an_account(), an_account(OTHER)]
    live.arrive()

    pop = await pop_of(live, stores)

    assert (pop.match, pop.account, len(pop.choices)) == (Match.SEVERAL, None, 2)


async def test_another_customers_data_is_never_shown(live: FakeLive, stores: FakeStores) -> None:
    stores.customers.answer = sheet(OTHER)
    call = live.arrive()
    live.key(call, ACCOUNT)
    live.claim(call, verified=True)

    pop = await pop_of(live, stores)

    assert (pop.account, pop.billing_available) == (None, False)


async def test_each_store_that_is_down_is_said_and_the_others_still_answer(live: FakeLive, stores: FakeStores) -> None:
    stores.customers.down = True
    stores.calls.down = True
    call = live.arrive()
    live.key(call, ACCOUNT)
    live.claim(call, verified=True)

    pop = await pop_of(live, stores)

    assert (pop.billing_available, pop.records_available) == (False, False)
    assert (pop.match, pop.account_keyed) == (Match.PIN, ACCOUNT)


def test_before_any_answer_the_pop_says_what_the_call_says(live: FakeLive) -> None:
    live.arrive()
    question = Question.about(call_now(live), "CN")

    pop = build(call_now(live), question, without_answers(question), queue=WATER, offered_at=NOON)

    assert (pop.caller_number, pop.caller_name, pop.billing_available) == (CALLER, "王小明", False)


def test_hostile_names_are_data(live: FakeLive) -> None:
    live.arrive(name="<script>$(touch x)</script>'; --", number="'; DROP TABLE calls; --")
    question = Question.about(call_now(live), "CN")

    pop = build(call_now(live), question, without_answers(question), queue=WATER, offered_at=NOON)

    assert pop.caller_name == "<script>$(touch x)</script>'; --"
    assert (pop.caller_number_e164, pop.match) == (None, Match.WITHHELD)


# ------------------------------------------------------------------ when it goes out


async def test_the_stores_are_asked_when_the_caller_joins_the_queue_not_at_the_offer(desk: Desk) -> None:
    desk.stores.customers.accounts = [an_account()]
    desk.live.arrive()
    assert desk.stores.customers.asked == 0
    desk.live.queue()
    await desk.fetched()
    asked = desk.stores.customers.asked

    desk.live.offer()

    assert [agent for agent, _ in desk.screens.shown] == [AGENT1]
    assert desk.screens.shown[0][1].account is not None
    assert desk.stores.customers.asked == asked


async def test_a_slow_billing_system_does_not_hold_up_the_pop(desk: Desk) -> None:
    desk.stores.customers.gate = asyncio.Event()
    desk.stores.customers.accounts = [an_account()]
    desk.live.arrive()
    desk.live.queue()
    desk.live.offer()
    await desk.settled(lambda: len(desk.screens.shown) == 1)
    assert desk.screens.shown[0][1].billing_available is False

    desk.stores.customers.gate.set()
    await desk.settled(lambda: len(desk.screens.shown) == 2)

    assert desk.screens.shown[1][1].billing_available is True
    assert desk.screens.shown[1][1].account is not None


async def test_what_comes_too_late_is_not_shown_over_the_next_call(desk: Desk, clock: Clock) -> None:
    desk.stores.customers.gate = asyncio.Event()
    desk.live.arrive(1)
    desk.live.queue(1)
    desk.live.offer(1)
    await desk.settled(lambda: len(desk.screens.shown) == 1)
    desk.live.hang_up(1)
    clock.move(1)
    second = desk.live.arrive(2)
    desk.live.queue(2)
    desk.live.offer(2)
    desk.stores.customers.gate.set()
    await desk.settled(lambda: desk.screens.shown[-1][1].billing_available)

    assert {pop.call_id for _, pop in desk.screens.shown[1:]} == {second}


async def test_an_account_claimed_while_waiting_is_asked_for_again(desk: Desk) -> None:
    call = desk.live.arrive()
    desk.live.queue()
    await desk.fetched()
    desk.live.key(call, ACCOUNT)
    desk.live.claim(call, verified=True)
    await desk.fetched()
    desk.live.offer()

    assert desk.screens.shown[0][1].match is Match.PIN


async def test_an_account_claimed_right_after_the_offer_does_not_hold_up_the_pop(desk: Desk) -> None:
    desk.stores.customers.gate = asyncio.Event()
    call = desk.live.arrive()
    desk.live.queue()
    desk.live.offer()
    desk.live.key(call, ACCOUNT)
    desk.live.claim(call, verified=True)
    await desk.settled(lambda: len(desk.screens.shown) == 1)
    assert desk.screens.shown[0][1].match is Match.PIN
    assert desk.screens.shown[0][1].billing_available is False


async def test_an_offer_that_ends_unanswered_takes_the_pop_away(desk: Desk) -> None:
    call = desk.live.arrive()
    desk.live.queue()
    await desk.fetched()
    desk.live.offer()
    desk.live.unanswered()

    assert desk.screens.withdrawn == [(AGENT1, call)]
    assert await desk.pops.current(AGENT1) is None


async def test_a_call_offered_to_the_next_agent_pops_there(desk: Desk, clock: Clock) -> None:
    desk.live.arrive()
    desk.live.queue()
    await desk.fetched()
    desk.live.offer(extension="1001")
    clock.move(20)
    desk.live.unanswered(extension="1001")
    clock.move(1)
    desk.live.offer(extension="1002")

    assert [agent for agent, _ in desk.screens.shown] == [AGENT1, AGENT2]


async def test_the_pop_stays_through_talk_and_wrap_up_and_goes_with_it(desk: Desk, clock: Clock) -> None:
    call = desk.live.arrive()
    desk.live.queue()
    await desk.fetched()
    for deed in (desk.live.offer, desk.live.answer, desk.live.hang_up):
        clock.move(1)
        deed()
        pop = await desk.pops.current(AGENT1)
        assert pop is not None
        assert pop.call_id == call
    clock.move(1)
    desk.live.finish()

    assert await desk.pops.current(AGENT1) is None
    assert desk.pops._fetches == {}
    assert desk.screens.withdrawn == []


async def test_the_pop_goes_with_wrap_up_though_the_caller_still_answers_the_survey(desk: Desk, clock: Clock) -> None:
    desk.live.arrive()
    desk.live.queue()
    await desk.fetched()
    for deed in (desk.live.offer, desk.live.answer, desk.live.complete):
        clock.move(1)
        deed()
        assert await desk.pops.current(AGENT1) is not None
    clock.move(1)
    desk.live.finish()

    assert await desk.pops.current(AGENT1) is None
    desk.live.hang_up()
    assert desk.pops._fetches == {}


async def test_a_call_that_is_up_without_an_offer_seen_gets_its_pop(desk: Desk) -> None:
    call = desk.live.arrive()
    desk.live.queue()
    desk.live.answer()
    pop = await desk.pops.current(AGENT1)

    assert pop is not None
    assert pop.call_id == call


async def test_callers_who_give_up_leave_nothing_behind(desk: Desk, clock: Clock) -> None:
    for n in range(1, 50):
        desk.live.arrive(n)
        desk.live.queue(n)
        clock.move(1)
        desk.live.hang_up(n)

    assert desk.pops._fetches == {}
    await desk.settled(lambda: not desk.pops._tasks)


async def test_a_bug_while_fetching_costs_only_the_data(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(number: str, *, days: int) -> int:
        raise RuntimeError("a bug")

    monkeypatch.setattr(desk.stores.calls, "count_recent", broken)
    desk.live.arrive()
    desk.live.queue()
    desk.live.offer()
    await desk.settled(lambda: len(desk.screens.shown) == 1)

    assert desk.screens.shown[0][1].caller_number == CALLER
    assert "a bug" in caplog.text


def test_a_question_is_the_same_until_something_that_matters_changes(live: FakeLive) -> None:
    live.arrive()
    first = Question.about(call_now(live), "CN")
    live.queue()

    assert Question.about(call_now(live), "CN") == first
    assert replace(first, verified=True) != first
