"""Nothing that is served to many callers may block the loop that serves them all."""

from collections.abc import Iterator

import pytest
from blockbuster import blockbuster_ctx


@pytest.fixture(autouse=True)
def no_blocking(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail a test in which the loop is blocked by a call to the system; a caller's SIP stack in it may do so."""
    if request.node.get_closest_marker("asterisk") is not None:
        yield
        return
    with blockbuster_ctx() as watch:
        for file_call in ("os.stat", "io.BufferedReader.read"):  # asyncpg looks for ~/.pgpass when it connects
            watch.functions[file_call].can_block_in("asyncpg/connect_utils.py", "_parse_connect_dsn_and_args")
        yield
