"""What can go wrong between Asterisk and us on an AGI connection.

None of them carries a caller's text: they go to the log.

::

    AgiError
    ├── LocalProtocolError       we misused the protocol: a bug of ours
    ├── RemoteProtocolError      the peer broke it: an impostor, a forged caller name, another program
    ├── CommandRefusedError      Asterisk does not know the command, or its arguments
    ├── CommandTimeoutError      no reply within the command's deadline
    ├── PlaybackFailedError      Asterisk could not open the file
    └── RecordingRefusedError    Asterisk could not write the file

A caller who hung up is not among them: :class:`ivr.errors.HungUpError`.
"""

from ivr.errors import IvrError


class AgiError(IvrError):
    """Base of the AGI errors."""


class LocalProtocolError(AgiError):
    """We misused the protocol."""


class RemoteProtocolError(AgiError):
    """The peer broke the protocol; ``rule`` says which rule, never what was sent."""

    def __init__(self, rule: str) -> None:
        super().__init__(rule)
        self.rule = rule


class CommandRefusedError(AgiError):
    """Asterisk answered ``code`` (510 unknown, 520 wrong use, …) to the command that begins with ``verb``."""

    def __init__(self, verb: str, code: int) -> None:
        super().__init__(verb, code)
        self.verb = verb
        self.code = code

    def __str__(self) -> str:
        return f"Asterisk answered {self.code} to {self.verb}"


class CommandTimeoutError(AgiError):
    """No reply to ``verb`` within ``deadline_s``."""

    def __init__(self, verb: str, deadline_s: float) -> None:
        super().__init__(verb, deadline_s)
        self.verb = verb
        self.deadline_s = deadline_s

    def __str__(self) -> str:
        return f"no reply to {self.verb} within {self.deadline_s:g} s"


class PlaybackFailedError(AgiError):
    """Asterisk could not open a file of ours (its name is ours, so it may be logged)."""

    def __init__(self, file: str) -> None:
        super().__init__(file)
        self.file = file

    def __str__(self) -> str:
        return f"Asterisk could not play {self.file}"


class RecordingRefusedError(AgiError):
    """Asterisk could not write ``path``: no such folder for it, no right to it, no room."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.path = path

    def __str__(self) -> str:
        return f"Asterisk could not write {self.path}"
