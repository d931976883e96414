"""A slow, a broken, a lying and a dead billing system, on a real Asterisk: nobody hears silence, everybody is routed.

Four callers at once, each of whose accounts is one of these; what they heard is told from their own recordings.
"""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from numpy.typing import NDArray

from cti.caller.script import Key, Stay, Step, Wait
from cti.domain.events import CallEvent, IvrLeft
from cti.domain.utility import check_digit
from cti.sandbox.pbx import SandboxPbx
from ivr.agi.server import AgiServer, Limits
from ivr.prompts.catalogue import shipped
from ivr.services.flow_files import shipped_bundle
from ivr.services.hotline import HotlineHandler
from ivr.simulator.enquiries import pretend_sources
from storage.billing.external import ExternalBilling
from storage.billing.guard import Trouble
from storage.billing.http import HttpSource
from storage.engine import Database
from tests.asterisk.pbx import AGENT_PHONES, new_pbx
from tests.asterisk.tap import tapped
from tests.ivr.flow.scripted import CALL
from tests.ivr.services.test_real_calls import call
from tests.ivr.services.tones import RATE_HZ, ToneSpeech
from tests.postgres import database, database_dsn, postgres_server
from tests.storage.billing.systems import PIN, http_billing

__all__ = ["database", "database_dsn", "postgres_server"]

pytestmark = [pytest.mark.asterisk, pytest.mark.postgres, pytest.mark.timeout(120)]

BEHAVIOURS = ("slow", "broken", "lying", "dead")
ACCOUNTS = {how: f"300000{n}{check_digit(f'300000{n}')}" for n, how in enumerate(BEHAVIOURS)}
HARD_LIMIT_S = 6.0


@pytest.fixture(scope="module")
def pbx(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxPbx]:
    """An Asterisk of this test's own."""
    pbx = new_pbx(tmp_path_factory.mktemp("faults-pbx"), extensions=AGENT_PHONES)
    asyncio.run(pbx.up())
    yield pbx
    asyncio.run(pbx.down())


def longest_silence_s(pcm: NDArray[np.int16]) -> float:
    """Return the longest time between two sounds, the end of the last one included."""
    frames = pcm[: len(pcm) // 160 * 160].reshape(-1, 160).astype(np.float64)
    loud = np.flatnonzero(np.sqrt((frames**2).mean(axis=1)) > 300)
    return float(np.diff(loud).max(initial=0)) * 160 / RATE_HZ


async def test_nobody_hears_silence_and_everybody_reaches_a_person(
    pbx: SandboxPbx, tmp_path: Path, database: Database
) -> None:
    speech = ToneSpeech(tmp_path, sorted(shipped().prompts))
    await speech.write()
    left: list[CallEvent] = []
    behaviours = {f"a{account}": how for how, account in ACCOUNTS.items()}
    async with http_billing(**behaviours) as system, tapped(pbx) as tap:
        told = system.settings
        billing = ExternalBilling(
            HttpSource(told.base_url, told.requests, {}),
            database,
            unit="yuan",
            zone=ZoneInfo("UTC"),
            region="CN",
            now=lambda: datetime.now(UTC),
        )
        bundle = shipped_bundle(pbx.settings)
        sources = pretend_sources(billing)
        handler = HotlineHandler(lambda name: bundle, speech, sources, left.append, lambda linkedid: CALL, pbx.settings)
        agi = pbx.settings.agi
        server = AgiServer(
            {"hotline": handler.run}, secret=pbx.secrets.agi, allow=agi.allow, limits=Limits(drain_s=0.1)
        )
        await server.start(agi.host, agi.port)
        try:
            calls = {how: asyncio.create_task(call(pbx, keyed(account))) for how, account in ACCOUNTS.items()}
            stories = {how: await task for how, task in calls.items()}
            joined = {frame["Channel"] for frame in tap.events if frame["Event"] == "QueueCallerJoin"}
        finally:
            await server.stop()
            await billing.close()
    assert len(joined) == len(BEHAVIOURS)
    for how, (_, recording) in stories.items():
        pcm = recording.pcm()
        said = speech.said((pcm / 32768.0).astype(np.float32))
        assert longest_silence_s(pcm) < HARD_LIMIT_S, how
        assert not {"bill.latest", "bill.arrears"} & set(said), how
        if how == "slow":
            assert "hold.please" in said
    assert sorted(fact.result for fact in left if isinstance(fact, IvrLeft)) == ["person"] * len(BEHAVIOURS)
    # on the slow one the guard gives up, or a moment before it the menu: what its caller heard is told above
    assert {Trouble.FAILED, Trouble.MISMATCH} <= set(billing.troubles)


def keyed(account: str) -> list[Step]:
    """Return what each caller does: English, the bill, another account than their number's, its PIN; then they wait."""
    return [
        Wait(0.3),
        Key("2"),
        Wait(0.3),
        Key("1"),
        Wait(0.3),
        Key("2"),
        Wait(0.3),
        Key(account + "#"),
        Wait(0.3),
        Key(PIN + "#"),
        Stay(10),
    ]
