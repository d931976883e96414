"""The process that renders: ``python -m ivr.prompts.worker CACHE``, one job a line in, one answer a line out.

Apart from the daemon because an engine takes seconds of processor and most of a gigabyte. It lowers its priority,
ends with its parent (the end of standard input) and loads an engine when it first needs it.
"""

import json
import os
import queue
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any

from cti.domain.events import Language
from ivr.prompts.errors import SpeechError
from ivr.prompts.store import Store
from ivr.prompts.voices import VOICES, Voice

NICE = 10


class Renderer:
    """Turns jobs into clips in the store; owns the engines once they are loaded."""

    def __init__(self, cache: Path) -> None:
        self._cache = cache
        self._store = Store(cache / "voice")
        self._engines: dict[str, Any] = {}

    def warm(self, language: Language) -> None:
        """Load what ``language`` needs, dictionaries included."""
        from ivr.prompts.dsp import telephone_clip
        from ivr.prompts.engines import RATE_HZ

        text = "请稍候。" if language == "zh" else "One moment please."
        telephone_clip(self._engine(VOICES[language]).render(text, VOICES[language]), RATE_HZ)

    def render(self, job: Mapping[str, Any]) -> None:
        """Render one job, unless the clip is there. Raises :class:`SpeechError`."""
        key = job["key"]
        with self._store.alone(key):
            if self._store.has(key) and (not job.get("keep_master") or self._store.master(key) is not None):
                return
            started = time.monotonic()
            samples = self._studio(Path(job["wav"])) if "wav" in job else self._speak(job)
            from ivr.prompts.dsp import measure

            facts = {
                "text": "" if job.get("personal") else job.get("text", ""),
                "ms": len(samples) // 8,
                "render_ms": round(1000 * (time.monotonic() - started)),
                "level": asdict(measure(samples)),
            }
            if job.get("keep_master"):
                self._store.put_master(key, samples)
            self._store.put(key, samples, facts)

    def _speak(self, job: Mapping[str, Any]) -> Any:
        from ivr.prompts.dsp import telephone_clip
        from ivr.prompts.engines import RATE_HZ

        language: Language = job["language"]
        voice = VOICES[language].for_text(job["text"], job.get("readings", {})).at(job.get("pace", 1.0))
        return telephone_clip(self._engine(voice).render(job["text"], voice), RATE_HZ)

    def _studio(self, wav: Path) -> Any:
        from ivr.prompts.studio import recording

        return recording(wav)

    def _engine(self, voice: Voice) -> Any:
        if voice.engine not in self._engines:
            from ivr.prompts.engines import ENGINES

            self._engines[voice.engine] = ENGINES[voice.engine](self._cache)
        return self._engines[voice.engine]


def main(cache: Path) -> None:
    """Serve jobs until the parent is gone."""
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # whatever a library prints must not be taken for an answer
    os.nice(NICE)
    jobs: queue.SimpleQueue[str] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(sys.stdin, jobs), daemon=True).start()
    renderer = Renderer(cache)
    while True:
        _answer(renderer, json.loads(jobs.get()), answers)


def _listen(lines: IO[str], jobs: "queue.SimpleQueue[str]") -> None:
    """Take jobs from the parent; when it is gone, go at once, even in the middle of a clip."""
    for line in lines:
        jobs.put(line)
    os._exit(0)


def _answer(renderer: Renderer, job: Mapping[str, Any], answers: IO[str]) -> None:
    error: str | None = None
    try:
        if "warm" in job:
            renderer.warm(job["warm"])
        else:
            renderer.render(job)
    except SpeechError as refused:
        error = str(refused)
    except Exception as broken:  # noqa: BLE001 - one bad text must not end the process; the parent logs it
        error = f"{type(broken).__name__}: {broken}"
    print(json.dumps({"id": job["id"], "error": error}), file=answers)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
