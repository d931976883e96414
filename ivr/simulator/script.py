"""Calls as data: who calls, what billing knows and how it behaves, what is keyed, what must come of it.

Types and reading only; :mod:`ivr.simulator.trial` makes the calls. A file has the accounts and the time once, for
all its calls; a call may bring its own.
"""

import re
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import yaml
from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from config.opening import Opening
from cti.domain.ids import ZoneCode
from cti.domain.incidents import IncidentKind
from cti.domain.tariffs import Tariff, TariffStep
from cti.domain.ticket_progress import Progress, TicketTold
from cti.domain.utility import Bill, Payment, Reading, ReadingKind
from cti.domain.water_quality import WaterQuality
from ivr.flow.loader import TextLoader
from ivr.flow.outcome import LeavesAs, Result
from ivr.ports import Outlook
from ivr.simulator.billing import Behaviour, Customer
from ivr.simulator.enquiries import PretendTicket
from ivr.simulator.errors import ScriptFaultsError
from ivr.simulator.line import HANG_UP, KEYS, SPEAK, WAIT

MAX_BYTES: Final = 256 * 1024

_ENTRY: Final = re.compile(rf"{WAIT}|{HANG_UP}|{SPEAK.pattern}|[{re.escape(KEYS)}]+")
_YUAN: Final = re.compile(r"(\d{1,8})(?:\.(\d{1,2}))?", re.ASCII)


class Part(BaseModel):
    """Base of the parts of a script: frozen, unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def _fen(raw: Any) -> Any:
    match = _YUAN.fullmatch(raw) if isinstance(raw, str) else None
    if match is None:
        raise ValueError("no amount such as 86.40")
    return int(match[1]) * 100 + int((match[2] or "").ljust(2, "0"))


def _first_day(raw: Any) -> Any:
    return f"{raw}-01" if isinstance(raw, str) and re.fullmatch(r"\d{4}-\d{2}", raw) else raw


def _entry(raw: Any) -> Any:
    if isinstance(raw, str) and not _ENTRY.fullmatch(raw):
        raise ValueError("not keys, 'wait', 'hangup' or 'speak 8'; '#' and '*' need quotes")
    return raw


Fen = Annotated[int, BeforeValidator(_fen)]
Entry = Annotated[str, BeforeValidator(_entry)]
AccountDigits = Annotated[str, Field(pattern=r"^\d{8}$")]


class BillGiven(Part):
    """One bill. ``open`` is what of it is still to pay."""

    period: Annotated[date, BeforeValidator(_first_day)]
    amount: Fen
    due: date
    open: Fen = 0
    late_fee: Fen = 0
    usage_m3: Annotated[int, Field(ge=0)] = 0
    estimated: bool = False

    def bill(self) -> Bill:
        """Return it as billing would."""
        return Bill(self.period, self.usage_m3, self.amount, self.due, self.open, self.late_fee, self.estimated)


class PaymentGiven(Part):
    """The last payment."""

    on: date
    amount: Fen

    def payment(self) -> Payment:
        """Return it as billing would."""
        return Payment(self.on, self.amount, "bank")


class ReadingGiven(Part):
    """One reading of the meter."""

    on: date
    value: Annotated[int, Field(ge=0)]
    estimated: bool = False

    def reading(self) -> Reading:
        """Return it as billing would."""
        return Reading(self.on, self.value, ReadingKind.ESTIMATED if self.estimated else ReadingKind.ACTUAL)


class StepGiven(Part):
    """One step of a tariff: what a cubic metre costs above so many of them."""

    above: Annotated[int, Field(ge=0)]
    price: Fen


class AccountGiven(Part):
    """One account: its customer's ``phones``, its ``zone``, what billing knows of it."""

    pin: Annotated[str, Field(pattern=r"^\d{6}$")]
    locked: bool = False
    bills: tuple[BillGiven, ...] = ()
    phones: tuple[str, ...] = ()
    zone: str = ""
    last_payment: PaymentGiven | None = None
    readings: tuple[ReadingGiven, ...] = ()
    tariff: tuple[StepGiven, ...] = ()

    def customer(self) -> Customer:
        """Return it as billing has it."""
        return Customer(
            self.pin,
            self.locked,
            tuple(bill.bill() for bill in self.bills),
            self.phones,
            None if self.last_payment is None else self.last_payment.payment(),
            tuple(reading.reading() for reading in self.readings),
            Tariff(tuple(TariffStep(step.above, step.price) for step in self.tariff)) if self.tariff else None,
        )


class QualityGiven(Part):
    """What was measured in a zone."""

    sampled: date
    turbidity: Decimal
    chlorine: Decimal
    ph: Decimal
    hardness: Decimal

    def quality(self, zone: str) -> WaterQuality:
        """Return it as it is published, on the day it was sampled."""
        figures = (self.turbidity, self.chlorine, self.ph, self.hardness)
        return WaterQuality(ZoneCode(zone), self.sampled, self.sampled, *figures)


class TicketGiven(Part):
    """A ticket of the caller with ``phone``. ``arrival`` and ``due`` are with their offset from UTC."""

    phone: str = ""
    progress: Progress
    arrival: AwareDatetime | None = None
    due: AwareDatetime | None = None

    def ticket(self) -> PretendTicket:
        """Return it as tickets are looked up."""
        return PretendTicket(self.phone, TicketTold(self.progress, True, self.arrival, self.due))


class BillingGiven(Part):
    """How billing behaves when asked about PINs, and about all else; about that it answers ``good`` times before."""

    pins: Behaviour = 0.0
    bills: Behaviour = 0.0
    good: Annotated[int, Field(ge=0)] = 0


def _alike(raw: Any) -> Any:
    return {"pins": raw, "bills": raw} if isinstance(raw, str) else raw


