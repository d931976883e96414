"""Where the utility's billing is: our own tables, a SQL database, or an HTTP/JSON service; and how each is asked.

The questions and the columns of their answers are the same for both; ``storage.billing.source`` reads the answers.
"""

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator

from config.section import Section


class Question(StrEnum):
    """What can be asked. :data:`ASKS` says with which values."""

    ACCOUNT = "account"
    ACCOUNTS_OF_NUMBER = "accounts_of_number"
    PIN = "pin"
    BILLS = "bills"
    LAST_PAYMENT = "last_payment"
    READINGS = "readings"
    TARIFF = "tariff"


ASKS: Final[Mapping[Question, frozenset[str]]] = {
    Question.ACCOUNT: frozenset({"account"}),
    Question.ACCOUNTS_OF_NUMBER: frozenset({"number"}),
    Question.PIN: frozenset({"account", "pin"}),
    Question.BILLS: frozenset({"account", "limit"}),
    Question.LAST_PAYMENT: frozenset({"account"}),
    Question.READINGS: frozenset({"account", "limit"}),
    Question.TARIFF: frozenset({"account"}),
}
"""The values that a question comes with: ``number`` is E.164, ``limit`` how many rows are wanted, newest first."""

NEEDED: Final = frozenset({Question.ACCOUNT, Question.PIN, Question.BILLS})
"""Without these there is nothing to say; who lacks another simply has none."""

_PARAMETER: Final = re.compile(r"(?<![:\w]):([A-Za-z_]\w*)")
_PLACE: Final = re.compile(r"\{([^{}]*)\}")
_IN_PATHS: Final = frozenset({"account", "limit"})
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})


class BillingSql(Section):
    """A SQL database: whose ``dsn`` SQLAlchemy understands and has a driver for, and a query for each question."""

    dsn: SecretStr
    queries: dict[Question, Annotated[str, Field(min_length=8, max_length=20_000)]]

    @field_validator("queries")
    @classmethod
    def _checked(cls, queries: dict[Question, str]) -> dict[Question, str]:
        for question, sql in queries.items():
            foreign = set(_PARAMETER.findall(sql)) - ASKS[question]
            if foreign:
                known = ", ".join(f":{name}" for name in sorted(ASKS[question]))
                raise ValueError(f"{question}: nobody gives it {', '.join(sorted(foreign))}; there is {known}")
        _check_needed(queries)
        return queries


class HttpRequest(Section):
    """How one question is asked and its answer read.

    ``body`` has ``{account}`` and the like as whole values; left out, it is an object of all of them. ``rows`` is a
    JMESPath expression for the list, or the one object, in the answer; ``fields`` maps a column to an expression
    within a row; a column without one has its own name.
    """

    path: Annotated[str, Field(pattern=r"^/[\x21-\x7e]*$", max_length=500)]
    method: Literal["GET", "POST"] = "POST"
    body: dict[str, Any] = Field(default_factory=dict)
    rows: Annotated[str, Field(min_length=1, max_length=500)] = "@"
    fields: dict[str, Annotated[str, Field(min_length=1, max_length=500)]] = Field(default_factory=dict)

    @field_validator("path")
    @classmethod
    def _nothing_secret_in_paths(cls, path: str) -> str:
        if foreign := set(_PLACE.findall(path)) - _IN_PATHS:
            raise ValueError(f"{', '.join(sorted(foreign))} can't stand in a path, which others log; use the body")
        return path


class BillingHttp(Section):
    """An HTTP/JSON service. ``headers`` hold what lets us in."""

    base_url: Annotated[str, Field(pattern=r"^https?://[^\s?#]+$")]
    headers: dict[str, SecretStr] = Field(default_factory=dict)
    requests: dict[Question, HttpRequest]

    @field_validator("base_url")
    @classmethod
    def _encrypted(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme != "https" and parts.hostname not in _LOOPBACK:
            raise ValueError("bills and PINs go through it: use https, except on this very machine")
        return url

    @field_validator("requests")
    @classmethod
    def _checked(cls, requests: dict[Question, HttpRequest]) -> dict[Question, HttpRequest]:
        _check_needed(requests)
        return requests


class Billing(Section):
    """Where bills come from. ``money`` is the unit of amounts in a billing system that is not ours."""

    source: Literal["own", "sql", "http"] = "own"
    money: Literal["yuan", "fen"] = "yuan"
    sql: BillingSql | None = None
    http: BillingHttp | None = None

    @model_validator(mode="after")
    def _there(self) -> Self:
        if self.source != "own" and getattr(self, self.source) is None:
            raise ValueError(f"source is {self.source}, but there is no [billing.{self.source}]")
        return self


def _check_needed(given: Mapping[Question, Any]) -> None:
    if lacking := NEEDED - set(given):
        raise ValueError(f"{', '.join(sorted(lacking))} must be there, or there is nothing to tell a caller")
