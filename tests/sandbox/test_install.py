"""An Asterisk is put in place whole or not at all: with an apt of the test's own in place of the machine's."""

import asyncio
import fcntl
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from cti.sandbox.errors import InstallError, NotOurVersionError, StoppedError
from cti.sandbox.install import install
from cti.sandbox.stoppable import Stop
from tests.asterisk.pbx import new_pbx

APT_GET = """#!/bin/sh
# Stands in for apt-get: the suite comes from the sources it was given, the package from the test.
folder=$(sed -n 's/^Dir::Cache "\\(.*\\)\\/cache";$/\\1/p' "$APT_CONFIG")
suite=$(sed -n 's/^Suites: //p' "$folder/etc/sources.list.d/debian.sources")
case "$*" in
  *update*) echo "update $suite" >> "{log}"
    if [ -e "{hangs}" ]; then sleep 60; fi
    if [ -e "{killed}" ]; then kill -KILL $$; fi
    if [ -e "{gone}/$suite" ]; then
      echo "E: The repository http://secret:word@mirror.example has no Release" >&2
      exit 100
    fi ;;
  *install*) echo "install $suite" >> "{log}"
    echo "dlstatus:1:50.0:Retrieving"; cp "{package}" "$folder/cache/archives/asterisk.deb" ;;
esac
"""
APT_CACHE = """#!/bin/sh
folder=$(sed -n 's/^Dir::Cache "\\(.*\\)\\/cache";$/\\1/p' "$APT_CONFIG")
suite=$(sed -n 's/^Suites: //p' "$folder/etc/sources.list.d/debian.sources")
printf 'Package: asterisk\\nVersion: 1:%s+dfsg-1\\n' "$(cat "{versions}/$suite")"
"""


class Machine:
    """A machine whose apt the test has in its hand."""

    def __init__(self, folder: Path) -> None:
        self.cache = folder / "cache"
        self.log = folder / "apt.log"
        self.log.touch()
        self._folder = folder
        self._package = folder / "asterisk.deb"
        self._bin = folder / "bin"
        for name in ("bin", "gone", "versions"):
            (folder / name).mkdir()
        places = {"log": self.log, "package": self._package}
        places |= {name: folder / name for name in ("gone", "versions", "hangs", "killed")}
        self._program("apt-get", APT_GET, places)
        self._program("apt-cache", APT_CACHE, places)
        self.offers("forky", "22.10.1")
        self.offers("sid", "22.10.1")
        self.packs("22.10.1")

    @property
    def path(self) -> str:
        return f"{self._bin}:{os.environ['PATH']}"

    def asked(self) -> list[str]:
        return self.log.read_text().splitlines()

    def offers(self, suite: str, version: str) -> None:
        (self._folder / "versions" / suite).write_text(version)

    def loses(self, suite: str) -> None:
        (self._folder / "gone" / suite).touch()

    def has(self, trouble: str) -> None:
        """Make apt's next update one that ``hangs`` or is ``killed``."""
        (self._folder / trouble).touch()

    def packs(self, version: str) -> None:
        """Make the package: its loader is a script that says which Asterisk it starts."""
        root = self._folder / f"root-{version}"
        for folder in ("DEBIAN", "usr/sbin", "usr/lib64", "usr/lib/x/asterisk/modules", "usr/share/asterisk/sounds"):
            (root / folder).mkdir(parents=True)
        (root / "DEBIAN").chmod(0o755)
        control = "Package: asterisk\nVersion: 1\nArchitecture: all\nMaintainer: x <x@example>\nDescription: x\n"
        (root / "DEBIAN/control").write_text(control)
        (root / "usr/sbin/asterisk").touch()
        (root / "usr/lib/x/asterisk/modules/pbx_config.so").touch()
        loader = root / "usr/lib64/ld-linux-x.so.2"
        loader.write_text(f"#!/bin/sh\necho Asterisk {version}\n")
        loader.chmod(0o755)
        subprocess.run(["dpkg-deb", "-b", str(root), str(self._package)], check=True, capture_output=True)

    def packs_garbage(self) -> None:
        self._package.write_bytes(b"no package")

    def left_in_cache(self) -> set[str]:
        return {path.name for path in self.cache.iterdir()} - {".asterisk-22.lock"}

    def _program(self, name: str, text: str, places: dict[str, Path]) -> None:
        for key, value in places.items():
            text = text.replace(f"{{{key}}}", str(value))
        (self._bin / name).write_text(text)
        (self._bin / name).chmod(0o755)


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    machine = Machine(tmp_path)
    monkeypatch.setenv("PATH", machine.path)
    monkeypatch.setenv("HYDROPHONE_DEBIAN_MIRROR", "http://mirror.example/debian")
    monkeypatch.delenv("HYDROPHONE_DEBIAN_SUITE", raising=False)
    return machine


