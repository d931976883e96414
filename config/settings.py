"""A site's settings: typed, frozen, read once at start from a TOML file and the environment.

``HYDROPHONE_HOME`` (default ``var``) is the directory of one install. Its ``hydrophone.toml`` holds the settings,
``secrets.toml`` the secrets made for it. An environment variable beats the file: ``HYDROPHONE_PBX__AMI_PORT``.
"""

import os
from datetime import time
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, SecretStr, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from config.billing import Billing
from config.opening import Opening
from config.reasons import Reason, told_apart
from config.section import Section
from config.voice import Voice

Port = Annotated[int, Field(ge=1, le=65535)]
Prefix = Annotated[str, Field(pattern=r"^\+[1-9][0-9]{0,14}$")]
"""The beginning of a number in E.164."""

TargetName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,31}$")]
Destination = Annotated[str, Field(pattern=r"^(\+?[0-9]{2,15}|(PJSIP|Local|SIP|IAX2|DAHDI)/[A-Za-z0-9@._/+-]{1,100})$")]
"""A number, or what ``Dial()`` takes; without anything that the dialplan would evaluate."""


def home() -> Path:
    """Return the directory of this install."""
    return Path(os.environ.get("HYDROPHONE_HOME", "var")).absolute()


class Site(Section):
    """Who runs this hotline, and how it is called."""

    name_zh: str = "清源水务"
    name_en: str = "Clearspring Water"
    hotline: Annotated[str, Field(pattern=r"^\d{3,15}$")] = "96000"
    timezone: str = "Asia/Shanghai"
    region: Annotated[str, Field(pattern=r"^[A-Z]{2}$")] = "CN"


class Database(Section):
    """PostgreSQL. Without a DSN the embedded one in the install's directory is used."""

    dsn: SecretStr | None = None
    pool_size: Annotated[int, Field(ge=1, le=100)] = 10


class Spool(Section):
    """What waits on disk while PostgreSQL is away."""

    max_mb: Annotated[int, Field(ge=1, le=1_000_000)] = 512


class Pbx(Section):
    """One Asterisk. ``sandbox`` means it is ours to start and stop."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,32}$")] = "main"
    sandbox: bool = True
    asterisk: Path | None = None
    """The root of an Asterisk 22 that is installed (``/``), for the sandbox to run in place of one of its own."""
    host: str = "127.0.0.1"
    ami_port: Port = 15038
    ami_user: Annotated[str, Field(pattern=r"^[a-z0-9_-]{1,32}$")] = "hydrophone"
    sip_port: Port = 15060
    sip_ws_port: Port = 18088
    sip_ws_url: str | None = None
    trunk_address: str = "127.0.0.2"
    trunk_port: Port = 15080
    rtp_start: Port = 20000
    rtp_end: Port = 20999
    log_folder: Path | None = None
    """Where this Asterisk writes ``queue_log`` and CEL, if it is on this machine: ``/var/log/asterisk``."""
    queue: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,32}$")] = "water"
    wrap_up_s: Annotated[int, Field(ge=0, le=3600)] = 30
    offer_s: Annotated[int, Field(ge=5, le=120)] = 20
    targets: dict[TargetName, Destination] = Field(default_factory=dict)
    """Where flows may put callers through to, by name: a number for the trunk, or a destination of Asterisk's own."""


