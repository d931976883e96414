"""Asterisk's log files are read on from where they were read to, whatever logrotate does to them."""

import gzip
import os
from pathlib import Path

import pytest

from cti.services.evidence import files
from cti.services.evidence.files import LogFiles
from cti.services.evidence.source import Mark, UnreadableError


class Logs:
    def __init__(self, folder: Path) -> None:
        self.cel = folder / "cel.csv"
        self.queue = folder / "queue_log"
        self.files = LogFiles(self.cel, self.queue)

    def write(self, *numbers: int, end: str = "\n") -> None:
        with self.queue.open("a") as file:
            file.write("".join(f"179564576{number}|1.{number}|water|NONE|ABANDON|1|1|0{end}" for number in numbers))

    async def numbers(self, mark: Mark) -> list[int]:
        account = await self.files.since(mark)
        return [int(str(line.leg)[2:]) for line in account.queue]


@pytest.fixture
def logs(tmp_path: Path) -> Logs:
    return Logs(tmp_path)


async def test_only_what_was_written_since_is_read(logs: Logs) -> None:
    logs.write(1, 2)
    mark = await logs.files.end()
    logs.write(3)
    assert await logs.numbers(mark) == [3]
    assert await logs.numbers((await logs.files.since(mark)).end) == []


async def test_a_line_that_is_still_being_written_is_left_for_the_next_time(logs: Logs) -> None:
    logs.write(1)
    mark = await logs.files.end()
    logs.write(2, end="")
    account = await logs.files.since(mark)
    assert account.queue == ()
    with logs.queue.open("a") as file:
        file.write("\n")
    assert await logs.numbers(account.end) == [2]


async def test_files_that_are_not_there_yet_are_read_from_their_beginning(logs: Logs) -> None:
    mark = await logs.files.end()
    assert await logs.numbers(mark) == []
    logs.write(1)
    assert await logs.numbers(mark) == [1]


async def test_a_rotated_file_is_read_to_its_end_before_the_new_one(logs: Logs) -> None:
    logs.write(1)
    mark = await logs.files.end()
    logs.write(2)
    logs.queue.rename(logs.queue.with_name("queue_log.1"))
    logs.write(3)
    assert await logs.numbers(mark) == [2, 3]


async def test_two_rotations_since_are_read_in_order(logs: Logs) -> None:
    logs.write(1)
    mark = await logs.files.end()
    logs.write(2)
    logs.queue.rename(logs.queue.with_name("queue_log.2"))
    logs.write(3)
    logs.queue.rename(logs.queue.with_name("queue_log.1"))
    os.utime(logs.queue.with_name("queue_log.2"), (1, 1))
    logs.write(4)
    account = await logs.files.since(mark)
    assert [str(line.leg) for line in account.queue] == ["1.2", "1.3", "1.4"]
    assert not account.missing


async def test_a_rotation_whose_successor_is_not_there_yet(logs: Logs) -> None:
    logs.write(1)
    mark = await logs.files.end()
    logs.write(2)
    logs.queue.rename(logs.queue.with_name("queue_log.1"))
    account = await logs.files.since(mark)
    assert [str(line.leg) for line in account.queue] == ["1.2"]
    logs.write(3)
    assert await logs.numbers(account.end) == [3]


async def test_a_part_that_was_packed_away_is_said_to_be_missing(logs: Logs) -> None:
    logs.write(1)
    mark = await logs.files.end()
    with gzip.open(logs.queue.with_name("queue_log.1.gz"), "wb") as packed:
        packed.write(logs.queue.read_bytes())
    logs.queue.rename(logs.queue.parent / "elsewhere")
    logs.write(3)
    account = await logs.files.since(mark)
    assert ([str(line.leg) for line in account.queue], account.missing) == (["1.3"], True)


async def test_a_file_that_was_emptied_is_read_from_its_beginning(logs: Logs) -> None:
    logs.write(1, 2)
    mark = await logs.files.end()
    logs.queue.write_text("")
    logs.write(3)
    account = await logs.files.since(mark)
    assert ([str(line.leg) for line in account.queue], account.missing) == (["1.3"], True)


async def test_lines_that_are_not_believed_are_refused_and_the_next_one_is_read(
    logs: Logs, caplog: pytest.LogCaptureFixture
) -> None:
    mark = await logs.files.end()
    logs.queue.write_bytes(b"13800000001 did it\n\xff\xfe|||||\n")
    logs.write(3)
    account = await logs.files.since(mark)
    assert ([str(line.leg) for line in account.queue], account.refused) == (["1.3"], 2)
    assert "2 lines" in caplog.text
    assert "13800000001" not in caplog.text


async def test_of_far_too_much_the_newest_is_read(logs: Logs, monkeypatch: pytest.MonkeyPatch) -> None:
    logs.write(1, 2, 3)
    monkeypatch.setattr(files, "LARGEST_READ", 60)
    account = await logs.files.since({})
    assert [str(line.leg) for line in account.queue] == ["1.3"]
    assert account.end["queue"][1] == logs.queue.stat().st_size


async def test_a_file_that_must_not_be_read_is_told(logs: Logs) -> None:
    logs.queue.mkdir()
    with pytest.raises(UnreadableError):
        await logs.files.since({})
