"""A SIP server that is there answers an OPTIONS; one that is not, or is deaf, is told from it."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from cti.caller.options import options
from cti.sandbox.network import free_port
from cti.sandbox.pbx import SandboxPbx


class Server(asyncio.DatagramProtocol):
    """Answers as it is told: ``answers`` is a list of what to send for each request, None for nothing."""

    def __init__(self, answers: list[str | None]) -> None:
        self.answers = answers
        self.requests: list[str] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        request = data.decode()
        self.requests.append(request)
        answer = self.answers.pop(0) if self.answers else None
        if answer is not None:
            kept = [line for line in request.split("\r\n") if line.split(":")[0] in ("Via", "From", "To", "CSeq")]
            call_id = next(line for line in request.split("\r\n") if line.lower().startswith("call-id"))
            text = "\r\n".join([answer, *kept, call_id if "200" in answer or "401" in answer else "Call-ID: other"])
            self.transport.sendto(f"{text}\r\nContent-Length: 0\r\n\r\n".encode(), addr)  # type: ignore[attr-defined]


@asynccontextmanager
async def server(*answers: str | None) -> AsyncIterator[tuple[Server, int]]:
    transport, protocol = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: Server(list(answers)), local_addr=("127.0.0.1", 0)
    )
    try:
        yield protocol, transport.get_extra_info("sockname")[1]
    finally:
        transport.close()


@pytest.mark.parametrize("status", [200, 401])
async def test_any_answer_is_a_sign_of_life(status: int) -> None:
    async with server(f"SIP/2.0 {status} Whatever") as (_, port):
        assert await options("127.0.0.1", port, timeout_s=5) == status


async def test_a_request_that_was_lost_is_sent_again() -> None:
    async with server(None, "SIP/2.0 200 OK") as (there, port):
        assert await options("127.0.0.1", port, timeout_s=5) == 200
    assert there.requests[0] == there.requests[1]


async def test_garbage_and_answers_to_others_are_no_answer() -> None:
    async with server("noise", "SIP/2.0 180 Ringing") as (_, port):
        with pytest.raises(TimeoutError):
            await options("127.0.0.1", port, timeout_s=0.8)


async def test_a_port_where_nobody_listens_is_told_at_once() -> None:
    port = free_port(socket.SOCK_DGRAM)
    with pytest.raises(ConnectionRefusedError):
        await options("127.0.0.1", port, timeout_s=5)


@pytest.mark.asterisk
async def test_asterisk_answers_and_has_nothing_to_complain_of(shared_pbx: SandboxPbx) -> None:
    at = shared_pbx.settings.pbx
    before = (shared_pbx.log / "security").read_text() if (shared_pbx.log / "security").exists() else ""
    assert await options(at.host, at.sip_port, timeout_s=5) == 200
    after = (shared_pbx.log / "security").read_text() if (shared_pbx.log / "security").exists() else ""
    assert "hydrophone-pulse" not in after[len(before) :]
