"""A whole hotline on this machine: PostgreSQL, PBX, data, speech and daemon, for a newcomer and for tests.

Owns every process it starts until :meth:`Hotline.stop`. The daemon is started again when it ends by itself, as a
site's service manager would; the callers' way to a person does not depend on it.
"""

import asyncio
import contextlib
import fcntl
import logging
import os
import sys
import time
from asyncio.subprocess import DEVNULL, Process
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import IO

import aiohttp

from config.secrets import Secrets
from config.settings import Settings
from cti.domain.ids import QueueName
from cti.sandbox.errors import DaemonError, HotlineRunsError
from cti.sandbox.pbx import DEMO_PHONES, SandboxPbx
from cti.sandbox.ready import Ready
from cti.sandbox.rehearsal import rehearse
from cti.sandbox.watch import PATIENCE_S, Watch
from storage.billing.own import OwnTables
from storage.demo.people import PEOPLE
from storage.demo.prepare import prepare
from storage.demo.samples import samples
from storage.demo.town import Town
from storage.embedded import EmbeddedPostgres
from storage.engine import Database, plain_dsn
from storage.migrate import upgrade

SEED = 96_000
_HEALTHY_S = 60.0
_STOP_S = 15.0
_RESTART_S = 1.0
_POLL_S = 0.1
_LARGEST_START_LOG = 256_000

log = logging.getLogger(__name__)

Say = Callable[[str], None]


def _silent(_line: str) -> None:
    """Tell nobody."""


