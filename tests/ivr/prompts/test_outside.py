"""Engines that a site brings: each is bounded, says what it lacks, and has clips of its own."""

import os
import sys
import textwrap
import wave
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from config.voice import Speaker
from config.voice import Voice as Chosen
from cti.domain.events import Language
from ivr.prompts import listening, outside, worker
from ivr.prompts.catalogue import Clip, Manner
from ivr.prompts.dsp import ENGINE_HZ
from ivr.prompts.errors import RenderError
from ivr.prompts.heard import misheard
from ivr.prompts.outside import Command, Espeak, Sherpa, sherpa_model
from ivr.prompts.rendering import speech_job
from ivr.prompts.speakers import reserve, voices
from ivr.prompts.store import Store
from ivr.prompts.voices import ESPEAK, VOICES, Voice, key_of
from ivr.prompts.worker import Renderer

SPEAKS = """
import os, sys, wave
words = sys.stdin.buffer.read().decode()
assert words and not any(words in argument for argument in sys.argv)
to = open(sys.argv[1], "wb") if len(sys.argv) > 1 else sys.stdout.buffer
rate = 16000
wav = wave.open(to, "wb")
wav.setparams((1, 2, rate, 0, "NONE", ""))
wav.writeframes(b"\\x00\\x10\\x00\\xf0" * int(rate / 2 / float(os.environ["HYDROPHONE_SPEED"])))
"""


def _program(folder: Path, script: str, name: str = "speak.py") -> Path:
    path = folder / name
    path.write_text(f"#!{sys.executable} -S\n{textwrap.dedent(script)}")
    path.chmod(0o755)
    return path


def _command(*program: str, speed: float = 1.0) -> Voice:
    return voices(Chosen(zh=Speaker(engine="command", program=program, speed=speed)))["zh"]


