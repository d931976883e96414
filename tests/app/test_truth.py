"""What the centre has wrong about a real Asterisk is put right; what it has right is left alone."""

from dataclasses import replace
from pathlib import Path

import pytest

from cti.app import App
from cti.domain.events import Presence
from cti.domain.ids import QueueName
from cti.domain.model import Outcome, RoutingStatus
from cti.sandbox.pbx import SandboxPbx
from cti.translator import inward
from tests.app.test_whole_calls import AGENT, agent, agent_in_database, available, hydrophone, records
from tests.asterisk.sipp import calling, softphone
from tests.services.parts import until

__all__ = ["agent_in_database"]

pytestmark = [pytest.mark.asterisk, pytest.mark.postgres]


def make_deaf(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    """Have these events mean nothing from now on, as if they had been lost."""
    for name in names:
        row = replace(inward._ROWS[name], meaning=lambda _of, _message: ())
        monkeypatch.setitem(inward._ROWS, name, row)


def corrected(app: App) -> dict[str, int]:
    return {kind: number for kind, number in app.first.anti_entropy.corrections.items() if number}


@pytest.mark.usefixtures("agent_in_database")
async def test_a_check_finds_nothing_wrong_in_a_call_and_ends_the_one_whose_end_no_event_told(
    shared_pbx: SandboxPbx, tmp_path: Path, database_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with hydrophone(shared_pbx, tmp_path / "home", database_dsn) as app:
        await available(app)
        assert await app.first.anti_entropy.check()
        async with (
            softphone(shared_pbx, tmp_path, "patient") as phone,
            calling(shared_pbx, tmp_path, patience_s=4) as caller,
        ):
            await until(lambda: agent(app).routing is RoutingStatus.ON_CALL, within_s=10)
            await until(lambda: agent(app).memberships[QueueName("water")].reason == "on_call", within_s=10)
            assert await app.first.anti_entropy.check()
            assert corrected(app) == {}
            make_deaf(monkeypatch, "Hangup", "AgentComplete")
            await caller.finish()
            await phone.finish()
        assert len(app.live.state.calls) == 1
        assert await app.first.anti_entropy.check()
        (record,) = await records(app)
        await app.orders.choose_presence(AGENT, Presence.OFFLINE, by=AGENT)
        await until(lambda: not agent(app).memberships, within_s=10)
    assert record.outcome is Outcome.ANSWERED
    assert corrected(app)["call"] == 1
