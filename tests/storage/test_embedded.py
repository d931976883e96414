"""The embedded PostgreSQL: starts, stops, survives, and leaves others alone."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import asyncpg
import pytest

from storage import embedded, unprivileged
from storage.embedded import EmbeddedPostgres, postgres, postmaster
from storage.engine import Database
from storage.errors import EmbeddedPostgresError

pytestmark = pytest.mark.postgres

CHILD = """
import asyncio, sys
from pathlib import Path
from storage.embedded import EmbeddedPostgres

async def main():
    server = EmbeddedPostgres(Path(sys.argv[1]), durable=False)
    await server.start()
    print(server.pid, flush=True)
    if sys.argv[2] == "stay":
        await asyncio.sleep(60)
    await server.stop()

asyncio.run(main())
"""


async def ask(server: EmbeddedPostgres, statement: str) -> object:
    connection = await asyncpg.connect(server.plain_dsn)
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


async def gone(pid: int) -> None:
    async with asyncio.timeout(10):
        while os.path.exists(f"/proc/{pid}"):  # noqa: ASYNC110, ASYNC240 - no child of ours
            await asyncio.sleep(0.02)


def server_in(home: Path) -> EmbeddedPostgres:
    return EmbeddedPostgres(home, durable=False)


async def test_what_was_written_is_there_after_the_next_start(tmp_path: Path) -> None:
    server = EmbeddedPostgres(tmp_path / "pg")
    await server.start()
    await ask(server, "CREATE TABLE kept (word text)")
    await ask(server, "INSERT INTO kept VALUES ('水')")
    await server.stop()
    start = time.monotonic()
    await server.start()
    assert time.monotonic() - start < 5
    assert await ask(server, "SELECT word FROM kept") == "水"
    await server.stop()


async def test_a_kill_loses_nothing_that_was_committed(tmp_path: Path) -> None:
    server = EmbeddedPostgres(tmp_path / "pg")
    await server.start()
    await ask(server, "CREATE TABLE kept AS SELECT generate_series(1, 1000) AS n")
    pid = server.pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    await server.stop()
    await server.start()
    assert await ask(server, "SELECT count(*) FROM kept") == 1000
    await server.stop()


async def test_two_homes_run_at_once_and_stopping_one_leaves_the_other(tmp_path: Path) -> None:
    one, two = server_in(tmp_path / "one"), server_in(tmp_path / "two")
    await asyncio.gather(one.start(), two.start())
    await ask(one, "CREATE TABLE mine AS SELECT 1 AS n")
    assert one.pid != two.pid
    await one.stop()
    assert await ask(two, "SELECT to_regclass('mine')") is None
    await two.stop()


async def test_who_finds_it_running_uses_it_and_does_not_stop_it(tmp_path: Path) -> None:
    owner, guest = server_in(tmp_path), server_in(tmp_path)
    await owner.start()
    assert await guest.start() == owner.dsn
    assert guest.pid is None
    await guest.stop()
    assert await ask(owner, "SELECT 1") == 1
    await owner.stop()
    assert postmaster(tmp_path / "data") is None


async def test_two_that_start_the_same_home_at_once_share_one_server(tmp_path: Path) -> None:
    servers = [server_in(tmp_path) for _ in range(3)]
    assert len(set(await asyncio.gather(*(server.start() for server in servers)))) == 1
    (owner,) = [server for server in servers if server.pid is not None]
    for guest in servers:
        assert await ask(guest, "SELECT 1") == 1
        if guest is not owner:
            await guest.stop()
    assert await ask(owner, "SELECT 1") == 1
    await owner.stop()


async def test_a_pid_file_of_a_dead_server_does_not_keep_the_next_from_starting(tmp_path: Path) -> None:
    server = server_in(tmp_path)
    await server.start()
    await server.stop()
    (tmp_path / "data" / "postmaster.pid").write_text(f"{os.getpid()}\n{tmp_path / 'data'}\n1\n5432\n\n\n\nready\n")
    await server.start()
    assert await ask(server, "SELECT 1") == 1
    await server.stop()


async def test_the_server_ends_when_the_process_that_started_it_is_killed(tmp_path: Path) -> None:
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-c", CHILD, str(tmp_path), "stay", stdout=asyncio.subprocess.PIPE
    )
    assert child.stdout is not None
    pid = int(await asyncio.wait_for(child.stdout.readline(), 30))
    child.kill()
    await child.communicate()
    await gone(pid)
    server = server_in(tmp_path)
    await server.start()
    assert await ask(server, "SELECT 1") == 1
    await server.stop()


async def test_a_ctrl_c_in_the_terminal_does_not_reach_the_server(tmp_path: Path) -> None:
    server = server_in(tmp_path)
    await server.start()
    assert server.pid is not None
    assert os.getpgid(server.pid) != os.getpgid(0)
    assert os.getsid(server.pid) != os.getsid(0)
    await server.stop()


@pytest.mark.skipif(os.geteuid() != 0, reason="already an ordinary user")
def test_an_ordinary_user_can_run_it_too(tmp_path: Path) -> None:
    as_user = ["unshare", "--user", "--map-user=1000", "--map-group=1000"]
    if subprocess.run([*as_user, "true"], check=False, capture_output=True).returncode != 0:
        pytest.skip("user namespaces are forbidden here")
    command = [*as_user, sys.executable, "-c", CHILD, str(tmp_path / "pg"), "go"]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=50)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to become somebody else")
async def test_without_user_namespaces_root_hands_it_to_nobody_or_says_why_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unprivileged, "_works", lambda _command: False)
    who = unprivileged.run_as.__wrapped__()
    assert who.uid not in (0, None)
    monkeypatch.setattr(embedded, "run_as", lambda: who)
    await asyncio.to_thread(tmp_path.chmod, 0o700)
    with pytest.raises(EmbeddedPostgresError, match="may not enter"):
        await server_in(tmp_path / "pg").start()
    assert not (tmp_path / "pg").exists()


async def test_a_home_whose_path_is_too_long_for_a_socket_works(tmp_path: Path) -> None:
    home = tmp_path / ("long" * 20) / ("longer" * 10)
    server = server_in(home)
    await server.start()
    assert await ask(server, "SELECT 1") == 1
    await server.stop()


async def test_only_its_owner_may_enter_the_directories_and_nothing_listens_on_the_network(tmp_path: Path) -> None:
    server = server_in(tmp_path / "pg")
    await server.start()
    assert await ask(server, "SHOW listen_addresses") == ""
    for name in ("data", "run"):
        assert (tmp_path / "pg" / name).stat().st_mode & 0o077 == 0
    await server.stop()


async def test_a_directory_that_is_no_data_directory_is_an_error_that_says_where_to_look(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir(mode=0o700)
    (tmp_path / "data" / "PG_VERSION").write_text("18\n")
    with pytest.raises(EmbeddedPostgresError, match=r"start\.log"):
        await server_in(tmp_path).start()


async def test_a_site_with_its_own_database_starts_none(tmp_path: Path) -> None:
    async with postgres("postgresql://site/db", tmp_path / "pg") as dsn:
        assert dsn == "postgresql://site/db"
    assert not (tmp_path / "pg").exists()


async def test_a_site_without_a_database_has_one_meanwhile(tmp_path: Path) -> None:
    async with postgres(None, tmp_path) as dsn:
        database = Database(dsn)
        assert await database.check()
        await database.close()
    assert postmaster(tmp_path / "data") is None


async def test_starting_never_blocks_the_loop(tmp_path: Path) -> None:
    server, longest = server_in(tmp_path), 0.0

    async def watch() -> None:
        nonlocal longest
        while True:
            before = time.monotonic()
            await asyncio.sleep(0.005)
            longest = max(longest, time.monotonic() - before)

    watcher = asyncio.create_task(watch())
    await server.start()
    await server.stop()
    watcher.cancel()
    await asyncio.wait([watcher])
    assert longest < 0.25
