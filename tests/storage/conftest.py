from datetime import UTC, datetime

import pytest

from tests.postgres import database, database_dsn, postgres_server

__all__ = ["database", "database_dsn", "postgres_server"]

NOON = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)


@pytest.fixture
def noon() -> datetime:
    return NOON
