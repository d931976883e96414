"""Flow files as this hotline reads them: with its catalogue, its services, its voice.

What ``hydrophone flow`` and whoever publishes a flow go through. Nothing here calls billing.
"""

import re
import tomllib
from collections.abc import Mapping
from importlib.resources import as_file, files
from pathlib import Path
from typing import Final

from config.settings import Settings
from cti.domain.events import Language
from ivr.flow.errors import Fault, FlowFaultsError
from ivr.flow.lint import Spoken, lint
from ivr.flow.loader import Prompts, load, parse
from ivr.flow.model import Flow
from ivr.flow.service import Service
from ivr.flow.story import Clock
from ivr.prompts.catalogue import Catalogue, shipped
from ivr.prompts.catalogue import parse as parse_catalogue
from ivr.prompts.errors import CatalogueError
from ivr.prompts.lengths import Lengths, words
from ivr.prompts.store import Store
from ivr.services.hotline import services
from ivr.simulator.billing import PretendBilling

SUFFIX: Final = ".yaml"
CATALOGUE: Final = "catalogue.toml"

CATALOGUE_ADVICE: Final = {
    "nothing to say in": "Write the words in this language, too",
    "in zh": "Write it in this language, too",
    "in en": "Write it in this language, too",
    "digits must be spelt out": "Write numbers as words",
    "one typed slot": "Give each clause one slot at most, with a kind: {amount:money}",
    "no kind": "Use one of: count, day, digits, money, month",
    "but": "Have every language say the same values",
}


class FlowFiles:
    """Reads flows against one catalogue. Clips are measured where ``settings``' cache or the core pack has them."""

    def __init__(self, settings: Settings, catalogue: Catalogue | None = None) -> None:
        self.catalogue = catalogue or shipped()
        self.lengths = Lengths(self.catalogue, Store(settings.cache / "voice"))
        self.prompts: Prompts = {name: prompt.slots for name, prompt in self.catalogue.prompts.items()}
        self.services: Mapping[str, Service] = services(PretendBilling({}), settings, Clock())

    def load(self, path: Path) -> Flow:
        """Read a flow that works, good or bad. Raises :class:`FlowFaultsError`."""
        return load(path, prompts=self.prompts, services=self.services)

    def checked(self, path: Path) -> Flow:
        """Read a flow that passes the linter, too. Raises :class:`FlowFaultsError`."""
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            fault = Fault(path.name, 1, "it can't be read as text", "See that the file is there, in UTF-8")
            raise FlowFaultsError((fault,)) from error
        return self.checked_text(text, path.name)

    def checked_text(self, text: str, file: str) -> Flow:
        """Read the flow written in ``text``, which passes the linter. Raises :class:`FlowFaultsError`."""
        return parse(
            text,
            file=file,
            prompts=self.prompts,
            services=self.services,
            inspection=lambda flow: lint(flow, self.prompts, self.services, self.voice),
        )

    def voice(self, prompt: str, language: Language) -> Spoken | None:
        """Return what ``prompt`` is in ``language``."""
        found = self.catalogue.prompts.get(prompt)
        if found is None or not found.clauses.get(language):
            return None
        length = self.lengths.longest(prompt, language)
        return Spoken(words(found, language), length.seconds, length.measured)

    def words(self, prompt: str, language: Language) -> str:
        """Return the words of ``prompt``, with its slots as ``{name}``. Raises ``KeyError`` for an unknown one."""
        return words(self.catalogue.prompts[prompt], language)


def catalogue_faults(text: str | None = None, file: str = CATALOGUE) -> tuple[Fault, ...]:
    """Return what keeps the shipped catalogue, or the one written in ``text``, from being used; with lines."""
    if text is None:
        text = files("ivr.prompts").joinpath(CATALOGUE).read_text(encoding="utf-8")
    try:
        parse_catalogue(text)
    except CatalogueError as error:
        return tuple(sorted(_catalogue_fault(text, file, told) for told in error.faults))
    except tomllib.TOMLDecodeError as error:
        place = re.search(r"at line (\d+)", str(error))
        line = int(place[1]) if place else 1
        return (Fault(file, line, f"not TOML: {error}", "Check quotes, brackets and commas here"),)
    except KeyError as error:
        return (Fault(file, 1, f"{error} is missing", "Add it"),)
    return ()


def _catalogue_fault(text: str, file: str, told: str) -> Fault:
    """Return a fault as the catalogue tells it (``prompt: what``) with the line of the prompt or clip."""
    name, _, what = told.partition(": ")
    advice = next((advice for words, advice in CATALOGUE_ADVICE.items() if words in what), "Correct it")
    stem = re.sub(r"\.\d+$", "", name)
    headers = [f'[{table}."{written}"]' for written in (name, stem) for table in ("prompts", "clips")]
    line = next((text[: text.index(header)].count("\n") + 1 for header in headers if header in text), 1)
    return Fault(file, line, f"'{name}': {what}", advice)


def shipped_files() -> tuple[Path, ...]:
    """Return the flows that ship with us."""
    with as_file(files("config") / "flows") as folder:
        return tuple(sorted(folder.glob(f"*{SUFFIX}")))


def script_files(flow: Path) -> tuple[Path, ...]:
    """Return the files of calls beside ``flow`` that may be for it."""
    return tuple(sorted((flow.parent / "tests").glob(f"*{SUFFIX}")))
