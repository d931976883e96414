"""What is rendered for Asterisk: whole, least in privilege, and closed to values that would change its meaning."""

import configparser
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.dialplan_lint import lint
from config.pbx_files import Network, Patience, PbxPaths, UnsafeValueError, _safe, render, render_site
from config.secrets import Secrets
from config.settings import Agi, Pbx, Settings, Site
from ivr.prompts.announcements import FILES

PHONES = ("1001", "1002")
SECRETS = Secrets(phones={"1001": "p1", "1002": "p2", "2000": "p3", "2001": "p4"})
SITE_FILES = {
    "hydrophone-cel_custom.conf",
    "hydrophone-manager.conf",
    "hydrophone-extensions.conf",
    "hydrophone-queues.conf",
    "hydrophone-pjsip.conf",
    "hydrophone-musiconhold.conf",
    "hydrophone-confbridge.conf",
}


def paths(root: str = "/srv/pbx") -> PbxPaths:
    return PbxPaths(
        *(Path(root, name) for name in ("etc", "run", "log", "spool", "lib", "music", "modules", "data", "sounds"))
    )


def settings(**pbx: object) -> Settings:
    return Settings(site=Site(), pbx=Pbx.model_validate(pbx), agi=Agi())


def test_a_site_gets_the_files_to_include_and_no_other() -> None:
    assert render_site(settings(), SECRETS, PHONES, Path("/srv/music"), Path("/srv/sounds")).keys() == SITE_FILES


def test_every_file_that_a_sandbox_file_includes_is_rendered() -> None:
    files = render(settings(), SECRETS, PHONES, paths())
    included = {name for text in files.values() for name in re.findall(r"^#include (\S+)", text, re.MULTILINE)}
    assert included == SITE_FILES
    assert included <= files.keys()


def test_the_ami_user_is_granted_what_it_needs_and_no_more() -> None:
    parser = configparser.ConfigParser(strict=False)
    parser.read_string(render_site(settings(), SECRETS, PHONES, Path("/m"), Path("/s"))["hydrophone-manager.conf"])
    user = parser["hydrophone"]
    assert set(user["read"].split(",")) == {"call", "agent", "reporting", "cdr", "dtmf"}
    assert set(user["write"].split(",")) == {"call", "agent", "originate", "reporting"}
    assert user["writetimeout"] == "10000"
    assert user["deny"] in ("0.0.0.0/0.0.0.0", "::/0")


def test_the_patience_of_the_dialplan_is_the_one_asked_for() -> None:
    files = render(settings(), SECRETS, PHONES, paths(), patience=Patience(menu_s=2, queue_s=3, ring_s=4, rounds=6))
    dialplan = files["hydrophone-extensions.conf"]
    assert "Set(TIMEOUT(absolute)=2)" in dialplan
    assert "Queue(${HYDROPHONE_QUEUE},cb(hydrophone-offer^s^1),,,3," in dialplan
    assert "Dial(PJSIP/1001&PJSIP/1002,4,gb(hydrophone-offer^s^1)m(hydrophone))" in dialplan
    assert "> 6]" in dialplan


def test_what_a_waiting_caller_hears_is_played_from_where_it_was_written() -> None:
    files = render_site(
        settings(), SECRETS, PHONES, Path("/m"), Path("/srv/水务 1/s"), patience=Patience(word_every_s=7)
    )
    queue, dialplan = files["hydrophone-queues.conf"], files["hydrophone-extensions.conf"]
    assert "periodic-announce = /srv/水务 1/s/queue-wait\nperiodic-announce-frequency = 7\n" in queue
    played = re.findall(r"Playback\((.*)\)", dialplan)
    assert played == ["/srv/水务 1/s/queue-sorry", "/srv/水务 1/s/queue-give-up"]
    assert {Path(file).name for file in (*played, "queue-wait")} == set(FILES.values())


@pytest.mark.parametrize("folder", ["/a,b", "/a&b", "/a|b"])
def test_a_folder_of_sounds_that_asterisk_would_read_otherwise_is_refused(folder: str) -> None:
    with pytest.raises(UnsafeValueError):
        render_site(settings(), SECRETS, PHONES, Path("/m"), Path(folder))


def test_without_phones_nobody_is_dialled() -> None:
    assert "Dial(" not in render(settings(), SECRETS, (), paths())["hydrophone-extensions.conf"]


def test_only_one_address_is_offered_to_browsers() -> None:
    files = render(settings(), SECRETS, PHONES, paths(), network=Network("10.0.0.5", ("10.0.0.6",)))
    assert "10.0.0.5 => 127.0.0.1" in files["rtp.conf"]
    assert "ice_deny = 10.0.0.6/32" in files["rtp.conf"]


def test_demo_phones_without_a_password_are_left_out() -> None:
    secrets = Secrets(phones={"1001": "p"})
    files = render(settings(), secrets, ("1001",), paths())
    assert "[2000]" not in files["pjsip.conf"]
    assert "[2001]" not in files["pjsip.conf"]


def test_the_rendered_dialplan_passes_the_linter() -> None:
    files = render(settings(), SECRETS, PHONES, paths())
    for name in ("extensions.conf", "hydrophone-extensions.conf"):
        assert lint(files[name], name) == []


@pytest.mark.parametrize("extension", ["1001;", "1", "abc", "1001\n[x]", "1001&PJSIP", "12345678901", "１００１"])
def test_an_extension_that_is_not_digits_is_refused(extension: str) -> None:
    with pytest.raises(UnsafeValueError):
        render(settings(), Secrets(phones={extension: "p"}), (extension,), paths())


def test_a_phone_without_a_password_is_refused() -> None:
    with pytest.raises(UnsafeValueError, match="1003"):
        render(settings(), SECRETS, ("1003",), paths())


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1\nbindaddr=0.0.0.0", "::1", "127.0.0.1/8"])
def test_an_address_that_is_none_is_refused(host: str) -> None:
    with pytest.raises(UnsafeValueError, match=r"pbx\.host"):
        render(settings(host=host), SECRETS, PHONES, paths())


@pytest.mark.parametrize("root", ["/srv/a;b", "/srv/a\nb", "/srv/${X}", "/srv/a[b]", "/srv/a\\b", '/srv/a"b'])
def test_a_path_that_asterisk_would_read_otherwise_is_refused(root: str) -> None:
    with pytest.raises(UnsafeValueError):
        render(settings(), SECRETS, PHONES, paths(root))


def test_a_home_with_a_chinese_name_is_fine() -> None:
    assert "/srv/水务/log" in render(settings(), SECRETS, PHONES, paths("/srv/水务"))["asterisk.conf"]


@pytest.mark.parametrize("secret", ["a,b", "a)b", "a b", "", "a=b"])
def test_a_secret_that_is_not_one_word_is_refused(secret: str) -> None:
    for name in ("agi", "ami"):
        with pytest.raises(UnsafeValueError):
            render(settings(), SECRETS.model_copy(update={name: secret}), PHONES, paths())


def test_a_refusal_never_tells_the_value() -> None:
    with pytest.raises(UnsafeValueError) as refusal:
        render(settings(), SECRETS.model_copy(update={"ami": "hush;hush"}), PHONES, paths())
    assert "hush" not in str(refusal.value)


@given(st.text())
def test_no_value_ends_a_line_starts_a_comment_or_is_expanded(text: str) -> None:
    try:
        passed = str(_safe(text))
    except UnsafeValueError:
        return
    assert passed == text
    assert not set(passed) & set(";#$[]{}\\\"'`|^\r\n\t\x00")
