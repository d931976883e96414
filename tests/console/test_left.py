"""What callers left: who sees and hears what, and what is said of it in the audit log."""

import base64
from datetime import timedelta
from uuid import UUID

import pytest

from agent_console.wire_left import MessageView
from cti.domain import callbacks
from cti.domain.callbacks import Callback, Place
from cti.domain.ids import AgentId, CallId
from storage.call_tickets import ticket_id
from tests.console.conftest import House
from tests.console.fakes import AGENT1, AGENT2, NOON, WATER

CALL = CallId(UUID(int=7))


def a_callback() -> Callback:
    made = callbacks.asked(CALL, WATER, Place(NOON), "+8613800000001", NOON + timedelta(minutes=1), language="zh")
    return callbacks.failed(callbacks.dialled(made, NOON), NOON, callbacks.Rules())


@pytest.mark.parametrize(("user", "number"), [("agent1", "+861********01"), ("supervisor1", "+8613800000001")])
async def test_who_is_to_be_called_back_with_their_place_and_what_was_tried(
    house: House, user: str, number: str
) -> None:
    house.stores.callbacks.pending.append(a_callback())
    status, body = await house.ask("GET", "/api/callbacks", headers=house.bearer(user))
    assert status == 200
    (item,) = body["items"]
    assert item == {
        "id": str(callbacks.callback_id(CALL)),
        "call_id": str(CALL),
        "ticket_id": str(ticket_id(CALL)),
        "queue": "water",
        "number": number,
        "language": "zh",
        "place": 1,
        "state": "waiting",
        "attempts": 1,
        "attempts_of": 3,
        "since": item["since"],
        "asked_at": item["asked_at"],
        "next_at": item["next_at"],
    }


async def test_a_callback_is_cancelled_by_name(house: House, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO", "hydrophone.audit"):
        status, _ = await house.ask("POST", f"/api/callbacks/{UUID(int=1)}/cancel", headers=house.bearer("agent1"))
    assert (status, house.stores.callbacks.withdrawn) == (204, [(UUID(int=1), AGENT1)])
    assert "cancelled by agent1" in caplog.text


async def test_what_is_over_or_being_dialled_can_not_be_cancelled(house: House) -> None:
    house.stores.callbacks.over = True
    status, _ = await house.ask("POST", f"/api/callbacks/{UUID(int=1)}/cancel", headers=house.bearer("agent1"))
    assert status == 409


async def test_the_messages_of_a_ticket(house: House) -> None:
    house.stores.messages.messages.append(
        MessageView(id=UUID(int=1), call_id=CALL, purpose="voicemail", language="zh", seconds=4.2, at=NOON)
    )
    status, body = await house.ask("GET", f"/api/tickets/{UUID(int=101)}/messages", headers=house.bearer("agent1"))
    assert status == 200
    assert [item["seconds"] for item in body["items"]] == [4.2]


@pytest.mark.parametrize(
    ("user", "agent", "status"),
    [
        ("agent1", None, 200),
        ("agent1", AGENT1, 200),
        ("agent1", AGENT2, 403),
        ("supervisor1", AGENT2, 200),
        ("admin1", AGENT2, 200),
    ],
)
async def test_a_message_is_heard_by_whose_ticket_it_is_and_by_supervisors_and_that_is_audited(
    house: House, caplog: pytest.LogCaptureFixture, user: str, agent: AgentId | None, status: int
) -> None:
    house.stores.messages.agent = agent
    with caplog.at_level("INFO", "hydrophone.audit"):
        answered, body = await house.ask("GET", f"/api/messages/{UUID(int=1)}", headers=house.bearer(user))
    assert answered == status
    assert f"{user} asked for message" in caplog.text if status == 403 else f"heard by {user}" in caplog.text
    if status == 200:
        assert base64.b64decode(body["data"]) == b"RIFF"


@pytest.mark.parametrize(
    "name", ["..%2f..%2fsecrets.toml", "....//", "%00", "1.wav", "C:%5Cx", "a" * 36, "/etc/passwd"]
)
async def test_a_message_is_asked_for_by_its_id_and_nothing_else(house: House, name: str) -> None:
    status, _ = await house.ask("GET", f"/api/messages/{name}", headers=house.bearer("admin1"))
    assert status in (404, 422)


async def test_a_message_that_is_gone_is_not_found(house: House) -> None:
    assert (await house.ask("GET", f"/api/messages/{UUID(int=9)}", headers=house.bearer("admin1")))[0] == 404
