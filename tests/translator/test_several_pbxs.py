"""Phones of a further PBX go by its name, so that the same number on another PBX is another phone."""

import pytest

from cti.domain import events as e
from cti.domain import orders
from cti.domain.ids import AgentId, Extension, PbxName, QueueName, extension_at, number_of, pbx_of
from cti.translator import Translator, action, snapshot
from cti.translator.inward import NAMES
from tests.translator.frames import call_ids, messages, transcript

EAST = PbxName("east")
FIRST, FURTHER = Translator(EAST, call_ids), Translator(EAST, call_ids, further=True)


def phones(of: Translator) -> set[Extension]:
    facts = [
        fact for message in messages(transcript("answered")) if message.name in NAMES for fact in of.facts(message)
    ]
    return {phone for fact in facts if (phone := getattr(fact, "extension", None)) is not None}


def test_every_fact_names_the_phone_with_its_pbx() -> None:
    assert phones(FIRST)
    assert phones(FURTHER) == {f"{phone}@east" for phone in phones(FIRST)}


def test_a_snapshot_does_so_too() -> None:
    found = messages(transcript("answered"))
    channels = [message for message in found if message.name == "CoreShowChannel"]
    queues = [message for message in found if message.name in ("QueueParams", "QueueMember", "QueueEntry")]
    taken = snapshot(FURTHER, channels, queues, [])
    assert taken.members
    assert all(phone.endswith("@east") for _, phone in taken.members)
    assert all(fact.extension.endswith("@east") for fact in taken.facts if isinstance(fact, e.MemberSeen))


@pytest.mark.parametrize(("number", "pbx", "extension"), [("1001", None, "1001"), ("1001", EAST, "1001@east")])
def test_a_phone_is_a_number_on_a_pbx(number: str, pbx: PbxName | None, extension: str) -> None:
    phone = extension_at(number, pbx)
    assert (phone, number_of(phone), pbx_of(phone)) == (extension, number, pbx)
    assert FURTHER.has(phone) is (pbx == EAST)
    assert FIRST.has(phone) is (pbx is None)


def test_an_order_names_the_phone_by_its_number() -> None:
    order = orders.AddMember(
        queue=QueueName("water"), extension=Extension("1001@east"), agent=AgentId("eve"), paused=False, reason=""
    )
    assert dict(action(order).headers)["Interface"] == "PJSIP/1001"
