"""Take a picture of every page in both languages, with a call in progress: ``python -m tests.e2e.take_pictures DIR``.

Wants a hotline that is up (``make run``) and uses its ``ready.json``; the README's pictures are made with this.
"""

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any, get_args

from playwright.async_api import Browser, expect

from config.settings import home
from tests.e2e.install import Install
from tests.e2e.people import Language, Person, choose, chromium, ready_agent


async def take(install: Install, browser: Browser, folder: Path, language: Language) -> None:
    """Take one language's pictures."""
    ready: Any = install.ready
    account = ready["accounts"][1]
    visitor = await browser.new_page(viewport={"width": 1440, "height": 900})
    for name, url in (("login", ready["console_url"]), ("phone", ready["phone_url"])):
        await visitor.goto(url)
        await visitor.get_by_test_id(f"lang-{language}").click()
        await visitor.wait_for_timeout(800)
        await visitor.screenshot(path=folder / f"{name}-{language}.png")
    supervisor = await Person.log_in(browser, ready["console_url"], ready["supervisors"][0], language)
    agent = await ready_agent(browser, ready["console_url"], ready["agents"][0], language)
    second = await ready_agent(browser, ready["console_url"], ready["agents"][1], language)
    await choose(second, "lunch")
    key = 1 if language == "zh" else 2
    waiting = await install.call(f"wait:0.5 {key} stay:40", number=f"1390000100{key}", name="周雨桐")
    caller = await install.call(
        f"wait:0.5 {key} wait:0.5 1 wait:0.5 1 wait:0.5 {account['pin']} listen:12 0 stay:40",
        number=account["phone"].removeprefix("+86"),
        name=account["name"],
    )
    await expect(agent.see("ring")).to_be_visible(timeout=60_000)
    await agent.picture(folder / f"ringing-{language}.png")
    await agent.see("answer").click()
    await agent.expect("call-bar", "data-state", "talking")
    await agent.see("wrapup-note").fill(
        "客户询问十月水费偏高的原因。" if language == "zh" else "Asks why October is high."
    )
    await agent.page.wait_for_timeout(1500)
    await agent.picture(folder / f"console-{language}.png")
    await supervisor.picture(folder / f"live-{language}.png")
    await agent.see("hangup").click()
    await agent.expect("state-bar", "data-state", "wrap_up")
    await agent.see("wrapup-category-enquiry").click()
    await agent.see("wrapup-disposition-resolved").click()
    await agent.picture(folder / f"wrap-up-{language}.png")
    await agent.see("wrapup-save-finish").click()
    await agent.expect("state-bar", "data-state", "idle")
    await agent.page.goto(f"{ready['console_url']}/tickets")
    await agent.page.wait_for_timeout(1500)
    await agent.picture(folder / f"tickets-{language}.png")
    for person in (agent, second):
        await choose(person, "offline")
    for call in (waiting, caller):
        await call.story()


async def main(install: Install, folder: Path) -> None:
    """Take all pictures."""
    async with chromium() as browser:
        for language in get_args(Language):
            await take(install, browser, folder, language)
    await install.hang_up_all()


if __name__ == "__main__":
    where = Path(sys.argv[1])
    where.mkdir(parents=True, exist_ok=True)
    facts = json.loads((home() / "demo" / "ready.json").read_text())
    asyncio.run(main(Install(home(), facts, {**os.environ, "HYDROPHONE_HOME": str(home())}), where))
