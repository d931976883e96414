"""A hotline for benches of the menu: the sandbox Asterisk, the daemon with billing of a small town, callers of SIPp.

Callers key by SIP INFO and send no sound. What happened at each channel is read from Asterisk itself: an AMI user of
the bench's own sees ``AGIExecStart`` and ``DTMFEnd``, stamped by Asterisk.
"""

import asyncio
import random
import shutil
import socket
from asyncio.subprocess import DEVNULL, Process
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from bench._hotline import Callers, ended, rtp_range
from bench._site import BenchError, agents, daemon, database, use_own_cache
from config.secrets import Secrets
from config.settings import Pbx, Settings
from cti.sandbox.network import free_port
from cti.sandbox.pbx import SandboxPbx
from cti.sandbox.rehearsal import PROMPTS, rehearse
from ivr.flow.service import Caller
from ivr.prompts.speech import RenderedSpeech
from ivr.services.bill import LatestBill
from storage.billing.own import OwnTables
from storage.demo.load import load
from storage.demo.samples import Sample, samples
from storage.demo.town import Town
from storage.engine import Database
from tests.asterisk.pbx import new_settings

TODAY = date(2026, 11, 22)
ACCOUNTS = 200
NATIVE = "96001"
"""The number of the same menu, written in the dialplan alone."""
_USER, _WORD = "bench", "bench-" + str(random.randrange(10**9))  # noqa: S311 - lives as long as the bench


@dataclass(frozen=True, slots=True)
class Press:
    """Keys, one after the other, ``before_ms`` after what was last done, ``apart_ms`` from each other."""

    keys: str
    before_ms: int = 900
    apart_ms: int = 250


@dataclass(slots=True)
class Seen:
    """What Asterisk tells of every channel: when which key ended, and when which AGI command began."""

    keys: dict[str, list[float]] = field(default_factory=dict)
    commands: dict[str, list[tuple[float, str]]] = field(default_factory=dict)
    channels: dict[str, float] = field(default_factory=dict)
    """When each came."""
    gone: set[str] = field(default_factory=set)
    at_once: int = 0
    """How many there were at most."""

    def forget(self) -> None:
        """Begin anew."""
        self.keys.clear()
        self.commands.clear()
        self.channels.clear()
        self.gone.clear()
        self.at_once = 0

    def take(self, frame: dict[str, str]) -> None:
        """Take one event."""
        channel, at = frame.get("Uniqueid", ""), float(frame.get("Timestamp", "0"))
        match frame.get("Event"):
            case "Newchannel":
                self.channels[channel] = at
                self.at_once = max(self.at_once, len(self.channels) - len(self.gone))
            case "Hangup" if channel in self.channels:
                self.gone.add(channel)
            case "DTMFEnd" if frame.get("Direction") == "Received":
                self.keys.setdefault(channel, []).append(at)
            case "AGIExecStart":
                self.commands.setdefault(channel, []).append((at, frame.get("Command", "")))

    def greetings_ms(self) -> list[float]:
        """Return for each channel on which something was played how long after it came that began."""
        begun = ((channel, self._begun(channel)) for channel in self.channels)
        return [1000 * (played[0] - self.channels[channel]) for channel, played in begun if played]

    def done(self) -> int:
        """Return how many callers the menu served to the end."""
        return sum(any(_served(command) for _, command in told) for told in self.commands.values())

    def waits_ms(self) -> list[tuple[int, float]]:
        """Return of each key that something was played after which one of its call it was, and how long that took."""
        found: list[tuple[int, float]] = []
        for channel, keys in self.keys.items():
            begun = self._begun(channel)
            for place, (key, following) in enumerate(zip(keys, [*keys[1:], float("inf")], strict=True)):
                began = next((at for at in begun if key <= at < following), None)
                if began is not None:
                    found.append((place, 1000 * (began - key)))
        return found

    def _begun(self, channel: str) -> list[float]:
        return [
            at for at, command in self.commands.get(channel, []) if command.startswith(("STREAM FILE", "GET OPTION"))
        ]


def _served(command: str) -> bool:
    return command.startswith("SET VARIABLE") and "HYDROPHONE_RESULT" in command and "done" in command


@dataclass(frozen=True, slots=True)
class Menu:
    """A running one."""

    home: Path
    settings: Settings
    pbx: SandboxPbx
    daemon: Process
    sample: Sample
    seen: Seen

    @property
    def asterisk_pid(self) -> int:
        """The process of the PBX."""
        running = self.pbx.running
        if running is None:
            raise BenchError("Asterisk is gone")
        return running.pid


