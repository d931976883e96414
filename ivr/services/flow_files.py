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
from ivr.flow.bundle import Bundle
from ivr.flow.check import Problem
from ivr.flow.drawing import Words
from ivr.flow.errors import Fault, FlowFaultsError
from ivr.flow.lint import Spoken, Voice, lint
from ivr.flow.loader import Find, Prompts, bundle
from ivr.flow.model import Flow, written_out
from ivr.flow.service import Service
from ivr.flow.story import Clock
from ivr.flow.surroundings import Surroundings
from ivr.ports import KINDS
from ivr.prompts.catalogue import Catalogue, shipped
from ivr.prompts.catalogue import parse as parse_catalogue
from ivr.prompts.errors import CatalogueError
from ivr.prompts.inline import spoken
from ivr.prompts.lengths import Lengths, words
from ivr.prompts.store import Store
from ivr.services.hotline import ENTRY, services
from ivr.simulator.enquiries import pretend_sources

SUFFIX: Final = ".yaml"
CATALOGUE: Final = "catalogue.toml"

CATALOGUE_ADVICE: Final = {
    "nothing to say in": "Write the words in this language, too",
    "in zh": "Write it in this language, too",
    "in en": "Write it in this language, too",
    "digits must be spelt out": "Write numbers as words",
    "one typed slot": "Give each clause one slot at most, with a kind: {amount:money}",
    "no kind": f"Use one of: {', '.join(sorted(KINDS))}",
    "but": "Have every language say the same values",
}


class FlowFiles:
    """Reads flows against one catalogue. Clips are measured where ``settings``' cache or the core pack has them."""

    def __init__(self, settings: Settings, catalogue: Catalogue | None = None) -> None:
        self.catalogue = catalogue or shipped()
        self.lengths = Lengths(self.catalogue, Store(settings.cache / "voice"))
        self.around = Surroundings(
            prompts_of(self.catalogue), services(pretend_sources(), settings, Clock()), settings.pbx.targets
        )

    @property
    def prompts(self) -> Prompts:
        """The catalogue's prompts with their slots."""
        return self.around.prompts

    @property
    def services(self) -> Mapping[str, Service]:
        """What flows may look up."""
        return self.around.services

    def load(self, path: Path) -> Bundle:
        """Read a flow that works, good or bad, with those it calls. Raises :class:`FlowFaultsError`."""
        return self.read_text(path.read_text(encoding="utf-8"), path.name, beside(path))

    def read_text(self, text: str, file: str, find: Find | None = None) -> Bundle:
        """Read the flow written in ``text``, which works, good or bad. Raises :class:`FlowFaultsError`."""
        return bundle(text, file=file, find=find or find_shipped, around=self.around)

    def checked(self, path: Path) -> Bundle:
        """Read a flow that passes the linter, too. Raises :class:`FlowFaultsError`."""
        return self.checked_text(read_text(path), path.name, beside(path))

    def checked_text(self, text: str, file: str, find: Find | None = None) -> Bundle:
        """Read the flow written in ``text``, which passes the linter. Raises :class:`FlowFaultsError`."""
        return bundle(text, file=file, find=find or find_shipped, around=self.around, inspection=self._inspect)

    def _inspect(self, flow: Flow, around: Surroundings) -> tuple[Problem, ...]:
        catalogue = self.catalogue.taught(spoken(written_out(flow)))
        return lint(flow, around, _voice(catalogue, self.lengths.of_catalogue(catalogue)))

    def words_of(self, bundle: Bundle) -> Words:
        """Return what tells the words of a prompt, the flow's own included, with their slots as ``{name}``."""
        catalogue = self.catalogue.taught(spoken(bundle.written))
        return lambda prompt, language: words(catalogue.prompts[prompt], language)


def _voice(catalogue: Catalogue, lengths: Lengths) -> Voice:
    def voice(prompt: str, language: Language) -> Spoken | None:
        found = catalogue.prompts.get(prompt)
        if found is None or not found.clauses.get(language):
            return None
        length = lengths.longest(prompt, language)
        return Spoken(words(found, language), length.seconds, length.measured)

    return voice


def prompts_of(catalogue: Catalogue) -> Prompts:
    """Return the catalogue's prompts as flows are checked against."""
    return {name: prompt.slots for name, prompt in catalogue.prompts.items()}


def shipped_bundle(settings: Settings, name: str = ENTRY) -> Bundle:
    """Return a flow that ships with us, with those it calls. Raises :class:`FlowFaultsError`."""
    return FlowFiles(settings).load(shipped_path(name))


def shipped_bundles(settings: Settings) -> Mapping[str, Bundle]:
    """Return every flow that ships with us by its name, each with those it calls. Raises :class:`FlowFaultsError`."""
    desk = FlowFiles(settings)
    return {path.stem: desk.load(path) for path in shipped_files()}


def shipped_path(name: str) -> Path:
    """Return the file of a flow that ships with us."""
    return next(path for path in shipped_files() if path.stem == name)


def read_text(path: Path) -> str:
    """Return the text of a flow's file. Raises :class:`FlowFaultsError`."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        fault = Fault(path.name, 1, "it can't be read as text", "See that the file is there, in UTF-8")
        raise FlowFaultsError((fault,)) from error


def beside(path: Path) -> Find:
    """Return what finds flows in the folder of ``path``, and those that ship with us."""

    def find(name: str) -> tuple[str, str] | None:
        other = path.parent / f"{name}{SUFFIX}"
        return (read_text(other), other.name) if other.is_file() else find_shipped(name)

    return find


def find_shipped(name: str) -> tuple[str, str] | None:
    """Return the text of a flow that ships with us, and its file."""
    for path in shipped_files():
        if path.stem == name:
            return read_text(path), path.name
    return None


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
