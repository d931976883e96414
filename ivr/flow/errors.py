"""What can go wrong with a flow.

::

    FlowError
    ├── FlowFaultsError          the flow as written can't be used; every fault, with file, line and what to do
    ├── EndlessFlowError         a call went through more steps than any caller wants
    ├── NotVerifiedError         a service was asked for something personal before a PIN proved who calls
    ├── UnknownFlowError         a call was to go through a flow that there is not
    └── RecordingFailedError     the PBX could not record: no place, a full disk, a path that it does not know
"""

from dataclasses import dataclass

from ivr.errors import IvrError


class FlowError(IvrError):
    """Base of the flow errors."""


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """One thing wrong with a flow: where, what, and what to do about it."""

    file: str
    line: int
    what: str
    advice: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.what}. {self.advice}."


class FlowFaultsError(FlowError):
    """The flow can't be used; ``faults`` is in the order of the file."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        super().__init__(faults)
        self.faults = faults

    def __str__(self) -> str:
        return "\n".join(map(str, self.faults))


class EndlessFlowError(FlowError):
    """The call has gone through ``steps`` steps."""

    def __init__(self, steps: int) -> None:
        super().__init__(steps)
        self.steps = steps

    def __str__(self) -> str:
        return f"the call has gone through {self.steps} steps"


class NotVerifiedError(FlowError):
    """The flow asks for something personal before the caller has proved who they are."""

    def __str__(self) -> str:
        return "no PIN has proved who calls"


class RecordingFailedError(FlowError):
    """Nothing could be recorded, though the caller is still there."""

    def __str__(self) -> str:
        return "the PBX could not record"


class UnknownFlowError(FlowError):
    """There is no flow called ``name``."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name

    def __str__(self) -> str:
        return f"there is no flow '{self.name}'"
