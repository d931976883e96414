"""What stands between the daemon and its servers: whole messages, broken-off lists, COMMITs without an answer."""

import asyncio
from pathlib import Path

import pytest

from bench.drill.pbx import plain
from bench.drill.proxy import CutError, Frames, Proxy
from bench.drill.stores import Commits
from config.pbx_files import render_site
from config.secrets import Secrets
from config.settings import Settings

GREETING = b"Asterisk Call Manager/11.0.0\r\n"
STREAM = b"Event: A\r\nX: 1\r\n\r\nEvent: B\r\n\r\nEvent: C\r\nX: \r\n\r\n"


@pytest.mark.parametrize("split", range(1, len(STREAM)))
def test_messages_are_passed_on_whole_wherever_they_are_split(split: int) -> None:
    frames = Frames()
    watch = frames.watch()
    assert watch.answered(GREETING) == GREETING
    parts = [watch.answered(STREAM[:split]), watch.answered(STREAM[split:])]
    assert b"".join(parts) == STREAM
    assert all(not part or part.endswith(b"\r\n\r\n") for part in parts)
    assert set(frames.examples) == {b"A", b"B", b"C"}


def test_a_list_that_is_broken_off_lacks_items_and_says_that_it_was_cancelled() -> None:
    frames = Frames()
    watch = frames.watch()
    watch.answered(GREETING)
    frames.breaks_lists = True
    items = b"".join(b"Event: CoreShowChannel\r\nChannel: %d\r\n\r\n" % number for number in range(4))
    said = watch.answered(items + b"Event: CoreShowChannelsComplete\r\nEventList: Complete\r\nListItems: 4\r\n\r\n")
    assert said.count(b"Event: CoreShowChannel\r\n") == 2
    assert b"EventList: cancelled" in said
    assert frames.lists_broken == 1


def test_every_third_commit_is_cut_before_its_answer_and_nothing_else() -> None:
    commits = Commits(every=3)
    for number in range(1, 7):
        watch = commits.watch()
        watch.asked(b"Q\0\0\0\x0bSELECT;\0")
        assert watch.answered(b"T") == b"T"
        watch.asked(b"Q\0\0\0\x0cCOMMIT;\0")
        if number % 3:
            assert watch.answered(b"C") == b"C"
        else:
            with pytest.raises(CutError):
                watch.answered(b"C")
    assert commits.cut == 2


async def test_a_proxy_passes_on_cuts_and_refuses(tmp_path: Path) -> None:
    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(100):
            writer.write(data)
        writer.close()

    server = await asyncio.start_unix_server(echo, tmp_path / "far")
    proxy = Proxy(lambda: asyncio.open_unix_connection(tmp_path / "far"))
    await proxy.start_unix(tmp_path / "near")
    try:
        reader, writer = await asyncio.open_unix_connection(tmp_path / "near")
        writer.write(b"hello")
        assert await reader.readexactly(5) == b"hello"
        proxy.refuses = True
        proxy.cut()
        assert await reader.read(1) == b""
        writer.close()
        reader, writer = await asyncio.open_unix_connection(tmp_path / "near")
        assert await reader.read(1) == b""
        writer.close()
        assert len(proxy.opened) == 2
    finally:
        await proxy.stop()
        server.close()
        await server.wait_closed()


def test_the_drills_phones_are_plain_ones_reached_without_registering(tmp_path: Path) -> None:
    secrets = Secrets.load_or_make(tmp_path, phones=("3001",))
    files = render_site(Settings(home=tmp_path), secrets, ("3001",), tmp_path, tmp_path)
    text = plain(files["hydrophone-pjsip.conf"], ("3001",), "127.0.0.3:5060")
    assert "contact = sip:3001@127.0.0.3:5060" in text
    assert "transport = transport-udp" in text
    assert "webrtc" not in text
    assert "\nauth = 3001" not in text
