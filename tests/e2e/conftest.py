"""One hotline for all the end-to-end tests: starting one takes seconds, and they only add calls to it."""

from collections.abc import AsyncIterator, Iterator

import pytest
from playwright.async_api import Browser

from tests.e2e.install import Install, running
from tests.e2e.people import chromium


@pytest.fixture(scope="session")
def hotline(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Install]:
    """A hotline that is up."""
    yield from running(tmp_path_factory.mktemp("hotline"))


@pytest.fixture
async def install(hotline: Install) -> AsyncIterator[Install]:
    """The hotline, with nobody left on the line after the test."""
    yield hotline
    await hotline.hang_up_all()


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    """A browser for one test."""
    async with chromium() as started:
        yield started
