"""The flows that callers go through: what was published last, picked up without a restart.

A call keeps the version that it began with. While the database is away the last versions stay in use; they are kept
on disk for the next start, and without them the flows that ship with us serve. A published version that this
program can no longer read never replaces one that it can.
"""

import asyncio
import json
import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from ivr.flow.bundle import SHIPPED, Bundle
from ivr.flow.errors import FlowError
from ivr.flow.texts import WrittenOut
from ivr.prompts.store import write_file
from ivr.services.flow_files import SUFFIX, FlowFiles, find_shipped, shipped_files
from ivr.services.publishing import finding
from storage.errors import StorageError
from storage.flows import FlowStore

log = logging.getLogger(__name__)

EVERY_S: Final = 3.0
"""How often is looked for new versions: one small query."""

COPY: Final = "published.json"

Texts = Mapping[str, tuple[int, str]]
"""Published flows by name: version and text."""


class PublishedFlows:
    """The flows in use. Owns the copy on disk; :meth:`run` keeps them up to date until it is cancelled.

    ``on_new`` is told each bundle that comes into use, so that its sentences can be spoken.
    """

    def __init__(
        self,
        files: FlowFiles,
        store: FlowStore,
        folder: Path,
        *,
        on_new: Callable[[Bundle], None] = lambda bundle: None,
        sleep: Callable[[float], Any] = asyncio.sleep,
    ) -> None:
        self._files = files
        self._store = store
        self._copy = folder / COPY
        self._on_new = on_new
        self._sleep = sleep
        self._texts: Texts = {}
        self._bundles: dict[str, Bundle] = {}

    def __call__(self, name: str) -> Bundle | None:
        """Return the flow for a call that begins now."""
        return self._bundles.get(name)

    async def start(self) -> None:
        """Take the copy on disk into use, else the flows that ship with us.

        Raises ``FlowFaultsError`` for a fault in those that ship with us alone.
        """
        kept = await asyncio.to_thread(_kept, self._copy)
        bundles = await asyncio.to_thread(self._read, {}, {})
        self._bundles = bundles
        if kept:
            await self._take(kept)
        for bundle in self._bundles.values():
            self._on_new(bundle)

    async def run(self) -> None:
        """Look for new versions, for ever."""
        while True:
            await self.refresh()
            await self._sleep(EVERY_S)

    async def refresh(self) -> None:
        """Take what was published since into use; keep what there is when the database is away."""
        try:
            current = await self._store.current()
        except StorageError:
            return
        texts = {name: (version.version, version.text) for name, version in current.items()}
        if texts != self._texts:
            before = dict(self._bundles)
            await self._take(texts)
            await asyncio.to_thread(self._keep, texts)
            for name, bundle in self._bundles.items():
                if bundle is not before.get(name):
                    self._on_new(bundle)
                    log.info("flow %s version %d is in use", name, bundle.version)

    async def _take(self, texts: Texts) -> None:
        self._texts = texts
        self._bundles = await asyncio.to_thread(self._read, texts, self._bundles)

    def _read(self, texts: Texts, before: Mapping[str, Bundle]) -> dict[str, Bundle]:
        """Read every flow; one that can't be read stays as it was ``before``."""
        find = finding({name: text for name, (_, text) in texts.items()})
        bundles: dict[str, Bundle] = {}
        for name in sorted({*texts, *(path.stem for path in shipped_files())}):
            version, text = texts.get(name) or (SHIPPED, (find_shipped(name) or ("", ""))[0])
            try:
                read = self._files.read_text(text, name + SUFFIX, find)
            except FlowError as error:
                if name not in texts and not texts:
                    raise
                log.error("flow %s version %d can't be used: %s", name, version, error)  # noqa: TRY400
                if name in before:
                    bundles[name] = before[name]
                continue
            made = Bundle(read.flow, read.called, version)
            bundles[name] = before[name] if before.get(name) == made else made
        return bundles

    def _keep(self, texts: Texts) -> None:
        try:
            self._copy.parent.mkdir(parents=True, exist_ok=True)
            write_file(self._copy, json.dumps(texts, ensure_ascii=False).encode())
        except OSError:
            log.warning("the published flows can't be kept on disk")


def written_in_use(files: FlowFiles, folder: Path) -> Mapping[str, WrittenOut]:
    """Return the sentences written out in the flows that the copy in ``folder`` has, by their ids.

    Asks no database; what can't be read says nothing.
    """
    texts = {name: text for name, (_, text) in _kept(folder / COPY).items()}
    written: dict[str, WrittenOut] = {}
    for name, text in texts.items():
        with suppress(FlowError):
            written |= files.read_text(text, name + SUFFIX, finding(texts)).written
    return written


def _kept(copy: Path) -> Texts:
    try:
        table = json.loads(copy.read_text(encoding="utf-8"))
        return {str(name): (int(version), str(text)) for name, (version, text) in table.items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, AttributeError):
        log.warning("the copy of the published flows can't be read; those that ship with us are used")
        return {}
