"""Mistakes in the settings of a billing system are told before anybody calls."""

from typing import Any

import pytest
from pydantic import ValidationError

from config.billing import Billing

QUERIES = {
    "account": "SELECT 1 AS account WHERE 'a' = :account",
    "pin": "SELECT 1 AS account, true AS right WHERE :account = :pin",
    "bills": "SELECT '1'::text AS account WHERE :account = '10:30' LIMIT :limit",
}
REQUESTS = {name: {"path": f"/{name}"} for name in ("account", "pin", "bills")}


def test_good_ones_are_taken() -> None:
    Billing.model_validate({"source": "sql", "sql": {"dsn": "sqlite://", "queries": QUERIES}})
    http = {"base_url": "https://billing.example.org/api", "requests": REQUESTS}
    Billing.model_validate({"source": "http", "http": http})
    Billing.model_validate({"source": "http", "http": http | {"base_url": "http://127.0.0.1:8000"}})


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"source": "sql"}, "[billing.sql]"),
        ({"sql": {"dsn": "x", "queries": {"account": QUERIES["account"]}}}, "bills, pin must be there"),
        ({"sql": {"dsn": "x", "queries": QUERIES | {"bills": "SELECT :pin, :password"}}}, "password, pin"),
        ({"sql": {"dsn": "x", "queries": QUERIES | {"bill": "SELECT 1 AS x"}}}, "bill"),
        ({"http": {"base_url": "http://billing.example.org", "requests": REQUESTS}}, "https"),
        ({"http": {"base_url": "https://x.org", "requests": REQUESTS | {"pin": {"path": "/pin/{pin}"}}}}, "path"),
        ({"http": {"base_url": "https://x.org", "requests": {"pin": {"path": "/x"}}}}, "account, bills"),
        ({"money": "dollars"}, "money"),
    ],
)
def test_a_mistake_is_named(given: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Billing.model_validate(given)
    assert told in str(refused.value)
