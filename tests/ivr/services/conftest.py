"""Nothing that is served to many callers may block the loop that serves them all."""

from collections.abc import Iterator
from contextlib import nullcontext

import pytest
from blockbuster import blockbuster_ctx


@pytest.fixture(autouse=True)
def no_blocking(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail a test in which the loop is blocked by a call to the system; a caller's SIP stack in it may do so."""
    real = request.node.get_closest_marker("asterisk") is not None
    with nullcontext() if real else blockbuster_ctx():
        yield