class Hotline:
    """One install under ``settings.home``, from :meth:`start` to :meth:`stop`."""

    def __init__(self, settings: Settings, *, accounts: int, today: date, say: Say = _silent) -> None:
        self.settings = settings
        self._town = Town(SEED, accounts, today)
        self._say = say
        extensions = tuple(person.extension for person in PEOPLE if person.extension)
        self.secrets = Secrets.load_or_make(
            settings.home,
            phones=(*extensions, *DEMO_PHONES),
            users=tuple(person.login for person in PEOPLE),
        )
        self.pbx = SandboxPbx(settings, self.secrets, extensions, progress=say)
        self.postgres = EmbeddedPostgres(settings.home / "postgres")
        self.daemon: Process | None = None
        self._watch: Watch | None = None
        self._watching: asyncio.Task[None] | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._lock: IO[str] | None = None
        self._pbx_is_up = False
        self._told: set[str] = set()

    @property
    def log(self) -> Path:
        """Where the daemon writes what it has to say."""
        return self.settings.home / "log" / "hydrophone.log"

    @property
    def start_log(self) -> Path:
        """Where stands what the daemon says before it has a log, and after that has failed it."""
        return self.log.with_suffix(".start.log")

    @property
    def dsn(self) -> str:
        """The DSN of this install's database, the site's own or the embedded one's."""
        own = self.settings.database.dsn
        return own.get_secret_value() if own else self.postgres.dsn

    async def start(self) -> Ready:
        """Bring everything up; returns what a newcomer needs to know. Raises :class:`HotlineRunsError`, and others."""
        self._lock = await asyncio.to_thread(_lock, self.settings.home)
        await asyncio.to_thread(Ready.forget, self.settings.home)
        pbx = asyncio.create_task(self._install_pbx(), name="install PBX")
        try:
            ready = await self._start_database()
        except BaseException:
            pbx.cancel()
            with contextlib.suppress(BaseException):
                await pbx
            raise
        await pbx
        await self._start_pbx()
        self._say("Starting the daemon")
        await self.start_daemon()
        self._keeper = asyncio.create_task(self._keep_daemon(), name="keep daemon")
        await asyncio.to_thread(ready.save, self.settings.home)
        return ready

    async def stop(self) -> None:
        """End every process that this hotline started; the data stays. One that can't be ended keeps no other up."""
        if self._lock is None:
            return
        steps = (self._forget_ready, self._stop_keeper, self.stop_daemon, self._stop_pbx, self.postgres.stop)
        for step in steps:
            try:
                await step()
            except Exception:
                log.exception("stopping the hotline: %s failed", step.__name__.strip("_"))
        self._lock.close()
        self._lock = None

    async def start_daemon(self) -> None:
        """Start the daemon and return when it says that it does its work. Raises :class:`DaemonError`."""
        self.log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        await self._stop_watching()
        self._watch = Watch(patience_s=PATIENCE_S)
        self.daemon = await self._spawn(self._watch)
        self._watching = asyncio.create_task(self._watch.run(self._end_frozen), name="watchdog")
        await asyncio.to_thread(_write_pid, self.settings.home / "demo", self.daemon.pid)
        end = time.monotonic() + _HEALTHY_S
        while not await self._healthy():
            if self.daemon.returncode is not None or time.monotonic() > end:
                raise DaemonError(self.log, self.start_log)
            await asyncio.sleep(_POLL_S)

    def _end_frozen(self) -> None:
        """End a daemon that gives no sign of life. Its keeper starts the next one."""
        if self.daemon is not None and self.daemon.returncode is None:
            self._say("The daemon is frozen; ending it")
            self.daemon.kill()

    async def _stop_watching(self) -> None:
        watching, self._watching = self._watching, None
        if watching is not None:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)
        if self._watch is not None:
            self._watch.close()
            self._watch = None

    async def stop_daemon(self) -> None:
        """End the daemon politely, then for certain."""
        await self._stop_watching()
        daemon, self.daemon = self.daemon, None
        if daemon is None or daemon.returncode is not None:
            return
        daemon.terminate()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_STOP_S):
                await daemon.wait()
                return
        daemon.kill()
        await daemon.wait()

    async def _install_pbx(self) -> None:
        if self.settings.pbx.sandbox:
            await self.pbx.install()

    async def _start_pbx(self) -> None:
        pbx = self.settings.pbx
        if not pbx.sandbox:
            self._say(f"pbx.sandbox is false: the Asterisk at {pbx.host}:{pbx.ami_port} is used, and left alone")
            return
        self._say("Starting the PBX")
        await self.pbx.up()
        self._pbx_is_up = True

    async def _stop_pbx(self) -> None:
        if self._pbx_is_up:
            await self.pbx.down()
            self._pbx_is_up = False

    async def _forget_ready(self) -> None:
        await asyncio.to_thread(Ready.forget, self.settings.home)

    async def _stop_keeper(self) -> None:
        """End the keeper; a fault that it died of goes to the log, here where nobody waits for it any more."""
        keeper, self._keeper = self._keeper, None
        if keeper is None:
            return
        keeper.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await keeper

    async def _start_database(self) -> Ready:
        """Bring the database up, with the demo's people and accounts in it and the samples' bills spoken ahead."""
        if self.settings.database.dsn is None:
            self._say("Starting PostgreSQL")
            await self.postgres.start()
        await upgrade(self.dsn)
        town = await prepare(
            self.dsn,
            self._town,
            pin_key=self.secrets.pin_key,
            passwords=self.secrets.users,
            queue=QueueName(self.settings.pbx.queue),
            progress=self._tell_table,
        )
        database = Database(self.dsn, pool_size=1)
        try:
            billing = OwnTables(database, pin_key=self.secrets.pin_key)
            accounts = await samples(billing, town)
            numbers = [account.number for account in accounts]
            await rehearse(self.settings, billing, numbers, self._town.as_of, self._say)
        finally:
            await database.close()
        return Ready.of(self.settings, self.secrets, plain_dsn(self.dsn), accounts)

    def _tell_table(self, table: str, done: int, total: int) -> None:
        if done == total and table not in self._told:
            self._told.add(table)
            self._say(f"Demo data: {total:,} {table}")

    async def _spawn(self, watch: Watch) -> Process:
        command = Path(sys.executable).with_name("hydrophone")
        env = {**os.environ, "HYDROPHONE_HOME": str(self.settings.home), "HYDROPHONE_DATABASE__DSN": self.dsn}
        env["HYDROPHONE_CACHE"] = str(self.settings.cache)
        env |= watch.environment
        with _open_small(self.start_log) as output:
            return await asyncio.create_subprocess_exec(
                "setpriv", "--pdeathsig", "TERM", str(command), "serve", "--log-file",
                stdin=DEVNULL, stdout=output, stderr=output, env=env, start_new_session=True,
            )  # fmt: skip

    async def _healthy(self) -> bool:
        timeout = aiohttp.ClientTimeout(total=2)
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout) as client,
                client.get(f"{self.settings.console_url}/health") as answer,
            ):
                return answer.status == 200 and bool((await answer.json())["ok"])
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError, TypeError, LookupError):
            return False  # nothing there, or something else than our daemon

    async def _keep_daemon(self) -> None:
        while self.daemon is not None:
            status = await self.daemon.wait()
            self._say(f"The daemon ended ({status}); starting it again. Its log: {self.log}")
            await asyncio.sleep(_RESTART_S)
            try:
                await self.start_daemon()
            except (DaemonError, OSError) as fault:
                log.warning("the daemon was not started again, trying on: %s", fault)


def _write_pid(folder: Path, pid: int) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    (folder / "daemon.pid").write_text(f"{pid}\n")


def _lock(home: Path) -> IO[str]:
    """Return what keeps other hotlines out of ``home`` while it is open. Raises :class:`HotlineRunsError`."""
    folder = home / "demo"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = (folder / "lock").open("a")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as taken:
        file.close()
        raise HotlineRunsError(home) from taken
    return file


def _open_small(path: Path) -> IO[bytes]:
    """Open a log that is begun anew when it is not small any more."""
    large = path.exists() and path.stat().st_size > _LARGEST_START_LOG
    return path.open("wb" if large else "ab")
