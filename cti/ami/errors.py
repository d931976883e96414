"""What can go wrong between us and the PBX's manager interface.

::

    AmiError
    ├── MisuseError              we did it; nothing was written to the socket
    │   ├── UnsafeHeaderError    a header name or value that would become more than one line, or too long a one
    │   ├── NotRepeatableError   a replay was asked for an action that must not happen twice
    │   └── LinkClosedError      the link was closed, or never started
    ├── LinkError                the way to the PBX
    │   ├── LinkDownError        there was no link: the action was not sent
    │   ├── LinkBusyError        too many actions wait for an answer: the action was not sent
    │   ├── LinkLostError        the link went while the action was under way: it may or may not have happened
    │   ├── NotAmiError          whoever answered does not speak AMI, or not in time
    │   ├── NotBootedError       the PBX let us in but did not finish its boot in time
    │   └── LoginRefusedError    the PBX refused user or secret, or has no login slot left
    ├── ActionError              the PBX's word on one action
    │   ├── ActionRefusedError   ``Response: Error``
    │   ├── ActionTimeoutError   no answer in time: it may or may not have happened
    │   └── PartialListError     a list that is not whole; never the truth
    └── FrameError               the peer sent something that must not be believed
        ├── MalformedFrameError  not a message
        └── ForgedFrameError     a message with keys doubled, missing or unexpected

Texts never carry what callers typed; the data is on attributes.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cti.ami.messages import Event, Response


class AmiError(Exception):
    """Base of all errors of this package."""


class MisuseError(AmiError):
    """We used the link wrongly; nothing was sent."""


class UnsafeHeaderError(MisuseError):
    """A header can't be written as one line of AMI. The value is not repeated here: it may be a caller's."""

    def __init__(self, header: str, why: str) -> None:
        super().__init__(f"header {header!r}: {why}")
        self.header = header
        self.why = why


class NotRepeatableError(MisuseError):
    """``idempotent=True`` was said of an action whose repetition does more than its first time."""

    def __init__(self, action: str) -> None:
        super().__init__(f"{action} must not be repeated")
        self.action = action


class LinkClosedError(MisuseError):
    """The link is not started, or closed for good."""


class LinkError(AmiError):
    """There is no usable link to the PBX."""


class LinkDownError(LinkError):
    """There was no link, so nothing was sent. Safe to try again later."""


class LinkBusyError(LinkError):
    """Too many actions are waiting for their answers, so this one was not sent."""


class LinkLostError(LinkError):
    """The link went while the action was under way. Whether it happened is unknown; ask the PBX."""


class NotAmiError(LinkError):
    """No AMI greeting, or no answer to the login, in time."""


class NotBootedError(LinkError):
    """Logged in, but the PBX did not finish its boot in time."""


class LoginRefusedError(LinkError):
    """The PBX refused the login."""


class ActionError(AmiError):
    """What became of one action."""


class ActionRefusedError(ActionError):
    """The PBX answered with an error; ``response`` is what it said."""

    def __init__(self, action: str, response: "Response") -> None:
        super().__init__(f"{action} was refused")
        self.action = action
        self.response = response


class ActionTimeoutError(ActionError):
    """The PBX did not answer in time."""

    def __init__(self, action: str, timeout_s: float) -> None:
        super().__init__(f"{action} was not answered within {timeout_s:g} s")
        self.action = action
        self.timeout_s = timeout_s


class PartialListError(ActionError):
    """A list ended before it was whole. ``items`` is what came, ``refused`` how many items were not believed."""

    def __init__(self, action: str, why: str, items: "Sequence[Event]" = (), refused: int = 0) -> None:
        super().__init__(f"{action}: {why}, {len(items)} items, {refused} refused")
        self.action = action
        self.why = why
        self.items = tuple(items)
        self.refused = refused


class FrameError(AmiError):
    """A frame that is dropped, counted and followed by a resync."""


class MalformedFrameError(FrameError):
    """Bytes between two blank lines that are no AMI message."""


class ForgedFrameError(FrameError):
    """A message whose keys are not the ones Asterisk writes. Text that a caller typed may have become a header."""

    def __init__(self, event: str, why: str) -> None:
        super().__init__(f"{event}: {why}")
        self.event = event
        self.why = why
