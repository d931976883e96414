"""``hydrophone prompts`` from the shell."""

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import soundfile
from typer.testing import CliRunner

from cti.cli import prompts
from cti.cli.prompts import app
from ivr.prompts import core_pack
from ivr.prompts.catalogue import shipped
from ivr.prompts.speech import Sentence
from ivr.prompts.store import Store

run = CliRunner()


@pytest.fixture(autouse=True)
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HYDROPHONE_HOME", str(tmp_path))
    monkeypatch.setenv("HYDROPHONE_CACHE", str(tmp_path / "cache"))
    return tmp_path


def test_a_new_install_misses_everything_and_a_built_one_nothing() -> None:
    before = run.invoke(app, ["missing"])
    assert before.exit_code == 1
    assert f"{len(shipped().core_clips())} missing" in before.output
    built = run.invoke(app, ["build"])
    assert built.exit_code == 0, built.output
    after = run.invoke(app, ["missing"])
    assert after.exit_code == 0
    assert "0 missing" in after.output


def test_a_refused_clip_is_listed_with_what_was_heard_and_can_be_accepted(install: Path) -> None:
    store = Store(install / "cache" / "voice")
    order = {"key": "00ab", "language": "en", "text": "Good bye.", "clip": "goodbye", "only_way": True}
    store.refuse("00ab", {"order": order, "heard": "Could buy"}, np.zeros(800, np.int16))
    listed = run.invoke(app, ["refused"], env={"COLUMNS": "300"})
    assert "00ab  en goodbye (in use): Good bye.  heard: Could buy" in listed.output
    assert str(store.refused_sound("00ab")) in listed.output
    assert run.invoke(app, ["accept", "77"]).exit_code == 2
    accepted = run.invoke(app, ["accept", "00"])
    assert accepted.exit_code == 0, accepted.output
    assert store.facts("00ab")["verified"] == "by a person"
    assert "Could buy" not in run.invoke(app, ["refused"]).output


def test_the_list_shows_the_words_and_what_is_ready(install: Path) -> None:
    core_pack.unpack(core_pack.SHIPPED, Store(install / "cache" / "voice"))
    listed = run.invoke(app, ["list"], env={"COLUMNS": "300", "LINES": "60"})
    assert listed.exit_code == 0
    assert "人工服务请按零" in listed.output
    assert "by value" in listed.output
    assert "missing" not in listed.output


def test_studio_recordings_that_nobody_will_hear_are_named(install: Path) -> None:
    for name in ("en/goodbye", "en/ask.account.1", "en/bill.lead.2026-10", "zh/bill.lead.2026-10", "zh/bill.settled"):
        wav = install / "studio" / f"{name}.wav"
        wav.parent.mkdir(parents=True, exist_ok=True)
        wav.write_bytes(name.encode())
    for name in ("zh/amount.8640", "zh/helo"):
        (install / "studio" / f"{name}.wav").write_bytes(name.encode())
    listed = run.invoke(app, ["list"], env={"COLUMNS": "300", "LINES": "60"}).output
    assert [line for line in listed.splitlines() if line.startswith("ignored")] == [
        "ignored: zh/helo.wav: no prompt has such a clip",
        "ignored: en/ask.account.1.wav: ask.account.2 not recorded",
        "ignored: en/bill.lead.2026-10.wav: amount.{money}, due.{day} not recorded",
    ]


def test_a_sentence_can_be_listened_to(install: Path) -> None:
    wav = install / "goodbye.wav"
    played = run.invoke(app, ["play", "goodbye", "--language", "en", "--wav", str(wav)])
    assert played.exit_code == 0, played.output
    assert "Thank you for calling" in played.output
    samples, rate = soundfile.read(wav)
    assert rate == 8000
    assert len(samples) > 8000


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        (["no.such"], "there is no prompt"),
        (["goodbye", "-v", "amount=1"], "has no slot"),
        (["bill.arrears", "-v", "total=a lot"], "no amount such as"),
        (["bill.arrears"], "cannot be said"),
        (["goodbye", "--language", "fr"], "neither zh nor en"),
    ],
)
def test_what_makes_no_sense_is_refused_in_words(arguments: list[str], fault: str) -> None:
    refused = run.invoke(app, ["play", *arguments], env={"COLUMNS": "200"})
    assert refused.exit_code == 2
    assert fault in refused.output


