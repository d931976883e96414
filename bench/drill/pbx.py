"""The PBX of the drills: the sandbox's Asterisk, with plain SIP phones for agents, and its own word on what is so.

What Asterisk says is asked for on a short AMI session of the drill's own, with no code of the product, so that it can
judge it.
"""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from config.secrets import Secrets
from config.settings import Settings
from cti.sandbox.installation import Installation
from cti.sandbox.pbx import DEMO_PHONES, SandboxPbx

Frame = Mapping[str, str]
_ASK_S = 10.0


class DrillPbx(SandboxPbx):
    """The sandbox with its agents' phones at ``phones`` (host, port), reached without registering."""

    def __init__(self, settings: Settings, secrets: Secrets, extensions: tuple[str, ...], phones: str) -> None:
        super().__init__(settings, secrets, extensions)
        self._phones = phones

    def _write(self, installation: Installation) -> None:
        super()._write(installation)
        file = self._folder / "etc" / "hydrophone-pjsip.conf"
        file.write_text(plain(file.read_text(), self.extensions, self._phones))


def plain(text: str, extensions: Iterable[str], phones: str) -> str:
    """Return the phones' configuration with UDP in place of WebRTC, and where each is."""
    text = text.replace("webrtc = yes", "transport = transport-udp\nrtp_symmetric = yes")
    text = text.replace("allow = opus,ulaw,alaw", "allow = alaw")
    for extension in extensions:
        text = text.replace(f"auth = {extension}\n", "")
        text = text.replace(
            f"[{extension}]\ntype = aor\n", f"[{extension}]\ntype = aor\ncontact = sip:{extension}@{phones}\n"
        )
    return text


def phones_of(extensions: Iterable[str]) -> tuple[str, ...]:
    """Return every phone that needs a password."""
    return (*extensions, *DEMO_PHONES)


# ------------------------------------------------------------------ what it says


@dataclass(frozen=True, slots=True)
class Member:
    """An agent's phone in the queue. ``device`` is Asterisk's number of its state (1: not in use, 2: in use)."""

    paused: bool
    reason: str
    device: int


@dataclass(frozen=True, slots=True)
class Truth:
    """What Asterisk says is so now: who waits (Linkedids), its members by extension, what each channel does."""

    waiting: tuple[str, ...]
    members: Mapping[str, Member]
    applications: Mapping[str, str]
    linkedids: frozenset[str]

    def in_menu(self) -> int:
        """How many callers are in the phone menu."""
        return sum(application == "AGI" for application in self.applications.values())


class Ami:
    """Short questions and orders, each on a session of its own."""

    def __init__(self, settings: Settings, secrets: Secrets) -> None:
        self._settings = settings.pbx
        self._secret = secrets.ami

    async def truth(self) -> Truth:
        """Ask who waits, who is a member, and which channels there are."""
        queue = await self.ask("QueueStatus", ends="QueueStatusComplete")
        channels = await self.ask("CoreShowChannels", ends="CoreShowChannelsComplete")
        shown = [frame for frame in channels if frame.get("Event") == "CoreShowChannel"]
        linked = {frame["Uniqueid"]: frame["Linkedid"] for frame in shown}
        entries = (frame["Uniqueid"] for frame in queue if frame.get("Event") == "QueueEntry")
        return Truth(
            waiting=tuple(linked.get(entry, entry) for entry in entries),
            members={
                frame["Location"].rpartition("/")[2]: Member(
                    frame["Paused"] == "1", frame.get("PausedReason", ""), int(frame["Status"])
                )
                for frame in queue
                if frame.get("Event") == "QueueMember"
            },
            applications={frame["Channel"]: frame["Application"] for frame in shown},
            linkedids=frozenset(linked.values()),
        )

    async def ask(self, action: str, *, ends: str = "", **fields: str) -> list[Frame]:
        """Send one action; returns its response and the events up to the one named ``ends``."""
        async with asyncio.timeout(_ASK_S):
            reader, writer = await asyncio.open_connection(self._settings.host, self._settings.ami_port)
            try:
                await reader.readline()
                await _send(writer, "Login", Username=self._settings.ami_user, Secret=self._secret, Events="off")
                await _frame(reader)
                await _send(writer, action, **fields)
                frames = [await _response(reader)]
                while ends and frames[-1].get("Event") != ends and frames[-1].get("Response") != "Error":
                    frames.append(await _frame(reader))
                return frames
            finally:
                writer.close()


async def _send(writer: asyncio.StreamWriter, action: str, **fields: str) -> None:
    lines = [f"Action: {action}", *(f"{name}: {value}" for name, value in fields.items())]
    writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
    await writer.drain()


async def _response(reader: asyncio.StreamReader) -> Frame:
    while "Response" not in (frame := await _frame(reader)):
        continue
    return frame


async def _frame(reader: asyncio.StreamReader) -> Frame:
    lines: list[str] = []
    while raw := await reader.readline():
        line = raw.decode(errors="replace").rstrip("\r\n")
        if not line:
            return dict(line.partition(": ")[::2] for line in lines)
        lines.append(line)
    raise ConnectionError("the PBX ended the session")
