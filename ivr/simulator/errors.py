"""What can go wrong when a flow is tried.

::

    SimulatorError
    ├── ScriptFaultsError        a file of calls can't be read: what, where, what to do
    ├── OutOfKeysError           the menu listens, and the script has nothing more to press
    ├── OutOfTurnError           the menu listens, and the script wants to interrupt a sentence instead
    └── StandstillError          everybody waits, and nothing will ever come
"""

from ivr.errors import IvrError


class SimulatorError(IvrError):
    """Base of the simulator's errors."""


class ScriptFaultsError(SimulatorError):
    """A file of calls can't be read; ``faults`` are lines for people."""

    def __init__(self, faults: tuple[str, ...]) -> None:
        super().__init__(faults)
        self.faults = faults

    def __str__(self) -> str:
        return "\n".join(self.faults)


class OutOfKeysError(SimulatorError):
    """The script has nothing more to press."""

    def __str__(self) -> str:
        return "the menu listens, and the script has no more keys; add keys, 'wait' or 'hangup'"


class OutOfTurnError(SimulatorError):
    """The script wants to interrupt ``prompt``, which wasn't said."""

    def __init__(self, prompt: str) -> None:
        super().__init__(prompt)
        self.prompt = prompt

    def __str__(self) -> str:
        return f"the menu listens, and the script still waits for '{self.prompt}' to interrupt it"


class StandstillError(SimulatorError):
    """Nothing is ready and nothing is due."""

    def __str__(self) -> str:
        return "everybody waits, and nothing will ever come"