@asynccontextmanager
async def menu(home: Path, *, calm: bool = True) -> AsyncIterator[Menu]:
    """Have a hotline whose sample account's bill has been rendered, and the same menu as a dialplan.

    Unless ``calm``, callers may come while the daemon still warms up.
    """
    use_own_cache()
    settings = new_settings(home / "install")
    settings = settings.model_copy(update={"pbx": Pbx(**{**settings.pbx.model_dump(), **rtp_range()})})
    secrets = Secrets.load_or_make(settings.home)
    async with AsyncExitStack() as stack:
        dsn = await stack.enter_async_context(database(home, settings, agents(1)))
        sample, native = await _town(dsn, settings, secrets.pin_key)
        pbx = SandboxPbx(settings, secrets, (), additions=_additions(native))
        await pbx.up()
        stack.push_async_callback(pbx.down)
        process = await stack.enter_async_context(daemon(settings, dsn, calm=calm))
        seen = Seen()
        watching = asyncio.create_task(_watch(settings, seen), name="bench AMI")
        stack.push_async_callback(_ended, watching)
        yield Menu(home, settings, pbx, process, sample, seen)


def _additions(native: str) -> dict[str, str]:
    return {"manager.conf": _MANAGER, "extensions.conf": native, "modules.conf": "\nload = app_read.so\n"}


_MANAGER = (
    "\n[general](+)\ntimestampevents = yes\n"
    f"\n[{_USER}]\nsecret = {_WORD}\nread = agi,dtmf,call\nwrite = call\nwritetimeout = 10000\npermit = 127.0.0.1\n"
)


async def _town(dsn: str, settings: Settings, pin_key: str) -> tuple[Sample, str]:
    """Fill the tables; return the sample account, and the menu that it goes through as a dialplan."""
    town = Town(seed=1, accounts=ACCOUNTS, as_of=TODAY)
    await load(dsn, town, pin_key=pin_key)
    store = Database(dsn, pool_size=1)
    try:
        billing = OwnTables(store, pin_key=pin_key)
        (sample,) = await samples(billing, town, 1)
        await rehearse(settings, billing, [sample.number], TODAY, lambda _line: None)
        return sample, await _native(settings.cache, billing, sample)
    finally:
        await store.close()


async def _native(cache: Path, billing: OwnTables, sample: Sample) -> str:
    """Return the menu in the dialplan alone, with the clips that ours plays: callers hear and key the same."""
    answer = await LatestBill(billing, date.today)(Caller({}, verified=sample.number))
    speech = RenderedSpeech(cache)
    await speech.start(complete=False)
    try:
        files = {
            name: "&".join([str(path) async for path in speech.files(name, answer.values, "en")])
            for name in ("language.choose", "menu.main", "ask.account", "ask.pin", PROMPTS[answer.way], *_AFTER)
        }
    finally:
        await speech.stop()
    reads = (("language.choose", 1), ("menu.main", 1), ("ask.account", 8), ("ask.pin", 6))
    lines = [f" same => n,Read(KEYED,{files[name]},{length},,1,6)" for name, length in reads]
    lines.append(f" same => n,Read(KEYED,{files[PROMPTS[answer.way]]}&{files[_AFTER[0]]},1,,1,6)")
    lines.append(f" same => n,Playback({files[_AFTER[1]]})")
    entry = f"\n[from-trunk](+)\nexten => {NATIVE},1,Goto(bench-native,s,1)\n\n[bench-native]\nexten => s,1,Answer()"
    return "\n".join((entry, *lines, " same => n,Hangup()", ""))


_AFTER = ("menu.after_bill", "goodbye")


async def _watch(settings: Settings, seen: Seen) -> None:
    reader, writer = await asyncio.open_connection(settings.pbx.host, settings.pbx.ami_port, limit=1 << 22)
    try:
        writer.write(f"Action: Login\r\nUsername: {_USER}\r\nSecret: {_WORD}\r\n\r\n".encode())
        await reader.readline()
        while frame := await reader.readuntil(b"\r\n\r\n"):
            lines = frame.decode(errors="replace").split("\r\n")
            seen.take(dict(line.split(": ", 1) for line in lines if ": " in line))
    finally:
        writer.close()


async def _ended(task: "asyncio.Task[None]") -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


# ------------------------------------------------------------------ callers


