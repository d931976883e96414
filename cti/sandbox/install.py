"""Put a real Asterisk into a folder of ours, changing nothing of the host.

The host's own apt fetches Debian's packages of a newer suite, under directories of ours and against an empty
list of installed packages; ``dpkg-deb`` unpacks them. Neither needs root. The folder appears whole or not at all,
and several installs at once wait for the first.
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

from cti.sandbox.errors import InstallError
from cti.sandbox.installation import MAJOR_VERSION, Installation
from cti.sandbox.sources import SUITES, Mirror, mirrors

Progress = Callable[[str], None]
PACKAGES = ("asterisk", "asterisk-modules", "asterisk-core-sounds-en-gsm")
_STATUS = re.compile(r"^dlstatus:[^:]*:(?P<percent>[0-9.]+):")
_MIRROR_ADVICE = "Set HYDROPHONE_DEBIAN_MIRROR to a Debian mirror that this machine reaches and start again."


class _SuiteLacksAsteriskError(Exception):
    """This suite can't be used; another may."""


def install(cache: Path, *, progress: Progress = lambda _line: None) -> Installation:
    """Return the Asterisk in ``cache``, fetching it first where it is not there yet. Blocks; for a thread."""
    cache = cache.absolute()
    root = cache / f"asterisk-{MAJOR_VERSION}"
    if not root.exists():
        cache.mkdir(parents=True, exist_ok=True)
        with _locked(cache / f".asterisk-{MAJOR_VERSION}.lock", progress):
            if not root.exists():
                _build(cache, root, progress)
    return Installation.at(root)


@contextmanager
def _locked(path: Path, progress: Progress) -> Iterator[None]:
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress("Another start is fetching Asterisk; waiting for it")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _build(cache: Path, root: Path, progress: Progress) -> None:
    for tool in ("apt-get", "apt-cache", "dpkg-deb"):
        if shutil.which(tool) is None:
            raise InstallError(f"this machine has no {tool}", "The sandbox needs a Debian-like system.")
    with tempfile.TemporaryDirectory(prefix=".asterisk-", dir=cache, ignore_cleanup_errors=True) as folder:
        draft = Path(folder) / "root"
        _unpack(_fetch(Path(folder), progress), draft, progress)
        _settle(draft)
        Installation.at(draft).check()
        draft.rename(root)
    progress(f"Asterisk {MAJOR_VERSION} is in place")


def _fetch(folder: Path, progress: Progress) -> list[Path]:
    """Download the packages from the first mirror and suite that have them."""
    known = mirrors()
    if not known:
        raise InstallError("apt's sources name no Debian mirror", _MIRROR_ADVICE)
    suites = tuple(os.environ.get("HYDROPHONE_DEBIAN_SUITE", "").split()) or SUITES
    refusals: list[str] = []
    for suite in suites:
        for number, mirror in enumerate(known):
            apt = _Apt(folder / f"apt-{suite}-{number}", mirror, suite)
            try:
                return apt.fetch(progress)
            except _SuiteLacksAsteriskError as refusal:
                refusals.append(f"{suite}: {refusal}")
    raise InstallError("no Debian mirror had it:\n  " + "\n  ".join(refusals), _MIRROR_ADVICE)


class _Apt:
    """The host's apt at work in a directory of its own, as if on an empty machine."""

    def __init__(self, folder: Path, mirror: Mirror, suite: str) -> None:
        self._suite = suite
        self._archives = folder / "cache/archives"
        for name in ("etc/parts", "etc/sources.list.d", "etc/preferences.d", "state/lists/partial"):
            (folder / name).mkdir(parents=True)
        (self._archives / "partial").mkdir(parents=True)
        (folder / "state/status").touch()
        (folder / "etc/sources.list.d/debian.sources").write_text(mirror.source(suite))
        config = folder / "apt.conf"
        config.write_text(_inherited_config() + _private_config(folder))
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
            done = subprocess.run(  # noqa: S603 - fixed commands, no shell
                command, env=self._environment, capture_output=True, text=True, timeout=300, check=False
            )
        except subprocess.TimeoutExpired as fault:
            raise _SuiteLacksAsteriskError("the mirror did not answer within five minutes") from fault
        if done.returncode != 0:
            raise _SuiteLacksAsteriskError(_reason(done.stderr))
        return done.stdout

    def _download(self, progress: Progress, version: str) -> None:
        command = ["apt-get", "-qq", "-y", "-o", "APT::Status-Fd=1", "--download-only", "install", *PACKAGES]
        shown = -1
        with subprocess.Popen(  # noqa: S603 - fixed command, no shell
            command, env=self._environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as apt:
            assert apt.stdout is not None  # noqa: S101 - for the type checker: PIPE was asked for
            assert apt.stderr is not None  # noqa: S101
            for line in apt.stdout:
                match = _STATUS.match(line)
                percent = int(float(match["percent"])) // 20 * 20 if match else shown
                if percent > shown:
                    shown = percent
                    progress(f"Fetching Asterisk {version.partition('+')[0]}: {percent} %")
            fault = apt.stderr.read()
        if apt.returncode != 0:
            raise _SuiteLacksAsteriskError(_reason(fault))


def _inherited_config() -> str:
    """Return what the host's apt knows about reaching mirrors: proxies, credentials, certificates; nothing else."""
    dumped = subprocess.run(
        ["apt-config", "dump"],  # noqa: S607 - apt is where the host has it
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    ).stdout
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


def _unpack(packages: list[Path], root: Path, progress: Progress) -> None:
    root.mkdir()
    for number, package in enumerate(packages):
        if number % 40 == 0:
            progress(f"Unpacking: {number} of {len(packages)} packages")
        done = subprocess.run(  # noqa: S603 - fixed command, no shell
            ["dpkg-deb", "-x", str(package), str(root)],  # noqa: S607 - dpkg is where the host has it
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        if done.returncode != 0:
            raise InstallError(f"{package.name} can't be unpacked: {done.stderr.strip()}", "Is the disk full?")
        package.unlink()


def _settle(root: Path) -> None:
    """Do what the packages' own scripts would have done, as far as Asterisk needs it; drop what it does not."""
    sounds = root / "usr/share/asterisk/sounds"
    if not (sounds / "en").exists():
        (sounds / "en").symlink_to("en_US_f_Allison")
    for name in ("doc", "locale", "man", "perl", "perl5", "info"):
        shutil.rmtree(root / "usr/share" / name, ignore_errors=True)
