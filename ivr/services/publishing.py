"""Publishing flows: the linter first, then a version for ever; and what went through a version, as a picture too.

For the console and the command. Serving a version to callers is :mod:`ivr.services.published`'s.
"""

import asyncio
import difflib
import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from config.settings import Settings
from ivr.flow.bundle import SHIPPED
from ivr.flow.drawing import draw
from ivr.flow.errors import Fault, FlowError, FlowFaultsError
from ivr.flow.funnel import Funnel, StepCount
from ivr.flow.loader import Find
from ivr.services.flow_files import SUFFIX, FlowFiles, find_shipped, shipped_files
from storage.engine import Database
from storage.errors import NotFoundError
from storage.flows import FlowStore, FlowVersion
from storage.funnel import Counted, FunnelStore

audit = logging.getLogger("hydrophone.audit")

NOBODY: Final = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """A flow as it stands: the version in use, who made it and when; nobody, never, for one that ships with us."""

    flow: str
    version: int
    text: str
    made_at: datetime | None = None
    made_by: str = NOBODY
    comment: str = ""


@dataclass(frozen=True, slots=True)
class History:
    """All that ever changed what callers of a flow hear: its own versions, and those of the flows that it calls.

    A call of ``flow`` goes through the newest version of each. ``parts`` are the called flows as they stand, by name;
    ``versions`` are the newest first.
    """

    flow: str
    parts: Sequence[Standing]
    versions: Sequence[FlowVersion]


class FlowDesk:
    """Reads, judges and publishes flows. Raises ``StorageUnavailableError`` when the database is away."""

    def __init__(self, files: FlowFiles, store: FlowStore, funnels: FunnelStore, zone: ZoneInfo) -> None:
        self._files = files
        self._store = store
        self._funnels = funnels
        self._zone = zone

    async def standing(self) -> Sequence[Standing]:
        """Return every flow there is, as it stands, by name."""
        published = await self._store.current()
        shipped = await asyncio.to_thread(_shipped_names)
        return [await self._standing(name, published) for name in sorted({*published, *shipped})]

    async def _standing(self, name: str, published: Mapping[str, FlowVersion]) -> Standing:
        if (version := published.get(name)) is not None:
            return Standing(name, version.version, version.text, version.made_at, version.made_by, version.comment)
        found = await asyncio.to_thread(find_shipped, name)
        if found is None:
            raise NotFoundError("flow")
        return Standing(name, SHIPPED, found[0])

    async def history(self, flow: str) -> History:
        """Return what changed in a flow and in those that it calls, directly or through another."""
        published = await self._store.current()
        called = await asyncio.to_thread(self._called, flow, published)
        versions = [one for name in (flow, *called) for one in await self._store.versions(name)]
        versions.sort(key=lambda one: one.made_at, reverse=True)
        return History(flow, [await self._standing(name, published) for name in called], versions)

    def _called(self, flow: str, published: Mapping[str, FlowVersion]) -> Sequence[str]:
        """Return the flows that calls of ``flow`` may come through now; none if nobody can read it."""
        find = finding({name: version.text for name, version in published.items()})
        source = find(flow)
        if source is None:
            return ()
        try:
            return sorted(self._files.read_text(*source, find).called)
        except FlowError:
            return ()

    async def text(self, flow: str, version: int | None = None) -> str:
        """Return the text of a version, of the one that ships with us (0), or of the one in use.

        Raises ``NotFoundError``.
        """
        if version is None:
            return (await self._standing(flow, await self._store.current())).text
        if version != SHIPPED:
            return (await self._store.get(flow, version)).text
        found = await asyncio.to_thread(find_shipped, flow)
        if found is None:
            raise NotFoundError("flow")
        return found[0]

    async def difference(self, flow: str, version: int | None, against: int | None) -> str:
        """Return what changed from ``against`` to ``version``, line by line (a unified diff)."""
        old, new = await self.text(flow, against), await self.text(flow, version)
        lines = difflib.unified_diff(
            old.splitlines(), new.splitlines(), _name(flow, against), _name(flow, version), lineterm=""
        )
        return "\n".join(lines)

    async def faults(self, flow: str, text: str) -> Sequence[Fault]:
        """Return what the linter says of ``text``, and what would break in flows that call this one."""
        published = await self._store.current()
        try:
            await asyncio.to_thread(self._judge, flow, text, published)
        except FlowFaultsError as error:
            return error.faults
        return ()

    def _judge(self, flow: str, text: str, published: Mapping[str, FlowVersion]) -> None:
        """Read ``text``, and every flow that would call it, as calls would from now on."""
        texts = {name: version.text for name, version in published.items()} | {flow: text}
        read = self._files.checked_text(text, flow + SUFFIX, finding(texts))
        if read.flow.flow != flow:
            fault = Fault(flow + SUFFIX, 1, f"this is the flow '{read.flow.flow}'", f"Call it '{flow}'")
            raise FlowFaultsError((fault,))
        for other in sorted({*texts, *_shipped_names()} - {flow}):
            source = finding(texts)(other)
            if source is not None and re.search(rf"\bflow:\s*[\"']?{flow}\b", source[0]):
                self._files.read_text(source[0], source[1], finding(texts))

    async def publish(self, flow: str, text: str, *, by: str, based_on: int, comment: str = "") -> FlowVersion:
        """Publish ``text`` for the calls that come from now on.

        Raises :class:`FlowFaultsError` for what the linter finds, ``FlowChangedError`` if somebody was faster.
        """
        if faults := await self.faults(flow, text):
            raise FlowFaultsError(tuple(faults))
        made = await self._store.add(flow, text, by=by, based_on=based_on, comment=comment)
        audit.info("flow %s version %d published by %s", flow, made.version, by)
        return made

    async def back(self, flow: str, *, by: str, to: int | None = None, comment: str = "") -> FlowVersion:
        """Take up an earlier version again: the one before, or ``to``; 0 is the flow that ships with us.

        That is a version of its own. Raises ``NotFoundError``, :class:`FlowFaultsError` if it no longer works.
        """
        versions = await self._store.versions(flow)
        if not versions:
            raise NotFoundError("flow version")
        current = versions[0]
        wanted = _before(current, versions) if to is None else to
        text = await self.text(flow, wanted)
        if faults := await self.faults(flow, text):
            raise FlowFaultsError(tuple(faults))
        made = await self._store.add(flow, text, by=by, based_on=current.version, comment=comment, back_to=wanted)
        audit.info("flow %s taken back to version %d as %d by %s", flow, wanted, made.version, by)
        return made

    # -------------------------------------------------------------- how callers fared

    async def funnel(self, flow: str, day: date, version: int | None = None) -> Funnel:
        """Return what callers did on one day of the site's."""
        since = datetime.combine(day, time(), self._zone)
        until = datetime.combine(day + timedelta(days=1), time(), self._zone)
        return counted(await self._funnels.read(flow, since, until, version))

    async def picture(self, flow: str, day: date | None = None, version: int | None = None) -> str:
        """Return the flow as SVG, with the callers of a day on it. Raises ``NotFoundError``, ``LayoutError``."""
        text = await self.text(flow, version)
        funnel = None if day is None else await self.funnel(flow, day, version)
        published = await self._store.current()
        return await asyncio.to_thread(self._draw, flow, text, published, funnel)

    def _draw(self, flow: str, text: str, published: Mapping[str, FlowVersion], funnel: Funnel | None) -> str:
        texts = {name: version.text for name, version in published.items()}
        read = self._files.read_text(text, flow + SUFFIX, finding(texts))
        return draw(read.flow, self._files.words_of(read), funnel)


