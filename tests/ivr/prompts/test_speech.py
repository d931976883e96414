"""A sentence starts at once and ends in time, whatever the renderer does."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ivr.flow.texts import WrittenOut
from ivr.ports import Day, Digits, Money, Month, Speech, Value
from ivr.prompts import rendering, speech
from ivr.prompts.catalogue import SLOW_PACE, Clip, shipped
from ivr.prompts.core_pack import build, unpack
from ivr.prompts.errors import RenderError, UnsayableError
from ivr.prompts.inline import prompt, spoken
from ivr.prompts.later import MOST, Later
from ivr.prompts.rendering import Rendering
from ivr.prompts.speech import RenderedSpeech, Sentence
from ivr.prompts.store import Store
from ivr.prompts.voices import key_of
from tests.ivr.agi.fake_pbx import until

CORE = shipped().core_clips()
BILL: dict[str, Value] = {"month": Month(2026, 10), "amount": Money(8640), "due": Day(11, 25)}
SOUND = np.full(1600, 3000, dtype=np.int16)


class FakeRendering(Rendering):
    """Renders when told to: ``finish`` what callers ordered, or refuse to take orders."""

    def __init__(self, store: Store) -> None:
        super().__init__(Path())
        self._store = store
        self.orders: dict[str, asyncio.Future[None]] = {}
        self.ahead_orders: list[Mapping[str, Any]] = []
        self.refuses = False
        self.broken = False

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    def urgent(self, order: Mapping[str, Any]) -> asyncio.Future[None] | None:
        if self.refuses:
            return None
        return self.orders.setdefault(order["key"], asyncio.get_running_loop().create_future())

    async def ahead(self, order: Mapping[str, Any]) -> None:
        if self.broken:
            raise RenderError("broken")
        self.ahead_orders.append(order)
        self._store.put(order["key"], SOUND, {})

    def finish(self) -> None:
        for key, order in self.orders.items():
            self._store.put(key, SOUND, {})
            if not order.done():
                order.set_result(None)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "voice")


@pytest.fixture
def renderer(store: Store) -> FakeRendering:
    return FakeRendering(store)


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a cache with a core pack of short sounds, beside which it stands."""
    cache = tmp_path_factory.mktemp("core")
    build(shipped(), cache / "pack.zip", lambda _: SOUND)
    unpack(cache / "pack.zip", Store(cache / "voice"))
    return cache


@pytest.fixture
async def voice(tmp_path: Path, unpacked: Path, renderer: FakeRendering) -> AsyncIterator[RenderedSpeech]:
    """Yield a voice whose store holds the core."""
    shutil.copytree(unpacked, tmp_path, dirs_exist_ok=True, copy_function=os.link)
    made = RenderedSpeech(tmp_path, pack=tmp_path / "pack.zip", studio=tmp_path / "studio", rendering=renderer)
    await made.start()
    yield made
    await made.stop()


def _put(voice: RenderedSpeech, values: Mapping[str, Value]) -> None:
    for clip in voice.catalogue.clips("bill.latest", values, "zh"):
        voice.store.put(key_of(clip, voice.catalogue.readings), SOUND, {})


def _length_ms(path: Path) -> int:
    return path.with_suffix(".alaw").stat().st_size // 8


def test_it_is_the_speech_that_the_menu_asks_for(voice: RenderedSpeech) -> None:
    _: Speech = voice


async def test_a_sentence_in_the_store_is_one_file(voice: RenderedSpeech, renderer: FakeRendering) -> None:
    _put(voice, BILL)
    (path,) = [path async for path in voice.files("bill.latest", BILL, "zh")]
    assert _length_ms(path) == 3 * 200 + 2 * 200
    assert path.suffix == ""
    assert not renderer.orders


async def test_a_fixed_sentence_comes_from_the_core_pack(voice: RenderedSpeech, renderer: FakeRendering) -> None:
    for language in ("zh", "en"):
        assert len([path async for path in voice.files("menu.main", {}, language)]) == 1
    assert not renderer.orders


async def test_the_lead_plays_while_the_amount_renders(voice: RenderedSpeech, renderer: FakeRendering) -> None:
    files = voice.files("bill.latest", BILL, "zh")
    lead = await anext(files)
    assert _length_ms(lead) == 200 + 200
    assert len(renderer.orders) == 1
    renderer.finish()
    rest = [path async for path in files]
    assert [_length_ms(path) for path in rest] == [200 + 200 + 200]
    assert voice.degraded == 0


