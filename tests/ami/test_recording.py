"""What a PBX says goes into a file, masked; the file is a PBX that a link can be up with."""

import asyncio
import gzip
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from cti.ami import actions
from cti.ami.errors import ActionRefusedError, LinkDownError, LoginRefusedError, NotAmiError
from cti.ami.link import AmiLink
from cti.ami.masking import Masker
from cti.ami.messages import Event
from cti.ami.playback import Playback
from cti.ami.recording import Recorder, Recording, load
from cti.ami.session import AmiAddress
from tests.fakes.asterisk_ami import Connection, FakeAsterisk, Headers

NUMBER = "13800138000"
USER, SECRET = "hydrophone", "s3cret"


@asynccontextmanager
async def a_pbx() -> AsyncIterator[FakeAsterisk]:
    async with FakeAsterisk(USER, SECRET) as pbx:
        started = {"CoreStartupDate": "2026-11-25", "CoreStartupTime": "08:00:00"}
        pbx.answers["CoreStatus"] = lambda client, action: client.respond(action, **started)
        channel = ("CoreShowChannel", {"Channel": "PJSIP/trunk-00000001", "CallerIDNum": NUMBER, "Uniqueid": "1.1"})
        pbx.answers["CoreShowChannels"] = pbx.listing("CoreShowChannelsComplete", [channel])
        pbx.answers["QueueStatus"] = pbx.listing("QueueStatusComplete", [("QueueParams", {"Queue": "water"})])
        pbx.answers["DeviceStateList"] = pbx.listing("DeviceStateListComplete", [])
        yield pbx


async def recorded(pbx: FakeAsterisk, path: Path, *, most_bytes: int = 1_000_000) -> Recorder:
    """Record three events of a call after the one that follows the login, then stop."""
    with gzip.open(path, "wb") as file:
        recorder = Recorder(pbx.address, file, most_bytes=most_bytes, masker=Masker(b"k"))  # type: ignore[arg-type]
        running = asyncio.create_task(recorder.run(60))
        await pbx.until(lambda: pbx.count("DeviceStateList") == 1)
        for name in ("Newchannel", "Newstate", "Hangup"):
            pbx.event(name, CallerIDNum=NUMBER, Uniqueid="1.2", Linkedid="1.2")
        await pbx.until(lambda: recorder.recorded.events == 4 or running.done())
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    return recorder


async def test_a_recording_has_the_answers_and_the_events_and_no_number(tmp_path: Path) -> None:
    path = tmp_path / "a.ami.gz"
    async with a_pbx() as pbx:
        recorder = await recorded(pbx, path)
    assert NUMBER.encode() not in gzip.decompress(path.read_bytes())
    recording = load(path)
    assert set(recording.answers) == {"CoreStatus", "CoreShowChannels", "QueueStatus", "DeviceStateList"}
    assert [event.split(b"\r\n")[0] for event in recording.events] == [
        b"Event: FullyBooted",
        b"Event: Newchannel",
        b"Event: Newstate",
        b"Event: Hangup",
    ]
    assert recorder.recorded.events == 4


async def test_an_event_in_the_same_read_as_the_end_of_the_last_list_is_recorded(tmp_path: Path) -> None:
    async with a_pbx() as pbx:
        listed = pbx.listing("DeviceStateListComplete", [])

        def list_and_hang_up(client: Connection, action: Headers) -> None:
            listed(client, action)
            pbx.event("Hangup", CallerIDNum=NUMBER, Uniqueid="1.2", Linkedid="1.2")

        pbx.answers["DeviceStateList"] = list_and_hang_up
        recorder = Recorder(pbx.address, io.BytesIO())
        running = asyncio.create_task(recorder.run(60))
        await pbx.until(lambda: recorder.recorded.events == 2 or running.done())
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    assert recorder.recorded.events == 2


async def test_a_recording_ends_when_it_is_large_enough(tmp_path: Path) -> None:
    async with a_pbx() as pbx, asyncio.timeout(20):
        recorder = Recorder(pbx.address, io.BytesIO(), most_bytes=1_200)
        running = asyncio.create_task(recorder.run(60))
        await pbx.until(lambda: pbx.count("DeviceStateList") == 1)
        while not running.done():
            pbx.event("Hangup", Uniqueid="1.2", Linkedid="1.2")
            await asyncio.sleep(0.001)
        assert (await running).bytes >= 1_200


async def test_a_refused_login_and_a_pbx_that_is_not_there_are_told() -> None:
    async with a_pbx() as pbx:
        pbx.refuse_login = True
        with pytest.raises(LoginRefusedError):
            await Recorder(pbx.address, io.BytesIO()).run(1)
    with pytest.raises(LinkDownError):
        await Recorder(pbx.address, io.BytesIO()).run(1)


def test_a_file_that_is_no_recording_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.ami").write_text("hello\r\n\r\n")
    with pytest.raises(NotAmiError):
        load(tmp_path / "x.ami")


# ------------------------------------------------------------------ playing


EVENTS = tuple(b"Event: Hangup\r\nUniqueid: 1.%d\r\nLinkedid: 1.1\r\nCause: 16" % n for n in range(500))
CHANNELS = (
    b"Response: Success\r\nActionID: x\r\nEventList: start",
    b"Event: CoreShowChannelsComplete\r\nActionID: x\r\nEventList: Complete\r\nListItems: 0",
)
RECORDING = Recording({"CoreShowChannels": CHANNELS}, ((0.0, EVENTS[:200]), (3600.0, EVENTS[200:])))


@asynccontextmanager
async def played(speed: float = 1e6) -> AsyncIterator[tuple[Playback, AmiAddress]]:
    playback = Playback(RECORDING, user=USER, secret=SECRET, speed=speed)
    port = await playback.start(0)
    yield playback, AmiAddress("127.0.0.1", port, USER, SECRET)
    await playback.stop()


async def test_a_link_comes_up_with_a_recording_asks_it_and_hears_all_of_it_in_order() -> None:
    heard: list[str] = []
    all_heard = asyncio.Event()

    def on_hangup(event: Event) -> None:
        heard.append(event["Uniqueid"])
        if len(heard) == len(EVENTS):
            all_heard.set()

    async with played() as (playback, address), asyncio.timeout(20):
        link = AmiLink(address, {"Hangup": on_hangup})
        await link.start()
        await link.wait_up(5)
        assert await link.collect(actions.core_show_channels()) == []
        await playback.played.wait()
        await all_heard.wait()
        refusal = await link.send(actions.queue_pause("PJSIP/1001", paused=True, queue="water", reason="break"))
        await link.close()
    assert heard == [f"1.{n}" for n in range(500)]
    with pytest.raises(ActionRefusedError):
        refusal.or_raise()


async def test_who_does_not_know_the_secret_gets_nothing() -> None:
    async with played() as (playback, address), asyncio.timeout(20):
        stranger = AmiAddress(address.host, address.port, USER, "wrong")
        with pytest.raises(LoginRefusedError):
            await Recorder(stranger, io.BytesIO()).run(1)
        assert playback.sent == 0
