"""One question to a SIP server: are you there? An OPTIONS request (RFC 3261 section 11), and any answer will do.

An Asterisk whose process lives and whose AMI answers may be deaf to SIP all the same (its transport gone, its task pool
stuck); only a round trip tells.
"""

import asyncio
import secrets
from typing import Final, cast

from sipmessage import URI, Address, CSeq, Message, Parameters, Request, Response, Via

USER: Final = "hydrophone-pulse"
"""The endpoint in ``hydrophone-pjsip.conf`` that this is; it can call nobody."""
_AGAIN_S: Final = 0.5


class _Question(asyncio.DatagramProtocol):
    """One request and its answer."""

    def __init__(self, host: str, port: int) -> None:
        self.answered: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._target = URI.parse(f"sip:{host}:{port}")
        self._call_id = secrets.token_hex(16)
        self._transport: asyncio.DatagramTransport | None = None
        self._request = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)
        here, port = transport.get_extra_info("sockname")[:2]
        request = Request("OPTIONS", self._target, b"")
        branch = f"z9hG4bK{secrets.token_hex(8)}"
        request.via = [Via("UDP", here, port, Parameters(branch=branch, rport=None))]
        request.max_forwards = 70
        request.from_address = Address(URI.parse(f"sip:{USER}@{here}"), "", Parameters(tag=secrets.token_hex(8)))
        request.to_address = Address(self._target)
        request.call_id = self._call_id
        request.cseq = CSeq(1, "OPTIONS")
        request.contact = [Address(URI.parse(f"sip:{USER}@{here}:{port}"))]
        request.headers.set("Content-Length", "0")
        self._request = bytes(request)

    def send(self) -> None:
        """Send the request, for the first time or again."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.sendto(self._request)

    def datagram_received(self, data: bytes, _addr: object) -> None:
        """Take the answer; what is no SIP message, or another's, is dropped."""
        try:
            message = Message.parse(data)
            if isinstance(message, Response) and message.call_id == self._call_id and not self.answered.done():
                self.answered.set_result(message.code)
        except (ValueError, KeyError, IndexError):
            return

    def error_received(self, exc: Exception) -> None:
        """Give up at once where nobody listens."""
        if not self.answered.done():
            self.answered.set_exception(exc)


async def options(host: str, port: int, *, timeout_s: float) -> int:
    """Ask over UDP and return the status of the answer, whatever it is. Raises ``OSError``, which a time-out is too."""
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(timeout_s):
        transport, question = await loop.create_datagram_endpoint(
            lambda: _Question(host, port), remote_addr=(host, port)
        )
        try:
            while not question.answered.done():
                question.send()
                await asyncio.wait((question.answered,), timeout=_AGAIN_S)
            return question.answered.result()
        finally:
            transport.close()
            if question.answered.done() and not question.answered.cancelled():
                question.answered.exception()
