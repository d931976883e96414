"""The shipped flow, tried as callers use it."""

from dataclasses import replace

import pytest

from config.settings import Settings
from cti.domain.events import Language, LanguageChosen
from ivr.flow.bundle import Bundle
from ivr.flow.model import Flow, LookUp
from ivr.flow.outcome import Outcome
from ivr.ports import Day, Money, Month
from ivr.services.flow_files import shipped_bundle
from tests.ivr.flow.scripted import (
    ACCOUNT,
    PIN,
    ScriptedLine,
    TableBilling,
    bill,
    go,
    said,
)

BOTH: list[tuple[str, Language]] = [("language.choose", "zh"), ("language.choose", "en")]
IN = f"11{ACCOUNT}{PIN}"
DUE = bill(10, 8640, open_fen=8640)


@pytest.fixture(scope="module")
def flow() -> Bundle:
    return shipped_bundle(Settings())


def patient(bundle: Bundle, hold_after_s: float, limit_s: float) -> Bundle:
    """Return the flows with other times for look-ups."""
    called = {name: _patient(flow, hold_after_s, limit_s) for name, flow in bundle.called.items()}
    return replace(bundle, flow=_patient(bundle.flow, hold_after_s, limit_s), called=called)


def _patient(flow: Flow, hold_after_s: float, limit_s: float) -> Flow:
    steps = {
        name: step.model_copy(update={"hold_after_s": hold_after_s, "limit_s": limit_s})
        if isinstance(step, LookUp)
        else step
        for name, step in flow.steps.items()
    }
    return flow.model_copy(update={"steps": steps})


@pytest.mark.parametrize(("key", "language"), [("1", "zh"), ("2", "en")])
async def test_a_caller_hears_the_latest_bill_in_their_language_and_is_done(
    flow: Bundle, key: str, language: Language
) -> None:
    told = await go(flow, ScriptedLine(f"{key}1{ACCOUNT}{PIN}9"))
    assert told.outcome == Outcome("done", served=True)
    heard = ["menu.main", "ask.account", "ask.pin", "bill.latest", "menu.after_bill", "goodbye"]
    assert told.line.said == BOTH + said(heard, language)
    values = told.line.values[told.line.prompts.index("bill.latest")]
    assert values["month"] == Month(2026, 10)
    assert values["amount"] == Money(8640)
    assert values["due"] == Day(11, 25)
    assert told.line.language == language
    assert [fact.language for fact in told.facts if isinstance(fact, LanguageChosen)] == [language]


async def test_the_way_is_told_step_by_step(flow: Bundle) -> None:
    told = await go(flow, ScriptedLine(f"{IN}9"))
    assert told.noticed == [
        "language",
        "main",
        "bill_caller.account",
        "bill_caller.pin",
        "bill.due",
        "bill.after",
        "goodbye",
    ]
    assert told.steps == [
        ("language", "1"),
        ("incidents.incident", "none"),
        ("incidents.other", "other"),
        ("incidents", "other"),
        ("main", "1"),
        ("bill_caller.who", "none"),
        ("bill_caller.account", "ok"),
        ("bill_caller.pin", "ok"),
        ("bill_caller.check", "verified"),
        ("bill_caller.verified", "verified"),
        ("bill_caller", "verified"),
        ("bill.latest", "due"),
        ("bill.due", "ok"),
        ("bill.arrears", "none"),
        ("bill.after", "9"),
        ("bill.done", "done"),
        ("bill", "done"),
        ("goodbye", "done"),
    ]
    assert told.claims == [(ACCOUNT, False), (ACCOUNT, True)]
    assert told.keyed == {"language": "1", "main": "1", "bill_caller.account": ACCOUNT, "bill.after": "9"}


async def test_a_pin_is_in_no_fact(flow: Bundle) -> None:
    for script in (f"{IN}9", f"11{ACCOUNT}{PIN[:4]}#{PIN}9", f"11{ACCOUNT}{PIN[:5]}!", f"11{ACCOUNT}31415931!"):
        told = await go(flow, ScriptedLine(script))
        shown = repr(told.facts)
        assert PIN not in shown
        assert PIN[:4] not in shown
        assert "3141" not in shown


async def test_a_paid_bill_and_no_bill_serve_as_well(flow: Bundle) -> None:
    paid = await go(flow, ScriptedLine(f"{IN}9"), TableBilling([bill(10, 8640)]))
    assert "bill.paid" in paid.line.prompts
    assert paid.outcome.served
    none = await go(flow, ScriptedLine(f"{IN}9"), TableBilling([]))
    assert "bill.none" in none.line.prompts
    assert none.outcome.served


