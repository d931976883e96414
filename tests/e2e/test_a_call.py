"""A call from the first ring to the ticket: heard by the caller, seen by the agent, watched by the supervisor."""

import asyncio
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.async_api import Browser, expect

from cti.domain.events import Language
from tests.e2e.hearing import amounts_recognised, bill_clips, candidates, listen, load, speech_dbfs
from tests.e2e.install import Install
from tests.e2e.people import Person, choose, ready_agent
from tests.hearing.correlate import RATE_HZ, Heard, Sound
from tests.hearing.correlate import heard as correlate

pytestmark = [pytest.mark.asterisk, pytest.mark.postgres, pytest.mark.browser, pytest.mark.timeout(400)]


@pytest.mark.speech
@pytest.mark.parametrize(("language", "number"), [("zh", "13800138001"), ("en", "13800138002")])
async def test_a_caller_hears_the_bill_and_the_agent_sees_them_before_the_phone_rings(
    install: Install, browser: Browser, tmp_path: Path, language: Language, number: str
) -> None:
    account = install.account(0)
    supervisor = await Person.log_in(browser, install.ready["console_url"], install.ready["supervisors"][0], language)
    agent = await ready_agent(browser, install.ready["console_url"], install.ready["agents"][0], language)
    caller = await install.call(
        f"wait:1.5 {1 if language == 'zh' else 2} wait:1.5 1 wait:1.5 {account['number']} wait:1.5 {account['pin']} "
        "listen 0 stay:60",
        number=number,
        name="欧阳子涵 O'Neil",
    )
    await expect(supervisor.see("live-call-row")).to_contain_text("欧阳子涵 O'Neil", timeout=15_000)

    await _agent_takes_the_call(agent, account, tmp_path / f"console-{language}.png")
    await supervisor.picture(tmp_path / f"live-{language}.png")
    await asyncio.sleep(2)  # a conversation of known length
    await _agent_holds_and_ends_the_call(agent)
    await _agent_completes_the_ticket(agent, "水表有点快 <b>bold</b>")

    story = await caller.story()
    assert story["ended_by"] == "hotline"
    _assert_the_bill_was_heard(caller.recording, install, language)
    await _assert_one_true_record(install, number, account, language)
    await choose(agent, "offline")
    assert agent.faults == []
    assert supervisor.faults == []


async def _agent_takes_the_call(agent: Person, account: Any, picture: Path) -> None:
    await expect(agent.see("pop")).to_be_visible(timeout=60_000)
    await agent.expect("pop-account", "data-account", account["number"])
    await agent.expect_text("pop-name", account["name"])
    await agent.expect("pop-match", "data-match", "pin")
    await agent.expect_text("pop-path", account["number"])
    await expect(agent.see("ring")).to_be_visible()
    shown, rang = await agent.mark("pop-painted"), await agent.mark("ring-started")
    assert shown is not None
    assert rang is not None
    assert shown < rang, "the phone rang before the caller's data was on the screen"
    await agent.picture(picture)
    await agent.see("answer").click()
    await agent.expect("call-bar", "data-state", "talking")


async def _agent_holds_and_ends_the_call(agent: Person) -> None:
    await agent.see("mute").click()
    await agent.expect("mute", "aria-pressed", "true")
    await agent.see("mute").click()
    await agent.see("hold").click()
    await agent.expect("hold", "aria-pressed", "true")
    await asyncio.sleep(2)  # a hold of known length
    await agent.see("hold").click()
    await agent.expect("hold", "aria-pressed", "false")
    await agent.see("hangup").click()
    await agent.expect("state-bar", "data-state", "wrap_up")


async def _agent_completes_the_ticket(agent: Person, note: str) -> None:
    await agent.see("wrapup-category-enquiry").click()
    await agent.see("wrapup-note").fill(note)
    await agent.see("wrapup-disposition-resolved").click()
    await agent.see("wrapup-save-finish").click()
    await agent.expect("state-bar", "data-state", "idle")


def _assert_the_bill_was_heard(recording: Path, install: Install, language: Language) -> None:
    bill = install.account(0)["latest_bill"]
    heard = load(recording)
    found = listen(heard, [account["latest_bill"] for account in install.ready["accounts"]], language)
    expected = [clip.id for clip in bill_clips(bill, language)]
    start = next(at for at, hit in enumerate(found) if hit.clip == expected[0])
    assert [hit.clip for hit in found[start : start + len(expected)]] == expected
    assert [hit.clip for hit in found if hit.clip.startswith("amount.")] == [f"amount.{bill['open_fen']}"]
    assert -26 < speech_dbfs(heard) < -14
    _assert_the_oracle_would_have_noticed(heard, install, found[start : start + len(expected)], language)
    lead, last = found[start], found[start + len(expected) - 1]
    assert amounts_recognised(heard, lead.at_s - 0.2, last.at_s - lead.at_s + 3, language) == [bill["open_fen"]]


