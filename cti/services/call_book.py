"""Our ids of the calls on one PBX, the same for everybody who asks: the AMI's events and the phone menu.

An id needs the PBX's start, which only the AMI link tells. A call that the menu meets while there is no link gets an
id all the same (from the last start known, kept in a file), and keeps it when the link is back.
"""

import logging
from pathlib import Path

from cti.domain.ids import CallId, LinkedId, PbxName, call_id
from cti.domain.model import Call, Changes

_log = logging.getLogger(__name__)


class CallBook:
    """Call it with a Linkedid. ``file`` remembers the PBX's start over a restart of ours."""

    def __init__(self, pbx: PbxName, file: Path) -> None:
        self._pbx = pbx
        self._file = file
        self._boot = _read(file)
        self._before = self._boot
        self._sure = False
        self._met: dict[LinkedId, CallId] = {}

    def __call__(self, linkedid: LinkedId) -> CallId:
        """Return our id of the call."""
        known = self._met.get(linkedid)
        if known is not None:
            return known
        made = call_id(self._pbx, self._boot, linkedid)
        if not self._sure:
            self._met[linkedid] = made
        return made

    def in_former_life(self, linkedid: LinkedId) -> CallId:
        """Return our id of a call that the PBX had before it was started anew the last time."""
        return self._met.get(linkedid) or call_id(self._pbx, self._before, linkedid)

    def on_link_up(self, boot: int) -> bool:
        """Take the PBX's start; tells whether it was started anew since the last one that we know of.

        Blocks for a write of a few bytes when it is a new one; for a thread.
        """
        self._sure = True
        if boot == self._boot:
            return False
        self._before, self._boot = self._boot, boot
        _write(self._file, boot)
        return self._before != 0

    def on_link_down(self) -> None:
        """Note that the PBX may be restarted without our knowledge."""
        self._sure = False

    def restored(self, call: CallId, linkedid: LinkedId) -> None:
        """Keep the id that the call's record has from before our start, if it would be another today."""
        if call != call_id(self._pbx, self._boot, linkedid):
            self._met[linkedid] = call

    def on_changes(self, changes: Changes) -> None:
        """Forget the calls that ended."""
        for call in changes.ended:
            self._forget(call)

    def _forget(self, call: Call) -> None:
        if self._met.get(call.linkedid) == call.id:
            del self._met[call.linkedid]


def _read(file: Path) -> int:
    try:
        return int(file.read_text())
    except (OSError, ValueError):
        return 0


def _write(file: Path, boot: int) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        draft = file.with_suffix(".new")
        draft.write_text(str(boot))
        draft.replace(file)
    except OSError:
        _log.exception("can't remember the PBX's start")
