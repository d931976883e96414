"""Sentences as files for the PBX to play, now or within a few seconds, come what may.

What is in the store plays as one joined file. Otherwise the clauses that are there play while the worker renders the
rest; a clause that doesn't come in time is said by its spare pieces, or by the reserve, an engine that is quick and
poor, and ``voice.degraded`` is logged. What can't be said at all raises
:class:`~ivr.prompts.errors.UnsayableError`, and the caller belongs with a person.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cti.domain.events import Language
from ivr.ports import Value
from ivr.prompts import core_pack
from ivr.prompts.beep import beep
from ivr.prompts.catalogue import LANGUAGES, SLOW_PACE, Catalogue, Clip, Prompt, shipped
from ivr.prompts.errors import PackError, RenderError, UnsayableError
from ivr.prompts.later import Later
from ivr.prompts.rendering import Rendering, speech_job, studio_job
from ivr.prompts.store import Store
from ivr.prompts.stretch import stretched
from ivr.prompts.studio import Recording, recordings
from ivr.prompts.voices import ESPEAK, Voices, key_of

log = logging.getLogger(__name__)

PATIENCE_S = 4.0
"""How long after it was ordered a clause may come that can be said in no other way."""

GRACE_S = 0.8
"""How much silence a clause is worth when its turn has come; no caller shall hear a second of it."""
LATELY_S = 10.0
"""So long a sentence that was found in the store is taken to be there still: what is pruned was heard longest ago."""
MOST_LATELY = 500

HOLD = "hold.please"
"""What is said while a clause is awaited that can be said in no other way."""

JOINED_QUOTA_BYTES = 500_000_000

LISTENED = frozenset({"verified", "heard"})
"""What is noted of a clip that somebody has listened to: that it was understood, or what was heard."""

Sentence = tuple[str, Mapping[str, Value]]
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Clause:
    """One clip of a sentence, and its name in the store."""

    clip: Clip
    key: str


@dataclass(frozen=True, slots=True)
class Awaited:
    """A clause that isn't there yet: the order for it, and what else can say it."""

    usual: asyncio.Future[None] | None
    pieces: tuple[str, ...]
    reserve_key: str
    reserve: asyncio.Future[None] | None
    until: float

    @property
    def last_hope(self) -> bool:
        """Whether the clause is still to come, and nothing else can say it."""
        return self.usual is not None and not self.usual.done() and not self.pieces and not _arrived(self.reserve)


