"""Texts that callers, agents and browsers send to break a database. All of them are data."""

from itertools import product

_CLOSERS = ("'", '"', "')", "'))", "`", "\\'", "$$", "$a$", "%27", "＇", "';", "' --", "*/", "1")
_DEEDS = (
    "OR '1'='1",
    "OR 1=1 --",
    "; DROP TABLE tickets; --",
    "; DELETE FROM calls; COMMIT; --",
    "UNION SELECT password_hash FROM users --",
    "AND (SELECT pg_sleep(9)) IS NOT NULL --",
    "; SELECT pg_sleep(9); --",
    "|| (SELECT version()) ||",
    "; COPY users TO PROGRAM 'touch x'; --",
    "AND 1=CAST((SELECT token_sha256 FROM tokens LIMIT 1) AS int) --",
    "; UPDATE users SET role='admin'; --",
    "ORDER BY 99 --",
    "; CREATE TABLE owned (a int); --",
    "AND EXTRACTVALUE(1, CONCAT(0x7e, USER())) --",
)
_OTHERS = (
    "", " ", "\t", "\n", "\r\n", "\x1b[2J", "\x00", "\x00' OR 1=1", "\ud800", "%", "_", "\\", "%%%", "%s", "%(x)s",
    ":x",
    "$1", "{}", "{0.__class__}", "null", "NULL", "None", "true", "-1", "0", "1e309", "NaN", "99999999999999999999",
    "<script>alert(1)</script>", "=HYPERLINK(\"http://x\")", "@SUM(1)", "+1", "-1+1", "../../etc/passwd", "$(touch x)",
    "`id`", "|id", ";id", "\N{RIGHT-TO-LEFT OVERRIDE}nimda", "\N{ZERO WIDTH SPACE}", "王小明", "𠜎", "e\u0301",
    "\N{FULLWIDTH EQUALS SIGN}1", "ａｄｍｉｎ", "a" * 5_000, "长" * 5_000,
)  # fmt: skip

PAYLOADS = tuple(f"{closer} {deed}" for closer, deed in product(_CLOSERS, _DEEDS)) + _OTHERS
