"""Passwords as argon2id hashes, computed in a thread, a few at a time: each takes 64 MB for its moment."""

import asyncio
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

AT_ONCE: Final = 2
HASHER = PasswordHasher()


class Passwords:
    """Makes and checks password hashes."""

    def __init__(self) -> None:
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._nobodys: str | None = None

    async def hash(self, password: str) -> str:
        """Return a fresh hash of ``password``."""
        async with self._turns:
            return await asyncio.to_thread(HASHER.hash, password)

    async def verify(self, kept: str | None, password: str) -> bool:
        """Tell whether ``password`` fits ``kept``. None (no such user) takes just as long and is never right."""
        if kept is None and self._nobodys is None:
            self._nobodys = await self.hash("nobody's password")
        async with self._turns:
            right = await asyncio.to_thread(self._fits, kept or self._nobodys or "", password)
        return right and kept is not None

    def _fits(self, kept: str, password: str) -> bool:
        try:
            return HASHER.verify(kept, password)
        except (VerificationError, InvalidHashError):
            return False
