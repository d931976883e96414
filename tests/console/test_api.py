"""The HTTP shell: cookies, origins, bodies, refusals, headers, pages."""

import asyncio
import logging
from typing import Any
from uuid import UUID

import pytest

from agent_console.api.routes import ROUTES
from agent_console.wire import Role
from cti.domain.events import Presence
from tests.console.conftest import House, user_of
from tests.console.fake_stores import PASSWORD, a_record, a_ticket
from tests.console.fakes import AGENT1
from tests.console.samples import BODIES, filled

CHANGING = [route for route in ROUTES if route.changes]
changing = pytest.mark.parametrize("route", CHANGING, ids=lambda route: route.name)
LOGIN = {"user": "agent1", "password": PASSWORD}


def somebody_allowed(route: Any) -> str:
    """Return a user who may ask for it, so that nothing but where they ask from can be wrong."""
    return user_of(min(route.allowed, default=Role.AGENT))


# ------------------------------------------------------------------ logging in


async def test_login_sets_a_cookie_that_scripts_and_other_sites_never_see(house: House) -> None:
    async with house.http.post(house.origin + "/api/login", json=LOGIN) as response:
        cookie = response.headers["Set-Cookie"]
        body = await response.json()

    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= {part.strip() for part in cookie.split(";")}
    assert "Secure" not in cookie
    assert body["push_url"] == house.settings.push_url
    token = cookie.split(";")[0]
    assert (await house.ask("GET", "/api/session", headers={"Cookie": token}))[0] == 200


@pytest.mark.parametrize("web", [{"public_url": "https://console.example"}])
async def test_under_https_the_cookie_is_secure_and_bound_to_the_host(house: House) -> None:
    base = f"http://127.0.0.1:{house.settings.web.port}"
    async with house.http.post(base + "/api/login", json=LOGIN) as response:
        assert response.headers["Set-Cookie"].startswith("__Host-")
        assert "Secure" in response.headers["Set-Cookie"]
        assert "Strict-Transport-Security" in response.headers


async def test_logout_takes_the_cookie_away(house: House) -> None:
    headers = house.cookie("agent1") | {"Origin": house.origin}
    async with house.http.post(house.origin + "/api/logout", headers=headers) as response:
        assert response.status == 204
        assert "Max-Age=0" in response.headers["Set-Cookie"]


async def test_a_wrong_password_and_an_unknown_user_read_alike(house: House) -> None:
    wrong = await house.ask("POST", "/api/login", json={"user": "agent1", "password": "no"})
    unknown = await house.ask("POST", "/api/login", json={"user": "nobody", "password": "no"})

    assert wrong == unknown
    assert wrong[0] == 401


async def test_guessing_is_slowed_down_and_even_the_right_password_must_wait(house: House) -> None:
    for _ in range(5):
        assert (await house.ask("POST", "/api/login", json=LOGIN | {"password": "no"}))[0] == 401

    async with house.http.post(house.origin + "/api/login", json=LOGIN) as response:
        assert response.status == 429
        wait_s = int(response.headers["Retry-After"])
    house.clock.move(wait_s)

    assert (await house.ask("POST", "/api/login", json=LOGIN))[0] == 200


async def test_many_guesses_at_once_do_not_slip_past(house: House) -> None:
    tries = [house.ask("POST", "/api/login", json=LOGIN | {"password": str(n)}) for n in range(12)]

    statuses = [status for status, _ in await asyncio.gather(*tries)]

    assert statuses.count(401) <= 5


async def test_guessing_one_password_for_many_users_is_slowed_down_too(house: House) -> None:
    statuses = [
        (await house.ask("POST", "/api/tokens", json={"user": f"user{n}", "password": "no"}))[0] for n in range(25)
    ]

    assert statuses[-1] == 429


async def test_a_user_is_never_shut_out_for_longer_than_a_minute(house: House) -> None:
    for _ in range(40):
        await house.ask("POST", "/api/login", json={"user": "agent1", "password": "no"})
        house.clock.move(61)

    house.clock.move(240)
    assert (await house.ask("POST", "/api/login", json=LOGIN))[0] == 200


# ------------------------------------------------------------------ other sites' pages


