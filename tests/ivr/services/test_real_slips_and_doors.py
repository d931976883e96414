"""A reading with two digits swapped, one that may be a leak, and a hotline that is closed: on a real Asterisk.

Callers with keypad tones, in both languages, as in ``test_real_enquiries``.
"""

import asyncio
from pathlib import Path

from config.opening import Opening
from cti.caller.script import Key, Listen, Stay, Step
from cti.domain.events import IvrLeft, Language
from cti.domain.ids import AccountNumber
from cti.domain.meter_readings import Doubt, check
from ivr.prompts.catalogue import LANGUAGES
from ivr.services.meter_reading import HISTORY
from ivr.sources import Sources
from storage.reported_readings import ReportedReadings
from tests.ivr.services.test_real_calls import WORDS, Folder, pbx
from tests.ivr.services.test_real_enquiries import (
    NOON,
    STRANGER,
    TOWN,
    Hotline,
    hotline,
    key_of,
    languages,
    pytestmark,
    sources,
    values_of,
    yuan,
)
from tests.postgres import database, database_dsn, postgres_server

__all__ = ["database", "database_dsn", "hotline", "pbx", "postgres_server", "pytestmark", "sources"]

WEEK = Opening.model_validate({"hours": [{"days": [1, 2, 3, 4, 5], "since": "08:30", "until": "17:30"}]})
"""The demo town's noon is that of a Sunday."""


async def slip(sources: Sources, account: AccountNumber) -> tuple[int, int] | None:
    """Return a likely reading of an account and what it is with two digits swapped, if that looks like a slip."""
    readings = await sources.billing.readings(account, limit=HISTORY)
    for likely in range(readings[0].value_m3 + 3, readings[0].value_m3 + 9):
        digits = str(likely)
        for at in range(len(digits) - 1):
            swapped = int(digits[:at] + digits[at + 1] + digits[at] + digits[at + 2 :])
            found = check(swapped, readings, NOON.date())
            if found is not None and (found.doubt, found.meant_m3) == (Doubt.SWAPPED, likely):
                return likely, swapped
    return None


async def doubtful_call(hotline: Hotline, sources: Sources, language: Language, account: AccountNumber) -> None:
    """Two digits swapped, and what was meant is offered; no, it is far more: a warning, and it is kept as a doubt."""
    found = await slip(sources, account)
    assert found is not None
    likely, swapped = found
    readings = await sources.billing.readings(account, limit=HISTORY)
    much = likely + 400
    leak = check(much, readings, NOON.date())
    assert leak is not None
    assert leak.doubt is Doubt.LEAK
    keys = [key_of(language), "2", account, TOWN.pin(account), f"{swapped}#", "1", "2", f"{much}#", "1", "1", "9"]
    told = await hotline.call(STRANGER, keys)
    prompts = [one.prompt for one in told]
    assert languages(told) == {language}
    assert values_of(told, "reading.heard") == [(str(swapped),), (str(likely),), (str(much),)]
    assert values_of(told, "reading.swapped") == [(str(likely),)]
    assert values_of(told, "reading.leak") == [(str(leak.usual_m3),)]
    tariff = await sources.billing.tariff(account)
    assert tariff is not None
    to_bill = [likely - readings[0].value_m3, leak.to_bill_m3]
    assert values_of(told, "reading.estimate") == [(yuan(tariff.amount_fen(used)),) for used in to_bill]
    assert prompts[-3:] == ["reading.kept", "menu.after", "goodbye"]
    assert isinstance(sources.readings, ReportedReadings)
    kept = await sources.readings.of_account(account)
    assert [(one.value_m3, one.doubt) for one in kept] == [(much, Doubt.LEAK)]


async def test_a_slip_is_offered_back_and_a_leak_warned_of_in_both_languages(
    hotline: Hotline, sources: Sources
) -> None:
    accounts = [TOWN.number(place) for place in range(10, 40)]
    slips = [account for account in accounts if await slip(sources, account) is not None]
    async with hotline.serving(sources), asyncio.TaskGroup() as calls:
        for language, account in zip(LANGUAGES, slips, strict=False):
            calls.create_task(doubtful_call(hotline, sources, language, account))
    assert [fact.served for fact in hotline.facts if isinstance(fact, IvrLeft)] == [True] * len(LANGUAGES)


async def emergency_call(hotline: Hotline, language: Language) -> None:
    """Whoever has an emergency is put through at any hour."""
    told = await hotline.call(STRANGER, [key_of(language), "0", "1"])
    assert languages(told) == {language}
    assert [one.prompt for one in told][-3:] == ["closed.tomorrow", "closed.menu", "person.transfer"]


async def silent_call(hotline: Hotline, language: Language) -> None:
    """Who hears when somebody will be there, and keys nothing more, has heard it."""
    told = await hotline.call(STRANGER, [key_of(language), "0"], stays_s=25)
    assert languages(told) == {language}
    assert values_of(told, "closed.tomorrow") == [("8:30",)]
    assert [one.prompt for one in told][-1] == "goodbye"


async def message_call(hotline: Hotline, language: Language) -> None:
    """A message is recorded and thanked for."""
    then: list[Step] = [Listen(), Stay(3.5), Key("#"), Listen(), Key("1")]
    told = await hotline.call(STRANGER, [key_of(language), "0", "2"], then=then, say=WORDS)
    assert languages(told) == {language}
    prompts = [one.prompt for one in told]
    assert prompts[-4:] == ["message.consent", "message.ask", "message.review", "message.thanks"]


async def test_outside_the_hours_callers_hear_when_leave_a_message_or_tell_an_emergency_in_both_languages(
    hotline: Hotline, sources: Sources, tmp_path: Path
) -> None:
    desk = Folder(tmp_path)
    async with hotline.serving(sources, desk=desk.desk, opening=WEEK), asyncio.TaskGroup() as calls:
        for language in LANGUAGES:
            for call in (emergency_call, silent_call, message_call):
                calls.create_task(call(hotline, language))
    left = [(fact.result, fact.leaves_as) for fact in hotline.facts if isinstance(fact, IvrLeft)]
    assert sorted(left, key=str) == [("done", "outside_hours")] * 4 + [("person", None)] * 2
    assert [desk.spoken_s(message.recording) > 1.0 for message in desk.messages] == [True] * 2
