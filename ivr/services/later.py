"""The flows that come later in a call: what is noted or asked before each of them begins.

The dialplan takes a caller here from the queue, after the agent, or called back. Each has the flow of its name, told
and ended by :class:`ivr.services.hotline.HotlineHandler`.
"""

from collections.abc import Awaitable, Callable
from typing import Final

from cti.domain.ids import CallId
from ivr.agi.session import AgiSession

WAITING: Final = "waiting"
SURVEY: Final = "survey"
CALLBACK: Final = "callback"

Run = Callable[[AgiSession], Awaitable[None]]
CallOf = Callable[[AgiSession], CallId]


def noting_priority(run: Run, call_of: CallOf, note: Callable[[CallId, int], None]) -> Run:
    """Return ``run`` with the priority noted that the dialplan gives as its third argument."""

    async def noted(session: AgiSession) -> None:
        _, _, given, *_ = (*session.environment.arguments, "", "", "")
        if given.isascii() and given.isdecimal() and len(given) <= 2:
            note(call_of(session), int(given))
        await run(session)

    return noted


def if_wanted(run: Run, call_of: CallOf, wanted: Callable[[CallId], Awaitable[bool]]) -> Run:
    """Return ``run`` for those callers only for whom it is wanted."""

    async def asked(session: AgiSession) -> None:
        if await wanted(call_of(session)):
            await run(session)

    return asked
