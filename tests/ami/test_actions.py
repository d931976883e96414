"""What may be asked of the PBX, and that nothing else can."""

import inspect

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cti.ami import actions
from cti.ami.actions import AmiAction
from cti.ami.errors import UnsafeHeaderError
from cti.ami.wire import MAX_HEADER, WireAction

FORBIDDEN = {"Command", "UserEvent", "UpdateConfig", "ModuleLoad", "AGI", "MixMonitor", "System"}


def all_actions() -> list[AmiAction]:
    return [
        actions.ping(), actions.core_status(), actions.core_show_channels(), actions.queue_status(),
        actions.queue_status("water"), actions.queue_summary(), actions.queue_summary("water"),
        actions.device_state_list(), actions.pjsip_show_contacts(), actions.get_var("A"),
        actions.get_var("A", "PJSIP/1001-00000001"),
        actions.queue_add("water", "PJSIP/1001", member_name="王芳", paused=True, penalty=1, reason="break"),
        actions.queue_add("water", "PJSIP/1001", member_name="agent1"),
        actions.queue_remove("water", "PJSIP/1001"),
        actions.queue_pause("PJSIP/1001", paused=True, queue="water", reason="wrap-up"),
        actions.queue_pause("PJSIP/1001", paused=False),
        actions.originate("PJSIP/1001", context="from-phone", extension="96000", caller_name="张 三",
                          caller_number="1001", variables={"A": "1", "__B": "2"}),
        actions.originate("Local/s@test", context="t", extension="1"),
        actions.hangup("PJSIP/1001-00000001"), actions.redirect("PJSIP/a-1", context="c", extension="1"),
        actions.blind_transfer("PJSIP/a-1", context="c", extension="1"),
        actions.redirect("PJSIP/a-1", context="c", extension="1", other=("PJSIP/b-2", "d", "2")),
        actions.bridge("PJSIP/a-1", "PJSIP/b-2"),
        actions.set_var("A", "值"), actions.set_var("A", "1", "PJSIP/a-1"),
        actions.mix_monitor_mute("PJSIP/a-1", muted=True), actions.mix_monitor_mute("PJSIP/a-1", muted=False),
        actions.stop_mix_monitor("PJSIP/a-1"),
    ]  # fmt: skip


async def test_every_constructor_makes_an_action_of_one_line_a_header() -> None:
    for action in all_actions():
        text = WireAction(action, "id1").encoded().decode()
        assert text.endswith("\r\n\r\n")
        lines = text.removesuffix("\r\n\r\n").split("\r\n")
        assert len(lines) == len(action.headers) + 2
        assert f"Action: {action.name}" in lines
        assert "ActionID: id1" in lines


def test_no_constructor_is_left_out_here_and_none_opens_the_shell() -> None:
    made = {action.name for action in all_actions()}
    public = [f for _, f in inspect.getmembers(actions, inspect.isfunction) if f.__module__ == actions.__name__]
    public = [f for f in public if not f.__name__.startswith("_")]
    assert len(public) == len(made)
    assert not made & FORBIDDEN


def test_an_originate_always_is_asynchronous_and_names_no_application() -> None:
    headers = dict(actions.originate("PJSIP/1001", context="c", extension="1").headers)
    assert headers["Async"] == "true"
    assert not {"Application", "Data", "Codecs"} & headers.keys()


async def test_several_variables_become_several_headers() -> None:
    action = actions.originate("PJSIP/1001", context="c", extension="1", variables={"A": "1", "B": "2", "C": "3"})
    text = WireAction(action, "id1").encoded()
    assert [line for line in text.split(b"\r\n") if line.startswith(b"Variable")] == [
        b"Variable: A=1", b"Variable: B=2", b"Variable: C=3",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "make",
    [
        lambda: actions.originate("PJSIP/1001&PJSIP/9", context="c", extension="1"),
        lambda: actions.originate("Message/x", context="c", extension="1"),
        lambda: actions.originate("PJSIP/1", context="c", extension="1", caller_name='x" <999>'),
        lambda: actions.originate("PJSIP/1", context="c", extension="1", variables={"A": "1,SHELL(id)=2"}),
        lambda: actions.originate("PJSIP/1", context="c", extension="1", variables={"SHELL(id)": "1"}),
        lambda: actions.set_var("SHELL(touch x)", "1"),
        lambda: actions.get_var("SHELL(id)"),
        lambda: actions.hangup("/.*/"),
        lambda: actions.queue_add("water\r\nAction: Hangup", "PJSIP/1", member_name="a"),
        lambda: actions.queue_pause("PJSIP/1", paused=True, reason="a\nb"),
    ],
)
def test_what_does_more_than_it_says_is_refused(make: object) -> None:
    with pytest.raises(UnsafeHeaderError):
        make()  # type: ignore[operator]


@pytest.mark.parametrize("bad", ["\r", "\n", "\0", "a\r\n\r\nAction: Hangup"])
@pytest.mark.parametrize("where", ["name", "value"])
async def test_a_line_break_anywhere_is_refused_before_the_socket(bad: str, where: str) -> None:
    header = (bad, "x") if where == "name" else ("X", bad)
    with pytest.raises(UnsafeHeaderError) as caught:
        WireAction(AmiAction("Setvar", (header,)), "id")
    assert "Hangup" not in str(caught.value)


async def test_what_asterisk_would_throw_away_or_is_no_text_is_refused() -> None:
    with pytest.raises(UnsafeHeaderError, match="too long"):
        WireAction(AmiAction("Setvar", (("Value", "王" * (MAX_HEADER // 3)),)), "id")
    with pytest.raises(UnsafeHeaderError, match="not text"):
        WireAction(AmiAction("Setvar", (("Value", "\ud800"),)), "id")


@given(st.text(max_size=30))
def test_a_queue_name_is_a_name_or_refused(name: str) -> None:
    try:
        action = actions.queue_status(name)
    except UnsafeHeaderError:
        return
    assert all(char.isascii() and (char.isalnum() or char in "_-") for char in dict(action.headers)["Queue"])
