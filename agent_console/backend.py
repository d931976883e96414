"""What the API's handlers and the push channel work with, in one place. Built by :mod:`agent_console.server`."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from agent_console.auth import Login, LoginThrottle, PushTickets, Sessions, Standing
from agent_console.errors import NotFoundError
from agent_console.pop_desk import PopDesk
from agent_console.ports import LiveCentre, Stores
from agent_console.views import agent_view
from agent_console.wire import ReplayView, Session, SipPhone, SiteWord
from agent_console.wire_live import AgentView, PulseView
from config.queues import queues_of
from config.secrets import Secrets
from config.settings import Settings
from cti.domain.ids import AgentId, Extension, number_of, pbx_of

DEMO_PHONE = Extension("2000")
LOOPBACK = ("127.0.0.1", "localhost")


@dataclass(frozen=True, slots=True)
class Backend:
    """One install's console backend."""

    settings: Settings
    secrets: Secrets
    live: LiveCentre
    stores: Stores
    sessions: Sessions
    standing: Standing
    push_tickets: PushTickets
    throttle: LoginThrottle
    pops: PopDesk
    now: Callable[[], datetime]
    live_now: Callable[[], datetime]
    """The time of the live state: now, or that of a replay."""
    replay: ReplayView | None = None
    pulses: Callable[[], Sequence[PulseView]] = tuple

    def session(self, login: Login) -> Session:
        """Return what a console learns about its own session."""
        return Session(
            user=login.user,
            name=login.name,
            role=login.role,
            extension=login.extension,
            phone=self.phone(login.extension, login.name) if login.extension else None,
            push_url=self.settings.push_url,
            expires_at=login.expires_at,
            queues=[
                SiteWord(code=queue.name, name_zh=queue.name_zh, name_en=queue.name_en)
                for queue in queues_of(self.settings)
            ],
            reasons=[
                SiteWord(code=reason.code, name_zh=reason.name_zh, name_en=reason.name_en)
                for reason in self.settings.reasons
            ],
        )

    def agent(self, agent: AgentId) -> AgentView:
        """Return an agent as they are now. Raises ``NotFoundError`` for one whom the centre does not know."""
        known = self.live.state.agents.get(agent)
        if known is None:
            raise NotFoundError
        return agent_view(known)

    def phone(self, extension: Extension, display_name: str) -> SipPhone | None:
        """Return what a browser's phone registers with, or None if this install has no such phone."""
        password = self.secrets.phones.get(extension)
        known = (None, *(pbx.name for pbx in self.settings.pbxs))
        if password is None or pbx_of(extension) not in known:
            return None
        there = self.settings.of_pbx(pbx_of(extension) or self.settings.pbx.name)
        return SipPhone(
            uri=f"sip:{number_of(extension)}@{there.pbx.host}",
            password=password,
            ws_url=there.sip_ws_url,
            display_name=display_name,
        )

    @property
    def secure(self) -> bool:
        """Whether browsers reach us by https."""
        return urlsplit(self.settings.console_url).scheme == "https"

    @property
    def origins(self) -> frozenset[str]:
        """The pages that may change anything or open the push channel: ours."""
        return allowed_origins(self.settings)


def allowed_origins(settings: Settings) -> frozenset[str]:
    """Return the origins of our own pages; on a loopback install by both of its names."""
    url = urlsplit(settings.console_url)
    hosts = LOOPBACK if url.hostname in LOOPBACK else (url.hostname or "",)
    port = f":{url.port}" if url.port else ""
    return frozenset(f"{url.scheme}://{host}{port}" for host in hosts)
