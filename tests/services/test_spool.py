"""What waits on disk survives a power cut, a full disk and a crash in the middle of a line."""

import errno
import os
from pathlib import Path
from unittest.mock import patch

import pytest

from cti.services.spool import Spool, SpoolFullError


def number(line: bytes) -> int:
    return int(line)


def spool(folder: Path, bound_bytes: int = 10_000) -> Spool[int]:
    return Spool(folder / "deep" / "numbers.jsonl", lambda item: b"%d" % item, number, bound_bytes)


def test_what_was_added_is_read_oldest_first_until_it_is_cleared(tmp_path: Path) -> None:
    waiting = spool(tmp_path)
    assert (waiting.read(), waiting.size_bytes) == ([], 0)
    waiting.add((1, 2))
    waiting.add((3,))
    assert spool(tmp_path).read() == [1, 2, 3]
    assert oct((tmp_path / "deep" / "numbers.jsonl").stat().st_mode)[-3:] == "600"
    waiting.clear()
    waiting.clear()
    assert waiting.read() == []


def test_it_can_be_read_piece_by_piece(tmp_path: Path) -> None:
    waiting = spool(tmp_path)
    waiting.add(range(100))
    found: list[int] = []
    offset = 0
    while items := waiting.read_from(offset, 20)[0]:
        offset = waiting.read_from(offset, 20)[1]
        found += items
    assert found == list(range(100))
    assert offset == waiting.size_bytes


def test_what_is_added_after_a_line_that_a_crash_cut_off_is_whole(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    waiting = spool(tmp_path)
    waiting.add((1,))
    with (tmp_path / "deep" / "numbers.jsonl").open("ab") as file:
        file.write(b"4711")
    assert waiting.read() == [1]
    waiting.add((2,))
    assert waiting.read() == [1, 2]
    assert "cut off" in caplog.text
    assert "4711" not in caplog.text


def test_a_line_that_is_none_is_passed_over_and_not_quoted(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    waiting = spool(tmp_path)
    waiting.add((1,))
    with (tmp_path / "deep" / "numbers.jsonl").open("ab") as file:
        file.write(b"13800138000x\n")
    waiting.add((2,))
    assert waiting.read() == [1, 2]
    assert "can't be read" in caplog.text
    assert "13800138000" not in caplog.text


def test_what_does_not_fit_is_refused_whole(tmp_path: Path) -> None:
    waiting = spool(tmp_path, 10)
    waiting.add((1, 2, 3, 4))
    with pytest.raises(SpoolFullError) as refused:
        waiting.add((5, 6))
    assert refused.value.errno == errno.ENOSPC
    assert waiting.read() == [1, 2, 3, 4]
    waiting.add((5,))
    assert waiting.read() == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("call", ["write", "fsync"])
def test_a_disk_that_fills_up_in_the_middle_leaves_nothing_of_it(tmp_path: Path, call: str) -> None:
    waiting = spool(tmp_path)
    waiting.add((1,))
    really = os.write

    def half(descriptor: int, data: bytes) -> int:
        really(descriptor, bytes(data)[:2])
        raise OSError(errno.ENOSPC, "No space left on device")

    def none(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with (
        patch(f"cti.services.spool.os.{call}", half if call == "write" else none),
        pytest.raises(OSError, match="No space left"),
    ):
        waiting.add((22, 33))
    assert waiting.read() == [1]
    waiting.add((2,))
    assert waiting.read() == [1, 2]
