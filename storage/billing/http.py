"""An HTTP/JSON service as a billing system: for each question a request, and where in the answer its rows are.

Requests are POST with a JSON body unless the service wants GET; an account number may then stand in the path, a PIN
or a telephone number never: paths end up in other people's logs. Redirects are not followed, answers are bounded,
numbers are read as decimals. Rows and columns are found by JMESPath expressions.
"""

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final
from urllib.parse import quote

import aiohttp
import jmespath

from config.billing import HttpRequest, Question
from storage.billing.guard import MismatchError
from storage.billing.source import AtOnce, Row

MOST_BYTES: Final = 1_000_000
AT_ONCE: Final = AtOnce(callers=50, consoles=20)
NOT_FOUND: Final = 404


class HttpSource:
    """Answers by requests to one base address."""

    at_once = AT_ONCE

    def __init__(self, base_url: str, requests: Mapping[Question, HttpRequest], headers: Mapping[str, str]) -> None:
        self._base = base_url.rstrip("/")
        self._requests = requests
        self._headers = headers
        self._session: aiohttp.ClientSession | None = None
        self._rows = {question: jmespath.compile(request.rows) for question, request in requests.items()}
        self._fields = {
            question: {name: jmespath.compile(expression) for name, expression in request.fields.items()}
            for question, request in requests.items()
        }

    @property
    def questions(self) -> frozenset[Question]:
        """What there is a request for."""
        return frozenset(self._requests)

    async def rows(self, question: Question, values: Mapping[str, str | int]) -> Sequence[Row]:
        """Return the rows of the service's answer; none where it says that there is no such thing (404)."""
        request = self._requests[question]
        url = self._base + _path(request.path, values)
        body = None if request.method == "GET" else _filled(request.body or dict(values), values)
        session = self._open()
        async with session.request(request.method, url, json=body, allow_redirects=False) as answer:
            if answer.status == NOT_FOUND:
                return ()
            if answer.status != 200:
                raise aiohttp.ClientError(f"HTTP {answer.status}")
            return self._read(question, await _bounded(answer))

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                headers=self._headers,
                connector=aiohttp.TCPConnector(limit=AT_ONCE.all),
                cookie_jar=aiohttp.DummyCookieJar(),
                trust_env=False,
            )
        return self._session

    def _read(self, question: Question, content: bytes) -> list[Row]:
        try:
            answer = json.loads(content, parse_float=Decimal)
        except ValueError as error:
            raise MismatchError("an answer that is no JSON") from error
        found = self._rows[question].search(answer)
        rows = [] if found is None else found if isinstance(found, list) else [found]
        if not all(isinstance(row, dict) for row in rows):
            raise MismatchError("rows that are no objects")
        fields = self._fields[question]
        return [{**row, **{name: expression.search(row) for name, expression in fields.items()}} for row in rows]


async def _bounded(answer: aiohttp.ClientResponse) -> bytes:
    content = b""
    async for part in answer.content.iter_chunked(65_536):
        content += part
        if len(content) > MOST_BYTES:
            raise MismatchError("an answer that is too long")
    return content


def _path(path: str, values: Mapping[str, str | int]) -> str:
    for name in ("account", "limit"):
        if name in values:
            path = path.replace(f"{{{name}}}", quote(str(values[name]), safe=""))
    return path


def _filled(body: Any, values: Mapping[str, str | int]) -> Any:
    """Return ``body`` with the values in their places; only whole strings are places, so nothing is ever spliced."""
    if isinstance(body, Mapping):
        return {name: _filled(value, values) for name, value in body.items()}
    if isinstance(body, list | tuple):
        return [_filled(value, values) for value in body]
    if isinstance(body, str) and body.startswith("{") and body.endswith("}"):
        return values.get(body[1:-1], body)
    return body
