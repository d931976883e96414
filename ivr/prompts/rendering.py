"""The one worker process that renders clips, and the two lines before it.

Callers who wait on the phone go first, and no more of them are let in than can be served in time: the rest are told
at once, so that they hear the spare pieces. Everything rendered ahead waits behind them, a few jobs at a time, its
sender held back. A worker that dies or hangs is started again, more slowly each time.
"""

import asyncio
import json
import logging
import sys
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from cti.domain.events import Language
from ivr.prompts.catalogue import LANGUAGES, Clip
from ivr.prompts.errors import RenderError
from ivr.prompts.studio import Recording
from ivr.prompts.voices import VOICES, Voice, Voices

log = logging.getLogger(__name__)

URGENT_AT_MOST = 3
"""How many clips of one language callers may wait for: one takes an engine, or the recogniser, over a second.

A telephone number is three.
"""

URGENT_AT_MOST_OF_QUICK = 40
"""The same of :data:`QUICK` engines, which take a few hundredths of a second."""

QUICK = frozenset({"hibari", "espeak"})

WORKER = (sys.executable, "-P", "-W", "ignore", "-m", "ivr.prompts.worker")

_AHEAD_AT_MOST = 4
_JOB_LIMIT_S = 120.0
_LONGEST_REST_S = 30.0
_FAREWELL_S = 2.0


def speech_job(
    key: str,
    clip: Clip,
    readings: Mapping[str, str],
    *,
    voice: Voice | None = None,
    keep_master: bool = False,
    verify: bool = False,
) -> dict[str, Any]:
    """Return the order to render ``clip`` under ``key``, by ``voice`` if it isn't ours.

    ``verify`` has the worker listen to it first.
    """
    words = {word: how for word, how in readings.items() if word in clip.text}
    job = {"key": key, "language": clip.language, "text": clip.text, "readings": words, "keep_master": keep_master}
    job |= {"pace": clip.pace} if clip.pace != 1.0 else {}
    job |= {"voice": asdict(voice)} if voice is not None else {}
    if verify:
        job |= {"verify": clip.manner, "clip": clip.id, "only_way": clip.is_only_way}
    return job | ({"personal": True} if clip.personal else {})


def studio_job(recording: Recording) -> dict[str, Any]:
    """Return the order to make a studio recording fit for the line."""
    return {"key": recording.key, "language": recording.language, "wav": str(recording.wav)}


@dataclass(slots=True)
class _Job:
    order: Mapping[str, Any]
    done: asyncio.Future[None] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class Rendering:
    """Owns the worker process, from :meth:`start` to :meth:`stop`."""

    def __init__(
        self,
        cache: Path,
        *,
        warm: tuple[Language, ...] = LANGUAGES,
        command: Sequence[str] = WORKER,
        voices: Voices | None = None,
    ) -> None:
        self.voices = voices or VOICES
        self._command = (*command, str(cache))
        self._warm = warm
        self._urgent: dict[str, _Job] = {}
        self._ahead: deque[_Job] = deque()
        self._places = asyncio.Semaphore(_AHEAD_AT_MOST)
        self._work = asyncio.Event()
        self._process: asyncio.subprocess.Process | None = None
        self._serving: asyncio.Task[None] | None = None
        self._failures = 0
        self._number = 0

    async def start(self) -> None:
        """Begin to serve; the engines load meanwhile."""
        for language in self._warm:
            voice = self.voices[language]
            self._ahead.append(_Job({"warm": language, "key": f"warm {voice.engine}", "voice": asdict(voice)}))
        self._work.set()
        self._serving = asyncio.create_task(self._serve(), name="rendering")

    async def stop(self) -> None:
        """End the worker, whatever it is doing. Who waits is told."""
        if self._serving is not None:
            self._serving.cancel()
            with suppress(asyncio.CancelledError):
                await self._serving
            self._serving = None
        await self._end_process()
        for job in (*self._urgent.values(), *self._ahead):
            _settle(job, "the renderer has stopped")
        self._urgent.clear()
        self._ahead.clear()

    def urgent(self, order: Mapping[str, Any]) -> asyncio.Future[None] | None:
        """Order a clip that a caller waits for; None means there is no chance of having it in time."""
        if job := self._urgent.get(order["key"]):
            return job.done
        waiting = sum(job.order["language"] == order["language"] for job in self._urgent.values())
        quick = self.voices[order["language"]].engine in QUICK and not order.get("verify")
        if self._serving is None or waiting >= (URGENT_AT_MOST_OF_QUICK if quick else URGENT_AT_MOST):
            return None
        job = self._urgent[order["key"]] = _Job(order)
        self._work.set()
        return job.done

    async def ahead(self, order: Mapping[str, Any]) -> None:
        """Render a clip ahead of need, and wait for it. Raises :class:`RenderError`."""
        if self._serving is None:
            raise RenderError("the renderer is not running")
        async with self._places:
            job = _Job(order)
            self._ahead.append(job)
            self._work.set()
            await job.done

    async def _serve(self) -> None:
        while True:
            await self._work.wait()
            job = next(iter(self._urgent.values()), None) or (self._ahead.popleft() if self._ahead else None)
            if job is None:
                self._work.clear()
                continue
            try:
                await self._do(job)
            finally:
                self._urgent.pop(job.order["key"], None)
                _settle(job, "the renderer has stopped")

    async def _do(self, job: _Job) -> None:
        """Have one job done by the process; its death or silence is the job's failure, and it is started anew."""
        try:
            async with asyncio.timeout(_JOB_LIMIT_S):
                error = await self._ask(job.order)
        except (OSError, TimeoutError, ValueError) as broken:
            await self._end_process()
            self._failures += 1
            _settle(job, f"the worker failed: {type(broken).__name__}")
            rest_s = min(2.0**self._failures, _LONGEST_REST_S)
            log.error("voice.worker_failed failures=%d rest_s=%.0f", self._failures, rest_s)  # noqa: TRY400
            await asyncio.sleep(rest_s)
            return
        self._failures = 0
        _settle(job, error)
        if error is not None and "warm" in job.order:
            log.error("voice.engine_refused %s reason=%s", job.order["key"], error)

    async def _ask(self, order: Mapping[str, Any]) -> str | None:
        process = self._process or await self._start_process()
        assert process.stdin is not None and process.stdout is not None  # noqa: S101, PT018
        self._number += 1
        process.stdin.write(json.dumps({**order, "id": self._number}).encode() + b"\n")
        await process.stdin.drain()
        answer = json.loads(await process.stdout.readline() or b"null")
        if not isinstance(answer, dict) or answer.get("id") != self._number:
            raise ValueError("no answer")
        error = answer.get("error")
        return None if error is None else str(error)

    async def _start_process(self) -> asyncio.subprocess.Process:
        pipe = asyncio.subprocess.PIPE
        self._process = await asyncio.create_subprocess_exec(*self._command, stdin=pipe, stdout=pipe)
        return self._process

    async def _end_process(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        if process.stdin is not None:
            process.stdin.close()
        try:
            async with asyncio.timeout(_FAREWELL_S):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()


def _settle(job: _Job, error: str | None) -> None:
    if job.done.done():
        return
    if error is None:
        job.done.set_result(None)
    else:
        job.done.set_exception(RenderError(error))
        job.done.exception()  # taken note of: a caller who hung up won't come for it