async def call(
    site: Menu,
    number: str,
    presses: Sequence[Press],
    *,
    count: int,
    per_s: float,
    stays_ms: int | None = None,
    within_s: float = 150.0,
) -> Callers:
    """Have so many callers call ``number`` and key; they wait for the hotline's goodbye, or hang up after a stay."""
    program = shutil.which("sipp")
    if program is None:
        raise BenchError("SIPp is missing: apt-get install sip-tester")
    folder = site.home / f"callers-{random.randrange(10**9)}"  # noqa: S311 - a name
    await asyncio.to_thread(_write, folder, scenario(presses, stays_ms))
    address = site.settings.pbx.trunk_address
    process = await asyncio.create_subprocess_exec(
        program, "-sf", str(folder / "keys.xml"), "-i", address, "-p", str(free_port(socket.SOCK_DGRAM, address)),
        "-s", number, "-nostdin", "-trace_stat", "-stf", str(folder / "stat.csv"), "-fd", "1", "-m", str(count),
        "-r", f"{per_s:g}", "-l", str(count), "-recv_timeout", "60000", "-trace_err", "-error_file",
        str(folder / "errors.log"), "-mp", str(random.randrange(10_000, 29_000, 4)),  # noqa: S311 - a port
        f"{site.settings.pbx.host}:{site.settings.pbx.sip_port}",
        cwd=folder, stdin=DEVNULL, stdout=DEVNULL, stderr=DEVNULL,
    )  # fmt: skip
    try:
        async with asyncio.timeout(within_s):
            await process.wait()
    except TimeoutError:
        pass
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
    return ended(folder / "stat.csv")


def _write(folder: Path, text: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "keys.xml").write_text(text)


_VIA = "Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]"
_PARTIES = (
    'From: "bench" <sip:13800138000@[local_ip]:[local_port]>;tag=[pid]bench[call_number]\n'
    "To: <sip:[service]@[remote_ip]:[remote_port]>{tag}\nCall-ID: [call_id]\nCSeq: {number} {method}\n"
    "Contact: <sip:bench@[local_ip]:[local_port]>\nMax-Forwards: 70"
)
_SDP = (
    "v=0\no=bench 1 1 IN IP[local_ip_type] [local_ip]\ns=-\nc=IN IP[media_ip_type] [media_ip]\nt=0 0\n"
    "m=audio [media_port] RTP/AVP 8\na=rtpmap:8 PCMA/8000"
)


def scenario(presses: Sequence[Press], stays_ms: int | None) -> str:
    """Return a caller's way through a call as SIPp reads it."""
    numbers = iter(range(2, 1000))
    steps = [_request("INVITE", 1, "", "application/sdp", _SDP)]
    steps += [f'<recv response="{code}" optional="true"/>' for code in (100, 180, 183)]
    steps += ['<recv response="200"/>', _request("ACK", 1, "[peer_tag_param]", "", "", retrans=False)]
    for press in presses:
        for place, key in enumerate(press.keys):
            steps.append(f'<pause milliseconds="{press.apart_ms if place else press.before_ms}"/>')
            body = f"Signal={key}\nDuration=100"
            steps.append(_request("INFO", next(numbers), "[peer_tag_param]", "application/dtmf-relay", body))
            steps.append('<recv response="200"/>')
    if stays_ms is None:
        ok = "SIP/2.0 200 OK\n[last_Via:]\n[last_From:]\n[last_To:]\n[last_Call-ID:]\n[last_CSeq:]\nContent-Length: 0\n"
        steps += ['<recv request="BYE"/>', f"<send><![CDATA[\n{ok}\n]]></send>"]
    else:
        steps.append(f'<pause milliseconds="{stays_ms}"/>')
        steps.append(_request("BYE", next(numbers), "[peer_tag_param]", "", ""))
        steps.append('<recv response="200"/>')
    return '<?xml version="1.0" encoding="UTF-8"?>\n<scenario name="keys">\n' + "\n".join(steps) + "\n</scenario>\n"


def _request(method: str, number: int, tag: str, kind: str, body: str, *, retrans: bool = True) -> str:
    parties = _PARTIES.format(tag=tag, number=number, method=method)
    length = "[len]" if body else "0"
    content = f"Content-Type: {kind}\n" if kind else ""
    head = f"{method} sip:[service]@[remote_ip]:[remote_port] SIP/2.0\n{_VIA}\n{parties}\n{content}"
    text = f"{head}Content-Length: {length}\n\n{body}\n"
    again = ' retrans="500"' if retrans else ""
    return f"<send{again}><![CDATA[\n{text}]]></send>"
