"""Sets the default headers of every answer, and the headers for pages of other origins.

The policy of the web app's pages is in `handlers.api.pages`.
"""

from collections.abc import Set
from typing import Protocol

NOTHING = "default-src 'none'; frame-ancestors 'none'"
"""The content security policy of answers that are not pages.
Such an answer loads and runs nothing, and no page shows it in a frame."""

_FEATURES = (
    "camera",
    "display-capture",
    "geolocation",
    "microphone",
    "midi",
    "payment",
    "serial",
    "usb",
)
_ALWAYS = (
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("X-Frame-Options", "DENY"),
    ("Content-Security-Policy", NOTHING),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Permissions-Policy", ", ".join(f"{name}=()" for name in _FEATURES)),
    ("Cache-Control", "no-store"),
)
STRICT_TRANSPORT = "Strict-Transport-Security"
_YEAR_S = 365 * 86_400


class Answers(Protocol):
    """The part of Tornado's handlers that sets headers."""

    def set_header(self, name: str, value: str) -> None:
        """Set a header of the answer; it replaces a header of the same name."""

    def clear_header(self, name: str) -> None:
        """Remove a header of the answer."""


def set_defaults(handler: Answers) -> None:
    """Set the default headers, which a handler may replace."""
    for name, value in _ALWAYS:
        handler.set_header(name, value)
    handler.clear_header("Server")


def demand_tls(handler: Answers, *, is_secure: bool) -> None:
    """Tell browsers that use TLS to use only TLS for this host from now on.

    Other hosts of the domain are not affected.
    """
    if is_secure:
        handler.set_header(STRICT_TRANSPORT, f"max-age={_YEAR_S}")


def allow_cross_origin(handler: Answers, origin: str, allowed: Set[str]) -> None:
    """Allow pages of an origin to read the answer, if that origin may call the API."""
    handler.set_header("Vary", "Origin")
    if origin in allowed:
        handler.set_header("Access-Control-Allow-Origin", origin)
        handler.set_header("Access-Control-Allow-Credentials", "true")
        handler.set_header("Access-Control-Expose-Headers", "X-Request-Id, Retry-After")


def allow_preflight(handler: Answers) -> None:
    """Set the headers by which a browser learns what pages of another origin may send."""
    handler.set_header("Access-Control-Allow-Methods", "GET, POST, PATCH, DELETE")
    handler.set_header("Access-Control-Allow-Headers", "Authorization, Content-Type, X-Request-Id")
    handler.set_header("Access-Control-Max-Age", "600")
