"""The phone menu's door: crowded with connections that say nothing."""

import asyncio
from contextlib import suppress

from bench.drill.drill import Run
from bench.drill.evidence import read_cel, read_queue_log
from bench.drill.people import Placed, Wish

SILENT_PER_S = 500
PERSON_S = 10.0
OPEN = 200 + 30
"""Silent connections that are kept (``ivr.agi.server.Limits``), and room for the callers' own and what just ended."""


async def crowded_door(run: Run) -> None:
    """Ten thousand FastAGI connections that say nothing: callers get the menu or a person, and memory is bounded."""
    install = run.install
    install.phones.talk_s = lambda _leg: 1.0
    before = await install.daemon.metrics()
    crowd = Silent(install.settings.agi.host, install.settings.agi.port)
    coming = asyncio.create_task(crowd.come(run.size(10_000, 2_000)))
    most = asyncio.create_task(_most_open(run, coming))
    people: list[Placed] = []
    while not coming.done():
        people += await install.crowd.arrive([Wish.PERSON, Wish.MENU], per_s=2)
    await coming
    after = await install.daemon.metrics()
    run.promise(await most <= OPEN, f"{await most:.0f} connections were open, at most {OPEN}")
    refused = _silent(after) - _silent(before)
    run.promise(refused >= 0.9 * crowd.came, f"{refused:.0f} of {crowd.came} silent ones are counted")
    await install.crowd.send_home([one for one in people if one.wish is Wish.MENU])
    await run.serve(people)
    await _all_were_taken(run, people)


async def _most_open(run: Run, until: "asyncio.Task[None]") -> float:
    most = 0.0
    while not until.done():
        most = max(most, (await run.install.daemon.metrics()).get("hydrophone_agi_connections", 0.0))
        await asyncio.sleep(0.5)
    return most


def _silent(metrics: dict[str, float]) -> float:
    return sum(value for name, value in metrics.items() if name.startswith("hydrophone_agi") and '"silent"' in name)


async def _all_were_taken(run: Run, people: list[Placed]) -> None:
    """Whoever asked for a person is in a queue soon, by the PBX's own log; its seconds are whole."""
    calls = {call.number: call for call in await asyncio.to_thread(read_cel, run.install.cel)}
    queued = {
        event.callid: event.at
        for event in await asyncio.to_thread(read_queue_log, run.install.queue_log)
        if event.verb == "ENTERQUEUE"
    }
    for one in people:
        if one.wish is Wish.PERSON:
            call = calls.get(one.number)
            at = None if call is None else queued.get(call.linkedid)
            if at is None or one.answered_at is None:
                run.promise(False, "a caller who asked for a person never reached a queue")
            else:
                run.within(max(0.0, at - one.answered_at), PERSON_S, "from the answer to a human queue")


class Silent:
    """Connections that say nothing until they are closed. ``came`` is how many there were."""

    def __init__(self, host: str, port: int) -> None:
        self.came = 0
        self._host = host
        self._port = port
        self._open: set[asyncio.Task[None]] = set()

    async def come(self, count: int) -> None:
        """Open so many, one after the other, each for as long as it is let; returns when the last one is closed."""
        for _ in range(count):
            task = asyncio.create_task(self._stay())
            self._open.add(task)
            task.add_done_callback(self._open.discard)
            await asyncio.sleep(1 / SILENT_PER_S)
        await asyncio.gather(*self._open)

    async def _stay(self) -> None:
        with suppress(OSError):
            reader, writer = await asyncio.open_connection(self._host, self._port)
            self.came += 1
            try:
                await reader.read()
            finally:
                writer.close()