@changing
@pytest.mark.parametrize("origin", [None, "https://evil.example", "null", "http://127.0.0.1", "http://127.0.0.1:1"])
async def test_a_cookie_alone_changes_nothing_from_another_origin(house: House, route: Any, origin: str | None) -> None:
    house.stores.tickets.tickets[UUID(int=101)] = a_ticket(1)
    if route.public and origin is None:
        return  # a script that logs in has no origin
    headers = house.cookie(somebody_allowed(route)) | ({"Origin": origin} if origin else {})

    status, body = await house.ask(route.method, filled(route), headers=headers, json=BODIES.get(route.name))

    assert (status, body["id"]) == (403, "foreign_origin")
    assert house.live.orders == []
    assert house.stores.tickets.tickets[UUID(int=101)].version == 1


async def test_our_own_page_may_change_things_with_its_cookie(house: House) -> None:
    headers = house.cookie("agent1") | {"Origin": house.origin}

    status, me = await house.ask("POST", "/api/agent/presence", headers=headers, json={"presence": "lunch"})

    assert (status, me["presence"]) == (200, "lunch")
    assert house.live.orders == [("presence", AGENT1, Presence.LUNCH, AGENT1)]


async def test_a_reason_of_the_sites_own_goes_with_away_and_is_told_back(house: House) -> None:
    headers = house.cookie("agent1") | {"Origin": house.origin}

    wish = {"presence": "away", "reason": "meter-walk"}
    status, me = await house.ask("POST", "/api/agent/presence", headers=headers, json=wish)

    assert (status, me["presence"], me["reason"]) == (200, "away", "meter-walk")


@changing
async def test_a_form_of_another_site_is_not_json(house: House, route: Any) -> None:
    if not BODIES.get(route.name):
        return
    headers = house.bearer(somebody_allowed(route))

    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
        status, body = await house.ask(
            route.method, filled(route), headers=headers | {"Content-Type": kind}, data=b'{"presence": "lunch"}'
        )
        assert (status, body["id"]) == (415, "not_json")


# ------------------------------------------------------------------ refusals


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({"version": 1, "account": "13800138000"}, {"account": "string_pattern_mismatch"}),
        ({"version": 1, "account": "１２３４５６７８"}, {"account": "string_pattern_mismatch"}),
        ({"version": "x"}, {"version": "int_parsing"}),
        ({"version": 1, "13800138000": "x"}, {"unknown": "extra_forbidden"}),
        ({"version": 1, "status": "'; DROP TABLE tickets; --"}, {"status": "enum"}),
        ([], {"body": "model_type"}),
    ],
)
async def test_a_faulty_body_names_its_fields_and_repeats_nothing(
    house: House, body: Any, fields: dict[str, str]
) -> None:
    status, refusal = await house.ask(
        "PATCH", f"/api/tickets/{UUID(int=101)}", headers=house.bearer("agent1"), json=body
    )

    assert (status, refusal["id"], refusal["fields"]) == (422, "invalid", fields)
    assert "13800138000" not in str(refusal)


async def test_a_body_that_is_no_json_is_refused(house: House) -> None:
    for data in (b"{", b"\xff\xfe", b'{"presence": NaN}', b"[" * 10_000):
        status, _ = await house.ask(
            "POST",
            "/api/agent/presence",
            headers=house.bearer("agent1") | {"Content-Type": "application/json"},
            data=data,
        )
        assert status == 422


async def test_too_large_a_body_is_refused(house: House) -> None:
    status, refusal = await house.ask(
        "PATCH",
        f"/api/tickets/{UUID(int=101)}",
        headers=house.bearer("agent1"),
        json={"version": 1, "note": "x" * 70_000},
    )

    assert (status, refusal["id"]) == (413, "too_large")


async def test_a_ticket_that_somebody_changed_meanwhile_is_a_conflict(house: House) -> None:
    house.stores.tickets.tickets[UUID(int=101)] = a_ticket(1)
    change = {"version": 1, "note": "first"}

    first, _ = await house.ask("PATCH", f"/api/tickets/{UUID(int=101)}", headers=house.bearer("agent1"), json=change)
    second, refusal = await house.ask(
        "PATCH", f"/api/tickets/{UUID(int=101)}", headers=house.bearer("agent2"), json=change
    )

    assert (first, second, refusal["id"]) == (200, 409, "ticket_changed")


