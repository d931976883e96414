"""Put a real Asterisk into a folder of ours, changing nothing of the host.

The host's own apt fetches Debian's packages of a newer suite, under directories of ours and against an empty
list of installed packages; ``dpkg-deb`` unpacks them. Neither needs root. The folder appears whole or not at all,
and several installs at once wait for the first. Who starts it can end it at any step.
"""

import fcntl
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from cti.sandbox.errors import InstallError
from cti.sandbox.installation import MAJOR_VERSION, Installation
from cti.sandbox.sources import SUITES, Mirror, mirrors
from cti.sandbox.stoppable import Stop

Progress = Callable[[str], None]
PACKAGES = ("asterisk", "asterisk-modules", "asterisk-core-sounds-en-gsm")
_STATUS = re.compile(r"^dlstatus:[^:]*:(?P<percent>[0-9.]+):")
_POLL_S = 0.2
_MIRROR_ADVICE = "Set HYDROPHONE_DEBIAN_MIRROR to a Debian mirror that this machine reaches and start again."


class _SuiteLacksAsteriskError(Exception):
    """This suite can't be used; another may."""


def install(cache: Path, *, progress: Progress = lambda _line: None, stop: Stop | None = None) -> Installation:
    """Return the Asterisk in ``cache``, fetching it first where it is not there yet. Blocks; for a thread.

    Raises :class:`InstallError`, or :class:`StoppedError` soon after ``stop`` was asked for.
    """
    stop = stop or Stop()
    cache = cache.absolute()
    root = cache / f"asterisk-{MAJOR_VERSION}"
    if not root.exists():
        cache.mkdir(parents=True, exist_ok=True)
        with _locked(cache / f".asterisk-{MAJOR_VERSION}.lock", progress, stop):
            if not root.exists():
                _build(cache, root, progress, stop)
    return Installation.at(root)


@contextmanager
def _locked(path: Path, progress: Progress, stop: Stop) -> Iterator[None]:
    with path.open("w") as file:
        told = False
        while not _locks(file):
            if not told:
                progress("Another start is fetching Asterisk; waiting for it")
                told = True
            stop.wait(_POLL_S)
        yield


