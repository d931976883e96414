"""Where log lines go and what they look like: plain for people, JSON for machines. Never a caller's data.

The lines of a logger are the business of who writes them; this only gives them a shape, keeps one entry on one line,
and silences libraries that would quote what they carry.
"""

import json
import logging
import logging.handlers
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

PLAIN: Final = "%(asctime)s %(levelname)-8s %(name)s: %(message)s"
TALKATIVE: Final = ("asyncpg", "sqlalchemy", "aiohttp.access", "panoramisk", "websockets", "asyncio", "alembic")
LARGEST_BYTES: Final = 20_000_000
KEPT_FILES: Final = 5
_VISIBLE: Final = str.maketrans({"\n": "␊", "\r": "␍", "\0": "␀", "\x1b": "␛"})


class OneLine(logging.Formatter):
    """Plain lines. What would break out of its line is shown instead."""

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: N802 - logging's name
        """Return the time in UTC with milliseconds."""
        return _time(record)

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        """Return the line without its traceback."""
        return super().formatMessage(record).translate(_VISIBLE)


class Json(logging.Formatter):
    """One JSON object per line."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as one line."""
        entry = {
            "at": _time(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)
        return json.dumps(entry, ensure_ascii=False)


def _time(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")


def set_up(level: str, *, file: Path | None = None, as_json: bool = False) -> None:
    """Send all log lines to stderr, or to ``file``, which is turned over when it grows large."""
    handler: logging.Handler = logging.StreamHandler(sys.stderr)
    if file is not None:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handler = logging.handlers.RotatingFileHandler(
            file, maxBytes=LARGEST_BYTES, backupCount=KEPT_FILES, encoding="utf-8"
        )
    handler.setFormatter(Json() if as_json else OneLine(PLAIN))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