class FurtherPbx(Pbx):
    """One more Asterisk, with a name of its own. Hydrophone follows it, but never starts it."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,32}$")]
    sandbox: Literal[False] = False


class Queue(Section):
    """One more queue. Callers about ``subject`` who speak ``language`` wait in it; without either it takes all.

    ``[pbx] queue`` is there without being listed, and takes whoever has no queue or only one without agents.
    """

    name: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,32}$")]
    name_zh: Annotated[str, Field(min_length=1, max_length=64)]
    name_en: Annotated[str, Field(min_length=1, max_length=64)]
    subject: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,32}$")] | None = None
    language: Literal["zh", "en"] | None = None
    wrap_up_s: Annotated[int, Field(ge=0, le=3600)] = 30


class Dialling(Section):
    """Whom the hotline may call: only its own country, nothing that costs extra, not at night."""

    trunk: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,40}$")] = "trunk"
    allowed: tuple[Prefix, ...] = ()
    denied: tuple[Prefix, ...] = ()
    night_from: time = time(21)
    night_until: time = time(8)
    hourly: Annotated[int, Field(ge=0, le=10_000)] = 60


class Callback(Section):
    """How callers who asked for it are called back."""

    attempts: Annotated[int, Field(ge=1, le=9)] = 3
    pauses_min: tuple[Annotated[float, Field(ge=0, le=1440)], ...] = (5, 15)
    ring_s: Annotated[int, Field(ge=10, le=120)] = 30


class Survey(Section):
    """The question after the call. ``holdout_pct`` of callers are never asked, so that asking itself can be judged."""

    ask: bool = True
    holdout_pct: Annotated[int, Field(ge=0, le=100)] = 20


class Agi(Section):
    """Where the phone menu listens for the PBX. Loopback unless a site says otherwise."""

    host: str = "127.0.0.1"
    port: Port = 14573
    allow: tuple[str, ...] = ("127.0.0.1",)


class Web(Section):
    """Where consoles connect."""

    host: str = "127.0.0.1"
    port: Port = 18600
    push_port: Port = 18601
    public_url: str | None = None
    push_public_url: str | None = None
    demo_phone: bool = False
    session_hours: Annotated[int, Field(ge=1, le=24)] = 12


class Settings(BaseSettings):
    """All settings of one install."""

    model_config = SettingsConfigDict(env_prefix="HYDROPHONE_", env_nested_delimiter="__", frozen=True, extra="forbid")

    home: Path = Field(default_factory=home)
    site: Site = Site()
    database: Database = Database()
    spool: Spool = Spool()
    pbx: Pbx = Pbx()
    pbxs: Annotated[tuple[FurtherPbx, ...], Field(max_length=20)] = ()
    queues: Annotated[tuple[Queue, ...], Field(max_length=50)] = ()
    reasons: Annotated[tuple[Reason, ...], Field(max_length=30), AfterValidator(told_apart)] = ()
    dialling: Dialling = Dialling()
    callback: Callback = Callback()
    survey: Survey = Survey()
    billing: Billing = Billing()
    opening: Opening = Opening()
    agi: Agi = Agi()
    web: Web = Web()
    voice: Voice = Voice()
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read arguments, then the environment, then ``hydrophone.toml``."""
        toml = TomlConfigSettingsSource(settings_cls, home() / "hydrophone.toml")
        return init_settings, env_settings, toml

    @model_validator(mode="after")
    def _check_pbxs(self) -> Self:
        """Refuse PBXs that can't be told apart."""
        every = (self.pbx, *self.pbxs)
        for what, values in (
            ("name", [pbx.name for pbx in every]),
            ("address (host and ami_port)", [f"{pbx.host}:{pbx.ami_port}" for pbx in every]),
        ):
            twice = next((value for value in values if values.count(value) > 1), None)
            if twice is not None:
                raise ValueError(f"two PBXs under [pbx] and [[pbxs]] have the same {what}: {twice}")
        return self

    def of_pbx(self, name: str) -> Self:
        """Return the settings as one PBX has them: with it in the place of the first. Raises ``KeyError``."""
        every = {pbx.name: pbx for pbx in (self.pbx, *self.pbxs)}
        return self.model_copy(update={"pbx": every[name], "pbxs": ()})

    @property
    def cache(self) -> Path:
        """Where what is costly to make is kept, for all installs that share it: ``HYDROPHONE_CACHE``, or our own."""
        return Path(os.environ.get("HYDROPHONE_CACHE") or self.home / "cache").absolute()

    @property
    def console_url(self) -> str:
        """Where a browser finds the console."""
        return self.web.public_url or f"http://{self.web.host}:{self.web.port}"

    @property
    def push_url(self) -> str:
        """Where a console's push channel is."""
        return self.web.push_public_url or f"ws://{self.web.host}:{self.web.push_port}"

    @property
    def sip_ws_url(self) -> str:
        """Where the browser's phone registers."""
        return self.pbx.sip_ws_url or f"ws://{self.pbx.host}:{self.pbx.sip_ws_port}/ws"
