"""Who is asking: signed sessions, one-time push tickets, and the brake on guessing passwords.

A session is a signed text (HMAC-SHA256 with the install's ``session_key``), so that a restart of the daemon logs
nobody out and no database is needed to know an agent. What a logged-out session leaves behind, until it would have
expired anyway, is its id, in a small file. Whether its user may still log in is asked every minute.
Passwords themselves are the affair of ``storage``.
"""

import asyncio
import hashlib
import hmac
import logging
import secrets
from base64 import b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson

from agent_console.errors import NotLoggedInError, TooManyTriesError
from agent_console.ports import StoreUnavailableError, User, Users
from agent_console.wire import Role
from cti.domain.ids import AgentId, Extension

log = logging.getLogger(__name__)

PUSH_TICKET_S = 30
STANDING_S = 60.0
STANDING_DEADLINE_S = 1.0
MAX_PUSH_TICKETS = 10_000
MAX_TOKEN_CHARS = 1_000


@dataclass(frozen=True, slots=True)
class Login:
    """One session of one user, until it expires or is closed."""

    user: AgentId
    name: str
    role: Role
    extension: Extension | None
    sid: str
    expires_at: datetime

    @property
    def sees_everything(self) -> bool:
        """Whether everybody's calls and numbers are theirs to see."""
        return self.role is not Role.AGENT


class Sessions:
    """Makes and reads sessions; remembers the closed ones, over a restart too if there is a file for them."""

    def __init__(
        self, key: str, now: Callable[[], datetime], *, lifetime: timedelta, closed: Path | None = None
    ) -> None:
        self._key = hashlib.sha256(b"hydrophone session\0" + key.encode()).digest()
        self._now = now
        self._lifetime = lifetime
        self._file = closed
        self._saving = asyncio.Lock()
        self._closed: dict[str, datetime] = {}
        self._watchers: list[Callable[[str], None]] = []

    async def load(self) -> None:
        """Read which sessions were closed before our start."""
        if self._file is not None:
            kept = await asyncio.to_thread(_read_closed, self._file)
            self._closed = {sid: end for sid, end in kept.items() if end > self._now()}

    def open(self, user: User) -> tuple[str, Login]:
        """Return a new session's token and what it says."""
        expires = (self._now() + self._lifetime).replace(microsecond=0)
        login = Login(user.id, user.name, user.role, user.extension, secrets.token_urlsafe(12), expires)
        return self._sign(_pack(login)), login

    def who(self, token: str) -> Login:
        """Return whose session this is. Raises :class:`NotLoggedInError` for anything but a living one of ours."""
        login = self._read(token)
        if login.expires_at <= self._now() or login.sid in self._closed:
            raise NotLoggedInError
        return login

    async def close(self, login: Login) -> None:
        """Let this session be over, on every channel that belongs to it. Kept when it returns."""
        now = self._now()
        self._closed = {sid: end for sid, end in self._closed.items() if end > now}
        self._closed[login.sid] = login.expires_at
        for watcher in self._watchers:
            watcher(login.sid)
        if self._file is not None:
            async with self._saving:
                await asyncio.to_thread(_write_closed, self._file, dict(self._closed))

    def on_close(self, watcher: Callable[[str], None]) -> None:
        """Call ``watcher`` with the id of each session that is closed."""
        self._watchers.append(watcher)

    def _sign(self, payload: bytes) -> str:
        signature = hmac.digest(self._key, payload, "sha256")
        return f"{_text(payload)}.{_text(signature)}"

    def _read(self, token: str) -> Login:
        if len(token) > MAX_TOKEN_CHARS:
            raise NotLoggedInError
        payload, _, signature = token.partition(".")
        try:
            said, proof = _bytes(payload), _bytes(signature)
        except (Base64Error, ValueError):
            raise NotLoggedInError from None
        if not hmac.compare_digest(hmac.digest(self._key, said, "sha256"), proof):
            raise NotLoggedInError
        return _unpack(orjson.loads(said))


def _pack(login: Login) -> bytes:
    return orjson.dumps(
        {
            "u": login.user,
            "n": login.name,
            "r": login.role.value,
            "x": login.extension,
            "s": login.sid,
            "e": int(login.expires_at.timestamp()),
        }
    )


def _unpack(said: dict[str, Any]) -> Login:
    return Login(
        user=AgentId(said["u"]),
        name=said["n"],
        role=Role(said["r"]),
        extension=Extension(said["x"]) if said["x"] else None,
        sid=said["s"],
        expires_at=datetime.fromtimestamp(said["e"], UTC),
    )


