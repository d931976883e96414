"""How many AMI events a CPU second takes, beside stock panoramisk and a parser that does nothing else.

The same recorded bytes, in the same reads, go through each contender, one after the other, for many short rounds; what
counts is the least of the CPU seconds: a machine that others use, too, makes some rounds slower and none faster, and
half as fast a clock in some contender's rounds would be taken for its own cost. Contenders:

- *bare*: an ``asyncio.Protocol`` that splits at blank lines, makes a dict of each message and looks a handler up;
- *panoramisk*: as installed, with one function registered for all events, in a process where only it is importable;
- *dispatched*: Hydrophone's session, framer, bounded queue and worker, each event held to its exact keys and
  translated into facts, which is all that is done to an event before it changes anything;
- *applied*: the same, and every fact applied to the live centre, with the recording's agents at work.
"""

import asyncio
import importlib.util
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

from bench._stream import QUEUE, Stream, enrol, stream
from bench.report import Bar, Report
from cti.ami.frames import FrameCounters
from cti.ami.intake import Handler, Intake, utc_now
from cti.ami.messages import Event
from cti.ami.session import AmiAddress, Session, SessionProtocol, Timings
from cti.domain.centre import Centre
from cti.domain.events import LinkUp
from cti.domain.ids import PbxName
from cti.domain.model import Changes
from cti.services.call_book import CallBook
from cti.services.intake import PbxIntake
from cti.services.live import Live
from cti.translator import Translator
from cti.translator.inward import NAMES

PBX = PbxName("main")
BOOT = 1_795_000_000
OF_PANORAMISK = 2.0
OF_BARE_DISPATCHED = 0.8
OF_BARE_APPLIED = 0.4


async def run(quick: bool) -> Report:
    """Measure; ``quick`` takes fewer events and rounds."""
    return await measure(events=20_000 if quick else 50_000, rounds=15 if quick else 30)


async def measure(*, events: int, rounds: int) -> Report:
    """Measure with at least so many events in each of so many rounds."""
    sent = await asyncio.to_thread(stream, events)
    spent: dict[str, list[float]] = {name: [] for name in ("bare", "panoramisk", "dispatched", "applied")}
    calls = 0
    with stock_panoramisk(sent) as stock, tempfile.TemporaryDirectory(prefix="hydrophone-bench-") as folder:
        for _ in range(rounds):
            spent["bare"].append(bare(sent))
            spent["panoramisk"].append(await asyncio.to_thread(stock))
            spent["dispatched"].append(await dispatched(sent, Path(folder)))
            cpu_s, calls = await applied(sent, Path(folder))
            spent["applied"].append(cpu_s)
    rates = {name: sent.events / min(times) for name, times in spent.items()}
    return Report(
        "intake",
        {
            "events": sent.events,
            "calls_in_stream": sent.calls,
            "calls_ended_in_state": calls,
            "bytes": sum(map(len, sent.reads)),
            "rounds": rounds,
            "panoramisk": version("panoramisk"),
            "events_per_cpu_s": {name: round(rate) for name, rate in rates.items()},
        },
        (
            _bar("dispatched ÷ stock panoramisk", rates["dispatched"] / rates["panoramisk"], OF_PANORAMISK),
            _bar("dispatched ÷ bare parser", rates["dispatched"] / rates["bare"], OF_BARE_DISPATCHED),
            _bar("state applied ÷ bare parser", rates["applied"] / rates["bare"], OF_BARE_APPLIED),
        ),
    )


def _bar(name: str, value: float, bar: float) -> Bar:
    return Bar(name, round(value, 3), bar, "at_least")


# ------------------------------------------------------------------ contenders


class BareParser(asyncio.Protocol):
    """Splits at blank lines, makes a dict of each message, looks a handler up by name. Checks and bounds nothing."""

    def __init__(self, handlers: dict[str, Callable[[dict[str, str]], None]]) -> None:
        self._handlers = handlers
        self._rest = b""

    def data_received(self, data: bytes) -> None:
        """Handle all messages that are whole now."""
        *messages, self._rest = (self._rest + data).split(b"\r\n\r\n")
        for message in messages:
            lines = message.decode().split("\r\n")
            headers = dict([line.split(": ", 1) for line in lines])
            handler = self._handlers.get(headers["Event"])
            if handler is not None:
                handler(headers)