async def test_an_overdue_bill_is_spoken_without_a_day_that_has_passed(flow: Bundle) -> None:
    told = await go(flow, ScriptedLine(f"{IN}9"), TableBilling([bill(9, 8640, open_fen=8640)]))
    assert told.line.prompts[-3:] == ["bill.overdue", "menu.after_bill", "goodbye"]
    assert told.line.values[-3]["amount"] == Money(8640)
    assert told.outcome == Outcome("done", served=True)


async def test_of_a_bill_paid_in_part_the_rest_is_spoken(flow: Bundle) -> None:
    told = await go(flow, ScriptedLine(f"{IN}9"), TableBilling([bill(10, 8640, open_fen=3000)]))
    assert told.line.prompts[-3:] == ["bill.part_paid", "menu.after_bill", "goodbye"]
    assert told.line.values[-3]["amount"] == Money(3000)
    assert told.outcome == Outcome("done", served=True)


async def test_arrears_of_earlier_bills_are_spoken_with_late_fees(flow: Bundle) -> None:
    old = [bill(8, 5000, open_fen=5075, late_fee_fen=75), bill(7, 4000, open_fen=1025, late_fee_fen=25)]
    told = await go(flow, ScriptedLine(f"{IN}9"), TableBilling([DUE, bill(9, 300), *old]))
    place = told.line.prompts.index("bill.arrears")
    assert told.line.prompts[place - 1] == "bill.latest"
    assert told.line.values[place]["total"] == Money(6100)


async def test_the_bill_can_be_heard_again(flow: Bundle) -> None:
    told = await go(flow, ScriptedLine(f"{IN}81819"))
    assert told.line.prompts.count("bill.latest") == 3
    assert told.line.prompts.count("ask.pin") == 1
    assert told.outcome == Outcome("done", served=True)


@pytest.mark.parametrize("at", range(1, len(IN) + 2))
async def test_a_caller_may_hang_up_anywhere(flow: Bundle, at: int) -> None:
    told = await go(flow, ScriptedLine(IN[: at - 1] + "!"))
    assert told.outcome == Outcome("hangup", served=at > len(IN))
    assert told.steps[-1][1] == "hangup"


async def test_hanging_up_in_the_middle_of_the_bill_is_not_served(flow: Bundle) -> None:
    told = await go(flow, ScriptedLine(IN, during={"bill.latest": "!"}))
    assert told.outcome == Outcome("hangup", served=False)


async def test_nothing_but_silence_leads_to_a_person(flow: Bundle) -> None:
    told = await go(flow, ScriptedLine("..."))
    assert told.outcome.result == "person"
    assert told.line.said == [
        *BOTH,
        ("input.none", "zh"),
        *BOTH,
        ("input.none", "zh"),
        ("input.help", "zh"),
        *BOTH,
        ("person.transfer", "zh"),
    ]
    assert told.steps == [("language", "no_input"), ("person", "person")]


@pytest.mark.parametrize("before", ["", "1", "11", f"11{ACCOUNT}"])
@pytest.mark.parametrize("keys", ["...", "###", "#" * 60, "0#", "0."])
async def test_silence_a_storm_of_hashes_and_zero_lead_to_a_person_from_everywhere(
    flow: Bundle, before: str, keys: str
) -> None:
    told = await go(flow, ScriptedLine(before + keys))
    assert told.outcome.result == "person"
    assert told.line.prompts[-1] == "person.transfer"


async def test_what_was_keyed_before_giving_up_is_on_the_agents_screen(flow: Bundle) -> None:
    told = await go(flow, ScriptedLine("11" + "123#" + "10000005" + "99#"))
    assert told.outcome.result == "person"
    assert ("bill_caller.account", "wrong_input") in told.steps
    assert told.keyed["bill_caller.account"] == "••• •••••••• ••"
    asked = [prompt for prompt in told.line.prompts if prompt.startswith(("account.", "input.", "ask."))]
    assert asked == [
        "ask.account",
        "input.wrong",
        "ask.account",
        "account.wrong_digits",
        "input.help",
        "ask.account",
    ]


