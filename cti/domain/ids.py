"""The names things go by, as types, so that one can't be passed for another."""

from functools import lru_cache
from typing import NewType
from uuid import UUID, uuid5

PbxName = NewType("PbxName", str)
"""A site's own name for one Asterisk."""
LinkedId = NewType("LinkedId", str)
"""Asterisk's ``Linkedid``: one per call, the ``Uniqueid`` of its first channel."""
ChannelId = NewType("ChannelId", str)
"""Asterisk's ``Uniqueid``: one per channel, that is per leg."""
BridgeId = NewType("BridgeId", str)
"""Asterisk's ``BridgeUniqueid``: whoever is in one bridge hears the others."""
UNNAMED = BridgeId("")
"""A bridge of which nobody told which one it is."""
ReasonCode = NewType("ReasonCode", str)
"""Why an agent is away, in the site's own words: a code of its settings."""
CallId = NewType("CallId", UUID)
"""Ours: one per call, the same for AMI, the IVR and after a restart. See :func:`call_id`."""
AgentId = NewType("AgentId", str)
"""A person's user name, as they log in with it."""
Extension = NewType("Extension", str)
"""A phone: its number on the first PBX, ``1001``; on a further one with that PBX's name behind it, ``1001@east``."""
QueueName = NewType("QueueName", str)
TicketId = NewType("TicketId", UUID)
AccountNumber = NewType("AccountNumber", str)
"""户号: eight digits, the last of them a check digit. See :mod:`cti.domain.utility`."""
ZoneCode = NewType("ZoneCode", str)
"""A supply area, by the utility's own short name for it: ``Z03``."""

_CALLS = UUID("6f7a3f3c-6f0e-5a53-9a2f-0c1b1f1f8d2a")


@lru_cache(maxsize=8192)  # each event of a call asks
def call_id(pbx: PbxName, boot: int, linkedid: LinkedId) -> CallId:
    """Return the id of the call that Asterisk knows by ``linkedid``.

    ``boot`` is the PBX's start in whole seconds since the epoch: a ``Uniqueid`` counts from 0 again with each
    process, so after a restart with a stepped clock it can repeat.
    """
    return CallId(uuid5(_CALLS, f"{pbx}/{boot}/{linkedid}"))


def extension_at(number: str, pbx: PbxName | None) -> Extension:
    """Return the phone that has this number on ``pbx``; None stands for the first PBX."""
    return Extension(number if pbx is None else f"{number}@{pbx}")


def number_of(extension: Extension) -> str:
    """Return the phone's number on its own PBX."""
    return extension.partition("@")[0]


def pbx_of(extension: Extension) -> PbxName | None:
    """Return the PBX that the phone belongs to, None for the first."""
    return PbxName(extension.partition("@")[2]) or None
