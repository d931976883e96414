"""Speak ahead of the first call what the sample accounts will hear, so that a newcomer never waits for a voice."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date

from config.settings import Settings
from cti.domain.ids import AccountNumber
from ivr.flow.service import Caller
from ivr.ports import Billing, Value
from ivr.prompts.catalogue import shipped
from ivr.prompts.speakers import voices
from ivr.prompts.speech import RenderedSpeech
from ivr.services.bill import LatestBill

Sentence = tuple[str, Mapping[str, Value]]

PROMPTS = {
    "due": "bill.latest",
    "part_paid": "bill.part_paid",
    "overdue": "bill.overdue",
    "paid": "bill.paid",
}
"""What the water menu says of a bill, by the answer of the service."""


async def rehearse(
    settings: Settings, billing: Billing, accounts: Sequence[AccountNumber], today: date, say: Callable[[str], None]
) -> None:
    """Render these accounts' bills in both languages, if they are not there yet, as the daemon will want them."""
    service = LatestBill(billing, lambda: today)
    sentences = [sentence for account in accounts for sentence in await _sentences(service, account)]

    def progress(done: int, of: int) -> None:
        if done in (1, of) or done % 5 == 0:
            say(f"Spoken ahead for the sample accounts: {done} of {of} clauses")

    speech = RenderedSpeech(settings.cache, voices=voices(settings.voice), verify=settings.voice.verify)
    await speech.start()
    try:
        await speech.prerender(sentences, progress)
    finally:
        await speech.stop()


async def _sentences(service: LatestBill, account: AccountNumber) -> list[Sentence]:
    answer = await service(Caller(keyed={}, verified=account))
    said: list[Sentence] = []
    if answer.way in PROMPTS:
        prompt = PROMPTS[answer.way]
        said.append((prompt, {name: answer.values[name] for name in shipped().prompts[prompt].slots}))
    if answer.words["arrears"] == "some":
        said.append(("bill.arrears", {"total": answer.values["arrears_total"]}))
    return said