@pytest.mark.parametrize("arguments", [(), ("{wav}",)], ids=["standard output", "file"])
def test_any_program_speaks_the_words_on_its_standard_input(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    program = str(_program(tmp_path, SPEAKS))
    audio = Command(tmp_path).render("金额为一元；rm -rf $HOME", _command(program, *arguments, speed=0.5))
    assert len(audio) == pytest.approx(2 * ENGINE_HZ, rel=0.01)


BAD = {
    "ended with 3": "raise SystemExit(3)",
    "wrote no WAV": "print('hello')",
    "did not end in time": "import time; time.sleep(600)",
    "ended with": "import sys\nwhile True: sys.stdout.buffer.write(bytes(1 << 20))",
}


@pytest.mark.parametrize("fault", list(BAD))
def test_a_program_that_fails_hangs_or_floods_is_an_error(
    tmp_path: Path, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outside, "LIMIT_S", 1 if "time" in fault else 60)
    monkeypatch.setattr(outside, "LARGEST_WAV_BYTES", 4_000_000)
    with pytest.raises(RenderError, match=fault):
        Command(tmp_path).render("好。", _command(str(_program(tmp_path, BAD[fault]))))


def test_a_program_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(RenderError, match="ended with 127"):
        Command(tmp_path).render("好。", _command(str(tmp_path / "nothing")))


ESPEAK_NG = """
import os, sys
if "--version" in sys.argv:
    print("eSpeak NG text-to-speech: VERSION  Data at: /usr/share")
    raise SystemExit
os.environ["HYDROPHONE_SPEED"] = "1"
sys.argv = ["", sys.argv[sys.argv.index("-w") + 1]]
"""


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder that is first in ``PATH``."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    return folder


def test_the_espeak_that_misreads_mandarin_is_refused(path: Path, tmp_path: Path) -> None:
    _program(path, ESPEAK_NG.replace("VERSION", "1.51"), "espeak-ng")
    with pytest.raises(RenderError, match=r"1\.51 is refused, 1\.52 is needed"):
        Espeak(tmp_path)


def test_a_newer_espeak_speaks(path: Path, tmp_path: Path) -> None:
    _program(path, ESPEAK_NG.replace("VERSION", "1.52.0") + SPEAKS, "espeak-ng")
    assert len(Espeak(tmp_path).render("好。", ESPEAK["zh"])) > 0
    assert reserve(tmp_path) is not None


def test_without_espeak_there_is_no_reserve(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert reserve(tmp_path) is None
    with pytest.raises(RenderError, match="not installed"):
        Espeak(tmp_path)


def test_sherpa_says_that_it_is_not_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sherpa_onnx", None)
    with pytest.raises(RenderError, match="pip install sherpa-onnx"):
        Sherpa(tmp_path)


@pytest.mark.parametrize(
    ("files", "family"),
    [
        (["model.onnx", "voices.bin", "lexicon-zh.txt"], "kokoro"),
        (["model-steps-3.onnx", "vocos-22khz-univ.onnx"], "matcha"),
        (["model.onnx", "lexicon.txt"], "vits"),
    ],
)
def test_a_models_family_is_told_by_its_files(tmp_path: Path, files: list[str], family: str) -> None:
    for name in (*files, "tokens.txt"):
        (tmp_path / name).touch()
    found, arguments = sherpa_model(tmp_path)
    assert found == family
    assert all(str(tmp_path / name) in arguments.values() for name in files)
    (tmp_path / "tokens.txt").unlink()
    with pytest.raises(RenderError, match="there is no model"):
        sherpa_model(tmp_path)


def test_a_clips_name_holds_the_engine_and_its_options(tmp_path: Path) -> None:
    (tmp_path / "model.onnx").touch()
    clip = Clip("amount.1", "zh", "金额为一分，")
    sherpa = {"engine": "sherpa", "model": tmp_path}
    choices = [
        Speaker(engine="kokoro"),
        Speaker(engine="kokoro", speed=0.9),
        Speaker(engine="espeak"),
        Speaker(engine="command", program=("speak",)),
        Speaker(engine="command", program=("speak", "-x")),
        Speaker(**sherpa),
        Speaker(**sherpa, speaker=3),
    ]
    names = [key_of(clip, {}, voices(Chosen(zh=choice))) for choice in choices]
    (tmp_path / "model.onnx").write_bytes(b"another")
    names.append(key_of(clip, {}, voices(Chosen(zh=choices[-1]))))
    assert len(set(names)) == len(names)
    assert names[0] == key_of(clip, {})


@pytest.mark.parametrize(
    "wrong",
    [
        {"zh": {"engine": "hibari"}},
        {"en": {"engine": "kokoro"}},
        {"zh": {"engine": "sherpa"}},
        {"zh": {"engine": "sherpa", "model": "models/here"}},
        {"zh": {"engine": "command"}},
        {"zh": {"engine": "espeak", "program": ["speak"]}},
    ],
)
def test_options_of_another_engine_are_a_fault_of_the_settings(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Chosen.model_validate(wrong)


# ------------------------------------------------------------------ listened to before it may be used


class Heard(listening.Recogniser):
    """A recogniser that hears what a test says, one after the other, whatever came before."""

    def __init__(self, *texts: str) -> None:
        self.texts = list(texts)

        self.manners: list[Manner] = []

    def mistake(
        self,
        recording: listening.Sound,
        said: str,
        language: Language,
        manner: Manner = "clause",
        say: listening.Say | None = None,
    ) -> str:
        self.manners.append(manner)
        heard = self.texts.pop(0)
        return (heard or "nothing") if misheard(said, heard, language) else ""


@pytest.fixture
def renderer(tmp_path: Path) -> Renderer:
    return Renderer(tmp_path)


TRIES = len(worker.TRIED_PACES)
PIECES = (Clip("part.八十", "zh", "八十，"),)


def _order(
    tmp_path: Path, text: str = "金额为八十六元四角，", name: str = "amount.8640", spare: tuple[Clip, ...] = PIECES
) -> dict[str, object]:
    voice = _command(str(_program(tmp_path, SPEAKS)))
    clip = Clip(name, "zh", text, spare)
    return speech_job(key_of(clip, {}, {"zh": voice}), clip, {}, voice=voice, verify=True)


def _hears(monkeypatch: pytest.MonkeyPatch, *texts: str) -> Heard:
    heard = Heard(*texts)
    monkeypatch.setattr(listening, "recogniser", lambda _: heard)
    return heard


def test_a_clip_that_is_misheard_is_said_again_more_slowly(
    renderer: Renderer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard = _hears(monkeypatch, "金额为16.4元", "金额为86.4元")
    order = _order(tmp_path)
    renderer.render(order)
    facts = Store(tmp_path / "voice").facts(str(order["key"]))
    assert facts["verified"]
    assert facts["tried_pace"] == worker.TRIED_PACES[1]
    renderer.render(order)  # and is not listened to again
    assert heard.texts == []


def test_a_clip_that_is_never_understood_is_not_kept_but_listed_and_not_said_again(
    renderer: Renderer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _hears(monkeypatch, "16.4元", "", "八十六元", "八十元")
    order, store = _order(tmp_path), Store(tmp_path / "voice")
    with pytest.raises(RenderError, match="something else was recognised: heard 16"):
        renderer.render(order)
    key = str(order["key"])
    assert not store.has(key)
    with wave.open(str(store.refused_sound(key))) as wav:
        assert (wav.getframerate(), wav.getnchannels()) == (8000, 1)
        assert wav.getnframes() > 1000
    (told,) = store.refusals().values()
    assert (told["heard"], told["order"]["text"], told["order"]["clip"]) == ("16.4元", order["text"], "amount.8640")
    with pytest.raises(RenderError, match="refused before"):
        renderer.render(order)


def test_a_refused_clip_that_a_person_accepts_is_kept_as_it_is(
    renderer: Renderer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _hears(monkeypatch, "16.4元", "", "八十六元", "八十元")
    order, store = _order(tmp_path), Store(tmp_path / "voice")
    with pytest.raises(RenderError):
        renderer.render(order)
    key = str(order["key"])
    renderer.render({**store.refusals()[key]["order"], "accept": True})
    assert store.facts(key)["verified"] == "by a person"
    assert store.refusals() == {}
    renderer.render(order)


def test_a_sentence_that_can_be_said_in_no_other_way_is_kept_and_listed_once(
    renderer: Renderer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard = _hears(monkeypatch, *["再见"] * TRIES)
    order, store = _order(tmp_path, "请稍候。", "hold.please", ()), Store(tmp_path / "voice")
    renderer.render(order)
    renderer.render(order)
    assert heard.texts == []
    assert store.facts(str(order["key"]))["heard"] == "再见"
    assert [told["order"]["only_way"] for told in store.refusals().values()] == [True]


def test_a_clip_that_was_there_and_is_misheard_is_there_no_longer(
    renderer: Renderer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = _order(tmp_path)
    renderer.render({**order, "verify": False})
    _hears(monkeypatch, *["八十元"] * (1 + TRIES))
    with pytest.raises(RenderError):
        renderer.render(order)
    assert not Store(tmp_path / "voice").has(str(order["key"]))


def test_a_clip_that_was_there_is_listened_to_once(
    renderer: Renderer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = _order(tmp_path)
    renderer.render({**order, "verify": False})
    heard = _hears(monkeypatch, "八十六元四角")
    renderer.render(order)
    renderer.render(order)
    assert heard.texts == []
    assert Store(tmp_path / "voice").facts(str(order["key"]))["verified"]


def test_a_spare_piece_that_is_never_understood_is_not_kept(
    renderer: Renderer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard = _hears(monkeypatch, *["六分"] * TRIES)
    order = _order(tmp_path, "五分，", "part.五分", ())
    with pytest.raises(RenderError):
        renderer.render(order)
    assert heard.manners == ["piece"] * TRIES
    assert not Store(tmp_path / "voice").has(str(order["key"]))


def test_somebodys_digits_are_listened_to_and_stand_in_no_error(
    renderer: Renderer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard = _hears(monkeypatch, *["二二三"] * TRIES)
    voice = _command(str(_program(tmp_path, SPEAKS)))
    digits = Clip("account.2233", "zh", "二二三三，", PIECES, personal=True)
    with pytest.raises(RenderError) as refused:
        renderer.render(speech_job("00", digits, {}, voice=voice, verify=True))
    assert heard.manners == ["digits"] * TRIES
    assert "二" not in str(refused.value)
    renderer.render(speech_job("00", digits, {}, voice=voice))
    assert Store(tmp_path / "voice").facts("00")["text"] == ""


@pytest.mark.parametrize(
    ("said", "heard", "language", "expected"),
    [
        ("请稍候。", "请稍后", "zh", False),
        ("查询水费请按一，", "查询水费请按1", "zh", False),
        ("人工服务请按零。", "人工服务，请按0。", "zh", False),
        ("请稍候。", "", "zh", True),
        ("请输入您的八位户号，以井号键结束。", "谢谢您的来电，再见。", "zh", True),
        ("To hear it again, press star.", "To hear it again, press *.", "en", False),
        ("For your water bill, press one.", "for your water bill press 1", "en", False),
        ("For your water bill, press one.", "Good bye.", "en", True),
        ("Please wait.", "", "en", True),
        ("用水共十五立方米。", "用水共15立方米", "zh", False),
        ("用水共十五立方米。", "用水共五十立方米", "zh", True),
        ("查询水费请按一，", "查询水费请按七，", "zh", True),
        ("查询水费请按一，", "查询水费请按议。", "zh", False),
        ("查询水费请按一，", "查询水费请按十议。", "zh", True),
        ("请再等一会儿，", "请再等议会儿", "zh", False),
        ("返回请按八。", "方为请按吧。", "zh", False),
        ("下午两点三十分之前到达。", "下午2点30分之前到达", "zh", False),
        ("下午两点三十分之前到达。", "下午四点三十分之前到达", "zh", True),
        ("预计等待两小时五分钟。", "预计等待2小时5分钟", "zh", False),
        ("by two thirty in the afternoon.", "By 2:30 in the afternoon.", "en", False),
        ("by two thirty in the afternoon.", "By 2:13 in the afternoon.", "en", True),
        ("For a callback, press two.", "For a callback, press 10.", "en", True),
    ],
)
def test_words_have_to_sound_alike_and_figures_to_be_the_same(
    said: str, heard: str, language: Language, expected: bool
) -> None:
    assert misheard(said, heard, language) is expected


def test_our_own_voices_need_no_word_of_the_settings() -> None:
    assert voices(Chosen()) == VOICES
    assert asdict(VOICES["zh"])["options"] == {}


class Swayed(listening.Recogniser):
    """A recogniser that hears well only if nothing came before."""

    def __init__(self) -> None:
        self.prompts: list[str] = []

    def text(self, recording: listening.Sound, language: Language, prompt: str | None = None) -> str:
        self.prompts.append(prompt or "")
        return "March, 2020." if prompt else "March, 2027."

    def _encoded(self, recording: listening.Sound) -> None:
        """Hear nothing."""

    def _within(
        self, encoded: None, words: Iterable[str], language: Language, prompt: str, rows: int = 1, given: str = ""
    ) -> list[str]:
        return ["two thousand twenty."]


def test_a_recogniser_that_is_swayed_by_what_came_before_listens_again() -> None:
    swayed = Swayed()
    assert not swayed.mistake(np.zeros(8000), "March, two thousand twenty-seven,", "en")
    assert len(swayed.prompts) == 3
    assert swayed.mistake(np.zeros(8000), "April, two thousand twenty-seven,", "en") == "March, 2020."


class Certain(Swayed):
    """A recogniser that writes what a test says, and hears each number that it is asked for."""

    def __init__(self, text: str, *numbers: str) -> None:
        super().__init__()
        self.written = text
        self.numbers = list(numbers)

    def text(self, recording: listening.Sound, language: Language, prompt: str | None = None) -> str:
        return self.written

    def _within(
        self, encoded: None, words: Iterable[str], language: Language, prompt: str, rows: int = 1, given: str = ""
    ) -> list[str]:
        return [self.numbers.pop(0)]


def test_a_number_that_is_lost_in_the_words_is_asked_for_in_its_place() -> None:
    assert not Certain("查询水质请暗闪", "三。").mistake(np.zeros(8000), "查询水质请按三，", "zh")
    assert (
        Certain("查询水质请暗闪", *["四。"] * 3).mistake(np.zeros(8000), "查询水质请按三，", "zh") == "查询水质请暗闪"
    )
    assert Certain("再见", "三。").mistake(np.zeros(8000), "查询水质请按三，", "zh") == "再见"


def test_a_clause_with_a_figure_on_top_is_not_what_was_said() -> None:
    heard = "金额为两千六百零三元三角六分"
    assert Certain(heard, "两千六百零三", "三").mistake(np.zeros(8000), "金额为两千六百零三元三角，", "zh") == heard


def test_no_text_that_comes_before_has_the_value_that_is_expected() -> None:
    swayed = Swayed()
    swayed.mistake(np.zeros(8000), "Please pay by June eighteenth.", "en")
    assert swayed.prompts == [""]
