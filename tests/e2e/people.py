"""An agent and a supervisor at their browsers: a real Chromium, what they see and what they click."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Literal

from playwright.async_api import Browser, Locator, Page, async_playwright, expect

CHROMIUM = "/usr/bin/chromium"
FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream", "--allow-loopback-in-peer-connection",
    "--autoplay-policy=no-user-gesture-required",
)  # fmt: skip
_PATIENCE_MS = 15_000

Language = Literal["zh", "en"]


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """Have a browser whose microphone beeps."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        try:
            yield browser
        finally:
            await browser.close()


class Person:
    """Somebody logged in to the console."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.faults: list[str] = []
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("console", lambda said: self.faults.append(said.text) if said.type == "error" else None)

    @classmethod
    async def log_in(cls, browser: Browser, url: str, login: Mapping[str, Any], language: Language = "en") -> "Person":
        """Open a console of one's own, choose a language, log in."""
        context = await browser.new_context(viewport={"width": 1440, "height": 900}, permissions=["microphone"])
        person = cls(await context.new_page())
        person.page.set_default_timeout(_PATIENCE_MS)
        await person.page.goto(url)
        await person.see(f"lang-{language}").click()
        await person.see("login-user").fill(login["user"])
        await person.see("login-password").fill(login["password"])
        await person.see("login-submit").click()
        return person

    def see(self, testid: str) -> Locator:
        """Return what the page has under this name."""
        return self.page.get_by_test_id(testid)

    async def expect(self, testid: str, attribute: str, value: str) -> None:
        """Wait until something says so of itself."""
        await expect(self.see(testid)).to_have_attribute(attribute, value, timeout=_PATIENCE_MS)

    async def expect_text(self, testid: str, text: str) -> None:
        """Wait until something reads so."""
        await expect(self.see(testid)).to_contain_text(text, timeout=_PATIENCE_MS)

    async def picture(self, path: Path) -> None:
        """Keep a picture of the page."""
        await self.page.screenshot(path=path)

    async def mark(self, name: str) -> float | None:
        """Return when the page did a thing for the last time, in ms of its own clock; None if it did not."""
        found: list[float] = await self.page.evaluate(
            "name => performance.getEntriesByName(name, 'mark').map(mark => mark.startTime)", name
        )
        return found[-1] if found else None


async def choose(agent: Person, presence: str) -> None:
    """Choose a presence as the agent does."""
    await agent.see("presence-switch").click()
    await agent.see(f"presence-{presence}").click()
    await agent.expect("presence-switch", "data-presence", presence)


async def ready_agent(browser: Browser, url: str, login: Mapping[str, Any], language: Language = "en") -> Person:
    """Return an agent at their console, phone registered, available and idle."""
    agent = await Person.log_in(browser, url, login, language)
    await agent.expect("phone-status", "data-state", "registered")
    await choose(agent, "available")
    await agent.expect("state-bar", "data-state", "idle")
    return agent
