"""Billing systems of a site's own, for tests: one over HTTP that can be slow, broken, lying or dead."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from config.billing import BillingHttp, HttpRequest, Question
from cti.domain.ids import AccountNumber

MINE = AccountNumber("10000004")
OTHER = AccountNumber("20000016")
PIN = "271828"


def bill(account: str, **fields: Any) -> dict[str, Any]:
    return {
        "account": account,
        "period": "2026-10",
        "usage_m3": 20,
        "amount": 86.40,
        "due": "2026-11-25",
        "open": 86.40,
        **fields,
    }


@dataclass
class HttpBilling:
    """``behaves``: account → ``slow``, ``broken``, ``lying``, ``dead``, ``garbage``, ``endless``, ``elsewhere``."""

    behaves: dict[str, str] = field(default_factory=dict)
    base_url: str = ""
    asked: list[tuple[str, Any]] = field(default_factory=list)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        question = request.path.removeprefix("/")
        self.asked.append((question, body))
        account = body.get("account", "")
        match self.behaves.get(account):
            case "slow":
                await asyncio.sleep(30)
            case "broken":
                return web.Response(status=500, text="ORA-00600")
            case "dead":
                assert request.transport is not None
                request.transport.abort()
            case "garbage":
                return web.Response(text="<html>", content_type="application/json")
            case "endless":
                return web.Response(body=b" " * 2_000_000, content_type="application/json")
            case "elsewhere":
                raise web.HTTPFound("http://127.0.0.1:9/")
            case "lying":
                return web.json_response(self.rows(question, body, OTHER))
        return web.json_response(self.rows(question, body, account))

    def rows(self, question: str, body: Mapping[str, Any], account: str) -> list[dict[str, Any]]:
        match question:
            case "account":
                return [{"account": account, "name": "王小明", "address": "x", "key_account": True}]
            case "accounts_of_number":
                return [{"account": MINE}, {"account": OTHER}]
            case "pin":
                return [{"account": account, "right": body["pin"] == PIN}]
            case "bills":
                return [bill(account), bill(account, period="2026-09", open=0, estimated=True)]
            case "last_payment":
                return [{"account": account, "on": "2026-09-20", "amount": "41.05", "channel": "bank"}]
            case "readings":
                return [{"account": account, "on": "2026-10-01", "value_m3": 512, "kind": "estimated"}]
            case _:
                return [
                    {"account": account, "above_m3": 0, "price": 3.45},
                    {"account": account, "above_m3": 22, "price": 4.83},
                ]

    @property
    def settings(self) -> BillingHttp:
        return BillingHttp(
            base_url=self.base_url, requests={question: HttpRequest(path=f"/{question}") for question in Question}
        )


@asynccontextmanager
async def http_billing(**behaves: str) -> AsyncIterator[HttpBilling]:
    """Serve one on loopback; behaviours by account, ``a10000004="slow"``."""
    system = HttpBilling({account.removeprefix("a"): how for account, how in behaves.items()})
    app = web.Application()
    app.router.add_post("/{question}", system.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    system.base_url = f"http://127.0.0.1:{port}"
    try:
        yield system
    finally:
        await runner.cleanup()
