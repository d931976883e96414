"""What every answer carries, whatever it is: security headers, a Content Security Policy, and what may be cached."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from config.settings import Settings

POLICY: Final = "Content-Security-Policy"


def content_policy(settings: Settings, nonce: str | None = None) -> str:
    """Return the policy: scripts, files and connections are ours, and style elements those that carry ``nonce``."""
    phones = {_origin(settings.of_pbx(pbx.name).sip_ws_url) for pbx in (settings.pbx, *settings.pbxs)}
    connect = sorted({_origin(settings.push_url), *phones})
    policy = {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'" if nonce is None else f"'self' 'nonce-{nonce}'",
        "img-src": "'self' data:",
        "font-src": "'self'",
        "media-src": "'self' blob:",
        "manifest-src": "'self'",
        "connect-src": " ".join(["'self'", *connect]),
        "base-uri": "'none'",
        "form-action": "'self'",
        "frame-ancestors": "'none'",
        "object-src": "'none'",
    }
    return "; ".join(f"{name} {value}" for name, value in policy.items())


def security_headers(settings: Settings) -> Mapping[str, str]:
    """Return the headers of every answer."""
    headers = {
        POLICY: content_policy(settings),
        "Server": "hydrophone",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": "microphone=(self), camera=(), geolocation=(), display-capture=(), payment=()",
    }
    if urlsplit(settings.console_url).scheme == "https":
        headers["Strict-Transport-Security"] = "max-age=31536000"
    return headers


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
