"""What a studio gets, a list to record from, and what is found wrong with what it delivers."""

import csv
import io
from pathlib import Path

import numpy as np
import pytest
import soundfile

from ivr.prompts.catalogue import shipped
from ivr.prompts.inline import prompt
from ivr.prompts.inspection import findings
from ivr.prompts.script import as_csv, as_markdown, rows
from ivr.prompts.studio import recordings


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_list_has_every_clip_once_with_its_neighbours(language: str) -> None:
    listed = list(csv.DictReader(io.StringIO(as_csv(rows(shipped(), language)))))  # type: ignore[arg-type]
    clauses = {clause.id for one in shipped().prompts.values() for clause in one.clauses[language]}  # type: ignore[index]
    assert sorted(row["id"] for row in listed) == sorted(clauses)
    amount = next(row for row in listed if row["id"] == "amount")
    assert amount["slot"] == "money"
    assert amount["file"] == f"{language}/amount.{{money}}.wav"
    assert "bill.latest" in amount["sentences"].split()
    assert amount["before"]
    assert amount["after"]


def test_no_cell_is_taken_for_a_formula() -> None:
    hostile = shipped().taught({"a.own": prompt("a.own", {"zh": '=HYPERLINK("http://x")。', "en": "@SUM(A1) | b."})})
    listed = list(csv.reader(io.StringIO(as_csv(rows(hostile, "zh")))))
    assert any(row[2].startswith("'=HYPERLINK") for row in listed)
    assert not any(cell.startswith(("=", "+", "-", "@")) for row in listed for cell in row)
    assert "@SUM(A1) \\| b." in as_markdown(rows(hostile, "en"))


def _record(studio: Path, clip: str, audio: np.ndarray, rate_hz: int = 16_000) -> None:
    path = studio / f"{clip}.wav"
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, audio, rate_hz)


def _hum(seconds: float = 1.0, gain: float = 0.15, rate_hz: int = 16_000) -> np.ndarray:
    return gain * np.sin(2 * np.pi * 300 * np.arange(round(seconds * rate_hz)) / rate_hz)


BAD = {
    "clipped": np.clip(_hum(gain=3.0), -1, 1),
    "loudness": _hum(gain=0.01),
    "lead": np.concatenate([np.zeros(12_000), _hum()]),
    "unusable": np.zeros(16_000),
}


@pytest.mark.parametrize("fault", list(BAD))
def test_what_is_wrong_with_a_recording_is_named(tmp_path: Path, fault: str) -> None:
    _record(tmp_path, "en/goodbye", BAD[fault])
    found = [finding.fault for finding in findings(list(recordings(tmp_path)), shipped())]
    assert fault in found
    assert set(found) <= {fault, "loudness"}


def test_a_good_recording_has_no_findings(tmp_path: Path) -> None:
    _record(tmp_path, "en/goodbye", _hum())
    _record(tmp_path, "zh/goodbye", _hum(rate_hz=8000), 8000)
    assert list(findings(list(recordings(tmp_path)), shipped())) == []


def test_what_is_missing_or_of_no_sentence_or_of_a_low_rate_is_named(tmp_path: Path) -> None:
    _record(tmp_path, "en/menu.main.1", _hum())
    _record(tmp_path, "en/helo", _hum())
    _record(tmp_path, "zh/goodbye", _hum(rate_hz=11_025), 11_025)
    (tmp_path / "en" / "hold.please.wav").write_bytes(b"no sound")
    _record(tmp_path, "en/bill.lead.2026-10", _hum(rate_hz=4000), 4000)
    found = {(one.file, one.fault) for one in findings(list(recordings(tmp_path)), shipped())}
    assert found == {
        ("en/menu.main.1.wav", "incomplete"),
        ("en/helo.wav", "unknown"),
        ("zh/goodbye.wav", "rate"),
        ("en/hold.please.wav", "unusable"),
        ("en/bill.lead.2026-10.wav", "unusable"),
        ("en/bill.lead.2026-10.wav", "incomplete"),
    }


def test_another_month_than_the_files_name_says_is_found_by_listening(tmp_path: Path) -> None:
    _record(tmp_path, "zh/bill.lead.2026-10", _hum())
    _record(tmp_path, "zh/goodbye", _hum())
    _record(tmp_path, "zh/due.13-45", _hum())

    def heard(text: str) -> list[str]:
        found = findings(list(recordings(tmp_path)), shipped(), lambda *_: text)
        return [one.file for one in found if one.fault == "words"]

    assert heard("您好，2026年9月的水费") == ["zh/bill.lead.2026-10.wav"]
    assert heard("您好，2026年10月的水费") == []
    assert heard("") == ["zh/bill.lead.2026-10.wav", "zh/goodbye.wav"]
