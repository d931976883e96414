"""The phone menu's door: crowded with connections that say nothing."""

import asyncio
from contextlib import suppress

from bench.drill.drill import NotReachedError, Run
from bench.drill.evidence import read_cel, read_queue_log
from bench.drill.people import Placed, Wish

SILENT_PER_S = 500
TIMES = 2.0
"""How much longer a caller may take to a person than one before the crowd came."""
OPEN = 200 + 30
"""Silent connections that are kept (``ivr.agi.server.Limits``), and room for what has just ended."""


async def crowded_door(run: Run) -> None:
    """Ten thousand FastAGI connections that say nothing: callers get the menu or a person, and memory is bounded."""
    install = run.install
    install.phones.talk_s = lambda _leg: 1.0
    first = await install.crowd.arrive([Wish.PERSON] * 2, per_s=2)
    await run.serve(first)
    usual_s = max(await _to_a_person(run, first))
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
    for seconds in await _to_a_person(run, [one for one in people if one.wish is Wish.PERSON]):
        run.within(seconds, TIMES * usual_s, "from the answer to a human queue")


async def _most_open(run: Run, until: "asyncio.Task[None]") -> float:
    most = 0.0
    while not until.done():
        now = await run.install.daemon.metrics()
        most = max(most, now["hydrophone_agi_connections"] - now["hydrophone_agi_calls"])
        await asyncio.sleep(0.5)
    return most


def _silent(metrics: dict[str, float]) -> float:
    return sum(value for name, value in metrics.items() if name.startswith("hydrophone_agi") and '"silent"' in name)


async def _to_a_person(run: Run, people: list[Placed]) -> list[float]:
    """Return how long each was on the way from the answer to a queue, by the PBX's own log; its seconds are whole."""
    calls = {call.number: call for call in await asyncio.to_thread(read_cel, run.install.cel)}
    queued = {
        event.callid: event.at
        for event in await asyncio.to_thread(read_queue_log, run.install.queue_log)
        if event.verb == "ENTERQUEUE"
    }
    took = []
    for one in people:
        call = calls.get(one.number)
        at = None if call is None else queued.get(call.linkedid)
        if at is None or one.answered_at is None:
            raise NotReachedError("a caller who asked for a person never reached a queue")
        took.append(max(1.0, at - one.answered_at))
    return took


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
