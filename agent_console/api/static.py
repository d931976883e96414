"""The console's pages: files that the front-end build made, by exact name, and its page for every other address.

The list of files is read once at start; nothing that is asked for ever becomes a path.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from aiohttp import web

from agent_console.errors import NotFoundError

DIST: Final = Path(__file__).parent.parent / "web" / "dist"
HASHED: Final = "/assets/"
"""What the build puts here bears a hash of its content in its name."""
FOREVER: Final = "public, max-age=31536000, immutable"
ASK_AGAIN: Final = "no-cache"
PACKED: Final = frozenset({".br", ".gz"})
RESERVED: Final = ("/api", "/health")
DEMO_PAGE: Final = "/phone"


@dataclass(frozen=True, slots=True)
class Pages:
    """The built front end. ``demo_phone`` says whether the demo page exists here."""

    files: dict[str, Path]
    demo_phone: bool

    @classmethod
    def found(cls, dist: Path, *, demo_phone: bool) -> "Pages":
        """Return what the build left in ``dist``; nothing if there was no build."""
        files = {
            f"/{path.relative_to(dist).as_posix()}": path
            for path in sorted(dist.rglob("*"))
            if path.is_file() and not path.is_symlink() and path.suffix not in PACKED and path.suffix != ".map"
        }
        return cls(files, demo_phone)

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Return the file of this name, or the console's page. Packed copies beside a file are found by aiohttp."""
        name = request.path
        if name.startswith(RESERVED) or (name.removesuffix(".html") == DEMO_PAGE and not self.demo_phone):
            raise NotFoundError
        path = self.files.get(name) or self._page(name)
        if path is None:
            raise NotFoundError
        return web.FileResponse(path, headers={"Cache-Control": FOREVER if name.startswith(HASHED) else ASK_AGAIN})

    def _page(self, name: str) -> Path | None:
        """Return the page for an address that is no file: an address inside the console has no dot and no asset's."""
        if name.startswith(HASHED) or "." in name.rsplit("/", 1)[-1]:
            return None
        return self.files.get(f"{name}.html") or self.files.get("/index.html")