async def test_an_amount_that_does_not_come_is_said_in_pieces(
    voice: RenderedSpeech, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(speech, "GRACE_S", 0.01)
    lengths = [_length_ms(path) async for path in voice.files("bill.latest", BILL, "zh")]
    assert lengths == [200 + 200, 3 * 200 + 200, 200]
    assert voice.degraded == 1


async def test_an_amount_that_is_refused_is_said_in_pieces_at_once(
    voice: RenderedSpeech, renderer: FakeRendering, caplog: pytest.LogCaptureFixture
) -> None:
    renderer.refuses = True
    async with asyncio.timeout(1):
        files = [path async for path in voice.files("bill.latest", BILL, "zh")]
    assert len(files) == 3
    assert "voice.degraded prompt=bill.latest language=zh" in caplog.text
    assert "8640" not in caplog.text


async def test_without_spare_pieces_the_reserve_speaks(
    tmp_path: Path, unpacked: Path, renderer: FakeRendering, store: Store
) -> None:
    shutil.copytree(unpacked, tmp_path, dirs_exist_ok=True, copy_function=os.link)
    reserve = FakeRendering(store)
    voice = RenderedSpeech(tmp_path, pack=tmp_path / "pack.zip", rendering=renderer, reserve=reserve)
    await voice.start()
    renderer.refuses = True
    files = voice.files("bill.latest", {**BILL, "amount": Money(123_456_789)}, "zh")
    assert _length_ms(await anext(files)) == 200 + 200
    reserve.finish()
    assert [_length_ms(path) async for path in files] == [200 + 200, 200]
    assert voice.degraded == 1
    usual = [path async for path in voice.files("bill.latest", BILL, "zh")]
    assert len(usual) == 3  # pieces are at hand, so the reserve is not asked
    assert len(reserve.orders) == 1
    await voice.stop()


async def test_what_can_be_said_in_no_other_way_is_awaited_with_a_word_for_the_caller(
    voice: RenderedSpeech, renderer: FakeRendering, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(speech, "GRACE_S", 0.01)
    monkeypatch.setattr(speech, "PATIENCE_S", 60)
    voice.catalogue = voice.catalogue.taught({"own": prompt("own", {"zh": "今天停水。", "en": "No water today."})})
    files = voice.files("own", {}, "zh")
    (hold,) = [path async for path in voice.files(speech.HOLD, {}, "zh")]
    assert await anext(files) == hold
    renderer.finish()
    assert len([path async for path in files]) == 1
    assert voice.degraded == 0


async def test_an_amount_that_fails_is_said_in_pieces(voice: RenderedSpeech, renderer: FakeRendering) -> None:
    files = voice.files("bill.latest", BILL, "en")
    await anext(files)
    for order in renderer.orders.values():
        order.set_exception(RenderError("no sound"))
    assert len([path async for path in files]) == 2
    assert voice.degraded == 1


async def test_what_cannot_be_said_in_any_way_is_an_error_not_a_silence(
    voice: RenderedSpeech, renderer: FakeRendering
) -> None:
    renderer.refuses = True
    millions = {**BILL, "amount": Money(123_456_789)}
    files = voice.files("bill.latest", millions, "zh")
    await anext(files)
    with pytest.raises(UnsayableError):
        await anext(files)


async def test_unknown_prompts_and_wrong_values_are_told_apart(voice: RenderedSpeech) -> None:
    with pytest.raises(KeyError):
        await anext(voice.files("no.such", {}, "zh"))
    with pytest.raises(UnsayableError):
        await anext(voice.files("bill.arrears", {"total": Digits("1")}, "zh"))


async def test_a_caller_who_hangs_up_leaves_the_order_to_the_next(
    voice: RenderedSpeech, renderer: FakeRendering
) -> None:
    files = voice.files("bill.latest", BILL, "zh")
    await anext(files)
    await files.aclose()  # type: ignore[attr-defined]
    renderer.finish()
    assert len([path async for path in voice.files("bill.latest", BILL, "zh")]) == 1


async def test_bills_are_rendered_ahead_in_both_languages_once(voice: RenderedSpeech, renderer: FakeRendering) -> None:
    seen: list[tuple[int, int]] = []
    sentences: list[Sentence] = [("bill.latest", BILL), ("bill.arrears", {"total": Money(8640)})]
    assert await voice.prerender(sentences, lambda done, total: seen.append((done, total))) == 0
    assert seen == [(1, 2), (2, 2)]
    assert {order["language"] for order in renderer.ahead_orders} == {"zh", "en"}
    assert await voice.prerender(sentences) == 0
    assert len(renderer.ahead_orders) == 2


async def test_clips_that_fail_are_counted_and_named_without_their_value(
    voice: RenderedSpeech, renderer: FakeRendering, caplog: pytest.LogCaptureFixture
) -> None:
    renderer.broken = True
    assert await voice.prerender([("bill.latest", BILL)]) == 2
    assert "clip=amount language=zh" in caplog.text
    assert "8640" not in caplog.text


async def test_a_damaged_pack_means_rendering_not_refusing_to_start(tmp_path: Path, store: Store) -> None:
    (tmp_path / "pack.zip").write_bytes(b"PK, cut off")
    renderer = FakeRendering(store)
    voice = RenderedSpeech(tmp_path, pack=tmp_path / "pack.zip", rendering=renderer)
    await voice.start()
    async with asyncio.timeout(20):
        while len(renderer.ahead_orders) < len(CORE):  # noqa: ASYNC110 - the background task's own pace
            await asyncio.sleep(0.01)
    await voice.stop()
    assert not voice.missing(CORE.values())


async def test_the_studios_voice_is_used_for_whole_sentences_only(
    voice: RenderedSpeech, renderer: FakeRendering, tmp_path: Path
) -> None:
    folder = tmp_path / "studio" / "en"
    folder.mkdir(parents=True)
    for name in ("goodbye", "menu.main.1"):
        (folder / f"{name}.wav").write_bytes(name.encode())
    again = RenderedSpeech(tmp_path, pack=tmp_path / "pack.zip", studio=tmp_path / "studio", rendering=renderer)
    await again.start()
    async with asyncio.timeout(5):
        while len(renderer.ahead_orders) < 2:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    await again.stop()
    recorded = {order["key"] for order in renderer.ahead_orders}
    (goodbye,) = [path async for path in again.files("goodbye", {}, "en")]
    assert goodbye in {again.store.stem(key) for key in recorded}
    assert [path async for path in again.files("menu.main", {}, "en")] == [
        path async for path in voice.files("menu.main", {}, "en")
    ]


# ------------------------------------------------------------------ the line before the worker

ECHO = """
import json, sys
for line in sys.stdin:
    job = json.loads(line)
    print(json.dumps({"id": job["id"], "error": job.get("fail")}), flush=True)
"""
DIES = "import sys; sys.stdin.readline()"
BABBLES = """
import sys
for line in sys.stdin: print("hello", flush=True)
"""
STUCK = "import sys, time; sys.stdin.readline(); time.sleep(600)"


@pytest.fixture
async def worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    monkeypatch.setattr(rendering, "_LONGEST_REST_S", 0.01)
    monkeypatch.setattr(rendering, "_JOB_LIMIT_S", 0.5)
    monkeypatch.setattr(rendering, "_FAREWELL_S", 0.2)
    started: list[Rendering] = []

    async def start(script: str, **options: Any) -> Rendering:
        (tmp_path / "worker.py").write_text(script)
        command = (rendering.WORKER[0], str(tmp_path / "worker.py"))
        made = Rendering(tmp_path, command=command, **{"warm": (), **options})
        started.append(made)
        await made.start()
        return made

    yield start
    for made in started:
        await made.stop()


def _order(number: int, language: str = "zh", **more: Any) -> dict[str, Any]:
    return {"key": f"{number:04d}", "language": language, "text": "好。", **more}


async def test_orders_are_done_and_failures_told(worker) -> None:  # type: ignore[no-untyped-def]
    made = await worker(ECHO)
    await made.urgent(_order(1))
    await made.ahead(_order(2))
    with pytest.raises(RenderError, match="no sound"):
        await made.ahead(_order(3, fail="no sound"))


async def test_the_same_clip_is_ordered_once(worker) -> None:  # type: ignore[no-untyped-def]
    made = await worker(STUCK)
    assert made.urgent(_order(1)) is made.urgent(_order(1))


async def test_no_more_callers_are_let_in_than_can_be_served(worker) -> None:  # type: ignore[no-untyped-def]
    made = await worker(STUCK)
    assert [made.urgent(_order(number)) is None for number in range(4)] == [False, False, False, True]
    assert made.urgent(_order(9, "en")) is not None


async def test_a_caller_goes_before_what_is_rendered_ahead(worker) -> None:  # type: ignore[no-untyped-def]
    made = await worker(ECHO)
    done: list[str] = []

    async def ahead(number: int) -> None:
        await made.ahead(_order(number))
        done.append(f"ahead {number}")

    async with asyncio.TaskGroup() as group:
        for number in range(10):
            group.create_task(ahead(number))
        await asyncio.sleep(0)
        await made.urgent(_order(99))
        done.append("urgent")
    assert done.index("urgent") <= 2


@pytest.mark.parametrize("script", [DIES, BABBLES, STUCK], ids=["dies", "babbles", "is stuck"])
async def test_a_worker_that_fails_is_replaced(worker, tmp_path: Path, script: str) -> None:  # type: ignore[no-untyped-def]
    made = await worker(script)
    with pytest.raises(RenderError, match="the worker failed"):
        await made.ahead(_order(1))
    (tmp_path / "worker.py").write_text(ECHO)
    await made.ahead(_order(2))


async def test_stopping_tells_everybody_who_waits(worker) -> None:  # type: ignore[no-untyped-def]
    made = await worker(STUCK)
    waiting = [made.urgent(_order(1)), made.urgent(_order(2)), asyncio.ensure_future(made.ahead(_order(3)))]
    await asyncio.sleep(0)
    await made.stop()
    results = await asyncio.gather(*waiting, return_exceptions=True)
    assert all(isinstance(result, RenderError) for result in results)
    assert made.urgent(_order(4)) is None
    with pytest.raises(RenderError):
        await made.ahead(_order(5))


# ------------------------------------------------------------------ slowly, written out in a flow, the tone


async def test_what_the_engine_has_not_said_slowly_is_stretched_and_rendered_for_the_next_time(
    voice: RenderedSpeech, renderer: FakeRendering
) -> None:
    (usual,) = [path async for path in voice.files("menu.main", {}, "en")]
    (first,) = [path async for path in voice.files("menu.main", {}, "en", slow=True)]
    assert _length_ms(first) > _length_ms(usual)
    clauses = len(shipped().clips("menu.main", {}, "en"))
    await until(lambda: len(renderer.ahead_orders) == clauses)
    (second,) = [path async for path in voice.files("menu.main", {}, "en", slow=True)]
    assert second not in (usual, first)
    assert [order["pace"] for order in renderer.ahead_orders] == [SLOW_PACE] * clauses
    assert not renderer.orders  # nobody waited for it


async def test_what_must_be_rendered_first_is_said_at_its_usual_pace(
    voice: RenderedSpeech, renderer: FakeRendering
) -> None:
    files = voice.files("bill.latest", BILL, "zh", slow=True)
    assert _length_ms(await anext(files)) == 200 + 200
    renderer.finish()
    assert [path async for path in files]


def test_another_pace_is_another_clip() -> None:
    (clip, *_) = shipped().clips("menu.main", {}, "en")
    assert clip.slowed().id == f"{clip.id}.slow"
    assert key_of(clip, {}) != key_of(clip.slowed(), {})


WRITTEN = WrittenOut(zh="您的余额是{balance:money}，谢谢。", en="Your balance is {balance:money}, thank you.")


async def test_a_sentence_of_a_flow_is_said_like_one_of_the_catalogue(
    voice: RenderedSpeech, renderer: FakeRendering
) -> None:
    voice.learn(spoken({WRITTEN.prompt: WRITTEN}))
    await until(lambda: len(renderer.ahead_orders) == 2)
    assert sorted(order["text"] for order in renderer.ahead_orders) == ["thank you.", "谢谢。"]

    async def take() -> Path:
        (path,) = [path async for path in voice.files(WRITTEN.prompt, {"balance": Money(1200)}, "zh")]
        return path

    waiting = asyncio.create_task(take())
    await until(lambda: bool(renderer.orders))
    renderer.finish()
    assert _length_ms(await waiting) == 200 + 200 + 200


async def test_what_stands_beside_somebodys_digits_in_a_flow_is_rendered_ahead(
    voice: RenderedSpeech, renderer: FakeRendering
) -> None:
    written = WrittenOut(zh="卡号为{card:digits}。", en="Your card is {card:digits} for now.")
    voice.learn(spoken({written.prompt: written}))
    await until(lambda: len(renderer.ahead_orders) == 3)
    assert sorted(order["text"] for order in renderer.ahead_orders) == ["Your card is,", "for now,", "卡号为，"]


async def test_the_tone_is_a_third_of_a_second_and_made_once(voice: RenderedSpeech) -> None:
    path = await voice.beep()
    assert _length_ms(path) == 300
    assert await voice.beep() == path


async def test_so_many_wishes_are_remembered_and_no_more() -> None:
    later = Later()
    later.want(Clip(f"c{number}", "en", "word") for number in range(MOST + 5))
    seen: list[str] = []

    async def render(clip: Clip) -> None:
        seen.append(clip.id)

    task = asyncio.create_task(later.run(render))
    await until(lambda: len(seen) == MOST)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert seen[0] == "c5"


@pytest.mark.parametrize("verify", [True, False])
async def test_what_was_refused_is_rendered_only_where_nobody_listens(
    tmp_path: Path, unpacked: Path, renderer: FakeRendering, verify: bool
) -> None:
    shutil.copytree(unpacked, tmp_path, dirs_exist_ok=True, copy_function=os.link)
    voice = RenderedSpeech(tmp_path, pack=tmp_path / "pack.zip", rendering=renderer, verify=verify)
    (clip,) = [clip for clip in voice.catalogue.clips("bill.latest", BILL, "zh") if clip.id.startswith("amount.")]
    voice.store.refuse(voice.key(clip), {}, SOUND)
    assert voice.missing([clip]) == ([] if verify else [clip])
