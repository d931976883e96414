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
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any

from cti.domain.events import Language
from ivr.prompts.errors import RenderError, SpeechError
from ivr.prompts.store import Store
from ivr.prompts.voices import VOICES, Voice

NICE = 10

TRIED_PACES = (1.0, 0.95, 0.9, 0.85)
"""How fast, of the usual, a clip is said that is to be understood by a recogniser: slower each time."""


class Renderer:
    """Turns jobs into clips in the store; owns the engines once they are loaded."""

    def __init__(self, cache: Path) -> None:
        self._cache = cache
        self._store = Store(cache / "voice")
        self._engines: dict[str, Any] = {}
        self._neighbours: dict[str, Any] = {}

    def warm(self, job: Mapping[str, Any]) -> None:
        """Load what a language needs, dictionaries included."""
        self._said("请稍候。" if job["warm"] == "zh" else "One moment please.", _voice(job, job["warm"]))

    def render(self, job: Mapping[str, Any]) -> None:
        """Render one job, unless the clip is there. Raises :class:`SpeechError`.

        With ``verify``, how to listen, a recogniser has to understand it, in four tries. Else it is refused: noted for
        a person, and not kept unless it is the ``only_way`` to say something. ``accept`` renders what was refused as it
        is.
        """
        key = job["key"]
        with self._store.alone(key):
            if job.get("accept"):
                self._store.accept(key)
            elif job.get("verify") and self._store.is_refused(key) and not job.get("only_way"):
                raise RenderError("refused before: something else was recognised")
            whole = self._store.has(key) and (not job.get("keep_master") or self._store.master(key) is not None)
            if whole and (not job.get("verify") or self._is_verified(job)):
                return
            started = time.monotonic()
            samples, listened = (self._studio(Path(job["wav"])), {}) if "wav" in job else self._speak(job)
            from ivr.prompts.dsp import measure

            facts = {
                "text": "" if job.get("personal") else job.get("text", ""),
                "ms": len(samples) // 8,
                "render_ms": round(1000 * (time.monotonic() - started)),
                "level": asdict(measure(samples)),
            }
            facts |= listened
            if job.get("keep_master"):
                self._store.put_master(key, samples)
            self._store.put(key, samples, facts)

    def _speak(self, job: Mapping[str, Any]) -> tuple[Any, dict[str, Any]]:
        """Return the clip, and what is to be noted about how it was understood."""
        usual = _voice(job, job["language"]).for_text(job["text"], job.get("readings", {})).at(job.get("pace", 1.0))
        if not job.get("verify"):
            return self._said(job["text"], usual), {"verified": "by a person"} if job.get("accept") else {}
        first, heard = None, ""
        for pace in TRIED_PACES:
            samples = self._said(job["text"], usual.at(pace))
            mistake = self._misheard(samples, job)
            if not mistake:
                return samples, {"verified": True, "tried_pace": pace}
            first, heard = (samples, mistake) if first is None else (first, heard)
        self._refuse(job, heard, first)
        if not job.get("only_way"):
            raise RenderError("something else was recognised" + ("" if job.get("personal") else f": heard {heard}"))
        return first, {"heard": heard}

    def _said(self, text: str, voice: Voice) -> Any:
        from ivr.prompts.dsp import ENGINE_HZ, telephone_clip

        return telephone_clip(self._engine(voice).render(text, voice), ENGINE_HZ)

    def _refuse(self, job: Mapping[str, Any], heard: str, samples: Any) -> None:
        order = {name: value for name, value in job.items() if name not in ("verify", "keep_master", "id")}
        self._store.refuse(job["key"], {"order": order, "heard": heard}, samples)
        self._store.drop(job["key"])

    def _is_verified(self, job: Mapping[str, Any]) -> bool:
        """Tell whether a clip in the store is understood, or all there is; it is noted beside it."""
        facts = self._store.facts(job["key"])
        if facts.get("verified") or "heard" in facts:
            return True
        if self._misheard(self._store.sound(job["key"]), job):
            return False
        self._store.note(job["key"], {**facts, "verified": True})
        return True

    def _misheard(self, samples: Any, job: Mapping[str, Any]) -> str:
        """Return what a recogniser hears in place of the text, or nothing if it understands it."""
        from ivr.prompts.listening import recogniser

        def say(words: str) -> Any:
            return self._neighbour(words, _voice(job, job["language"])) / 32768.0

        listener = recogniser(self._cache)
        mistake: str = listener.mistake(samples / 32768.0, job["text"], job["language"], job["verify"], say)
        return mistake

    def _neighbour(self, words: str, voice: Voice) -> Any:
        """Return a number that stands beside a piece while it is listened to."""
        speaker = json.dumps([words, asdict(voice)], sort_keys=True)
        if speaker not in self._neighbours:
            self._neighbours[speaker] = self._said(words + ("," if words.isascii() else "，"), voice)
        return self._neighbours[speaker]

    def _studio(self, wav: Path) -> Any:
        from ivr.prompts.studio import recording

        return recording(wav)

    def _engine(self, voice: Voice) -> Any:
        if voice.engine not in self._engines:
            self._engines[voice.engine] = _engines(voice.engine)[voice.engine](self._cache)
        return self._engines[voice.engine]


def _voice(job: Mapping[str, Any], language: Language) -> Voice:
    """Return who speaks: ours unless the job names somebody else."""
    return Voice(**job["voice"]) if "voice" in job else VOICES[language]


def _engines(engine: str) -> Mapping[str, Callable[[Path], Any]]:
    """Return the engines among which ``engine`` is; ours load much, so a site's own never loads them."""
    if engine in ("kokoro", "hibari"):
        from ivr.prompts.engines import ENGINES

        return ENGINES
    from ivr.prompts.outside import OUTSIDE

    return OUTSIDE


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
            renderer.warm(job)
        else:
            renderer.render(job)
    except SpeechError as refused:
        error = str(refused)
    except Exception as broken:  # noqa: BLE001 - one bad text must not end the process; the parent logs it
        error = f"{type(broken).__name__}: {broken}"
    print(json.dumps({"id": job["id"], "error": error}), file=answers)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