def _locks(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _build(cache: Path, root: Path, progress: Progress, stop: Stop) -> None:
    for tool in ("apt-get", "apt-cache", "dpkg-deb"):
        if shutil.which(tool) is None:
            raise InstallError(f"this machine has no {tool}", "The sandbox needs a Debian-like system.")
    with tempfile.TemporaryDirectory(prefix=".asterisk-", dir=cache, ignore_cleanup_errors=True) as folder:
        draft = Path(folder) / "root"
        _unpack(_fetch(Path(folder), progress, stop), draft, progress, stop)
        _settle(draft)
        stop.check()
        Installation.at(draft).check()
        draft.rename(root)
    progress(f"Asterisk {MAJOR_VERSION} is in place")


def _fetch(folder: Path, progress: Progress, stop: Stop) -> list[Path]:
    """Download the packages from the first mirror and suite that have them."""
    known = mirrors()
    if not known:
        raise InstallError("apt's sources name no Debian mirror", _MIRROR_ADVICE)
    suites = tuple(os.environ.get("HYDROPHONE_DEBIAN_SUITE", "").split()) or SUITES
    refusals: list[str] = []
    for suite in suites:
        for number, mirror in enumerate(known):
            apt = _Apt(folder / f"apt-{suite}-{number}", mirror, suite, stop)
            try:
                return apt.fetch(progress)
            except _SuiteLacksAsteriskError as refusal:
                refusals.append(f"{suite}: {refusal}")
    raise InstallError("no Debian mirror had it:\n  " + "\n  ".join(refusals), _MIRROR_ADVICE)


class _Apt:
    """The host's apt at work in a directory of its own, as if on an empty machine."""

    def __init__(self, folder: Path, mirror: Mirror, suite: str, stop: Stop) -> None:
        self._stop = stop
        self._suite = suite
        self._archives = folder / "cache/archives"
        for name in ("etc/parts", "etc/sources.list.d", "etc/preferences.d", "state/lists/partial"):
            (folder / name).mkdir(parents=True)
        (self._archives / "partial").mkdir(parents=True)
        (folder / "state/status").touch()
        (folder / "etc/sources.list.d/debian.sources").write_text(mirror.source(suite))
        config = folder / "apt.conf"
        config.write_text(_inherited_config(stop) + _private_config(folder))
        self._environment = {**os.environ, "APT_CONFIG": str(config), "LC_ALL": "C.UTF-8"}

    def fetch(self, progress: Progress) -> list[Path]:
        """Return the package files of Asterisk and all that it needs."""
        progress(f"Reading Debian {self._suite}'s package list")
        self._run("apt-get", "-q", "-o", "APT::Update::Error-Mode=any", "update")
        shown = self._run("apt-cache", "show", "--no-all-versions", "asterisk")
        version = re.search(r"^Version: (?:\d+:)?(\S+)", shown, re.MULTILINE)
        if version is None or not version[1].startswith(f"{MAJOR_VERSION}."):
            raise _SuiteLacksAsteriskError(f"has Asterisk {version[1] if version else '(none)'}")
        self._download(progress, version[1])
        return sorted(self._archives.glob("*.deb"))

    def _run(self, *command: str) -> str:
        try:
            done = self._stop.run(*command, env=self._environment, timeout_s=300)
        except subprocess.TimeoutExpired as fault:
            raise _SuiteLacksAsteriskError("the mirror did not answer within five minutes") from fault
        if done.status != 0:
            raise _SuiteLacksAsteriskError(_reason(done.err))
        return done.out

    def _download(self, progress: Progress, version: str) -> None:
        command = ["apt-get", "-qq", "-y", "-o", "APT::Status-Fd=1", "--download-only", "install", *PACKAGES]
        shown = -1

        def show(line: str) -> None:
            nonlocal shown
            match = _STATUS.match(line)
            percent = int(float(match["percent"])) // 20 * 20 if match else shown
            if percent > shown:
                shown = percent
                progress(f"Fetching Asterisk {version.partition('+')[0]}: {percent} %")

        done = self._stop.follow(*command, env=self._environment, line=show)
        if done.status != 0:
            raise _SuiteLacksAsteriskError(_reason(done.err))


def _inherited_config(stop: Stop) -> str:
    """Return what the host's apt knows about reaching mirrors: proxies, credentials, certificates; nothing else."""
    dumped = stop.run("apt-config", "dump", timeout_s=30).out
    wanted = re.compile(r"^(Acquire::(?!IndexTargets|Languages)|APT::Architectures?[ :]|Dir::Etc::netrc)")
    absolute = re.compile(r'^(Dir::Etc::\w+) "(?!/)(.*)";$')
    lines = (absolute.sub(r'\1 "/etc/apt/\2";', line) for line in dumped.splitlines() if wanted.match(line))
    return "\n".join(lines) + "\n"


def _private_config(folder: Path) -> str:
    return "\n".join(
        (
            f'Dir::State "{folder}/state";',
            f'Dir::State::status "{folder}/state/status";',
            f'Dir::Cache "{folder}/cache";',
            f'Dir::Etc::main "{folder}/etc/apt.conf";',
            f'Dir::Etc::parts "{folder}/etc/parts";',
            f'Dir::Etc::sourcelist "{folder}/etc/sources.list";',
            f'Dir::Etc::sourceparts "{folder}/etc/sources.list.d";',
            f'Dir::Etc::preferences "{folder}/etc/preferences";',
            f'Dir::Etc::preferencesparts "{folder}/etc/preferences.d";',
            'Dir::Log "/dev/null";',
            'APT::Sandbox::User "";',
            'APT::Install-Recommends "false";',
            'APT::Install-Suggests "false";',
            'Acquire::Languages "none";',
            'Acquire::Retries "3";',
            'Acquire::http::Timeout "30";',
            'Acquire::https::Timeout "30";',
            "",
        )
    )


def _reason(stderr: str) -> str:
    """Return apt's own words, without addresses: a mirror's may carry credentials."""
    lines = stderr.splitlines()
    faults = [line for line in lines if line.startswith("E:")] or [line for line in lines if line.startswith("W:")]
    text = "; ".join(faults[:3]) or stderr.strip()[-300:] or "apt gave no reason"
    return re.sub(r"https?://\S+", "(the mirror)", text)


def _unpack(packages: list[Path], root: Path, progress: Progress, stop: Stop) -> None:
    root.mkdir()
    for number, package in enumerate(packages):
        if number % 40 == 0:
            progress(f"Unpacking: {number} of {len(packages)} packages")
        done = stop.run("dpkg-deb", "-x", str(package), str(root), timeout_s=120)
        if done.status != 0:
            raise InstallError(f"{package.name} can't be unpacked: {done.err.strip()}", "Is the disk full?")
        package.unlink()


def _settle(root: Path) -> None:
    """Do what the packages' own scripts would have done, as far as Asterisk needs it; drop what it does not."""
    sounds = root / "usr/share/asterisk/sounds"
    if not (sounds / "en").exists():
        (sounds / "en").symlink_to("en_US_f_Allison")
    for name in ("doc", "locale", "man", "perl", "perl5", "info"):
        shutil.rmtree(root / "usr/share" / name, ignore_errors=True)
