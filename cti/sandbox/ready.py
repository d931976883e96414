"""What a newcomer, or a script, needs to know of a hotline that is up: ``var/demo/ready.json``, for its owner only."""

import os
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict

from config.secrets import Secrets
from config.settings import Settings
from cti.domain.utility import Bill
from storage.demo.people import PEOPLE
from storage.demo.samples import Sample


class _Fact(BaseModel):
    model_config = ConfigDict(frozen=True)


class Login(_Fact):
    """A user of the console, made for this install."""

    user: str
    name: str
    role: str
    password: str
    extension: str | None


class LatestBill(_Fact):
    """The bill that a caller should hear. ``month`` is ``YYYY-MM``, money fen and yuan."""

    month: str
    amount_fen: int
    amount: str
    due: date
    open_fen: int
    usage_m3: int

    @classmethod
    def of(cls, bill: Bill) -> Self:
        """Return the facts of a bill."""
        return cls(
            month=f"{bill.period:%Y-%m}",
            amount_fen=bill.amount_fen,
            amount=f"{bill.amount_fen // 100}.{bill.amount_fen % 100:02d}",
            due=bill.due,
            open_fen=bill.open_fen,
            usage_m3=bill.usage_m3,
        )


class SampleAccount(_Fact):
    """An account to try the menu with."""

    number: str
    pin: str
    name: str
    phone: str | None
    latest_bill: LatestBill


class Softphone(_Fact):
    """What any SIP phone registers with to call the hotline."""

    uri: str
    user: str
    password: str


class Ready(_Fact):
    """Everything about one hotline that is up."""

    console_url: str
    api_url: str
    push_url: str
    phone_url: str
    health_url: str
    sip_uri: str
    hotline: str
    trunk_address: str
    softphone: Softphone
    agents: list[Login]
    supervisors: list[Login]
    admins: list[Login]
    database_url: str
    accounts: list[SampleAccount]
    home: Path
    logs: Path

    @classmethod
    def of(cls, settings: Settings, secrets: Secrets, database_url: str, samples: Sequence[Sample]) -> Self:
        """Return the facts of an install."""
        host, port = settings.pbx.host, settings.pbx.sip_port
        console = settings.console_url
        logins = [
            Login(user=u.login, name=u.name, role=u.role, password=secrets.users[u.login], extension=u.extension)
            for u in PEOPLE
        ]
        return cls(
            console_url=console,
            api_url=f"{console}/api",
            push_url=settings.push_url,
            phone_url=f"{console}/phone",
            health_url=f"{console}/health",
            sip_uri=f"sip:{settings.site.hotline}@{host}:{port}",
            hotline=settings.site.hotline,
            trunk_address=settings.pbx.trunk_address,
            softphone=Softphone(uri=f"sip:2001@{host}:{port}", user="2001", password=secrets.phones["2001"]),
            agents=[login for login in logins if login.role == "agent"],
            supervisors=[login for login in logins if login.role == "supervisor"],
            admins=[login for login in logins if login.role == "admin"],
            database_url=database_url,
            accounts=[
                SampleAccount(
                    number=s.number, pin=s.pin, name=s.name, phone=s.phone, latest_bill=LatestBill.of(s.latest_bill)
                )
                for s in samples
            ],
            home=settings.home,
            logs=settings.home / "log",
        )

    @staticmethod
    def forget(home: Path) -> None:
        """Remove what an earlier start wrote: who waits for the file must not read yesterday's ports."""
        (home / "demo" / "ready.json").unlink(missing_ok=True)

    def save(self, home: Path) -> Path:
        """Write ``demo/ready.json`` under ``home``, readable by its owner only; returns where it is."""
        folder = home / "demo"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft, path = folder / "ready.new", folder / "ready.json"
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            file.write(self.model_dump_json(indent=2) + "\n")
        draft.replace(path)
        return path
