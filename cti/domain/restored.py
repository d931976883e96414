"""Facts that carry what was known before: values of the model, which is made of the other facts."""

from cti.domain.events import CallEvent, Event
from cti.domain.ids import LinkedId, PbxName
from cti.domain.model import Call, CentreState


class CentreRestored(Event, kw_only=True):
    """The journal holds this of before our own start: calls, agents, queues and the calls that ended last."""

    state: CentreState


class CallRestored(Event, kw_only=True):
    """The database holds this call as a live one from before our own start."""

    record: Call


class CallbackPlaced(CallEvent, kw_only=True):
    """We call somebody back. Carries what is known of them, as the PBX knows of this call nothing but a number.

    ``first`` is the call in which they asked for it, as it was kept.
    """

    pbx: PbxName
    linkedid: LinkedId
    first: Call
