"""A site may name further PBXs beside its first; each has its own secrets. What can't be told apart is refused."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from agent_console.api.guard import content_policy
from config.secrets import Secrets
from config.settings import FurtherPbx, Pbx, Settings

EAST = FurtherPbx(name="east", host="192.0.2.8", ami_port=5038)


def settings(*pbxs: FurtherPbx) -> Settings:
    return Settings(home=Path("/nowhere"), pbx=Pbx(), pbxs=pbxs)


def test_a_further_pbx_has_a_name_and_is_never_ours_to_start() -> None:
    assert settings(EAST).of_pbx("east").pbx == EAST
    assert settings(EAST).of_pbx("main").pbx == Pbx()
    with pytest.raises(KeyError):
        settings(EAST).of_pbx("west")
    with pytest.raises(ValidationError, match="name"):
        FurtherPbx.model_validate({"host": "192.0.2.8"})
    with pytest.raises(ValidationError, match="sandbox"):
        FurtherPbx.model_validate({"name": "east", "sandbox": True})


@pytest.mark.parametrize(
    ("further", "what"),
    [
        ((FurtherPbx(name="main", host="192.0.2.8"),), "same name: main"),
        ((EAST, EAST.model_copy(update={"ami_port": 5039})), "same name: east"),
        ((EAST, EAST.model_copy(update={"name": "west"})), "same address .*: 192.0.2.8:5038"),
    ],
)
def test_pbxs_that_cannot_be_told_apart_are_refused(further: tuple[FurtherPbx, ...], what: str) -> None:
    with pytest.raises(ValidationError, match=what):
        settings(*further)


def test_each_pbx_has_secrets_of_its_own_that_stay(tmp_path: Path) -> None:
    made = Secrets.load_or_make(tmp_path, phones=("1001", "1001@east", "1002@west"), pbxs=("east", "west"))
    east = made.of("east")
    assert len({made.ami, made.agi, east.ami, east.agi, made.of("west").ami, made.of("west").agi}) == 6
    assert east.phones == {"1001": made.phones["1001@east"]}
    assert made.phones["1001"] != made.phones["1001@east"]
    assert Secrets.load_or_make(tmp_path) == made


def test_the_pages_may_reach_the_phones_sockets_of_every_pbx() -> None:
    east = EAST.model_copy(update={"sip_ws_url": "wss://east.example.org/sip"})
    assert "wss://east.example.org" in content_policy(settings(east))
