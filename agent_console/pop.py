"""弹屏: what the agent should see before the phone rings, from the live call and what is kept about its caller.

Asking the stores (:func:`gather`) is apart from putting the pop together (:func:`build`), which never waits.
When they are asked and where the pop goes is the affair of :mod:`agent_console.pop_desk`.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from agent_console.ports import Stores, StoreUnavailableError
from agent_console.views import incident_view, path_view
from agent_console.wire_incidents import IncidentView
from agent_console.wire_live import (
    AccountChoice,
    AccountView,
    ArrearsView,
    BillView,
    Match,
    PaymentView,
    Pop,
    ReadingView,
    ReportedReadingView,
)
from agent_console.wire_records import TicketBrief
from cti.domain.ids import AccountNumber, CallId, QueueName
from cti.domain.meter_readings import ReportedReading
from cti.domain.model import Call
from cti.domain.utility import Account, AccountSheet, BillingUnavailableError, is_account_number
from storage.call_tickets import ticket_id
from storage.phones import e164

log = logging.getLogger(__name__)

T = TypeVar("T")

STORE_DEADLINE_S = 6.0
"""How long one store may take; after that the pop says that it is not available."""
REPEAT_DAYS = 7
OPEN_TICKETS = 10
LAST_CONTACTS = 5
REPORTED_READINGS = 3


@dataclass(frozen=True, slots=True)
class Question:
    """What the answers about a caller depend on. When it changes, they are asked for again."""

    call: CallId
    number: str
    e164: str | None
    account: AccountNumber | None
    keyed: str | None
    verified: bool
    callback_of: CallId | None = None

    @classmethod
    def about(cls, call: Call, region: str) -> "Question":
        """Return the question that this call poses now."""
        number = call.caller_number
        keyed = keyed_account(call)
        return cls(call.id, number, e164(number, region), call.account, keyed, call.verified, call.callback_of)


@dataclass(frozen=True, slots=True)
class Answers:
    """What is kept about a caller. ``billing`` and ``records`` tell whether each could be asked in time."""

    match: Match
    account: AccountView | None = None
    choices: tuple[AccountChoice, ...] = ()
    open_tickets: tuple[TicketBrief, ...] = ()
    last_contacts: tuple[TicketBrief, ...] = ()
    calls_7_days: int = 0
    reported_readings: tuple[ReportedReadingView, ...] = ()
    billing: bool = False
    incident: IncidentView | None = None
    records: bool = False


def keyed_account(call: Call) -> str | None:
    """Return the account number that the caller keyed last, there or not, or None.

    Only what has the shape of one: anything else may have been a meter reading, a ticket's number, or a PIN.
    """
    return next((step.keyed for step in reversed(call.ivr_path) if is_account_number(step.keyed)), None)


def withheld(number: str) -> bool:
    """Tell whether the caller's number was kept back: there is no digit in it."""
    return not any(character.isdigit() for character in number)


def match_of(question: Question, found: Sequence[Account]) -> Match:
    """Tell how sure the account is: a right PIN, then keyed digits, then the number that called."""
    if question.account is not None:
        if question.verified:
            return Match.PIN
        return Match.KEYED if question.account == question.keyed else Match.CALLER_ID
    if withheld(question.number):
        return Match.WITHHELD
    if len(found) > 1:
        return Match.SEVERAL
    return Match.CALLER_ID if found else Match.NONE


async def gather(question: Question, stores: Stores) -> Answers:
    """Ask the stores, all at once where they allow it; what can't be had in time is marked as not available."""
    sheet, found, billing = await _ask_billing(question, stores)
    account = sheet.account.number if sheet is not None else question.account
    number = question.number
    open_tickets, contacts, repeats, reported, incident = await asyncio.gather(
        _within(lambda: stores.tickets.open_of(account, limit=OPEN_TICKETS + 1) if account else _nothing()),
        _within(lambda: stores.tickets.last_of(account=account, number=number, limit=LAST_CONTACTS + 1)),
        _within(lambda: stores.calls.count_recent(number, days=REPEAT_DAYS)),
        _within(lambda: stores.readings.of_account(account, limit=REPORTED_READINGS) if account else _none()),
        _within(lambda: stores.incidents.at_account(account) if account else _no_incident()),
    )
    return Answers(
        match=match_of(question, found),
        account=account_view(sheet) if sheet is not None else None,
        choices=tuple(AccountChoice(number=a.number, name=a.name, address=a.address) for a in found[:20])
        if len(found) > 1
        else (),
        open_tickets=_others(open_tickets.value, question, OPEN_TICKETS),
        last_contacts=_others(contacts.value, question, LAST_CONTACTS),
        calls_7_days=repeats.value or 0,
        reported_readings=tuple(map(reported_reading_view, reported.value or ())),
        incident=incident_view(incident.value, spoken=True) if incident.value is not None else None,
        billing=billing,
        records=all(answer.came for answer in (open_tickets, contacts, repeats, reported, incident)),
    )


