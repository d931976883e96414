"""A real browser dies in a call, and one that is only quiet does not: what Asterisk makes of no sound from an agent."""

import asyncio
import contextlib

import pytest
from playwright.async_api import Browser, Error, expect

from config.pbx_files import USUAL_PATIENCE
from tests.e2e.install import Install
from tests.e2e.people import Person, choose, ready_agent

pytestmark = [pytest.mark.asterisk, pytest.mark.postgres, pytest.mark.browser, pytest.mark.timeout(180)]

SILENT_S = USUAL_PATIENCE.sound_s + 2
TO_A_PERSON = "wait:1.5 1 wait:1 0 stay:120"


async def _in_a_call(install: Install, browser: Browser, number: str) -> Person:
    agent = await ready_agent(browser, install.ready["console_url"], install.ready["agents"][0], "en")
    await install.call(TO_A_PERSON, number=number)
    await expect(agent.see("ring")).to_be_visible(timeout=60_000)
    await agent.see("answer").click()
    await agent.expect("call-bar", "data-state", "talking")
    return agent


async def _finish(agent: Person) -> None:
    await agent.see("wrapup-category-enquiry").click()
    await agent.see("wrapup-disposition-resolved").click()
    await agent.see("wrapup-save-finish").click()


async def test_a_call_goes_on_while_the_agent_is_muted_or_holds_for_long(install: Install, browser: Browser) -> None:
    agent = await _in_a_call(install, browser, "13800138051")
    for button in ("mute", "hold"):
        await agent.see(button).click()
        await agent.expect(button, "aria-pressed", "true")
        await asyncio.sleep(SILENT_S)
        await agent.see(button).click()
        await agent.expect(button, "aria-pressed", "false")
    await agent.see("hangup").click()
    await agent.expect("state-bar", "data-state", "wrap_up")
    await _finish(agent)
    await agent.expect("state-bar", "data-state", "idle")
    await choose(agent, "offline")


async def test_a_caller_whose_agents_browser_dies_waits_again_and_the_agents_note_is_there_again(
    install: Install, browser: Browser
) -> None:
    agent = await _in_a_call(install, browser, "13800138052")
    await agent.see("wrapup-note").fill("水表 <b>leaks</b>")
    await asyncio.sleep(1)  # as long as it takes at least from typing to dying
    with contextlib.suppress(Error):
        await agent.page.goto("chrome://crash", timeout=2_000)
    await install.has_queued("13800138052", timeout_s=USUAL_PATIENCE.sound_s + 8)
    again = Person(await agent.page.context.new_page())
    await again.page.goto(install.ready["console_url"])
    await again.expect("state-bar", "data-state", "wrap_up")
    await expect(again.see("wrapup-note")).to_have_value("水表 <b>leaks</b>")
    await _finish(again)
    await again.expect("presence-switch", "data-presence", "away")
