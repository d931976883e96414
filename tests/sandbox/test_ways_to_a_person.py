"""Whatever happens to Hydrophone, a caller on the trunk reaches a person: it is Asterisk's own doing."""

import asyncio
import csv
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from config.pbx_files import Patience
from cti.sandbox.pbx import SandboxPbx
from tests.asterisk.pbx import MakePbx
from tests.asterisk.sipp import calling, softphone
from tests.asterisk.tap import Tap, tapped

pytestmark = pytest.mark.asterisk


@asynccontextmanager
async def menu(pbx: SandboxPbx, said: bytes = b"", *, then_close: bool = False) -> AsyncIterator[list[str]]:
    """Listen where the menu should, say ``said`` to each call, then close or be silent; keeps what the PBX sent."""
    heard: list[str] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := (await reader.readline()).decode().strip():
            heard.append(line)
        for command in said.splitlines(keepends=True):
            writer.write(command)
            await writer.drain()
            heard.append((await reader.readline()).decode().strip())
        if not then_close:
            await reader.read()
        writer.close()

    server = await asyncio.start_server(serve, pbx.settings.agi.host, pbx.settings.agi.port)
    try:
        yield heard
    finally:
        server.close()


async def joined(tap: Tap, *, within_s: float = 10.0) -> dict[str, str]:
    return await tap.event("QueueCallerJoin", Queue="water", within_s=within_s)


async def test_with_nobody_listening_on_the_menu_port_the_caller_is_queued(
    shared_pbx: SandboxPbx, tmp_path: Path
) -> None:
    async with tapped(shared_pbx) as tap, calling(shared_pbx, tmp_path, patience_s=1) as caller:
        event = await joined(tap)
        assert event["CallerIDNum"] == "13800000001"
        assert "has 1 calls" in await shared_pbx.console("queue show water")
        await caller.finish()
        await tap.event("QueueCallerAbandon", Queue="water")


async def test_a_menu_that_dies_at_once_leaves_the_caller_to_the_queue(shared_pbx: SandboxPbx, tmp_path: Path) -> None:
    async with (
        menu(shared_pbx, then_close=True),
        tapped(shared_pbx) as tap,
        calling(shared_pbx, tmp_path, patience_s=1) as caller,
    ):
        await joined(tap)
        await caller.finish()


async def test_a_menu_that_sent_half_a_command_and_died_leaves_the_caller_to_the_queue(
    shared_pbx: SandboxPbx, tmp_path: Path
) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\n\n")
        writer.write(b"STREAM FI")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, shared_pbx.settings.agi.host, shared_pbx.settings.agi.port)
    async with server, tapped(shared_pbx) as tap, calling(shared_pbx, tmp_path, patience_s=1) as caller:
        await joined(tap)
        await caller.finish()


async def test_a_silent_menu_is_given_up_and_the_caller_queued(make_pbx: MakePbx, tmp_path: Path) -> None:
    pbx = await make_pbx(patience=Patience(menu_s=1))
    async with menu(pbx), tapped(pbx) as tap, calling(pbx, tmp_path, patience_s=2.5) as caller:
        await tap.event("Newstate", ChannelStateDesc="Up")
        assert not [event for event in tap.events if event["Event"] == "QueueCallerJoin"]
        await joined(tap, within_s=4)
        await caller.finish()


async def test_a_menu_that_refreshes_its_time_is_left_alone(make_pbx: MakePbx, tmp_path: Path) -> None:
    pbx = await make_pbx(patience=Patience(menu_s=1))
    async with menu(pbx, b"SET VARIABLE TIMEOUT(absolute) 30\n"), tapped(pbx) as tap:
        async with calling(pbx, tmp_path, patience_s=2.5) as caller:
            await caller.finish()
        assert not [event for event in tap.events if event["Event"] == "QueueCallerJoin"]


async def test_a_frozen_menu_is_given_up_in_the_middle_of_a_prompt(make_pbx: MakePbx, tmp_path: Path) -> None:
    pbx = await make_pbx(patience=Patience(menu_s=1))
    tune = pbx.settings.home / "pbx/music/hydrophone"
    async with (
        menu(pbx, f'STREAM FILE {tune} ""\n'.encode()),
        tapped(pbx) as tap,
        calling(pbx, tmp_path, patience_s=2.5) as caller,
    ):
        await joined(tap, within_s=4)
        await caller.finish()


async def test_a_caller_who_was_served_is_not_queued(shared_pbx: SandboxPbx, tmp_path: Path) -> None:
    async with menu(shared_pbx, b"SET VARIABLE HYDROPHONE_RESULT done\n", then_close=True), tapped(shared_pbx) as tap:
        async with calling(shared_pbx, tmp_path) as caller:
            await caller.finish()
        await tap.event("Hangup", ChannelStateDesc="Up")
        assert not [event for event in tap.events if event["Event"] == "QueueCallerJoin"]


async def test_a_result_that_nobody_agreed_on_means_a_person(shared_pbx: SandboxPbx, tmp_path: Path) -> None:
    said = b'SET VARIABLE HYDROPHONE_RESULT "done\\"=\\"done"\nSET VARIABLE HYDROPHONE_QUEUE "water,r,$[1+1]"\n'
    async with (
        menu(shared_pbx, said, then_close=True),
        tapped(shared_pbx) as tap,
        calling(shared_pbx, tmp_path, patience_s=1) as caller,
    ):
        await joined(tap)
        await caller.finish()


