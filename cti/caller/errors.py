"""What can go wrong when we place a call.

::

    CallerError
    ├── ScriptError        the script of the call makes no sense (our misuse)
    ├── NotAnsweredError   the hotline did not take the call
    └── SoundError         our side of the call sends no more
"""


class CallerError(Exception):
    """Base of this package's errors."""


class ScriptError(CallerError):
    """The script of the call makes no sense; the text says which word and what would do."""


class NotAnsweredError(CallerError):
    """The hotline did not take the call; the text carries the SIP status."""


class SoundError(CallerError):
    """Our side of the call sends no more, so keys cannot be pressed; the cause is chained where there is one."""
