"""What every answer carries, whatever it is: security headers, a Content Security Policy, and what may be cached."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from config.settings import Settings


def security_headers(settings: Settings) -> Mapping[str, str]:
    """Return the headers of every answer. Scripts, styles and pictures come from us, connections go to us."""
    connect = " ".join(["'self'", *sorted({_origin(settings.push_url), _origin(settings.sip_ws_url)})])
    policy = {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self' data:",
        "font-src": "'self'",
        "media-src": "'self' blob:",
        "manifest-src": "'self'",
        "connect-src": connect,
        "base-uri": "'none'",
        "form-action": "'self'",
        "frame-ancestors": "'none'",
        "object-src": "'none'",
    }
    headers = {
        "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in policy.items()),
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