def flow_desk(settings: Settings, database: Database) -> FlowDesk:
    """Return the desk of one install."""
    zone = ZoneInfo(settings.site.timezone)
    return FlowDesk(FlowFiles(settings), FlowStore(database), FunnelStore(database), zone)


def finding(texts: Mapping[str, str]) -> Find:
    """Return what finds flows among ``texts``, and else those that ship with us."""

    def find(name: str) -> tuple[str, str] | None:
        return (texts[name], name + SUFFIX) if name in texts else find_shipped(name)

    return find


def counted(found: Counted) -> Funnel:
    """Return what was counted as a funnel."""
    ways: dict[str, dict[str, int]] = {}
    for row in found.ways:
        ways.setdefault(row.step, {})[row.way] = row.passes
    steps = {
        row.step: StepCount(
            row.step,
            row.calls,
            row.passes,
            ways.get(row.step, {}),
            round(row.mean_ms),
            round(row.median_ms),
            round(row.p90_ms),
        )
        for row in found.times
    }
    totals = found.totals
    return Funnel(
        calls=sum(total.calls for total in totals),
        served=sum(total.served for total in totals),
        to_person=sum(total.to_person for total in totals),
        gave_up=sum(total.gave_up for total in totals),
        steps=steps,
        versions={total.version: total.calls for total in totals},
    )


def _before(current: FlowVersion, versions: Sequence[FlowVersion]) -> int:
    """Return the version that was in use before ``current``: going back twice goes back two versions."""
    reached = current.back_to if current.back_to is not None else current.version
    return next(
        (version.version for version in versions if version.version < reached and version.back_to is None), SHIPPED
    )


def _name(flow: str, version: int | None) -> str:
    return f"{flow} (in use)" if version is None else f"{flow} {version}"


def _shipped_names() -> set[str]:
    return {path.stem for path in shipped_files()}