def bare(sent: Stream) -> float:
    """Return the CPU seconds of the bare parser."""
    handled: deque[dict[str, str]] = deque(maxlen=1)
    parser = BareParser(dict.fromkeys(NAMES, handled.append))
    began = time.process_time()
    for read in sent.reads:
        parser.data_received(read)
    return time.process_time() - began


@contextmanager
def stock_panoramisk(sent: Stream) -> Iterator[Callable[[], float]]:
    """Have panoramisk in an environment of its own; yields what does a round and returns its CPU seconds."""
    found = importlib.util.find_spec("panoramisk")
    if found is None or not found.submodule_search_locations:
        raise RuntimeError("panoramisk is not installed")
    with tempfile.TemporaryDirectory(prefix="hydrophone-bench-") as folder:
        (Path(folder) / "panoramisk").symlink_to(found.submodule_search_locations[0])
        command = [sys.executable, "-I", "-S", str(Path(__file__).with_name("_stock.py")), folder]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:  # noqa: S603 - ours
            stdin, stdout = process.stdin, process.stdout
            assert stdin is not None and stdout is not None  # noqa: S101, PT018 - they are pipes
            stdin.write(b"%d\n" % len(sent.reads))
            for read in sent.reads:
                stdin.write(len(read).to_bytes(8, "big") + read)

            def one_round() -> float:
                stdin.write(b"go\n")
                stdin.flush()
                handled, cpu_s = stdout.readline().split()
                if int(handled) != sent.events:
                    raise RuntimeError(f"panoramisk handled {int(handled)} of {sent.events} events")
                return float(cpu_s)

            yield one_round
            stdin.close()


async def dispatched(sent: Stream, folder: Path) -> float:
    """Return the CPU seconds of framing, validation and dispatch."""
    book = CallBook(PBX, folder / "boot")
    book.on_link_up(BOOT)
    translator = Translator(PBX, book)
    facts: deque[object] = deque(maxlen=1)

    def handler(message: Event) -> None:
        facts.append(translator.facts(message))

    return await fed(sent, dict.fromkeys(NAMES, handler))


async def applied(sent: Stream, folder: Path) -> tuple[float, int]:
    """Return the CPU seconds with the state applied, and how many calls of the stream it saw to their end."""
    book = CallBook(PBX, folder / "boot")
    book.on_link_up(BOOT)
    live = Live(Centre())
    live.apply(LinkUp(at=utc_now(), pbx=PBX, boot=BOOT))
    enrol(live, QUEUE, utc_now())
    ended = 0

    def count(changes: Changes) -> None:
        nonlocal ended
        ended += len(changes.ended)

    live.listen(count)
    cpu_s = await fed(sent, PbxIntake(live, Translator(PBX, book)).handlers)
    return cpu_s, ended


async def fed(sent: Stream, handlers: Mapping[str, Handler]) -> float:
    """Put the stream through a session and its intake, read by read, each worked off before the next."""
    intake = Intake(handlers)
    session = Session(
        AmiAddress("127.0.0.1", 0, "nobody", ""), intake, Timings(), counters=FrameCounters(), recent=deque()
    )
    session._up = True  # what open() does once the PBX has booted
    protocol = SessionProtocol(session)
    protocol.connection_made(asyncio.Transport())
    worker = asyncio.create_task(intake.run(), name="intake")
    await asyncio.sleep(0)
    began = time.process_time()
    for read in sent.reads:
        protocol.data_received(read)
        while intake.waiting:  # noqa: ASYNC110 - it works, it does not wait
            await asyncio.sleep(0)
    cpu_s = time.process_time() - began
    worker.cancel()
    await asyncio.gather(worker, return_exceptions=True)
    counters = intake.counters
    if counters.forged or counters.damaged or counters.dropped or counters.handler_errors:
        raise RuntimeError(f"the recorded stream was not taken as it is: {counters}")
    return cpu_s