@pytest.mark.parametrize(("keys", "seen"), [("787", "787"), ("7.#", "7#"), ("70", "70"), ("78!", "78")])
async def test_wrong_menu_keys_are_on_the_agents_screen(flow: Bundle, keys: str, seen: str) -> None:
    told = await go(flow, ScriptedLine("1" + keys))
    assert told.outcome.result == ("hangup" if keys.endswith("!") else "person")
    assert told.keyed["main"] == seen


async def test_a_pin_that_runs_into_a_menu_is_on_no_screen(flow: Bundle) -> None:
    told = await go(flow, ScriptedLine(f"{IN}777"))
    assert told.outcome.result == "person"
    assert ("bill.after", "wrong_input") in told.steps
    assert "bill.after" not in told.keyed


@pytest.mark.parametrize("keys", [PIN + "#", PIN + PIN[:2], PIN + ".", "12" + PIN, PIN + "!"])
async def test_a_pin_keyed_where_the_account_belongs_is_on_no_screen(flow: Bundle, keys: str) -> None:
    told = await go(flow, ScriptedLine("11" + keys + "0"))
    assert PIN[:3] not in repr(told.facts)
    assert "bill_caller.account" not in told.keyed or set(told.keyed["bill_caller.account"]) <= set("• 0")


async def test_star_starts_an_entry_again(flow: Bundle) -> None:
    told = await go(flow, ScriptedLine(f"1*11999*{ACCOUNT}12*{PIN}*9"))
    assert told.outcome == Outcome("done", served=True)
    assert told.keyed["bill_caller.account"] == ACCOUNT
    assert told.line.prompts.count("ask.account") == 2


async def test_a_storm_of_stars_ends_at_a_person(flow: Bundle) -> None:
    told = await go(flow, ScriptedLine("1" + "*" * 40))
    assert told.outcome.result == "person"


async def test_a_wrong_pin_and_no_such_account_sound_the_same(flow: Bundle) -> None:
    wrong_pin = await go(flow, ScriptedLine(f"11{ACCOUNT}000000!"))
    no_account = await go(flow, ScriptedLine(f"1120000008{PIN}!"))
    assert wrong_pin.line.said == no_account.line.said
    assert wrong_pin.line.prompts[-2:] == ["identify.failed", "ask.account"]
    assert [way for _, way in wrong_pin.steps] == [way for _, way in no_account.steps]


async def test_three_wrong_pins_lead_to_a_person_without_a_proof(flow: Bundle) -> None:
    billing = TableBilling([DUE])
    told = await go(flow, ScriptedLine("11" + f"{ACCOUNT}000000" * 4), billing)
    assert told.outcome.result == "person"
    assert len(billing.pins) == 3
    assert told.line.prompts[-2:] == ["identify.failed", "person.transfer"]
    assert told.claims == [(ACCOUNT, False)] * 3
    assert "bill.latest" not in told.line.prompts


async def test_a_locked_account_leads_to_a_person(flow: Bundle) -> None:
    told = await go(flow, ScriptedLine(IN), TableBilling([DUE], locked=True))
    assert told.outcome.result == "person"
    assert told.line.prompts[-2:] == ["identify.locked", "person.transfer"]
    assert told.claims == [(ACCOUNT, False)]


async def test_a_second_try_with_another_account_needs_its_own_pin(flow: Bundle) -> None:
    told = await go(flow, ScriptedLine(f"11{ACCOUNT}000000{ACCOUNT}{PIN}9"))
    assert told.outcome.served
    assert told.claims == [(ACCOUNT, False), (ACCOUNT, False), (ACCOUNT, True)]


# ------------------------------------------------------------------ keys pressed early


async def test_keys_pressed_early_cut_questions_short_and_count(flow: Bundle) -> None:
    during = {"language.choose": "2", "menu.main": "1", "ask.account": ACCOUNT[0], "ask.pin": PIN[0]}
    told = await go(flow, ScriptedLine(f"{ACCOUNT[1:]}{PIN[1:]}9", during=during))
    assert told.outcome == Outcome("done", served=True)
    # the Chinese half was cut short, so the English half was not said
    assert told.line.said[:2] == [("language.choose", "zh"), ("menu.main", "en")]


async def test_a_hash_after_a_complete_entry_does_not_cut_the_next_sentence_short(flow: Bundle) -> None:
    during = {"ask.pin": "#", "bill.latest": "#", "menu.main": "#"}
    told = await go(flow, ScriptedLine(f"{IN}9", during=during, while_waiting="#"))
    assert told.outcome == Outcome("done", served=True)


