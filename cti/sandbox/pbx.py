"""The sandbox PBX: one Asterisk, ours from installation to its end. Many can run at once, each in its own home."""

import asyncio
import fcntl
import hashlib
import os
import shutil
import signal
import stat
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from config.pbx_files import USUAL_PATIENCE, Patience, PbxPaths, render
from config.secrets import Secrets
from config.settings import Settings
from cti.sandbox.errors import AlreadyRunningError, BootError, ConsoleError, FolderError
from cti.sandbox.install import Progress, install
from cti.sandbox.installation import Installation
from cti.sandbox.network import check_ports, webrtc_network
from cti.sandbox.process import Running, launch, read_pid_file, tail, write_pid_file
from cti.sandbox.stoppable import Stop
from cti.sandbox.tune import write_tune
from ivr.prompts.announcements import write_announcements

DEMO_PHONES = ("2000", "2001")
"""A phone in the browser and a softphone, to call the hotline with."""

_BOOT_S = 30.0
_STOP_S = 10.0
_POLL_S = 0.05
_SOCKET_PATH_LIMIT = 100  # sun_path holds 108 bytes
_GREETING = b"Asterisk Call Manager/"


class SandboxPbx:
    """An Asterisk of one install, and what it reads and writes under ``<home>/pbx``.

    ``extensions`` are the agents' phones; ``secrets.phones`` must hold a password for each.
    ``bound`` ends the PBX with the process (precisely: the thread) that called :meth:`up`.
    ``additions`` are texts to append to its configuration files, by name.
    """

    def __init__(
        self,
        settings: Settings,
        secrets: Secrets,
        extensions: Sequence[str],
        *,
        patience: Patience = USUAL_PATIENCE,
        bound: bool = True,
        additions: Mapping[str, str] | None = None,
        progress: Progress = lambda _line: None,
    ) -> None:
        self.settings = settings
        self.secrets = secrets
        self.extensions = tuple(extensions)
        self._patience = patience
        self._bound = bound
        self._additions = additions or {}
        self._progress = progress
        self._folder = settings.home / "pbx"
        self._run = _run_folder(self._folder)
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> Path:
        """Where Asterisk writes its logs, ``queue_log``, and CEL and CDR as CSV."""
        return self._folder / "log"

    @property
    def running(self) -> Running | None:
        """The process, whoever started it; None when there is none."""
        if self._child is not None:
            self._child.poll()
        return read_pid_file(self._pid_file)

    @property
    def _pid_file(self) -> Path:
        return self._folder / "asterisk.pid"

    @property
    def _config(self) -> Path:
        return self._folder / "etc" / "asterisk.conf"

    async def install(self) -> Installation:
        """Return the Asterisk to run: the one the settings name, or one of our own, fetched if need be."""
        if self.settings.pbx.asterisk is not None:
            found = Installation.at(self.settings.pbx.asterisk)
            return await asyncio.to_thread(found.check)
        stop = Stop()
        work = asyncio.ensure_future(
            asyncio.to_thread(install, self.settings.cache, progress=self._progress, stop=stop)
        )
        try:
            return await asyncio.shield(work)
        except asyncio.CancelledError:
            stop.ask()  # a thread can't be cancelled
            await asyncio.wait({work})
            if not work.cancelled():
                work.exception()  # it may have failed of being ended, which is nobody's business
            raise

    async def up(self) -> None:
        """Install if need be, write the configuration, start Asterisk and return when it is fully booted.

        Raises :class:`AlreadyRunningError`, :class:`PortTakenError`, :class:`InstallError` or :class:`BootError`.
        """
        installation = await self.install()
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _only_one(self._folder / "lock"):
            if (running := self.running) is not None:
                raise AlreadyRunningError(running.pid)
            check_ports(self.settings)
            await asyncio.to_thread(self._write, installation)
            process = self._start(installation)
        try:
            await self._wait_until_booted(installation, process)
        except BaseException:
            self.kill()
            raise
        self._progress("The PBX is up")

    async def down(self) -> None:
        """End Asterisk: politely, then for certain. Calls end. Nothing happens if it does not run."""
        running = self.running
        if running is None:
            return
        running.signal(signal.SIGTERM)
        if not await self._gone(running, _STOP_S):
            running.signal(signal.SIGKILL)
            await self._gone(running, _STOP_S)
        self._forget()

    def kill(self) -> None:
        """End Asterisk at once, as a power cut would."""
        if (running := self.running) is not None:
            running.signal(signal.SIGKILL)
            end = time.monotonic() + _STOP_S
            while running.alive and time.monotonic() < end:
                time.sleep(_POLL_S)
        self._forget()

    async def console(self, command: str, *, timeout_s: float = 10.0) -> str:
        """Return what Asterisk's console answers to ``command``. Raises :class:`ConsoleError`."""
        if not (self._config.exists() and (self._run / "asterisk.ctl").exists()):
            raise ConsoleError(command, "the PBX does not run")  # else Asterisk would look for the host's own
        installation = await self.install()
        process = await asyncio.create_subprocess_exec(
            *installation.command,
            "-C",
            str(self._config),
            "-rx",
            command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        try:
            async with asyncio.timeout(timeout_s):
                said, _nothing = await process.communicate()
        except TimeoutError as fault:
            raise ConsoleError(command, f"silent for {timeout_s:g} s") from fault
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        answer = said.decode(errors="replace").strip()
        if process.returncode != 0:
            raise ConsoleError(command, answer or "no reason given")
        return answer

    def _write(self, installation: Installation) -> None:
        paths = self._paths(installation)
        files = render(
            self.settings, self.secrets, self.extensions, paths, patience=self._patience, network=webrtc_network()
        )
        logs = (paths.log / "cel-custom", paths.log / "cdr-custom")
        for folder in (paths.etc, paths.run, paths.log, *logs, paths.spool, paths.lib, paths.lib / "keys"):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _check_own(paths.run)
        write_tune(paths.music)
        for prompt in write_announcements(paths.sounds, studio=self.settings.home / "studio"):
            self._progress(f"The PBX can't say {prompt}: its callers will hear silence there")
        for name, text in files.items():
            draft = paths.etc / f".{name}.new"
            with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
                file.write(text + self._additions.get(name, ""))
            draft.replace(paths.etc / name)

    def _paths(self, installation: Installation) -> PbxPaths:
        folder = self._folder
        return PbxPaths(
            etc=folder / "etc",
            run=self._run,
            log=folder / "log",
            spool=folder / "spool",
            lib=folder / "lib",
            music=folder / "music",
            modules=installation.modules,
            data=installation.data,
            sounds=folder / "sounds",
        )

    def _start(self, installation: Installation) -> Running:
        command = [*installation.command, "-C", str(self._config), "-f", "-n"]
        with (self.log / "start").open("wb") as output:
            self._child = launch(command, output=output, bound=self._bound)
        return write_pid_file(self._pid_file, self._child.pid)

    async def _wait_until_booted(self, installation: Installation, process: Running) -> None:
        try:
            async with asyncio.timeout(_BOOT_S):
                while not (self._run / "asterisk.ctl").exists():
                    await self._still_there(process)
                await self._console_when_ready(process)
                while not await self._ami_greets():
                    await self._still_there(process)
        except TimeoutError as fault:
            raise BootError(f"was not up within {_BOOT_S:g} s", self.log, self._last_words()) from fault

    async def _console_when_ready(self, process: Running) -> None:
        while True:
            try:
                await self.console("core waitfullybooted", timeout_s=_BOOT_S)
            except ConsoleError:
                await self._still_there(process)
            else:
                return

    async def _still_there(self, process: Running) -> None:
        if self._child is not None:
            self._child.poll()
        if not process.alive:
            raise BootError("ended while it started", self.log, self._last_words())
        await asyncio.sleep(_POLL_S)

    async def _ami_greets(self) -> bool:
        try:
            reader, writer = await asyncio.open_connection(self.settings.pbx.host, self.settings.pbx.ami_port)
        except OSError:
            return False
        try:
            return (await reader.readline()).startswith(_GREETING)
        finally:
            writer.close()

    def _last_words(self) -> str:
        return "\n".join(filter(None, (tail(self.log / "start"), tail(self.log / "messages"))))

    async def _gone(self, process: Running, within_s: float) -> bool:
        end = time.monotonic() + within_s
        while process.alive and time.monotonic() < end:
            if self._child is not None:
                self._child.poll()
            await asyncio.sleep(_POLL_S)
        return not process.alive

    def _forget(self) -> None:
        if self._child is not None:
            self._child.wait(timeout=_STOP_S)
            self._child = None
        self._pid_file.unlink(missing_ok=True)
        for name in ("asterisk.ctl", "asterisk.pid"):
            (self._run / name).unlink(missing_ok=True)
        if not self._run.is_relative_to(self._folder):
            shutil.rmtree(self._run, ignore_errors=True)


@contextmanager
def _only_one(path: Path) -> Iterator[None]:
    """Let one start at a time work in this install."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _run_folder(folder: Path) -> Path:
    """Return where the control socket lies: with the rest, unless its path were longer than a socket's may be."""
    run = folder / "run"
    if len(os.fsencode(run / "asterisk.ctl")) <= _SOCKET_PATH_LIMIT:
        return run
    short = hashlib.sha256(os.fsencode(folder)).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"hydrophone-{os.getuid()}-{short}"


def _check_own(folder: Path) -> None:
    """Raise :class:`FolderError` unless ``folder`` is ours alone: one in the machine's temporary folder may be laid."""
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o022:
        raise FolderError(folder)
