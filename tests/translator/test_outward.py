from typing import Any

import pytest

from cti.ami.actions import AmiAction
from cti.domain import orders
from cti.domain.ids import AgentId, Extension, QueueName
from cti.translator import action

WHERE: dict[str, Any] = {"queue": QueueName("water"), "extension": Extension("1001")}


@pytest.mark.parametrize(
    ("order", "name", "headers"),
    [
        (
            orders.AddMember(**WHERE, agent=AgentId("agent1"), paused=True, reason="lunch"),
            "QueueAdd",
            {
                "Queue": "water",
                "Interface": "PJSIP/1001",
                "StateInterface": "PJSIP/1001",
                "MemberName": "agent1",
                "Penalty": "0",
                "Paused": "true",
                "Reason": "lunch",
            },
        ),
        (orders.RemoveMember(**WHERE), "QueueRemove", {"Queue": "water", "Interface": "PJSIP/1001"}),
        (
            orders.PauseMember(**WHERE, reason="on_call"),
            "QueuePause",
            {"Interface": "PJSIP/1001", "Paused": "true", "Queue": "water", "Reason": "on_call"},
        ),
        (
            orders.UnpauseMember(**WHERE),
            "QueuePause",
            {"Interface": "PJSIP/1001", "Paused": "false", "Queue": "water"},
        ),
    ],
    ids=lambda value: type(value).__name__,
)
def test_an_order_becomes_its_action(order: orders.Order, name: str, headers: dict[str, str]) -> None:
    made: AmiAction = action(order)
    assert (made.name, dict(made.headers)) == (name, headers)


def test_an_order_that_nobody_taught_us_is_our_mistake() -> None:
    with pytest.raises(TypeError):
        action(orders.Order(**WHERE))
