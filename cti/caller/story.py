"""A call from the caller's side: follows a script, and tells what happened when."""

import asyncio
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Literal

from cti.caller.phone import Caller, PhoneCall, dial
from cti.caller.recording import Recording
from cti.caller.script import HangUp, Key, Listen, Stay, Step, Wait

_QUIET_S = 0.9
"""A pause this long means that the hotline waits for a key; between clauses there are 250 ms at most."""
_TICK_S = 0.05


What = Literal["ringing", "answered", "heard", "silence", "keyed", "waited", "hung_up", "ended"]


@dataclass(frozen=True, slots=True)
class Moment:
    """Something that happened, ``at_s`` seconds after dialling."""

    at_s: float
    what: What
    text: str = ""
    until_s: float | None = None


@dataclass(slots=True)
class Story:
    """The whole call as the caller lived it."""

    caller: str
    uri: str
    moments: list[Moment] = field(default_factory=list)
    ended_by: Literal["caller", "hotline"] = "caller"
    reason: str = ""
    answered_s: float | None = None
    duration_s: float = 0.0

    def add(self, at_s: float, what: What, text: str = "", until_s: float | None = None) -> None:
        """Append a moment, times rounded to the millisecond."""
        until = None if until_s is None else round(until_s, 3)
        self.moments.append(Moment(round(at_s, 3), what, text, until))

    def as_dict(self) -> dict[str, object]:
        """Return the story as plain data for JSON."""
        return asdict(self)

    def as_text(self) -> str:
        """Return the story for a reader, a line a moment."""
        lines = [f"{self.caller} calls {self.uri}"]
        for moment in self.moments:
            span = f" for {moment.until_s - moment.at_s:.1f} s" if moment.until_s is not None else ""
            lines.append(f"{moment.at_s:8.2f} s  {moment.what}{span}{': ' if moment.text else ''}{moment.text}")
        return "\n".join(
            [*lines, f"{self.duration_s:8.2f} s  over, ended by the {self.ended_by} {self.reason}".rstrip()]
        )


async def live(
    caller: Caller, uri: str, script: Sequence[Step], *, say: bytes = b"", longest_s: float = 600.0
) -> tuple[Story, Recording]:
    """Place the call, follow ``script``, and return its story and what was heard.

    ``say`` is spoken into the call again and again (signed 16 bit, 8 kHz). Raises ``NotAnsweredError``.
    """
    story = Story(caller=caller.number, uri=uri)
    async with dial(caller, uri) as call:
        if call.rang_s is not None:
            story.add(call.rang_s, "ringing")
        story.answered_s = call.answered_s
        story.add(call.answered_s or 0.0, "answered")
        try:
            async with asyncio.timeout(longest_s):
                for step in script:
                    if call.ended.is_set():
                        break
                    await _do(step, call, story, say)
        except TimeoutError:
            story.add(call.now_s(), "waited", "longer than this call may last")
        if not call.ended.is_set():
            await _hang_up(call, story)
        hung_up = any(moment.what == "hung_up" for moment in story.moments)
        story.ended_by = "caller" if hung_up else "hotline"
        if not hung_up:
            story.add(call.ended_s or call.now_s(), "ended")
    story.reason = call.reason
    story.duration_s = round(call.ended_s or call.now_s(), 3)
    return story, call.heard


async def _do(step: Step, call: PhoneCall, story: Story, say: bytes) -> None:
    match step:
        case Listen(longest_s):
            await _listen(call, story, longest_s)
        case Wait(seconds):
            await _pause(call, seconds)
        case Key(keys, secret):
            story.add(call.now_s(), "keyed", "*" * len(keys) if secret else keys)
            await call.key(keys)
        case Stay(longest_s):
            start = call.now_s()
            await _stay(call, longest_s, say)
            story.add(start, "waited", "on the line", call.now_s())
        case HangUp():
            await _hang_up(call, story)


async def _hang_up(call: PhoneCall, story: Story) -> None:
    story.add(call.now_s(), "hung_up")
    await call.hang_up()


async def _listen(call: PhoneCall, story: Story, longest_s: float) -> None:
    start, before = call.now_s(), call.heard.loud_packets
    while not call.ended.is_set() and call.now_s() - start < longest_s:
        if call.heard.sound_since(before) and call.heard.quiet_s(call.now_s()) >= _QUIET_S:
            break
        await asyncio.sleep(_TICK_S)
    heard = call.heard.sound_since(before)
    story.add(start, "heard" if heard else "silence", until_s=call.now_s())


async def _pause(call: PhoneCall, seconds: float) -> None:
    try:
        await asyncio.wait_for(call.ended.wait(), seconds)
    except TimeoutError:
        return


async def _stay(call: PhoneCall, longest_s: float, say: bytes) -> None:
    end = call.now_s() + longest_s
    while not call.ended.is_set() and call.now_s() < end:
        if say:
            call.say(say)
        await _pause(call, min(len(say) / 16000 if say else 1.0, end - call.now_s()))
