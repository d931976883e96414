"""The sandbox PBX as it stands after its start."""

import re

import pytest

from cti.sandbox.pbx import SandboxPbx
from tests.asterisk.pbx import MakePbx
from tests.asterisk.tap import tapped

pytestmark = pytest.mark.asterisk


async def test_every_context_of_the_dialplan_is_there(shared_pbx: SandboxPbx) -> None:
    shown = await shared_pbx.console("dialplan show")
    for context in ("from-trunk", "from-phone", "hydrophone-hotline", "hydrophone-person", "hydrophone-offer"):
        assert f"Context '{context}'" in shown


async def test_the_hotline_has_a_dead_mans_switch(shared_pbx: SandboxPbx) -> None:
    shown = await shared_pbx.console("dialplan show hydrophone-hotline")
    assert re.search(r"'T' =>\s+1\. Set\(TIMEOUT\(absolute\)=0\)", shown)


async def test_every_phone_and_the_trunk_have_an_endpoint(shared_pbx: SandboxPbx) -> None:
    shown = await shared_pbx.console("pjsip show endpoints")
    names = set(re.findall(r"Endpoint:\s+(\w+)", shown))
    assert names >= {"1001", "1002", "1003", "2000", "2001", "trunk"}


async def test_agents_have_a_fixed_caller_id_and_encrypted_media(shared_pbx: SandboxPbx) -> None:
    shown = await shared_pbx.console("pjsip show endpoint 1001")
    for wanted in (r'callerid\s+: "Agent 1001" <1001>', r"trust_id_inbound\s+: false", r"media_encryption\s+: dtls"):
        assert re.search(wanted, shown)


async def test_the_queue_is_there_and_open_without_agents(shared_pbx: SandboxPbx) -> None:
    shown = await shared_pbx.console("queue show water")
    assert "'rrmemory' strategy" in shown
    assert "No Members" in shown


async def test_the_ami_user_has_the_privileges_it_needs_and_no_other(shared_pbx: SandboxPbx) -> None:
    shown = await shared_pbx.console("manager show user hydrophone")
    read = re.search(r"read perm: (\S+)", shown)
    write = re.search(r"write perm: (\S+)", shown)
    assert read is not None
    assert write is not None
    assert set(read[1].split(",")) == {"call", "agent", "reporting", "cdr", "dtmf"}
    assert set(write[1].split(",")) == {"call", "agent", "originate", "reporting"}


async def test_a_console_command_over_ami_is_refused(shared_pbx: SandboxPbx) -> None:
    async with tapped(shared_pbx) as tap:
        answer = await tap.ask("Command", Command="core show version")
    assert answer["Response"] == "Error"
    assert "denied" in answer["Message"].lower()


async def test_only_loopback_is_listened_on(shared_pbx: SandboxPbx) -> None:
    for command in ("manager show settings", "http show status", "pjsip show transports"):
        shown = await shared_pbx.console(command)
        assert "0.0.0.0" not in shown.replace("0.0.0.0/0", "")
        assert "[::]" not in shown


async def test_it_starts_without_a_word_of_complaint(make_pbx: MakePbx) -> None:
    pbx = await make_pbx()
    logged = (pbx.log / "messages").read_text()
    assert not re.findall(r".*(?:WARNING|ERROR).*", logged)
