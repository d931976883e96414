"""Take a picture of every page in both languages, with calls in progress: ``python -m tests.e2e.take_pictures DIR``.

Wants a hotline that is up (``make run``) and uses its ``ready.json``; the README's pictures are made with this. What
callers leave (a promise to call back) is made by calling; agents are logged off again at the end.
"""

import asyncio
import json
import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, get_args

from playwright.async_api import Browser, ViewportSize, expect

from config.settings import home
from tests.e2e.install import Install
from tests.e2e.people import Language, Person, choose, chromium, ready_agent

NARROW: Final[ViewportSize] = {"width": 820, "height": 1100}
WIDE: Final[ViewportSize] = {"width": 1440, "height": 900}


class Album:
    """One language's pictures of one hotline."""

    def __init__(self, install: Install, browser: Browser, folder: Path, language: Language) -> None:
        self.install = install
        self.ready: Any = install.ready
        self.browser = browser
        self.folder = folder
        self.language = language
        self.key = 1 if language == "zh" else 2

    async def keep(self, person: Person, name: str, *, whole: bool = False) -> None:
        """Keep a picture once the page is quiet; ``whole`` also what lies below the window's edge."""
        await person.page.wait_for_timeout(1200)
        await person.page.screenshot(path=self.folder / f"{name}-{self.language}.png", full_page=whole)

    async def go(self, person: Person, path: str, name: str, *, whole: bool = False) -> None:
        """Open a page and keep a picture of it."""
        await person.page.goto(f"{self.ready['console_url']}{path}")
        await self.keep(person, name, whole=whole)

    async def log_in(self, kind: str) -> Person:
        """Return one of the demo's people."""
        return await Person.log_in(self.browser, self.ready["console_url"], self.ready[kind][0], self.language)

    async def doors(self) -> None:
        """The pages that want no login."""
        page = await self.browser.new_page(viewport=WIDE)
        for name, url in (("login", self.ready["console_url"]), ("phone", self.ready["phone_url"])):
            await page.goto(url)
            await page.get_by_test_id(f"lang-{self.language}").click()
            await page.wait_for_timeout(800)
            await page.screenshot(path=self.folder / f"{name}-{self.language}.png")
        await page.close()

    async def leave(self) -> None:
        """Have a caller who finds nobody ask to be called back."""
        steps = f"wait:1.5 {self.key} wait:1 0 listen:9 wait:6 1 wait:2 2 wait:2 1 wait:4 1 listen:9"
        caller = await self.install.call(steps, number=f"1391000200{self.key}")
        await caller.story()

    async def callers(self) -> None:
        """Have one caller who proved who they are before they ask for a person, and one who waits behind them."""
        account = self.ready["accounts"][1]
        await self.install.call(
            f"wait:1.5 {self.key} wait:1.5 1 wait:1.5 1 wait:1.5 {account['pin']} listen:12 0 stay:120",
            number=account["phone"].removeprefix("+86"),
            name=account["name"],
        )
        await asyncio.sleep(15)  # they come through the menu first
        await self.install.call(f"wait:1.5 {self.key} wait:1 0 stay:120", number=f"1390000100{self.key}", name="周雨桐")

    async def at_work(self) -> None:
        """An agent's call from the ring to the ticket, and the supervisor's wallboard beside it."""
        supervisor = await self.log_in("supervisors")
        agent = await ready_agent(self.browser, self.ready["console_url"], self.ready["agents"][0], self.language)
        await self.keep(agent, "idle")
        await agent.see("presence-switch").click()
        await self.keep(agent, "presence")
        await agent.page.keyboard.press("Escape")
        second = await ready_agent(self.browser, self.ready["console_url"], self.ready["agents"][1], self.language)
        await choose(second, "lunch")
        await self.callers()
        await expect(agent.see("ring")).to_be_visible(timeout=60_000)
        await self.keep(agent, "ringing")
        await agent.see("answer").click()
        await agent.expect("call-bar", "data-state", "talking")
        said = "客户询问十月水费偏高的原因。" if self.language == "zh" else "Asks why October is high."
        await agent.see("wrapup-note").fill(said)
        await self.keep(agent, "console", whole=True)
        await agent.see("transfer").click()
        await self.keep(agent, "transfer")
        await agent.page.keyboard.press("Escape")
        await self.widths(agent, "console")
        await self.keep(supervisor, "live", whole=True)
        await self.widths(supervisor, "live")
        await self.without_server(supervisor)
        await agent.see("hangup").click()
        await agent.expect("state-bar", "data-state", "wrap_up")
        await agent.see("wrapup-category-enquiry").click()
        await agent.see("wrapup-disposition-resolved").click()
        await self.keep(agent, "wrap-up", whole=True)
        await agent.see("presence-switch").click()
        await agent.see("presence-offline").click()
        await agent.expect("presence-switch", "data-pending", "offline")
        await agent.see("wrapup-save-finish").click()
        await agent.expect("presence-switch", "data-presence", "offline")
        await expect(agent.see("idle")).to_be_visible(timeout=60_000)
        await choose(second, "offline")
        await self.install.hang_up_all()
        await self.go(agent, "/tickets", "tickets")
        await agent.see("ticket-row").first.click()
        await self.keep(agent, "ticket")

    async def widths(self, person: Person, name: str) -> None:
        """The same page on a narrow screen."""
        await person.page.set_viewport_size(NARROW)
        await self.keep(person, f"{name}-narrow", whole=True)
        await person.page.set_viewport_size(WIDE)

    async def without_server(self, person: Person) -> None:
        """What a page says of itself when nothing comes any more."""
        await person.page.context.set_offline(True)
        await expect(person.see("doubt-banner")).to_be_visible(timeout=60_000)
        await self.keep(person, "disconnected")
        await person.page.context.set_offline(False)

    async def looked_after(self) -> None:
        """The pages of a supervisor and an administrator."""
        admin = await self.log_in("admins")
        await expect(admin.see("trust")).to_be_visible()
        await self.go(admin, "/figures", "figures", whole=True)
        await self.go(admin, "/incidents", "incidents", whole=True)
        await self.go(admin, "/flows", "flows")
        await expect(admin.see("flow-picture")).to_be_visible(timeout=60_000)
        await self.keep(admin, "flows", whole=True)
        await admin.page.get_by_role("tab").nth(1).click()
        await self.keep(admin, "flow-versions", whole=True)
        await admin.page.get_by_role("tab").nth(2).click()
        text = admin.see("flow-text")
        await text.fill((await text.input_value()).replace("1: bill_caller", "1: nowhere"))
        await admin.see("flow-check").click()
        await expect(admin.see("flow-faults")).to_be_visible()
        await admin.see("flow-faults").scroll_into_view_if_needed()
        await self.keep(admin, "flow-faults")
        await self.go(admin, "/nowhere", "not-found")

    async def past(self) -> None:
        """The state of a minute ago, as the API tells it."""
        at = datetime.now(UTC) - timedelta(minutes=1)
        told = await self.install.get("/live", at=at.isoformat())
        (self.folder / f"past-{self.language}.json").write_text(json.dumps(told, ensure_ascii=False, indent=1))


async def main(install: Install, folder: Path) -> None:
    """Take all pictures."""
    async with chromium() as browser:
        for language in get_args(Language):
            album = Album(install, browser, folder, language)
            await album.doors()
            await album.leave()
            await album.at_work()
            await album.looked_after()
            await album.past()


if __name__ == "__main__":
    where = Path(sys.argv[1])
    where.mkdir(parents=True, exist_ok=True)
    facts = json.loads((home() / "demo" / "ready.json").read_text())
    asyncio.run(main(Install(home(), facts, {**os.environ, "HYDROPHONE_HOME": str(home())}), where))
