"""What can go wrong with a PBX of our own. Each message says what to do.

SandboxError
├── InstallError          no Asterisk could be put in place
├── NotOurVersionError    the Asterisk that was found is not of the major version we test with
├── PortTakenError        something else listens where the PBX should
├── BootError             Asterisk ended, or was not ready in time
├── FolderError           a folder that should be ours alone is not
├── AlreadyRunningError   this install's PBX runs already
├── HotlineRunsError      this install's whole hotline runs already
├── StoppedError          somebody ended the start before Asterisk was in place
├── ConsoleError          a console command got no answer
└── DaemonError           our own daemon ended, or did not become healthy in time
"""

from pathlib import Path

OTHER_WAY = (
    "To use an Asterisk 22 that this machine has, set pbx.asterisk to its root (usually /) in hydrophone.toml;"
    " to use one that runs already, set pbx.sandbox = false and see `hydrophone pbx config`."
)


class SandboxError(Exception):
    """Base of what this package raises."""


class InstallError(SandboxError):
    """No Asterisk could be put in place."""

    def __init__(self, why: str, advice: str) -> None:
        super().__init__(f"The sandbox PBX can't be installed: {why}\n{advice}\n{OTHER_WAY}")
        self.why = why
        self.advice = advice


class NotOurVersionError(SandboxError):
    """The Asterisk that was found is of another major version."""

    def __init__(self, found: str, wanted: int) -> None:
        super().__init__(f"Asterisk {wanted} is needed, this one says {found!r}.\n{OTHER_WAY}")
        self.found = found
        self.wanted = wanted


class PortTakenError(SandboxError):
    """Something else listens where the PBX should."""

    def __init__(self, setting: str, address: str, port: int) -> None:
        super().__init__(
            f"{address}:{port} is taken by another program. End that, or set another {setting} in hydrophone.toml.\n"
            f"{OTHER_WAY}"
        )
        self.setting = setting
        self.port = port


class BootError(SandboxError):
    """Asterisk ended while it started, or was not ready in time."""

    def __init__(self, why: str, log: Path, last_words: str) -> None:
        super().__init__(f"Asterisk {why}. Its last words ({log}):\n{last_words}\n{OTHER_WAY}")
        self.why = why
        self.log = log
        self.last_words = last_words


class FolderError(SandboxError):
    """A folder that should be ours alone is not."""

    def __init__(self, folder: Path) -> None:
        super().__init__(f"{folder} belongs to somebody else or others may write to it. Remove it and start again.")
        self.folder = folder


class AlreadyRunningError(SandboxError):
    """This install's PBX runs already."""

    def __init__(self, pid: int) -> None:
        super().__init__(f"This install's PBX runs already (process {pid}); `hydrophone pbx down` ends it.")
        self.pid = pid


class HotlineRunsError(SandboxError):
    """This install's whole hotline runs already."""

    def __init__(self, home: Path) -> None:
        super().__init__(
            f"This hotline already runs, in {home}. Ctrl-C where it was started ends it;"
            " set HYDROPHONE_HOME to another directory to start a second one."
        )
        self.home = home


class StoppedError(SandboxError):
    """Somebody ended the start before Asterisk was in place."""

    def __init__(self) -> None:
        super().__init__("The start was ended; the next one fetches Asterisk anew.")


class ConsoleError(SandboxError):
    """A console command got no answer."""

    def __init__(self, command: str, why: str) -> None:
        super().__init__(f"The PBX's console did not answer {command!r}: {why}")
        self.command = command


class DaemonError(SandboxError):
    """Our own daemon ended while it started, or did not become healthy in time."""

    def __init__(self, log: Path, start_log: Path) -> None:
        super().__init__(
            f"The daemon did not come up. Its last words stand at the end of {log};"
            f" what it said before it had a log, in {start_log}\n{OTHER_WAY}"
        )
        self.log = log
        self.start_log = start_log