def test_every_group_of_digits_can_be_rendered_ahead(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    async def build(sentences: Sequence[Sentence], *, verify: bool | None) -> None:
        asked.extend(clip.id for name, values in sentences for clip in shipped().clips(name, values, "zh")[1:])

    monkeypatch.setattr(prompts, "_build", build)
    assert run.invoke(app, ["build", "--digits", "--no-verify"]).exit_code == 0
    assert len(asked) == len(set(asked)) == 10 + 100 + 1000 + 10_000
    assert {"reading.heard.0", "reading.heard.07", "reading.heard.9999"} <= set(asked)


def test_a_file_of_amounts_that_are_none_is_refused(install: Path) -> None:
    (install / "amounts.txt").write_text("86.40\nlots\n")
    assert run.invoke(app, ["build", "--amounts", str(install / "amounts.txt")]).exit_code == 2


def test_the_recording_list_is_a_file_that_a_spreadsheet_opens(install: Path) -> None:
    to = install / "list.csv"
    assert run.invoke(app, ["export-script", "--to", str(to)]).exit_code == 0
    assert to.read_text(encoding="utf-8-sig").startswith("file,id,text,before,after,slot,sentences")
    assert "人工服务请按零" in to.read_text(encoding="utf-8-sig")
    printed = run.invoke(app, ["export-script", "--language", "en", "--format", "md"])
    assert "| en/goodbye.wav | goodbye |" in printed.output
    assert run.invoke(app, ["export-script", "--language", "fr"]).exit_code == 2


FLOW = """\
flow: drill
languages: [zh, en]
start: hello
person: person
help: {none: input.none, wrong: input.wrong, more: input.help}
steps:
  hello: {do: say, say: {zh: "您好，这里是演练。", en: "Hello, this is a drill."}, then: person}
  person: {do: queue, say: person.transfer}
"""


def test_sentences_written_in_flows_are_recorded_and_checked_like_the_catalogues(install: Path) -> None:
    (install / "drill.yaml").write_text(FLOW)
    draft = run.invoke(app, ["export-script", "--flow", str(install / "drill.yaml")])
    assert "这里是演练。" not in run.invoke(app, ["export-script"]).output
    row = next(row for row in csv.DictReader(io.StringIO(draft.output)) if row["text"] == "这里是演练。")
    assert (row["before"], row["file"]) == ("您好，", f"zh/{row['id']}.wav")

    (install / "flows").mkdir()
    (install / "flows" / "published.json").write_text(json.dumps({"drill": [1, FLOW], "bad": [1, "-"]}))
    published = run.invoke(app, ["export-script"])
    assert published.output == draft.output
    wav = install / "studio" / row["file"]
    wav.parent.mkdir(parents=True)
    wav.write_bytes(b"no sound")
    checked = run.invoke(app, ["check"]).output
    assert f"{row['file']}: incomplete: {row['sentences']}.1 not recorded" in checked
    assert "unknown" not in checked
    assert row["sentences"] in run.invoke(app, ["list"], env={"COLUMNS": "300", "LINES": "60"}).output


def test_a_flow_that_is_none_has_no_recording_list(install: Path) -> None:
    (install / "bad.yaml").write_text("flow: 1")
    assert run.invoke(app, ["export-script", "--flow", str(install / "bad.yaml")]).exit_code == 2


def test_checking_a_pack_fails_if_anything_is_wrong_with_it(install: Path) -> None:
    assert run.invoke(app, ["check"]).exit_code == 0
    (install / "studio" / "en").mkdir(parents=True)
    (install / "studio" / "en" / "goodbye.wav").write_bytes(b"no sound")
    checked = run.invoke(app, ["check"])
    assert checked.exit_code == 1
    assert "en/goodbye.wav: unusable: goodbye.wav is no sound file" in checked.output