def _read_closed(path: Path) -> dict[str, datetime]:
    try:
        return {sid: datetime.fromisoformat(end) for sid, end in orjson.loads(path.read_bytes()).items()}
    except FileNotFoundError:
        return {}


def _write_closed(path: Path, closed: dict[str, datetime]) -> None:
    draft = path.with_suffix(".new")
    draft.write_bytes(orjson.dumps(closed))
    draft.replace(path)


def _text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    return b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)


class Standing:
    """Whether the user of a session still is who they were then. Without a database the session's word counts."""

    def __init__(self, users: Users, sessions: Sessions, monotonic: Callable[[], float]) -> None:
        self._users = users
        self._sessions = sessions
        self._monotonic = monotonic
        self._asked_s: OrderedDict[str, float] = OrderedDict()

    async def check(self, login: Login) -> None:
        """Ask once a minute. Raises :class:`NotLoggedInError` and closes the session when its user has changed."""
        now = self._monotonic()
        if now - self._asked_s.get(login.sid, float("-inf")) < STANDING_S:
            return
        self._asked_s[login.sid] = now
        while len(self._asked_s) > MAX_WATCHED:
            self._asked_s.popitem(last=False)
        try:
            async with asyncio.timeout(STANDING_DEADLINE_S):
                user = await self._users.user(login.user)
        except (StoreUnavailableError, TimeoutError):
            log.warning("can't ask whether %s may still log in; their session goes on", login.user)
            return
        if user is None or (user.role, user.extension) != (login.role, login.extension):
            await self._sessions.close(login)
            raise NotLoggedInError


class PushTickets:
    """One-time tickets that bind a push connection to a session; each good for 30 s and for one use."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._open: OrderedDict[str, tuple[Login, datetime]] = OrderedDict()

    def issue(self, login: Login) -> str:
        """Return a new ticket for this session. The oldest is forgotten when there are too many."""
        ticket = secrets.token_urlsafe(24)
        self._open[ticket] = (login, self._now() + timedelta(seconds=PUSH_TICKET_S))
        while len(self._open) > MAX_PUSH_TICKETS:
            self._open.popitem(last=False)
        return ticket

    def redeem(self, ticket: str) -> Login:
        """Return the session and use the ticket up. Raises :class:`NotLoggedInError`."""
        login, until = self._open.pop(ticket, (None, self._now()))
        if login is None or until <= self._now():
            raise NotLoggedInError
        return login


@dataclass(frozen=True, slots=True)
class Tries:
    """Failed logins of one user or one address, and from when (monotonic seconds) the next try is heard."""

    failed: int = 0
    last_s: float = 0.0
    blocked_until_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Brake:
    """How a run of failures is slowed down: ``free`` at once, then 1, 2, 4 … ``longest_s`` seconds apart."""

    free: int
    longest_s: int


BRAKES = {"user": Brake(free=5, longest_s=60), "address": Brake(free=20, longest_s=300)}
FORGET_AFTER_S = 900
MAX_WATCHED = 10_000


class LoginThrottle:
    """Slows down guessing, per user and per address.

    A try counts as failed from its start, so that many at once don't slip past; success takes it back. A user can
    be blocked for a minute at most, so that nobody can shut an agent out of the hotline by typing wrong passwords.
    """

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._tries: OrderedDict[tuple[str, str], Tries] = OrderedDict()

    def begin(self, user: str, address: str) -> None:
        """Count a try. Raises :class:`TooManyTriesError` when it comes too early."""
        now = self._monotonic()
        keys = (("user", user), ("address", address))
        wait_s = max(self._known(key, now).blocked_until_s - now for key in keys)
        if wait_s > 0:
            raise TooManyTriesError(retry_after_s=int(wait_s) + 1)
        for key in keys:
            self._count(key, now)

    def succeeded(self, user: str, address: str) -> None:
        """Forget the user's failures, and take this try back from the address."""
        self._tries.pop(("user", user), None)
        known = self._tries.get(("address", address))
        if known is not None:
            self._tries["address", address] = replace(known, failed=max(0, known.failed - 1), blocked_until_s=0.0)

    def _known(self, key: tuple[str, str], now: float) -> Tries:
        known = self._tries.get(key)
        return known if known is not None and now - known.last_s < FORGET_AFTER_S else Tries()

    def _count(self, key: tuple[str, str], now: float) -> None:
        brake = BRAKES[key[0]]
        failed = self._known(key, now).failed + 1
        over = failed - brake.free
        delay_s = min(2 ** min(over, 16), brake.longest_s) if over >= 0 else 0
        self._tries[key] = Tries(failed, now, now + delay_s)
        self._tries.move_to_end(key)
        while len(self._tries) > MAX_WATCHED:
            self._tries.popitem(last=False)
