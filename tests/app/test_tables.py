"""A PBX that is another machine writes its account into our tables, by Asterisk's own backends."""

import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import asyncpg
import pytest

from cti.domain.ids import QueueName
from cti.domain.model import Outcome, RoutingStatus
from cti.sandbox.installation import Installation
from cti.sandbox.pbx import SandboxPbx
from storage.engine import plain_dsn
from tests.app.test_gaps import (
    assert_is_as_asterisk_wrote,
    behind_a_gap,
    by_number,
    caller,
    is_up,
)
from tests.app.test_whole_calls import AGENT, agent, agent_in_database, available, records
from tests.asterisk.pbx import AGENT_PHONES, new_pbx
from tests.asterisk.sipp import softphone
from tests.fakes.gap import gap_before
from tests.services.parts import until
from tests.storage.test_pbx_log import GRANTS

__all__ = ["agent_in_database"]

pytestmark = [pytest.mark.asterisk, pytest.mark.postgres, pytest.mark.timeout(180)]


class FarPbx(SandboxPbx):
    """A sandbox with the files that docs/site.md has for a PBX elsewhere. It logs in as ``pbx_main``."""

    host = ""
    database = ""

    def _write(self, installation: Installation) -> None:
        super()._write(installation)
        etc = self._paths(installation).etc
        where = f"hostname={self.host}\nport=5432\ndbname={self.database}\nuser=pbx_main\n"
        (etc / "cel_pgsql.conf").write_text(f"[global]\n{where}table=pbx_cel\n")
        there = f"dbhost={self.host}\ndbport=5432\ndbname={self.database}\ndbuser=pbx_main\ndbpass=-\n"
        (etc / "res_pgsql.conf").write_text(f"[general]\n{there}requirements=warn\n")
        (etc / "extconfig.conf").write_text(f"[settings]\nqueue_log => pgsql,{self.database},pbx_queue_log\n")
        logger, modules = etc / "logger.conf", etc / "modules.conf"
        logger.write_text(
            logger.read_text().replace("queue_log = yes", "queue_log = yes\nqueue_log_realtime_use_gmt = yes")
        )
        modules.write_text(
            modules.read_text()
            .replace("autoload = no", "autoload = no\npreload = res_config_pgsql.so")
            .replace("load = cel_custom.so", "load = cel_custom.so\nload = cel_pgsql.so")
        )


@pytest.fixture
async def far_pbx(tmp_path: Path, database_dsn: str) -> AsyncIterator[FarPbx]:
    near = new_pbx(tmp_path / "far", extensions=AGENT_PHONES)
    pbx = FarPbx(near.settings, near.secrets, AGENT_PHONES)
    found = re.search(r"@/([^?]+)\?host=(.+)", database_dsn)
    assert found is not None
    pbx.database, pbx.host = found.groups()
    owner = await asyncpg.connect(plain_dsn(database_dsn))
    await owner.execute(GRANTS)
    await owner.close()
    await pbx.up()
    yield pbx
    await pbx.down()


@pytest.mark.usefixtures("agent_in_database")
async def test_calls_of_a_gap_are_known_from_the_tables_that_asterisk_writes(
    far_pbx: FarPbx, tmp_path: Path, database_dsn: str
) -> None:
    async with (
        AsyncExitStack() as stack,
        gap_before(far_pbx.settings.pbx.ami_port) as gap,
        behind_a_gap(far_pbx, gap, tmp_path / "home", database_dsn, sandbox=False, log_folder=None) as app,
    ):
        await available(app)
        async with softphone(far_pbx, tmp_path, "patient") as phone:
            first = await caller(stack, far_pbx, tmp_path, "13800000001", 4)
            await until(lambda: agent(app).routing is RoutingStatus.ON_CALL, within_s=10)
            await until(lambda: agent(app).memberships[QueueName("water")].reason == "on_call", within_s=10)
            await gap.cut()
            await until(lambda: not is_up(app), within_s=10)
            quitter = await caller(stack, far_pbx, tmp_path, "13800000002", 2)
            await quitter.finish()
            await first.finish()
            await phone.finish()
        await gap.mend()
        await until(lambda: is_up(app), within_s=10)
        found = by_number(await records(app))
    assert {number: (call.outcome, call.agent) for number, call in found.items()} == {
        "13800000001": (Outcome.ANSWERED, AGENT),
        "13800000002": (Outcome.ABANDONED, None),
    }
    for call in found.values():
        assert call.ticket_id is not None
        assert not call.end_assumed
        assert_is_as_asterisk_wrote(far_pbx, call)
