"""How to run PostgreSQL, which refuses to be root, when we are root.

First choice is a user namespace in which our own uid 0 is called ``nobody``: files stay ours, no directory is opened
to anybody, nothing is added to the system. Where namespaces are forbidden, as in most containers, the account
``nobody`` runs it, with the one capability to pass through root's own directories to its files.
"""

import os
import pwd
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from storage.errors import EmbeddedPostgresError

_ACCOUNT: Final = "nobody"
_PROBE_TIMEOUT_S: Final = 10


@dataclass(frozen=True, slots=True)
class RunAs:
    """What to put before a command, and who then owns its files (None: we do)."""

    prefix: tuple[str, ...] = ()
    uid: int | None = None
    gid: int | None = None
    passes: bool = False
    """Whether closed directories do not stop it."""

    def give(self, path: Path) -> None:
        """Let the command's user own ``path``."""
        if self.uid is not None and self.gid is not None:
            os.chown(path, self.uid, self.gid)

    def check_reach(self, path: Path) -> None:
        """Raise ``EmbeddedPostgresError`` when the command's user can't come to ``path``."""
        if self.uid is None or self.passes:
            return
        for parent in path.parents:
            if parent.exists() and not parent.stat().st_mode & 0o001:
                raise EmbeddedPostgresError(
                    f"PostgreSQL does not run as root, user namespaces are forbidden here, and {_ACCOUNT} may not enter"
                    f" {parent}. Run as an ordinary user, choose another HYDROPHONE_HOME, or set database.dsn."
                )


@cache
def run_as() -> RunAs:
    """Return how PostgreSQL is to be run by this process."""
    if os.geteuid() != 0:
        return RunAs()
    entry = pwd.getpwnam(_ACCOUNT)
    namespace = ("unshare", "--user", f"--map-user={entry.pw_uid}", f"--map-group={entry.pw_gid}")
    if _works((*namespace, "true")):
        return RunAs(namespace)
    other = ("setpriv", f"--reuid={entry.pw_uid}", f"--regid={entry.pw_gid}", "--clear-groups")
    # access(2), by which the programs find each other, asks the capability only with this bit (capabilities(7))
    bits = ("--securebits=+no_setuid_fixup", "--inh-caps=+dac_override", "--ambient-caps=+dac_override")
    passing = (*other, *bits)
    passes = _works((*passing, "true"))
    return RunAs(passing if passes else other, entry.pw_uid, entry.pw_gid, passes)


def _works(command: tuple[str, ...]) -> bool:
    try:
        done = subprocess.run(command, capture_output=True, timeout=_PROBE_TIMEOUT_S, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0