class IncidentGiven(Part):
    """What is wrong everywhere, ``until`` when, and whether its ``streets`` can be spoken."""

    kind: IncidentKind
    until: datetime | None = None
    streets: bool = True


class LineGiven(Part):
    """Where a waiting caller stands, and how many minutes they will wait; nothing: nobody can tell."""

    position: Annotated[int, Field(ge=1)] | None = None
    minutes: Annotated[int, Field(ge=0)] | None = None

    def outlook(self) -> Outlook | None:
        """Return how it looks."""
        return None if self.position is None else Outlook(self.position, self.minutes)


USUAL_LINE: Final = LineGiven(position=2, minutes=3)


class Given(Part):
    """What there is before anybody calls. ``now`` is the hotline's own time of day, ``number`` the caller's.

    ``desk`` is how those behave who take messages, callbacks and marks; numbers ``refused`` are not called back, those
    in ``waiting`` have a callback already. Without ``records`` the PBX can't record. ``public`` is how services behave
    that are about nobody: incidents, opening hours, reports. ``opening`` are the site's hours, always if not given.
    """

    now: datetime | None = None
    accounts: dict[AccountDigits, AccountGiven] | None = None
    billing: Annotated[BillingGiven, BeforeValidator(_alike)] | None = None

    postcodes: dict[str, str] | None = None
    quality: dict[str, QualityGiven] | None = None
    tickets: dict[str, TicketGiven] | None = None

    number: str | None = None
    desk: Behaviour | None = None
    refused: tuple[str, ...] | None = None
    waiting: tuple[str, ...] | None = None
    records: bool | None = None
    incident: IncidentGiven | None = None
    public: Behaviour | None = None
    opening: Opening | None = None
    line: LineGiven | None = None

    def under(self, common: "Given") -> "Given":
        """Return this with what it leaves open taken from ``common``."""
        return Given.model_construct(
            now=self.now or common.now,
            accounts=common.accounts if self.accounts is None else self.accounts,
            billing=self.billing or common.billing,
            postcodes=common.postcodes if self.postcodes is None else self.postcodes,
            quality=common.quality if self.quality is None else self.quality,
            tickets=common.tickets if self.tickets is None else self.tickets,
            number=common.number if self.number is None else self.number,
            desk=common.desk if self.desk is None else self.desk,
            refused=common.refused if self.refused is None else self.refused,
            waiting=common.waiting if self.waiting is None else self.waiting,
            records=common.records if self.records is None else self.records,
            incident=self.incident or common.incident,
            public=common.public if self.public is None else self.public,
            opening=self.opening or common.opening,
            line=self.line or common.line,
        )


class Interruption(Part):
    """What is keyed while a sentence is being said: one of the catalogue by its name, another by some of its words."""

    during: str
    press: Entry


class Said(Part):
    """A sentence that must be said, with these of its values: by its name, or by some of its words; maybe ``slow``."""

    prompt: str
    slow: bool | None = None
    values: dict[str, str] = {}
    language: Literal["zh", "en"] | None = None


class Passed(Part):
    """A step that must be gone through; by ``way`` if that is given."""

    step: str
    way: str | None = None


def _said(raw: Any) -> Any:
    if isinstance(raw, str):
        return {"prompt": raw}
    if isinstance(raw, dict) and "prompt" not in raw and len(raw) == 1:
        ((prompt, values),) = raw.items()
        return {"prompt": prompt, "values": values}
    return raw


def _passed(raw: Any) -> Any:
    if isinstance(raw, str):
        return {"step": raw}
    if isinstance(raw, dict) and "step" not in raw and len(raw) == 1:
        ((step, way),) = raw.items()
        return {"step": step, "way": way}
    return raw


class Expect(Part):
    """What must come of a call: the whole path, sentences in this order among others, some never, the outcome.

    Also what the caller left: ``messages`` by purpose, marks by question, the number to ``call_back``, meter readings
    that are ``reported``.
    """

    path: tuple[Annotated[Passed, BeforeValidator(_passed)], ...] | None = None
    said: tuple[Annotated[Said, BeforeValidator(_said)], ...] = ()
    unsaid: tuple[str, ...] = ()
    outcome: Result
    served: bool | None = None
    queue: str | None = None
    target: str | None = None
    leaves_as: LeavesAs | None = None
    reported: tuple[int, ...] | None = None
    messages: tuple[str, ...] | None = None
    marks: dict[str, int] | None = None
    call_back: str | None = None


class Call(Part):
    """One call."""

    name: str
    given: Given = Given()
    keys: tuple[Entry | Interruption, ...]
    expect: Expect


class Script(Part):
    """A file of calls to one flow, ``flow`` being the file's name without ``.yaml``."""

    flow: str
    given: Given = Given()
    calls: tuple[Call, ...] = ()


def read(path: Path) -> Script:
    """Read a file of calls. Raises :class:`ScriptFaultsError`."""
    text = path.read_text(encoding="utf-8")
    if len(text.encode()) > MAX_BYTES:
        raise ScriptFaultsError((f"{path.name}: too long; keep it under {MAX_BYTES} bytes",))
    try:
        return Script.model_validate(yaml.load(text, Loader=TextLoader))  # noqa: S506 - text and nothing else
    except yaml.YAMLError as error:
        raise ScriptFaultsError((f"{path.name}: not YAML: {error}",)) from error
    except ValidationError as error:
        entries = error.errors(include_url=False, include_input=False)
        raise ScriptFaultsError(
            tuple(f"{path.name}: {_place(entry['loc'])}: {entry['msg']}" for entry in entries)
        ) from error


def _place(parts: tuple[str | int, ...]) -> str:
    return ".".join(str(part) for part in parts) or "the file"
