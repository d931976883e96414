"""Several queues, and the key that waiting callers have, with nobody but Asterisk there: Hydrophone is gone."""

import asyncio
from contextlib import AbstractAsyncContextManager

import pytest

from config.settings import Queue
from cti.caller.phone import Caller, PhoneCall, dial
from cti.sandbox.pbx import SandboxPbx
from tests.asterisk.answering import telephone
from tests.asterisk.pbx import MakePbx
from tests.asterisk.tap import Tap, tapped

pytestmark = pytest.mark.asterisk

REPAIR = Queue(name="repair", name_zh="报修", name_en="Repairs", subject="repair")


def calling(pbx: SandboxPbx, number: str) -> AbstractAsyncContextManager[PhoneCall]:
    there = pbx.settings.pbx
    return dial(Caller(number, address=there.trunk_address), f"sip:96000@{there.host}:{there.sip_port}")


async def joins(tap: Tap, number: str, times: int = 1) -> dict[str, str]:
    """Return the event of a caller's joining a queue for so many times."""

    def all_of() -> list[dict[str, str]]:
        return [one for one in tap.events if one["Event"] == "QueueCallerJoin" and one["CallerIDNum"] == number]

    await tap.wait_for(lambda _: len(all_of()) >= times)
    return all_of()[times - 1]


async def test_a_queue_takes_callers_when_it_has_agents_and_leaves_them_to_the_usual_one_when_not(
    make_pbx: MakePbx,
) -> None:
    pbx = await make_pbx(queues=(REPAIR,))

    async def menu(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\n\n")
        for name, value in (("QUEUE", "repair"), ("PRIORITY", "5"), ("RESULT", "person")):
            writer.write(f'SET VARIABLE HYDROPHONE_{name} "{value}"\n'.encode())
            await reader.readline()
        writer.close()

    server = await asyncio.start_server(menu, pbx.settings.agi.host, pbx.settings.agi.port)
    async with server, tapped(pbx) as tap:
        async with calling(pbx, "13800000001"):
            assert (await joins(tap, "13800000001"))["Queue"] == "water"
        added = await tap.ask("QueueAdd", Queue="repair", Interface="PJSIP/2001", Paused="true")
        assert added["Response"] == "Success"
        async with calling(pbx, "13800000002"):
            # the agent's phone is not registered: nobody is logged in
            assert (await joins(tap, "13800000002"))["Queue"] == "water"
        async with telephone("127.0.0.1") as phone:
            written = (pbx.settings.home / "pbx/etc/pjsip.conf").read_text()
            static = written.replace(
                "[2001]\ntype = aor\n", f"[2001]\ntype = aor\ncontact = sip:2001@127.0.0.1:{phone.address[1]}\n"
            )
            (pbx.settings.home / "pbx/etc/pjsip.conf").write_text(static)
            await pbx.console("module reload res_pjsip.so")
            async with calling(pbx, "13800000003"), calling(pbx, "13800000004"):
                assert (await joins(tap, "13800000003"))["Queue"] == "repair"
                await joins(tap, "13800000004")
                assert "prio: 5" in await pbx.console("queue show repair")


async def test_a_key_while_waiting_changes_nothing_when_hydrophone_is_gone(make_pbx: MakePbx) -> None:
    pbx = await make_pbx()
    async with tapped(pbx) as tap, calling(pbx, "13800000001"), calling(pbx, "13800000002") as second:
        await joins(tap, "13800000001")
        await joins(tap, "13800000002")
        await second.key("5")
        await second.key("1")
        back = await joins(tap, "13800000002", times=2)
        assert (back["Queue"], back["Position"]) == ("water", "1")
        await joins(tap, "13800000001")
        assert "has 2 calls" in await pbx.console("queue show water")
        assert not second.ended.is_set()
