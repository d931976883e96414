"""The console's pages: files that the front-end build made, by exact name, and its page for every other address.

The list of files is read once at start; nothing that is asked for ever becomes a path. Pages are kept in memory,
because each time one is sent the build's placeholder in it becomes a fresh nonce, which its style elements carry.
"""

import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from aiohttp import web

from agent_console.api.guard import POLICY, content_policy
from agent_console.errors import NotFoundError
from config.settings import Settings

DIST: Final = Path(__file__).parent.parent / "web" / "dist"
HASHED: Final = "/assets/"
"""What the build puts here bears a hash of its content in its name."""
FOREVER: Final = "public, max-age=31536000, immutable"
ASK_AGAIN: Final = "no-cache"
PACKED: Final = frozenset({".br", ".gz"})
RESERVED: Final = ("/api", "/health", "/metrics")
NONCE_PLACE: Final = b"HYDROPHONE_CSP_NONCE"
DEMO_PAGE: Final = "/phone"


@dataclass(frozen=True, slots=True)
class Pages:
    """The built front end."""

    files: dict[str, Path]
    pages: dict[str, bytes]
    settings: Settings

    @classmethod
    def found(cls, dist: Path, settings: Settings) -> "Pages":
        """Return what the build left in ``dist``; nothing if there was no build."""
        files = {
            f"/{path.relative_to(dist).as_posix()}": path
            for path in sorted(dist.rglob("*"))
            if path.is_file() and not path.is_symlink() and path.suffix not in PACKED and path.suffix != ".map"
        }
        pages = {name: path.read_bytes() for name, path in files.items() if path.suffix == ".html"}
        return cls({name: path for name, path in files.items() if name not in pages}, pages, settings)

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Return the file of this name, or the console's page. Packed copies beside a file are found by aiohttp."""
        name = request.path
        demo_page = name.removesuffix(".html") == DEMO_PAGE
        if name.startswith(RESERVED) or (demo_page and not self.settings.web.demo_phone):
            raise NotFoundError
        path = self.files.get(name)
        if path is not None:
            return web.FileResponse(path, headers={"Cache-Control": FOREVER if name.startswith(HASHED) else ASK_AGAIN})
        return self._sent(self._page(name))

    def _page(self, name: str) -> bytes:
        """Return the page for an address that is no file: an address inside the console has no dot and no asset's."""
        page = self.pages.get(name) or self.pages.get(f"{name}.html")
        if page is None and not name.startswith(HASHED) and "." not in name.rsplit("/", 1)[-1]:
            page = self.pages.get("/index.html")
        if page is None:
            raise NotFoundError
        return page

    def _sent(self, page: bytes) -> web.Response:
        nonce = secrets.token_urlsafe(18)
        headers = {"Cache-Control": ASK_AGAIN, POLICY: content_policy(self.settings, nonce)}
        body = page.replace(NONCE_PLACE, nonce.encode())
        return web.Response(body=body, content_type="text/html", charset="utf-8", headers=headers)