async def test_the_menu_is_told_the_secret_and_the_call(shared_pbx: SandboxPbx, tmp_path: Path) -> None:
    async with (
        menu(shared_pbx, then_close=True) as heard,
        tapped(shared_pbx) as tap,
        calling(shared_pbx, tmp_path, patience_s=1) as caller,
    ):
        event = await joined(tap)
        await caller.finish()
    told = dict(line.partition(": ")[::2] for line in heard)
    assert told["agi_network_script"] == "hotline"
    assert told["agi_arg_1"] == shared_pbx.secrets.agi
    assert told["agi_arg_2"] == event["Linkedid"]
    assert told["agi_extension"] == shared_pbx.settings.site.hotline


async def test_a_queue_without_agents_overflows_to_every_phone_and_then_says_sorry(
    make_pbx: MakePbx, tmp_path: Path
) -> None:
    pbx = await make_pbx(patience=Patience(queue_s=1, ring_s=2, rounds=2))
    async with tapped(pbx) as tap, calling(pbx, tmp_path) as caller:
        await joined(tap)
        await caller.finish()
    started = [app for event, app in cel(pbx) if event == "APP_START"]
    assert started == ["Queue", "Dial", "Queue", "Dial"]


async def test_the_cel_file_never_holds_the_menus_secret(make_pbx: MakePbx, tmp_path: Path) -> None:
    pbx = await make_pbx(patience=Patience(menu_s=1))
    async with menu(pbx), calling(pbx, tmp_path, patience_s=0.5) as caller:
        await caller.finish()
    await pbx.down()
    written = "".join(file.read_text() for file in pbx.log.rglob("*") if file.is_file())
    assert "CHAN_START" in written
    assert pbx.secrets.agi not in written
    assert pbx.secrets.ami not in written


def cel(pbx: SandboxPbx) -> list[tuple[str, str]]:
    """Return event and application of each line of the PBX's own account."""
    with (pbx.log / "cel-custom/Master.csv").open(newline="") as file:
        return [(row[0], row[7]) for row in csv.reader(file)]


EVENTS_OF_A_QUEUED_CALL = (
    "Newchannel", "Newstate", "QueueCallerJoin", "AgentCalled", "DialBegin", "QueueMemberStatus",
    "DeviceStateChange", "DialEnd", "QueueCallerLeave", "AgentConnect", "BridgeEnter", "Hold", "Unhold",
    "BridgeLeave", "AgentComplete", "Hangup", "Cdr",
)  # fmt: skip


async def test_an_agents_call_tells_every_event_that_screens_are_made_of(
    shared_pbx: SandboxPbx, tmp_path: Path
) -> None:
    async with tapped(shared_pbx) as tap, softphone(shared_pbx, tmp_path, "agent") as agent:
        added = await tap.ask("QueueAdd", Queue="water", Interface="PJSIP/2001", MemberName="agent1")
        assert added["Response"] == "Success"
        try:
            await tap.event("QueueMemberAdded", Interface="PJSIP/2001", MemberName="agent1", Status="1")
            async with calling(shared_pbx, tmp_path) as caller:
                call = (await joined(tap))["Linkedid"]
                for name in EVENTS_OF_A_QUEUED_CALL:
                    await tap.event(name)
                await agent.finish()
                await caller.finish()
            paused = await tap.ask("QueuePause", Queue="water", Interface="PJSIP/2001", Paused="true")
            assert paused["Response"] == "Success"
            await tap.event("QueueMemberPause", Paused="1")
        finally:
            await tap.ask("QueueRemove", Queue="water", Interface="PJSIP/2001")
        await tap.event("QueueMemberRemoved")
    assert f"linkedid={call}" in agent.logged()
    order = [frame["Event"] for frame in tap.events]
    assert order.index("AgentCalled") > next(
        place
        for place, frame in enumerate(tap.events)
        if frame["Event"] == "Newchannel" and frame["Channel"].startswith("PJSIP/2001") and frame["Linkedid"] == call
    )


async def test_a_phone_that_declines_is_told_as_a_missed_offer(shared_pbx: SandboxPbx, tmp_path: Path) -> None:
    async with tapped(shared_pbx) as tap, softphone(shared_pbx, tmp_path, "busy") as agent:
        await tap.ask("QueueAdd", Queue="water", Interface="PJSIP/2001", MemberName="agent1")
        try:
            async with calling(shared_pbx, tmp_path, patience_s=2) as caller:
                await tap.event("AgentRingNoAnswer", Interface="PJSIP/2001", MemberName="agent1")
                await tap.ask("QueuePause", Queue="water", Interface="PJSIP/2001", Paused="true")
                await agent.finish()
                await caller.finish()
        finally:
            await tap.ask("QueueRemove", Queue="water", Interface="PJSIP/2001")


async def test_a_registration_shows_as_a_device_state_since_contact_status_needs_system(
    make_pbx: MakePbx, tmp_path: Path
) -> None:
    pbx = await make_pbx()
    async with tapped(pbx) as tap, softphone(pbx, tmp_path, "busy"):
        await tap.event("DeviceStateChange", Device="PJSIP/2001", State="NOT_INUSE")
        assert not [frame for frame in tap.events if frame["Event"] == "ContactStatus"]
