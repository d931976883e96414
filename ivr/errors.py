"""What can go wrong in the phone menu.

::

    IvrError
    ├── HungUpError              the caller, or their line, is gone: ends a flow quietly, everywhere
    ├── ivr.agi.errors.AgiError
    └── ivr.flow.errors.FlowError
"""


class IvrError(Exception):
    """Base of the menu's errors."""


class HungUpError(IvrError):
    """The caller, or their line, is gone. Not a fault: it ends a flow quietly."""

    def __str__(self) -> str:
        """Say it."""
        return "the caller is gone"