async def _ask_billing(question: Question, stores: Stores) -> tuple[AccountSheet | None, Sequence[Account], bool]:
    found: Sequence[Account] = ()
    account, number = question.account, question.e164
    if account is None and number is not None:
        asked = await _within(lambda: stores.customers.accounts_of_number(number))
        if not asked.came:
            return None, (), False
        found = asked.value or ()
        account = found[0].number if len(found) == 1 else None
    if account is None:
        return None, found, True
    wanted = account
    sheet = await _within(lambda: stores.customers.sheet(wanted))
    if sheet.value is not None and sheet.value.account.number != account:
        log.error("billing answered with another account than the one asked for; not shown")
        return None, found, False
    return sheet.value, found, sheet.came


@dataclass(frozen=True, slots=True)
class Answer(Generic[T]):
    """What a store said, and whether it said anything in time."""

    value: T | None
    came: bool


def _others(found: Sequence[TicketBrief] | None, question: Question, limit: int) -> tuple[TicketBrief, ...]:
    """Return the tickets without the one of this very call, or of the one in which it was asked for."""
    own = {ticket_id(known) for known in (question.call, question.callback_of) if known is not None}
    return tuple(ticket for ticket in found or () if ticket.id not in own)[:limit]


async def _nothing() -> Sequence[TicketBrief]:
    return ()


async def _none() -> Sequence[ReportedReading]:
    return ()


async def _no_incident() -> None:
    return None


async def _within(ask: Callable[[], Awaitable[T]]) -> Answer[T]:
    try:
        async with asyncio.timeout(STORE_DEADLINE_S):
            return Answer(await ask(), came=True)
    except (TimeoutError, StoreUnavailableError, BillingUnavailableError) as error:
        log.warning("a store did not answer for a pop: %s", type(error).__name__)
        return Answer(None, came=False)


def without_answers(question: Question) -> Answers:
    """Return what can be said of a caller before any store has answered."""
    return Answers(match=match_of(question, ()))


def build(call: Call, question: Question, answers: Answers, *, queue: QueueName, offered_at: datetime) -> Pop:
    """Put the pop together."""
    waited_s = (offered_at - call.queued_at).total_seconds() if call.queued_at is not None else call.wait_s
    return Pop(
        call_id=call.id,
        ticket_id=ticket_id(call.callback_of or call.id),
        queue=queue,
        wait_s=max(0, int(waited_s)),
        caller_number=call.caller_number,
        caller_number_e164=question.e164,
        caller_name=call.caller_name,
        match=answers.match,
        choices=list(answers.choices),
        account=answers.account,
        account_keyed=question.keyed,
        billing_available=answers.billing,
        language=call.language,
        ivr_path=path_view(call.ivr_path),
        ivr_ms=sum(step.took_ms for step in call.ivr_path if not step.silent),
        open_tickets=list(answers.open_tickets),
        last_contacts=list(answers.last_contacts),
        calls_7_days=answers.calls_7_days,
        reported_readings=list(answers.reported_readings),
        offered_at=offered_at,
        records_available=answers.records,
        incident=answers.incident,
        callback_of=call.callback_of,
    )


def reported_reading_view(reading: ReportedReading) -> ReportedReadingView:
    """Return a reported reading as it goes over the wire."""
    return ReportedReadingView(
        id=reading.id,
        account=reading.account,
        at=reading.at,
        value_m3=reading.value_m3,
        doubt=reading.doubt,
        state=reading.state,
        decided_by=reading.decided_by,
    )


def account_view(sheet: AccountSheet) -> AccountView:
    """Return an account's sheet as it goes over the wire."""
    account, arrears, paid = sheet.account, sheet.arrears, sheet.last_payment
    return AccountView(
        number=account.number,
        name=account.name,
        address=account.address,
        zone=account.zone,
        tariff=account.tariff,
        meter_number=account.meter_number,
        meter_state=account.meter_state,
        vulnerable=account.vulnerable,
        cut_off=account.cut_off,
        key_account=account.key_account,
        balance_fen=sheet.balance_fen,
        arrears=ArrearsView(
            to_30_days=arrears.to_30_days,
            to_90_days=arrears.to_90_days,
            to_365_days=arrears.to_365_days,
            older=arrears.older,
            total=arrears.total,
        ),
        last_payment=PaymentView(on=paid.on, amount_fen=paid.amount_fen, channel=paid.channel) if paid else None,
        next_bill_on=sheet.next_bill_on,
        bills=[
            BillView(
                period=bill.period,
                usage_m3=bill.usage_m3,
                amount_fen=bill.amount_fen,
                due=bill.due,
                open_fen=bill.open_fen,
                late_fee_fen=bill.late_fee_fen,
                estimated=bill.estimated,
            )
            for bill in sheet.bills
        ],
        readings=[ReadingView(on=r.on, value_m3=r.value_m3, kind=r.kind) for r in sheet.readings],
    )