class RenderedSpeech:
    """The hotline's voice (``ivr.ports.Speech``); owns the renderer from :meth:`start` to :meth:`stop`."""

    def __init__(
        self,
        cache: Path,
        *,
        studio: Path | None = None,
        catalogue: Catalogue | None = None,
        pack: Path = core_pack.SHIPPED,
        rendering: Rendering | None = None,
        voices: Voices | None = None,
        verify: bool = True,
        reserve: Rendering | None = None,
    ) -> None:
        self.catalogue = catalogue or shipped()
        self._voices = voices
        self._verify = verify
        self._reserve = reserve
        self.store = Store(cache / "voice")
        self._pack = pack
        self._studio_directory = studio
        self._studio: dict[tuple[Language, str], str] = {}
        self._raw_recordings: list[Recording] = []
        self._rendering = rendering or Rendering(cache, voices=voices)
        self._background: list[asyncio.Task[None]] = []
        self.later = Later()
        self._lately: dict[tuple[tuple[str, int], ...], tuple[Path, float]] = {}
        self.degraded = 0

    async def start(self, *, complete: bool = True) -> None:
        """Unpack the core pack; then, unless told otherwise, ``complete`` in the background what is missing from it."""
        await asyncio.to_thread(self._unpack)
        await self._rendering.start()
        if self._reserve is not None:
            await self._reserve.start()
        await self._find_recordings()
        if complete:
            self._background.append(asyncio.create_task(self._complete(), name="voice core"))
            self._background.append(asyncio.create_task(self.later.run(self._render_one), name="voice later"))

    async def stop(self) -> None:
        """End the renderer and what was rendered ahead."""
        for task in self._background:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        self._background.clear()
        await self._rendering.stop()
        if self._reserve is not None:
            await self._reserve.stop()

    async def _render_one(self, clip: Clip) -> None:
        if await asyncio.to_thread(self.missing, [clip]):
            await self.render([clip])

    # ------------------------------------------------------------------ in a call

    async def files(
        self, prompt: str, values: Mapping[str, Value], language: Language, *, slow: bool = False
    ) -> AsyncIterator[Path]:
        """Yield the files that say ``prompt`` with ``values``, in order (see ``ivr.ports.Speech``)."""
        clips = self.catalogue.clips(prompt, values, language)
        clauses = await self._slow_clauses(clips) if slow else None
        clauses = clauses or self._clauses(clips)
        sentence = tuple((clause.key, clause.clip.pause_ms) for clause in clauses)
        lately = self._lately.get(sentence)
        if lately is not None and _now() - lately[1] <= LATELY_S:
            yield lately[0]
            return
        absent = await asyncio.to_thread(self._joined_or_absent, clauses)
        if isinstance(absent, Path):
            self._remember(sentence, absent)
            yield absent
            return
        orders = {clause.key: await self._ordered(clause) for clause in clauses if clause.key in absent}
        start = 0
        while start < len(clauses):
            awaited = orders.get(clauses[start].key)
            if awaited is not None and not await _arrives(awaited.usual, GRACE_S):
                worth_it = awaited.last_hope
                if worth_it and prompt != HOLD and (hold := await self._hold(language)):
                    yield hold
                if not worth_it or not await _arrives(awaited.usual, awaited.until - _now()):
                    yield await self._otherwise(prompt, clauses[start], awaited, last=start == len(clauses) - 1)
                    start += 1
                    continue
            end = start + 1
            while end < len(clauses) and _is_there(orders.get(clauses[end].key)):
                end += 1
            yield await self._join(clauses[start:end], last=end == len(clauses))
            start = end

    def _remember(self, sentence: tuple[tuple[str, int], ...], file: Path) -> None:
        """Spare those who hear the same within a moment the look into the store."""
        self._lately.pop(sentence, None)
        self._lately[sentence] = (file, _now())
        if len(self._lately) > MOST_LATELY:
            del self._lately[next(iter(self._lately))]

    def _joined_or_absent(self, clauses: Sequence[Clause]) -> Path | set[str]:
        """Return the file that says all clauses, or the keys of those that aren't in the store. Blocking."""
        absent = self.store.missing({clause.key for clause in clauses})
        return absent or self._joined(clauses, last=True)

    def _joined(self, clauses: Sequence[Clause], *, last: bool) -> Path:
        clips = [(clause.key, clause.clip.pause_ms) for clause in clauses]
        if last:
            clips[-1] = (clips[-1][0], 0)
        try:
            return self.store.joined(clips)
        except FileNotFoundError as error:
            raise UnsayableError("a clip has gone from the store") from error

    async def _slow_clauses(self, clips: Sequence[Clip]) -> list[Clause] | None:
        """Return the clips said slowly: by the engine if they are there, else the usual ones stretched.

        None if not even those are there. What the engine has not said slowly yet is rendered meanwhile.
        """
        usual = self._clauses(clips)
        engines = [self.key(clip) for clip in clips]
        if [clause.key for clause in usual] == engines:
            slow = [clip.slowed() for clip in clips]
            absent = await asyncio.to_thread(self.missing, slow)
            self.later.want(absent)
            if not absent:
                return [Clause(clip, self.key(clip)) for clip in slow]
        try:
            return [
                Clause(clause.clip, await asyncio.to_thread(stretched, self.store, clause.key, SLOW_PACE))
                for clause in usual
            ]
        except FileNotFoundError:
            return None

    async def beep(self) -> Path:
        """Return the tone after which a recording begins."""
        return await asyncio.to_thread(beep, self.store)

    def _clauses(self, clips: Sequence[Clip]) -> list[Clause]:
        """Return the clips with their keys: the studio's if it recorded the whole sentence, else the engine's."""
        recorded = [self._studio.get((clip.language, clip.id)) for clip in clips]
        keys = recorded if all(recorded) else [self.key(clip) for clip in clips]
        return [Clause(clip, key) for clip, key in zip(clips, keys, strict=True) if key]

    def key(self, clip: Clip) -> str:
        """Return the name of ``clip`` in the store, as the site's speaker says it."""
        return key_of(clip, self.catalogue.readings, self._voices)

    def _job(self, clip: Clip, *, keep_master: bool = False) -> dict[str, Any]:
        voice = self._voices[clip.language] if self._voices else None
        return speech_job(
            self.key(clip), clip, self.catalogue.readings, voice=voice, keep_master=keep_master, verify=self._verify
        )

    async def _ordered(self, clause: Clause) -> "Awaited":
        """Order a clause, and of the reserve too if there are no spare pieces for it."""
        refused = await asyncio.to_thread(self._is_refused, clause.key)
        usual = None if refused else self._rendering.urgent(self._job(clause.clip))
        pieces = [self.key(piece) for piece in clause.clip.spare]
        absent = await asyncio.to_thread(self.store.missing, pieces)
        if absent:
            pieces.clear()
        reserve_key = key_of(clause.clip, {}, ESPEAK)
        reserve = None
        if not pieces and self._reserve is not None:
            voice = ESPEAK[clause.clip.language]
            reserve = self._reserve.urgent(speech_job(reserve_key, clause.clip, {}, voice=voice))
        return Awaited(usual, tuple(pieces), reserve_key, reserve, _now() + PATIENCE_S)

    async def _hold(self, language: Language) -> Path | None:
        clauses = self._clauses(self.catalogue.clips(HOLD, {}, language))
        if await asyncio.to_thread(self.store.missing, [clause.key for clause in clauses]):
            return None
        return await self._join(clauses, last=True)

    async def _join(self, clauses: Sequence[Clause], *, last: bool) -> Path:
        return await asyncio.to_thread(self._joined, clauses, last=last)

    async def _otherwise(self, prompt: str, clause: Clause, awaited: "Awaited", *, last: bool) -> Path:
        """Return the clause put together from spare pieces, or said by the reserve, for want of better."""
        self.degraded += 1
        log.warning("voice.degraded prompt=%s language=%s", prompt, clause.clip.language)
        keys = list(awaited.pieces)
        if not keys and _arrived(awaited.reserve):
            keys = [awaited.reserve_key]
        if not keys:
            raise UnsayableError(f"a clause of {prompt}, for which there are no spare pieces")
        clips = [(key, 0) for key in keys]
        if not last:
            clips[-1] = (keys[-1], clause.clip.pause_ms)
        return await asyncio.to_thread(self.store.joined, clips)

    # ------------------------------------------------------------------ ahead of calls

    def missing(self, clips: Iterable[Clip]) -> list[Clip]:
        """Return those of ``clips`` that aren't in the store and were not refused. Blocking."""
        keys = ((clip, self.key(clip)) for clip in clips)
        return [clip for clip, key in keys if not self.store.has(key) and not self._is_refused(key)]

    def _is_refused(self, key: str) -> bool:
        """Tell whether a clip was refused; who has ended the listening hears it all the same."""
        return self._verify and self.store.is_refused(key)

    def learn(self, prompts: Mapping[str, Prompt]) -> None:
        """Take ``prompts`` into the catalogue, and render those of their clips that have no values in them."""
        self.catalogue = self.catalogue.taught(prompts)
        fixed = (
            clip
            for prompt in prompts.values()
            for language in LANGUAGES
            for clause in prompt.clauses[language]
            for clip in clause.fixed_clips(language)
        )
        self.later.want(fixed)

    async def prerender(self, sentences: Iterable[Sentence], progress: Progress | None = None) -> int:
        """Render ``sentences`` in both languages, behind whoever waits on the phone; return how many clips failed.

        A sentence is a prompt and its values. ``progress`` is called with clips done and clips to do.
        """
        clips = {
            (language, clip.id): clip
            for prompt, values in sentences
            for language in LANGUAGES
            for clip in self.catalogue.clips(prompt, values, language)
        }
        return await self.render(await asyncio.to_thread(self.missing, clips.values()), progress)

    async def render(
        self,
        clips: Sequence[Clip],
        progress: Progress | None = None,
        *,
        keep_master: bool = False,
        on_failure: Callable[[Clip, str], None] | None = None,
    ) -> int:
        """Render ``clips``; return how many failed. The failures are logged, without their values.

        What a recogniser refused has not failed: it is listed, and will be said in another way.
        """
        failed = 0
        for done, clip in enumerate(clips, start=1):
            try:
                await self._rendering.ahead(self._job(clip, keep_master=keep_master))
            except RenderError as error:
                failed += not await asyncio.to_thread(self._is_refused, self.key(clip))
                reason = str(error).partition(": heard ")[0]
                log.warning("voice.not_rendered clip=%s language=%s reason=%s", _family(clip), clip.language, reason)
                if on_failure is not None:
                    on_failure(clip, str(error))
            if progress is not None:
                progress(done, len(clips))
        return failed

    def to_do(self, clips: Sequence[Clip]) -> list[Clip]:
        """Return those of ``clips`` that are to be rendered or to be listened to. Blocking."""
        return self.missing(clips) + (self._unverified(clips) if self._verify else [])

    def _unverified(self, clips: Iterable[Clip]) -> list[Clip]:
        keys = [(clip, self.key(clip)) for clip in clips]
        return [clip for clip, key in keys if self.store.has(key) and not self.store.facts(key).keys() & LISTENED]

    async def accept(self, key: str) -> None:
        """Render a refused clip as it is, for somebody found it good. Raises ``KeyError`` and :class:`RenderError`."""
        order = (await asyncio.to_thread(self.store.refusals))[key]["order"]
        await self._rendering.ahead({**order, "accept": True})

    def _unpack(self) -> None:
        """Put the shipped clips into the store; a damaged pack only means that they will be rendered."""
        try:
            core_pack.unpack(self._pack, self.store)
        except PackError as error:
            log.error("voice.pack_unusable %s", error)  # noqa: TRY400 - where it was found says nothing
        self.store.prune(JOINED_QUOTA_BYTES)

    async def _complete(self) -> None:
        await self._take_recordings()
        wanted = await asyncio.to_thread(self.to_do, list(self.catalogue.core_clips().values()))
        if wanted:
            log.info("voice.core rendering=%d", len(wanted))
            failed = await self.render(wanted)
            log.info("voice.core rendered=%d failed=%d", len(wanted) - failed, failed)

    async def _find_recordings(self) -> None:
        """Take those studio recordings into use that were made fit for the line before."""
        if self._studio_directory is None:
            return
        for recording in await asyncio.to_thread(_recordings, self._studio_directory):
            if await asyncio.to_thread(self.store.has, recording.key):
                self._studio[recording.language, recording.clip] = recording.key
            else:
                self._raw_recordings.append(recording)

    async def _take_recordings(self) -> None:
        """Make the new studio recordings fit for the line, and take them into use."""
        for recording in self._raw_recordings:
            try:
                await self._rendering.ahead(studio_job(recording))
            except RenderError as error:
                log.warning("voice.recording_refused clip=%s reason=%s", recording.clip, error)
            else:
                self._studio[recording.language, recording.clip] = recording.key
        self._raw_recordings.clear()


def _recordings(directory: Path) -> list[Recording]:
    return list(recordings(directory))


def _family(clip: Clip) -> str:
    """Return a clip's id without its value."""
    return clip.id.split(".")[0]


def _arrived(order: asyncio.Future[None] | None) -> bool:
    return order is not None and order.done() and not order.cancelled() and order.exception() is None


def _is_there(awaited: Awaited | None) -> bool:
    return awaited is None or _arrived(awaited.usual)


async def _arrives(order: asyncio.Future[None] | None, within_s: float) -> bool:
    """Wait for a clip so long at most."""
    if order is None:
        return False
    await asyncio.wait([order], timeout=max(0.0, within_s))
    return _arrived(order)


def _now() -> float:
    return asyncio.get_running_loop().time()
