"""The link against the real Asterisk, with the least-privileged user that we ship."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from cti.ami import actions
from cti.ami.errors import ActionRefusedError
from cti.ami.intake import Doubt
from cti.ami.link import AmiLink, LinkState, Phase
from cti.ami.messages import Event
from cti.ami.session import AmiAddress, DownReason
from cti.sandbox.pbx import SandboxPbx
from tests.asterisk.pbx import MakePbx

pytestmark = [pytest.mark.asterisk, pytest.mark.timeout(240)]

NAME = "欧阳王小明𠮷"


class Story:
    """What a link told."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.states: list[LinkState] = []
        self.doubts: list[Doubt] = []

    async def until(self, condition: Callable[[], bool], timeout_s: float = 20.0) -> None:
        async with asyncio.timeout(timeout_s):
            while not condition():  # noqa: ASYNC110 - the PBX tells nobody
                await asyncio.sleep(0.01)


@asynccontextmanager
async def linked(pbx: SandboxPbx, story: Story) -> AsyncIterator[AmiLink]:
    at = pbx.settings.pbx
    link = AmiLink(
        AmiAddress(at.host, at.ami_port, at.ami_user, pbx.secrets.ami),
        dict.fromkeys(("Newchannel", "NewCallerid", "Hangup"), story.events.append),
        on_state=story.states.append,
        on_doubt=story.doubts.append,
    )
    await link.start()
    try:
        await link.wait_up(20)
        yield link
    finally:
        await link.close()


async def test_logged_in_and_booted_the_pbx_answers_questions_and_lists(shared_pbx: SandboxPbx) -> None:
    async with linked(shared_pbx, Story()) as link:
        status = (await link.send(actions.core_status())).or_raise()
        assert status["CoreStartupDate"].count("-") == 2
        queue = shared_pbx.settings.pbx.queue
        params = [item for item in await link.collect(actions.queue_status(queue)) if item.name == "QueueParams"]
        assert [item["Queue"] for item in params] == [queue]
        assert any(item["Device"].startswith("PJSIP/") for item in await link.collect(actions.device_state_list()))
        assert (await link.send(actions.ping()))["Ping"] == "Pong"


async def test_a_member_is_added_paused_and_removed_and_errors_are_the_pbxs(shared_pbx: SandboxPbx) -> None:
    queue = shared_pbx.settings.pbx.queue
    async with linked(shared_pbx, Story()) as link:
        add = actions.queue_add(queue, "PJSIP/1003", member_name="王芳", paused=True, reason="break")
        assert (await link.send(add)).success
        try:
            assert not (await link.send(add)).success
            pause = actions.queue_pause("PJSIP/1003", paused=False, queue=queue)
            assert (await link.send(pause, idempotent=True)).success
            members = [item for item in await link.collect(actions.queue_status(queue)) if item.name == "QueueMember"]
            assert [(item["Name"], item["Paused"]) for item in members] == [("王芳", "0")]
        finally:
            assert (await link.send(actions.queue_remove(queue, "PJSIP/1003"))).success


async def test_the_shipped_user_is_refused_what_it_needs_not(shared_pbx: SandboxPbx) -> None:
    async with linked(shared_pbx, Story()) as link:
        with pytest.raises(ActionRefusedError):
            await link.collect(actions.pjsip_show_contacts())


async def test_a_wrong_secret_is_refused_and_said_to_be_so(shared_pbx: SandboxPbx) -> None:
    story = Story()
    at = shared_pbx.settings.pbx
    link = AmiLink(AmiAddress(at.host, at.ami_port, at.ami_user, "wrong"), {}, on_state=story.states.append)
    await link.start()
    try:
        await story.until(lambda: bool(story.states))
        assert (story.states[0].reason, story.states[0].alarm) == (DownReason.REFUSED, True)
    finally:
        await link.close()


async def test_a_chinese_caller_name_arrives_whole_from_a_real_call(shared_pbx: SandboxPbx) -> None:
    story = Story()
    async with linked(shared_pbx, story) as link:
        outcome = await link.send(
            actions.originate(
                f"Local/{shared_pbx.settings.site.hotline}@from-phone", context="from-phone",
                extension=shared_pbx.settings.site.hotline, caller_name=NAME, caller_number="13800000000",
            ),
            timeout_s=40,
        )  # fmt: skip
        try:
            assert outcome.success, outcome
            assert outcome["CallerIDName"] == NAME
            named = ("NewCallerid", NAME)
            await story.until(lambda: named in {(event.name, event.get("CallerIDName")) for event in story.events})
            channels = await link.collect(actions.core_show_channels())
            assert NAME in {channel["CallerIDName"] for channel in channels}
        finally:
            for channel in await link.collect(actions.core_show_channels()):
                await link.send(actions.hangup(channel["Channel"]))
        born = {event["Uniqueid"] for event in story.events if event.name == "Newchannel"}
        await story.until(lambda: born <= {event["Uniqueid"] for event in story.events if event.name == "Hangup"})
        assert story.doubts == []


async def test_a_killed_pbx_is_told_and_found_again_when_it_is_back(make_pbx: MakePbx) -> None:
    pbx = await make_pbx()
    story = Story()
    async with linked(pbx, story) as link:
        await asyncio.to_thread(pbx.kill)
        await story.until(lambda: len(story.states) >= 2)
        assert not link.state.up
        await pbx.up()
        await link.wait_up(20)
        assert (await link.send(actions.core_status())).success
        await story.until(lambda: story.states[-1].up)
    assert story.states[0].up
    assert [state.reason for state in story.states[1:2]] == [DownReason.LOST]
    assert story.states[-1].phase is Phase.UP
