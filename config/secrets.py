"""The secrets of one install: made when it is first started, kept in ``secrets.toml`` (0600), never in the repo."""

import os
import secrets
import tomllib
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, Field


def _word(length: int = 24) -> str:
    return secrets.token_urlsafe(length)


class Secrets(BaseModel):
    """What only this install knows. ``phones`` maps an extension to its SIP password."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    ami: str = Field(default_factory=_word, repr=False)
    agi: str = Field(default_factory=_word, repr=False)
    pin_key: str = Field(default_factory=lambda: _word(32), repr=False)
    session_key: str = Field(default_factory=lambda: _word(32), repr=False)
    phones: dict[str, str] = Field(default_factory=dict, repr=False)
    users: dict[str, str] = Field(default_factory=dict, repr=False)
    ami_of: dict[str, str] = Field(default_factory=dict, repr=False)
    """The AMI secrets of further PBXs, by name."""
    agi_of: dict[str, str] = Field(default_factory=dict, repr=False)

    def of(self, pbx: str) -> Self:
        """Return the secrets as a further PBX has them: its own for AMI and AGI, and its phones by their numbers."""
        here = f"@{pbx}"
        phones = {name.removesuffix(here): word for name, word in self.phones.items() if name.endswith(here)}
        return self.model_copy(update={"ami": self.ami_of[pbx], "agi": self.agi_of[pbx], "phones": phones})

    @classmethod
    def load_or_make(
        cls, home: Path, *, phones: tuple[str, ...] = (), users: tuple[str, ...] = (), pbxs: tuple[str, ...] = ()
    ) -> Self:
        """Return the install's secrets, adding what is missing for ``phones``, demo ``users`` and further ``pbxs``."""
        path = home / "secrets.toml"
        known = cls.model_validate(tomllib.loads(path.read_text())) if path.exists() else cls()
        made = known.model_copy(
            update={
                "phones": {p: known.phones.get(p) or _word() for p in (*known.phones, *phones)},
                "users": {u: known.users.get(u) or _word(9) for u in (*known.users, *users)},
                "ami_of": {p: known.ami_of.get(p) or _word() for p in (*known.ami_of, *pbxs)},
                "agi_of": {p: known.agi_of.get(p) or _word() for p in (*known.agi_of, *pbxs)},
            }
        )
        if not path.exists() or made != known:
            made._save(path)
        return made

    def _save(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = [f'{name} = "{getattr(self, name)}"' for name in ("ami", "agi", "pin_key", "session_key")]
        for table in ("phones", "users", "ami_of", "agi_of"):
            lines += ["", f"[{table}]"]
            lines += [f'"{key}" = "{value}"' for key, value in getattr(self, table).items()]
        draft = path.with_suffix(".new")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write("\n".join(lines) + "\n")
        draft.replace(path)
