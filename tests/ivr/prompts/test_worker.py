"""The real worker with the real engines: renders both languages, calls nobody, dies with its parent."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from ivr.ports import Money
from ivr.prompts import rendering, voices
from ivr.prompts.catalogue import shipped
from ivr.prompts.errors import RenderError
from ivr.prompts.rendering import Rendering, speech_job
from ivr.prompts.store import Store
from tests.hearing.conftest import CACHE

pytestmark = [pytest.mark.speech, pytest.mark.timeout(120)]

QUIET = """
import sys
def watch(event, args):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.sendto"):
        raise SystemExit(f"called out: {event}")
sys.addaudithook(watch)
from pathlib import Path
import numpy
from ivr.prompts.engines import ENGINES
from ivr.prompts.listening import recogniser
from ivr.prompts.voices import VOICES
for language, text in (("zh", "请稍候。"), ("en", "One moment please.")):
    voice = VOICES[language]
    engine = ENGINES[voice.engine](Path(sys.argv[1]))
    first, again = engine.render(text, voice), engine.render(text, voice)
    print(len(first), bool((first == again).all()))
recogniser(Path(sys.argv[1])).text(numpy.zeros(8000), "en", "")
"""


def test_engines_and_recogniser_call_nobody_and_the_same_is_said_twice() -> None:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", QUIET, str(CACHE)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.split("\n")[:2]
    assert all(line.endswith("True") and int(line.split()[0]) > 12_000 for line in lines), done.stdout


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a cache of its own that takes the models from the repository's."""
    (CACHE / "models").mkdir(parents=True, exist_ok=True)
    home = tmp_path_factory.mktemp("worker")
    (home / "models").symlink_to(CACHE / "models")
    return home


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def worker(home: Path) -> AsyncIterator[Rendering]:
    """Have one worker for all: loading its engines takes longer than all that it says here."""
    made = Rendering(home, warm=())
    await made.start()
    yield made
    await made.stop()


@pytest.mark.asyncio(loop_scope="module")
async def test_an_amount_is_rendered_into_the_store_in_both_languages(worker: Rendering, home: Path) -> None:
    store = Store(home / "voice")
    for language in ("zh", "en"):
        clip = shipped().clips("bill.arrears", {"total": Money(12345)}, language)[1]
        key = voices.key_of(clip, shipped().readings)
        await worker.ahead(speech_job(key, clip, shipped().readings))
        facts = json.loads(await asyncio.to_thread(store.stem(key).with_suffix(".json").read_text))
        assert facts["text"] == clip.text
        assert 1500 < facts["ms"] < 4500
        assert -20.5 < facts["level"]["speech_dbfs"] < -19.5
        ulaw = await asyncio.to_thread(store.stem(key).with_suffix(".ulaw").read_bytes)
        assert len(ulaw) == facts["ms"] * 8
        assert len(ulaw) % 160 == 0


@pytest.mark.asyncio(loop_scope="module")
async def test_a_clip_that_says_another_amount_is_heard_and_rendered_anew(worker: Rendering, home: Path) -> None:
    store = Store(home / "voice")
    readings = shipped().readings
    first, wanted = (shipped().clips("bill.arrears", {"total": Money(fen)}, "en")[1] for fen in (8640, 208061))
    await worker.ahead(speech_job("00aa", first, readings))
    wrong = store.sound("00aa")
    store.put("00ab", wrong, {})
    await worker.ahead(speech_job("00ab", wanted, readings, verify=True))
    assert store.facts("00ab")["verified"]
    assert len(store.sound("00ab")) != len(wrong)


@pytest.mark.asyncio(loop_scope="module")
async def test_a_text_without_speech_in_it_is_refused_and_the_worker_goes_on(worker: Rendering) -> None:
    with pytest.raises(RenderError):
        await worker.ahead({"key": "00ba", "language": "zh", "text": "❓"})
    await worker.ahead({"key": "00bb", "language": "en", "text": "Good bye."})


async def test_a_worker_without_its_model_says_which(tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "kokoro-v1.0.int8.onnx").write_bytes(b"somebody else's")
    made = Rendering(tmp_path, warm=())
    await made.start()
    with pytest.raises(RenderError, match=r"kokoro-v1\.0\.int8\.onnx is refused"):
        await made.ahead({"key": "00aa", "language": "zh", "text": "好。"})
    await made.stop()


def test_the_worker_dies_with_its_parent(tmp_path: Path) -> None:
    parent = textwrap.dedent(f"""
        import subprocess, time
        worker = subprocess.Popen({[*rendering.WORKER, str(tmp_path)]!r}, stdin=subprocess.PIPE)
        print(worker.pid, flush=True)
        time.sleep(600)
    """)
    with subprocess.Popen([sys.executable, "-c", parent], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        pid = int(process.stdout.readline())
        process.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 20
    while _lives(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not _lives(pid)


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().split(")")[1].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False