def test_it_is_fetched_once_and_found_from_then_on(machine: Machine) -> None:
    said: list[str] = []
    first = install(machine.cache, progress=said.append)
    assert first.version() == "Asterisk 22.10.1"
    assert install(machine.cache) == first
    assert machine.asked() == ["update forky", "install forky"]
    assert machine.left_in_cache() == {"asterisk-22"}
    assert any("Fetching Asterisk 22.10.1" in line for line in said)


def test_a_suite_that_is_gone_or_has_moved_on_is_passed_over(machine: Machine) -> None:
    machine.offers("forky", "24.1.0")
    install(machine.cache)
    assert machine.asked() == ["update forky", "update sid", "install sid"]


def test_with_no_suite_left_the_message_says_why_and_what_to_do(machine: Machine) -> None:
    machine.loses("forky")
    machine.offers("sid", "24.1.0")
    with pytest.raises(InstallError) as fault:
        install(machine.cache)
    told = str(fault.value)
    for wanted in ("forky: E: The repository", "sid: has Asterisk 24.1.0", "HYDROPHONE_DEBIAN_MIRROR", "pbx.asterisk"):
        assert wanted in told
    assert "secret" not in told
    assert machine.left_in_cache() == set()


def test_an_asterisk_of_another_version_is_not_put_in_place(machine: Machine) -> None:
    machine.packs("20.1.0")
    with pytest.raises(NotOurVersionError, match=r"Asterisk 22 is needed.*20\.1\.0"):
        install(machine.cache)
    assert machine.left_in_cache() == set()


def test_a_package_that_is_damaged_leaves_nothing_behind(machine: Machine) -> None:
    machine.packs_garbage()
    with pytest.raises(InstallError, match="unpacked"):
        install(machine.cache)
    assert machine.left_in_cache() == set()


def test_several_at_once_fetch_it_once(machine: Machine) -> None:
    done: list[str] = []
    starts = [threading.Thread(target=lambda: done.append(install(machine.cache).version())) for _ in range(4)]
    for start in starts:
        start.start()
    for start in starts:
        start.join()
    assert done == ["Asterisk 22.10.1"] * 4
    assert machine.asked() == ["update forky", "install forky"]


def test_without_apt_the_message_points_at_an_asterisk_of_ones_own(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent))
    with pytest.raises(InstallError, match=r"(?s)no apt-get.*hydrophone pbx config"):
        install(machine.cache)


def test_an_apt_that_somebody_killed_is_no_reason_to_try_the_next_suite(machine: Machine) -> None:
    machine.has("killed")
    with pytest.raises(InstallError, match="apt-get was killed"):
        install(machine.cache)
    assert machine.asked() == ["update forky"]
    assert machine.left_in_cache() == set()


def stopped_once(condition: Callable[[], bool], machine: Machine) -> None:
    """Start an installation, end it when ``condition`` has come true, and see that it ends at once."""
    stop, faults = Stop(), list[BaseException]()

    def work() -> None:
        try:
            install(machine.cache, stop=stop, progress=said.append)
        except StoppedError as fault:
            faults.append(fault)

    said: list[str] = []
    thread = threading.Thread(target=work)
    thread.start()
    end = time.monotonic() + 10
    while not condition() and "waiting" not in "".join(said):
        assert time.monotonic() < end
        time.sleep(0.01)
    stop.ask()
    thread.join(10)
    assert len(faults) == 1


def test_an_installation_ends_when_it_is_told_to_and_leaves_nothing_behind(machine: Machine) -> None:
    machine.has("hangs")
    stopped_once(lambda: machine.asked() == ["update forky"], machine)
    assert machine.asked() == ["update forky"]
    assert machine.left_in_cache() == set()


def test_one_that_waits_for_another_can_be_ended_too(machine: Machine) -> None:
    machine.cache.mkdir()
    with (machine.cache / ".asterisk-22.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        stopped_once(lambda: False, machine)
    assert machine.asked() == []


async def test_a_start_that_is_cancelled_while_it_fetches_ends_at_once(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HYDROPHONE_CACHE", str(machine.cache))
    machine.has("hangs")
    start = asyncio.create_task(new_pbx(tmp_path / "home").up())
    async with asyncio.timeout(10):
        while not machine.asked():  # noqa: ASYNC110 - a file's change is no event
            await asyncio.sleep(0.02)
        start.cancel()
        with pytest.raises(asyncio.CancelledError):
            await start
    assert machine.asked() == ["update forky"]
    assert machine.left_in_cache() == set()