def _assert_the_oracle_would_have_noticed(
    heard: Sound, install: Install, said: list[Heard], language: Language
) -> None:
    """Spoil this very recording in four ways: each must be seen."""
    bills = [account["latest_bill"] for account in install.ready["accounts"]]
    clips = candidates(bills, language)
    expected = [hit.clip for hit in said]
    spans = [(int(hit.at_s * RATE_HZ), int(hit.at_s * RATE_HZ) + len(clips[hit.clip])) for hit in said]
    amount = next(at for at, clip in enumerate(expected) if clip.startswith("amount."))
    other = next(clips[name] for name in clips if name.startswith("amount.") and name not in expected)
    (lead_from, _), (amount_from, amount_to), (_, last_to) = spans[0], spans[amount], spans[-1]
    stretch = heard[lead_from : last_to + RATE_HZ]

    def named(sound: Sound) -> list[str]:
        return [hit.clip for hit in correlate(sound, clips)]

    assert named(stretch)[: len(expected)] == expected
    swapped = np.concatenate([heard[amount_from:amount_to], heard[lead_from:amount_from], heard[amount_to:last_to]])
    cut = stretch.copy()
    cut[spans[-1][0] + (spans[-1][1] - spans[-1][0]) // 2 - lead_from :] = 0.0
    another = np.concatenate([heard[lead_from:amount_from], other, heard[amount_to:last_to]])
    for spoilt in (swapped, cut, another, np.zeros_like(stretch)):
        assert named(spoilt)[: len(expected)] != expected


async def _assert_one_true_record(install: Install, number: str, account: Any, language: Language) -> None:
    call = await install.ended_call(number)
    assert call["outcome"] == "answered"
    assert call["caller_name"] == "欧阳子涵 O'Neil"
    assert (call["language"], call["account"], call["verified"]) == (language, account["number"], True)
    assert (call["queue"], call["agent"]) == ("water", "agent1")
    asked = {"language", "main", "bill_caller.account", "bill_caller.pin"}
    path = [step["step"] for step in call["ivr_path"] if step["step"] in asked]
    assert path == ["language", "main", "bill_caller.account", "bill_caller.pin"]
    assert all(account["pin"] not in step["keyed"] for step in call["ivr_path"])
    assert call["wait_s"] >= 0
    assert 3 <= call["talk_s"] + call["hold_s"] <= 30
    assert 1 <= call["hold_s"] <= 6
    ticket = await install.ticket_of(call)
    assert (ticket["category"], ticket["disposition"]) == ("enquiry", "resolved")
    assert (ticket["agent"], ticket["status"]) == ("agent1", "closed")
    assert any("水表有点快 <b>bold</b>" in entry["text"] for entry in ticket["entries"])


async def test_a_caller_who_hangs_up_in_the_menu_leaves_one_ticket(install: Install) -> None:
    caller = await install.call("wait:1.5 2 wait:2 hangup", number="13900000001")
    await caller.story()
    call = await install.ended_call("13900000001")
    assert (call["outcome"], call["language"], call["account"], call["queue"]) == ("abandoned", "en", None, None)
    assert [step["step"] for step in call["ivr_path"]][:1] == ["language"]
    ticket = await install.ticket_of(call)
    assert ticket["caller_number"] == "13900000001"


async def test_a_caller_who_hangs_up_in_the_queue_is_an_abandoned_call_with_its_wait(install: Install) -> None:
    caller = await install.call("wait:1.5 1 wait:1.5 0 stay:9 hangup", number="13900000002")
    await caller.story()
    call = await install.ended_call("13900000002")
    assert (call["outcome"], call["queue"], call["agent"]) == ("abandoned", "water", None), call["ivr_path"]
    assert 1 <= call["wait_s"] <= 5
    ticket = await install.ticket_of(call)
    assert ticket["status"] == "open"


async def test_a_wrong_pin_three_times_leads_to_a_person_with_what_was_keyed(install: Install) -> None:
    account = install.account(1)
    wrong = "000000" if account["pin"] != "000000" else "111111"
    attempt = f"listen {account['number']} listen {wrong}"
    caller = await install.call(
        f"wait:1.5 1 wait:1.5 1 {attempt} {attempt} {attempt} listen stay:8", number="13900000003"
    )
    story = await caller.story()
    call = await install.ended_call("13900000003")
    assert (call["outcome"], call["queue"]) == ("abandoned", "water"), call["ivr_path"]
    assert (call["account"], call["verified"]) == (account["number"], False)
    steps = [(step["step"], step["way"]) for step in call["ivr_path"]]
    assert [way for step, way in steps if step == "bill_caller.pin"] == ["ok"] * 3
    refused = [step for step, _ in steps if step.removeprefix("bill_caller.") in {"failed", "given_up", "locked"}]
    assert refused[:2] == ["bill_caller.failed"] * 2, steps
    assert refused[2:] in (["bill_caller.given_up"], ["bill_caller.locked"]), steps
    assert [step["keyed"] for step in call["ivr_path"] if step["step"] == "bill_caller.account"] == [
        account["number"]
    ] * 3
    assert all(wrong not in step["keyed"] for step in call["ivr_path"])
    await install.ticket_of(call)
    heard = listen(load(caller.recording), [a["latest_bill"] for a in install.ready["accounts"]], "zh")
    assert not [hit.clip for hit in heard if hit.clip.split(".")[0] in {"amount", "due"} or "bill.lead" in hit.clip]
    assert story["duration_s"] > 10


async def test_a_call_while_the_daemon_is_killed_reaches_the_queue_and_has_one_record(install: Install) -> None:
    caller = await install.call("wait:1.5 1 stay:15", number="13900000004")
    await install.has_step("13900000004", "language")
    install.kill_daemon()
    await install.has_queued("13900000004")
    await caller.story()
    call = await install.ended_call("13900000004", timeout_s=60)
    assert (call["outcome"], call["queue"]) == ("abandoned", "water")
    await install.ticket_of(call)
