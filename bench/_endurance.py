"""Calls without end through one process, and what it holds in memory meanwhile: ``python -m bench._endurance CALLS``.

The daemon's own way from bytes to state (session, intake, translator, live centre) with the services that remember
calls: the book of ids, the recorder, the figures. What is kept is thrown away, so that the database does not decide
how long it takes. Prints a line of JSON for each fifth of the calls: calls so far, resident bytes, live calls left.
"""

import asyncio
import ctypes
import gc
import json
import os
import sys
import tempfile
from collections import deque
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path

from bench._site import resident_bytes
from bench._stream import QUEUE, READ_BYTES, enrol, once, repetition
from cti.ami.frames import FrameCounters
from cti.ami.intake import Intake, utc_now
from cti.ami.session import AmiAddress, Session, SessionProtocol, Timings
from cti.domain.centre import Centre
from cti.domain.events import LinkUp
from cti.domain.ids import PbxName, TicketId
from cti.domain.kpi.times import Slice
from cti.domain.model import Call
from cti.services.call_book import CallBook
from cti.services.figures import Figures
from cti.services.intake import PbxIntake
from cti.services.live import Live
from cti.services.recorder import Recorder
from cti.translator import Translator

PBX = PbxName("main")
PARTS = 5


class _Nowhere:
    """Keeps nothing, at once."""

    follow_up = timedelta(0)

    def __init__(self) -> None:
        self.ended = 0

    async def save(self, call: Call) -> TicketId:
        self.ended += call.ended_at is not None
        return TicketId(call.id)

    async def keep_times(self, slices: Iterable[Slice]) -> None:
        """Keep nothing."""

    async def recompute(self, since: datetime, until: datetime) -> int:
        return 0

    async def behind_since(self) -> datetime | None:
        return None


async def main(calls: int) -> None:
    """Have so many calls, and tell."""
    with tempfile.TemporaryDirectory(prefix="hydrophone-bench-") as folder:
        store, live = _Nowhere(), Live(Centre())
        book = CallBook(PBX, Path(folder) / "boot")
        book.on_link_up(1)
        recorder = Recorder(live, store, Path(folder))
        figures = Figures(live, store, utc_now, settled=lambda: not recorder.waiting)
        for listener in (book, recorder, figures):
            live.listen(listener.on_changes)
        live.apply(LinkUp(at=utc_now(), pbx=PBX, boot=1))
        enrol(live, QUEUE, utc_now())
        intake = Intake(PbxIntake(live, Translator(PBX, book)).handlers)
        address = AmiAddress("127.0.0.1", 0, "nobody", "")
        session = Session(address, intake, Timings(), counters=FrameCounters(), recent=deque())
        session._up = True  # what open() does once the PBX has booted
        protocol = SessionProtocol(session)
        protocol.connection_made(asyncio.Transport())
        workers = [asyncio.create_task(work) for work in (intake.run(), recorder.run())]
        told = number = 0
        while store.ended < calls:
            data = repetition(once(), number)
            for start in range(0, len(data), READ_BYTES):
                protocol.data_received(data[start : start + READ_BYTES])
                while intake.waiting or recorder.waiting:  # noqa: ASYNC110 - they work, it does not wait
                    await asyncio.sleep(0)
            await figures.work_off()
            number += 1
            if store.ended >= calls * (told + 1) // PARTS:
                told += 1
                _tell(store.ended, live)
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)


def _tell(calls: int, live: Live) -> None:
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)  # what the allocator keeps for later is not held by us
    held = {"calls": calls, "resident_bytes": resident_bytes(os.getpid()), "live_calls": len(live.state.calls)}
    sys.stdout.write(json.dumps(held) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
