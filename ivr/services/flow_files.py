"""Flow files as this hotline reads them: with its catalogue, its services, its voice.

What ``hydrophone flow`` and whoever publishes a flow go through. Nothing here calls billing.
"""

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
from ivr.prompts.lengths import Lengths, words
from ivr.prompts.store import Store
from ivr.services.hotline import services
from ivr.simulator.billing import PretendBilling

SUFFIX: Final = ".yaml"


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


def shipped_files() -> tuple[Path, ...]:
    """Return the flows that ship with us."""
    with as_file(files("config") / "flows") as folder:
        return tuple(sorted(folder.glob(f"*{SUFFIX}")))


def script_files(flow: Path) -> tuple[Path, ...]:
    """Return the files of calls beside ``flow`` that may be for it."""
    return tuple(sorted((flow.parent / "tests").glob(f"*{SUFFIX}")))
