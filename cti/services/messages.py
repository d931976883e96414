"""What callers say after the tone: a file that the PBX writes, under a name of ours, and a row that tells of it.

``<home>/recordings/<id>.wav``, for whoever runs the PBX and us to read and nobody else. The PBX writes there itself, so
it runs on this machine, or the folder is shared. A file without a row is of a caller who gave it up, or of a moment in
which the database was away: after a day it is nobody's and is deleted.
"""

import asyncio
import logging
import time
import wave
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Final
from uuid import UUID, uuid4

from cti.domain.events import CallEvent, MessageLeft
from cti.domain.ids import CallId
from ivr.ports import DeskUnavailableError, Message, RecordingId
from storage.errors import StorageError
from storage.messages import KeptMessage, MessageStore

_log = logging.getLogger(__name__)

VOICEMAIL: Final = "voicemail"
"""The purpose of what is left in place of waiting for a person."""
SHORTEST_S: Final = 1.0
LARGEST: Final = 10_000_000
"""Bytes: ten minutes at 8 kHz; nothing that flows record is longer than half of that."""
FORGOTTEN_S: Final = 24 * 3600


class MessageFiles:
    """Where what callers say is kept: fulfils ``ivr.ports.Recordings``, and reads it for the console."""

    def __init__(
        self, folder: Path, store: MessageStore, facts: Callable[[CallEvent], None], now: Callable[[], datetime]
    ) -> None:
        self._folder = folder
        self._store = store
        self._facts = facts
        self._now = now

    async def place(self, call: CallId) -> tuple[RecordingId, Path]:
        """Return a new name and where the PBX is to write it, without extension."""
        recording = RecordingId(uuid4())
        try:
            await asyncio.to_thread(self._folder.mkdir, 0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise DeskUnavailableError from error
        return recording, self._folder / str(recording)

    async def keep(self, message: Message) -> None:
        """Keep what was recorded; too short a rest of a caller who hung up is dropped."""
        seconds = message.seconds
        if seconds is None:
            seconds = await asyncio.to_thread(_seconds, self._file(message.recording))
            if seconds < SHORTEST_S:
                await self.drop(message.recording)
                return
        kept = KeptMessage(
            id=message.recording,
            call_id=message.call,
            purpose=message.purpose,
            language=message.language,
            seconds=seconds,
            account=message.account,
            at=self._now(),
        )
        try:
            await self._store.keep(kept)
        except StorageError as error:
            raise DeskUnavailableError from error
        if message.purpose == VOICEMAIL:
            self._facts(MessageLeft(at=self._now(), call=message.call))

    async def drop(self, recording: RecordingId) -> None:
        """Delete a recording."""
        try:
            await asyncio.to_thread(self._file(recording).unlink, missing_ok=True)
        except OSError as error:
            raise DeskUnavailableError from error

    async def read(self, message: UUID) -> bytes | None:
        """Return the WAV file of a message; None when it is gone."""
        try:
            return await asyncio.to_thread(_read, self._file(message))
        except OSError:
            return None

    async def forget_unkept(self) -> int:
        """Delete the files of more than a day that no row tells of; returns how many."""
        old = await asyncio.to_thread(self._old)
        kept = await self._store.known(old)
        for recording in old - kept:
            await self.drop(RecordingId(recording))
        return len(old - kept)

    def _old(self) -> set[UUID]:
        before = time.time() - FORGOTTEN_S
        return {
            UUID(file.stem)
            for file in self._folder.glob("*.wav")
            if _is_ours(file.stem) and file.stat().st_mtime < before
        }

    def _file(self, recording: UUID) -> Path:
        return self._folder / f"{recording}.wav"


def _is_ours(name: str) -> bool:
    try:
        return str(UUID(name)) == name
    except ValueError:
        return False


def _read(file: Path) -> bytes:
    with file.open("rb") as sound:
        return sound.read(LARGEST)


def _seconds(file: Path) -> float:
    try:
        with wave.open(str(file), "rb") as sound:
            return sound.getnframes() / sound.getframerate()
    except (OSError, EOFError, wave.Error):
        return 0.0