async def test_a_key_during_the_bill_is_the_choice_after_it_and_not_counted_as_heard(flow: Bundle) -> None:
    told = await go(flow, ScriptedLine(IN, during={"bill.latest": "9"}))
    assert told.outcome == Outcome("done", served=False)
    assert ("bill.due", "skipped") in told.steps


async def test_star_during_the_bill_says_it_again(flow: Bundle) -> None:
    told = await go(flow, ScriptedLine(f"{IN}9", during={"bill.latest": "*"}))
    assert told.line.prompts.count("bill.latest") == 2
    assert told.outcome == Outcome("done", served=True)


async def test_stars_all_through_the_bill_end(flow: Bundle) -> None:
    told = await go(flow, ScriptedLine(f"{IN}9", during={"bill.latest": "*" * 50}))
    assert told.line.prompts.count("bill.latest") <= 6
    assert told.outcome.result == "done"


async def test_an_account_that_begins_with_zero_is_no_call_for_a_person(flow: Bundle) -> None:
    told = await go(flow, ScriptedLine("11" + "01234567" + "!"))
    assert told.claims == [("01234567", False)]


@pytest.mark.parametrize("step", ["bill.latest", "identify.failed"])
async def test_zero_during_a_sentence_leads_to_a_person(flow: Bundle, step: str) -> None:
    pin = PIN if step == "bill.latest" else "000000"
    told = await go(flow, ScriptedLine(f"11{ACCOUNT}{pin}.", during={step: "0"}))
    assert told.outcome.result == "person"


async def test_impatient_callers_reach_the_queue_with_the_transfer_said(flow: Bundle) -> None:
    told = await go(flow, ScriptedLine("0", during={"person.transfer": "0"}))
    assert told.outcome.result == "person"


# ------------------------------------------------------------------ billing fails


async def test_billing_that_is_down_is_apologised_for_with_the_digits_on_screen(flow: Bundle) -> None:
    told = await go(flow, ScriptedLine(IN), TableBilling(down=True))
    assert told.outcome.result == "person"
    assert told.line.prompts[-2:] == ["billing.unavailable", "person.transfer"]
    assert told.claims == [(ACCOUNT, False)]
    assert ("bill_caller.check", "unavailable") in told.steps


async def test_slow_billing_is_waited_for_with_a_word(flow: Bundle) -> None:
    told = await go(patient(flow, 0.02, 5), ScriptedLine(f"{IN}9"), TableBilling([DUE], slow_s=0.1))
    assert told.outcome == Outcome("done", served=True)
    assert told.line.prompts.count("hold.please") == 2
    assert {"bill_caller.check", "bill.latest"} <= set(told.noticed), "they heard that they have to wait there"


async def test_quick_billing_is_not_commented_on(flow: Bundle) -> None:
    told = await go(flow, ScriptedLine(f"{IN}9"))
    assert "hold.please" not in told.line.prompts


async def test_billing_that_never_answers_is_given_up_at_the_limit(flow: Bundle) -> None:
    billing = TableBilling([DUE], slow_s=60)
    told = await go(patient(flow, 0.02, 0.1), ScriptedLine(IN), billing)
    assert told.outcome.result == "person"
    assert told.line.prompts[-3:] == ["hold.please", "billing.unavailable", "person.transfer"]


async def test_zero_while_billing_is_looked_up_leads_to_a_person(flow: Bundle) -> None:
    told = await go(flow, ScriptedLine(IN, while_waiting="50"), TableBilling([DUE], slow_s=60))
    assert told.outcome.result == "person"
    held = ScriptedLine(IN, during={"hold.please": "0"})
    told = await go(patient(flow, 0.01, 9), held, TableBilling([DUE], slow_s=60))
    assert told.outcome.result == "person"


async def test_hanging_up_while_billing_is_looked_up_leaves_nothing_behind(flow: Bundle) -> None:
    told = await go(flow, ScriptedLine(IN, while_waiting="!"), TableBilling([DUE], slow_s=60))
    assert told.outcome.result == "hangup"


async def test_the_shipped_times_are_the_promised_ones(flow: Bundle) -> None:
    look_ups = [step for part in flow.flows for step in part.steps.values() if isinstance(step, LookUp)]
    # a proposal that is slow to come is not waited for that long
    assert {(step.hold_after_s, step.limit_s) for step in look_ups} == {(2.5, 6.0), (2.5, 3.0)}
    told = await go(flow, ScriptedLine("1!"))
    assert told.line.waits == [flow.flow.first_key_s] * 2
