"""Nothing that is served to many callers may block the loop that serves them all."""

from collections.abc import Iterator

import pytest
from blockbuster import BlockBuster, blockbuster_ctx


@pytest.fixture(autouse=True)
def no_blocking() -> Iterator[BlockBuster]:
    """Fail a test in which the loop is blocked by a call to the system."""
    with blockbuster_ctx() as watch:
        yield watch