async def test_an_order_the_centre_cannot_follow_now_is_a_conflict(house: House) -> None:
    house.live.refuse = True

    status, refusal = await house.ask("POST", "/api/agent/wrap-up/finish", headers=house.bearer("agent1"))

    assert (status, refusal["id"], refusal["en"]) == (409, "not_now", "Not now.")


async def test_without_the_database_lists_say_so_and_live_goes_on(house: House) -> None:
    house.stores.calls.down = True
    house.stores.database.up = False

    status, refusal = await house.ask("GET", "/api/calls", headers=house.bearer("supervisor1"))

    assert (status, refusal["id"]) == (503, "database_unavailable")
    assert (await house.ask("GET", "/api/live", headers=house.bearer("supervisor1")))[0] == 200
    _, health = await house.ask("GET", "/health")
    assert (health["ok"], health["database"]) == (True, False)


async def test_a_bug_of_ours_is_told_without_its_details(
    house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(call: UUID) -> None:
        raise RuntimeError("13800138000")

    monkeypatch.setattr(house.stores.calls, "call", broken)
    with caplog.at_level(logging.ERROR):
        status, refusal = await house.ask("GET", f"/api/calls/{UUID(int=1)}", headers=house.bearer("supervisor1"))

    assert (status, refusal["id"]) == (500, "internal")
    assert "13800138000" not in str(refusal)
    assert "/api/calls/{id}" in caplog.text


async def test_every_refusal_has_both_languages(house: House) -> None:
    for method, path, expected in (
        ("GET", "/api/nothing", 404),
        ("DELETE", "/api/live", 405),
        ("GET", "/api/calls/1/2", 404),
        ("GET", "/api/session", 401),
    ):
        status, refusal = await house.ask(method, path)

        assert status == expected
        assert refusal["id"]
        assert refusal["zh"]
        assert refusal["en"]


async def test_neither_filters_nor_tokens_are_logged(house: House, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        await house.ask("GET", "/api/tickets?account=10000012&q=13800138000", headers=house.bearer("agent1"))
        await house.ask("GET", "/api/calls?account=1000001'", headers=house.bearer("agent1"))

    assert "10000012" not in caplog.text
    assert "13800138000" not in caplog.text


# ------------------------------------------------------------------ filters


HOSTILE = [
    "'",
    "' OR 1=1 --",
    "1; SELECT pg_sleep(5)",
    "$(touch x)",
    "%00",
    "%0d%0aX: y",
    "../../etc/passwd",
    "%27%29%3B--",
    "{{7*7}}",
    "١٢٣٤٥٦٧٨",
    "9" * 400,
    "",
    "null",
    "-1",
]
FILTERS = ["from", "to", "agent", "queue", "account", "cursor", "limit", "outcome", "status", "category", "q", "sort"]


@pytest.mark.parametrize("name", FILTERS)
async def test_hostile_filters_are_refused_or_looked_for_as_text(house: House, name: str) -> None:
    for value in HOSTILE:
        for path in ("/api/calls", "/api/tickets"):
            status, _ = await house.ask("GET", f"{path}?{name}={value}", headers=house.bearer("supervisor1"))
            assert status in (200, 422)


async def test_an_unknown_or_doubled_filter_is_refused_rather_than_ignored(house: House) -> None:
    for query in ("agnet=agent1", "agent=agent1&agent=agent2", "from_=2026-01-01T00:00:00Z"):
        assert (await house.ask("GET", f"/api/calls?{query}", headers=house.bearer("supervisor1")))[0] == 422


async def test_filters_reach_the_store_typed(house: House) -> None:
    query = "from=2026-11-01T00:00:00Z&to=2026-12-01T00:00:00%2B08:00&outcome=answered&limit=5&queue=water"

    assert (await house.ask("GET", f"/api/calls?{query}", headers=house.bearer("supervisor1")))[0] == 200
    asked = house.stores.calls.queries[-1]
    assert asked.from_ is not None
    assert asked.to is not None
    assert asked.limit == 5
    assert asked.outcome is not None


@pytest.mark.parametrize("id_", ["1", "x" * 36, "..%2f..%2fetc%2fpasswd", "'", "%00" * 36, f"{{{UUID(int=1)}}}"])
async def test_what_is_no_id_finds_nothing(house: House, id_: str) -> None:
    house.stores.calls.records[UUID(int=1)] = a_record(1)

    assert (await house.ask("GET", f"/api/calls/{id_}", headers=house.bearer("supervisor1")))[0] in (404, 422)


# ------------------------------------------------------------------ headers and pages


@pytest.mark.parametrize("path", ["/", "/health", "/api/session", "/assets/app-1a2b.js", "/api/nothing", "/live"])
async def test_every_answer_carries_the_security_headers(house: House, path: str) -> None:
    async with house.http.get(house.origin + path) as response:
        policy = response.headers["Content-Security-Policy"]
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["Referrer-Policy"] == "no-referrer"
        assert response.headers["X-Frame-Options"] == "DENY"

    assert "unsafe" not in policy
    connect = next(part.split() for part in policy.split("; ") if part.startswith("connect-src"))
    assert set(connect[1:]) == {"'self'", house.settings.push_url, "ws://127.0.0.1:18088"}


async def test_pages_are_served_with_the_right_caching(house: House) -> None:
    for path, caching, text in (
        ("/", "no-cache", "console"),
        ("/tickets/5", "no-cache", "console"),
        ("/phone", "no-cache", "phone"),
        ("/assets/app-1a2b.js", "public, max-age=31536000, immutable", "export"),
    ):
        async with house.http.get(house.origin + path, headers={"Accept-Encoding": "identity"}) as response:
            assert response.status == 200
            assert response.headers["Cache-Control"] == caching
            assert text in await response.text()


async def test_each_page_has_a_nonce_of_its_own_for_its_style_elements(house: House) -> None:
    nonces = set()
    for _ in range(2):
        async with house.http.get(house.origin + "/live") as response:
            page = await response.text()
            nonce = page.split('nonce="')[1].split('"')[0]
            assert f"style-src 'self' 'nonce-{nonce}'" in response.headers["Content-Security-Policy"]
            nonces.add(nonce)

    assert len(nonces) == 2
    assert "HYDROPHONE_CSP_NONCE" not in nonces


async def test_api_answers_are_never_stored(house: House) -> None:
    async with house.http.get(house.origin + "/api/live", headers=house.bearer("agent1")) as response:
        assert response.headers["Cache-Control"] == "no-store"


async def test_a_packed_copy_is_served_to_who_takes_it(house: House) -> None:
    async with house.http.get(
        house.origin + "/assets/app-1a2b.js", headers={"Accept-Encoding": "gzip"}, auto_decompress=False
    ) as response:
        assert response.headers["Content-Encoding"] == "gzip"


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.txt",
        "/..%2fsecret.txt",
        "/assets/..%2f..%2fsecret.txt",
        "/assets/%2e%2e/%2e%2e/secret.txt",
        "/assets/app-1a2b.js.map",
        "/assets/app-1a2b.js.gz",
        "/assets/nothing.js",
        "//secret.txt",
        "/secret.txt%00.html",
    ],
)
async def test_nothing_but_the_build_is_served(house: House, path: str) -> None:
    from yarl import URL

    async with house.http.get(URL(house.origin + path, encoded=True)) as response:
        assert response.status in (400, 404)
        assert "not yours" not in await response.text()


@pytest.mark.parametrize("web", [{"demo_phone": False}])
async def test_the_demo_phone_is_not_there_unless_a_site_wants_it(house: House) -> None:
    for path in ("/phone", "/phone.html", "/api/demo/phone"):
        async with house.http.get(house.origin + path) as response:
            assert response.status == 404


async def test_the_demo_phone_has_its_own_number_and_knows_the_hotline(house: House) -> None:
    _, answer = await house.ask("GET", "/api/demo/phone")

    assert answer["phone"]["uri"] == "sip:2000@127.0.0.1"
    assert answer["hotline"] == "96000"
