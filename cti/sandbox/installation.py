"""One Asterisk on this machine, wherever it lies: how to start it and where its modules and data are.

An unpacked root runs through its own loader and libraries, so it needs neither chroot nor user namespaces,
and nothing of the host but the kernel.
"""

import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from cti.sandbox.errors import InstallError, NotOurVersionError

MAJOR_VERSION = 22


@dataclass(frozen=True, slots=True)
class Installation:
    """An Asterisk that can be started. ``command`` is what comes before its arguments."""

    command: tuple[str, ...]
    modules: Path
    data: Path

    @classmethod
    def at(cls, root: Path) -> Self:
        """Return the Asterisk under ``root``: ``/`` for one that the host has installed."""
        asterisk = root / "usr/sbin/asterisk"
        modules = next(
            (found for found in _module_folders(root) if (found / "pbx_config.so").exists()),
            None,
        )
        if not asterisk.is_file() or modules is None:
            raise InstallError(f"there is no Asterisk under {root}", "Look where usr/sbin/asterisk is.")
        data = next((d for d in _data_folders(root) if d.is_dir()), root / "var/lib/asterisk")
        if root == Path("/"):
            return cls((str(asterisk),), modules, data)
        loader = next(iter(sorted(root.glob("usr/lib*/ld-linux*.so.*"))), None)
        if loader is None:
            raise InstallError(f"{root} has no loader of its own", "Remove that folder and start again.")
        libraries = ":".join(str(folder) for folder in (modules.parent.parent, root / "usr/lib"))
        return cls((str(loader), "--library-path", libraries, str(asterisk)), modules, data)

    def version(self) -> str:
        """Return what this Asterisk says it is."""
        try:
            said = subprocess.run(  # noqa: S603 - our own command, no shell
                [*self.command, "-V"], capture_output=True, text=True, timeout=20, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as fault:
            raise InstallError(f"Asterisk does not start: {fault}", "Is it made for this kind of processor?") from fault
        if said.returncode != 0:
            raise InstallError(f"Asterisk does not start: {said.stderr.strip()}", "Remove that folder and start again.")
        return said.stdout.strip()

    def check(self) -> Self:
        """Return this installation if it is of the major version that we test with."""
        said = self.version()
        if not said.startswith(f"Asterisk {MAJOR_VERSION}."):
            raise NotOurVersionError(said, MAJOR_VERSION)
        return self


def _module_folders(root: Path) -> list[Path]:
    return [*sorted(root.glob("usr/lib/*/asterisk/modules")), root / "usr/lib/asterisk/modules"]


def _data_folders(root: Path) -> list[Path]:
    return [root / "usr/share/asterisk", root / "var/lib/asterisk"]
