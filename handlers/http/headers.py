"""Headers of every answer, unless its handler says otherwise; the web app's own policy is in `handlers.api.pages`."""

from typing import Protocol

NOTHING = "default-src 'none'; frame-ancestors 'none'"
"""The policy of what is no page: nothing is loaded or run from it, nobody shows it in a frame."""

_FEATURES = "camera", "display-capture", "geolocation", "microphone", "midi", "payment", "serial", "usb"
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
    """Any handler of Tornado's."""

    def set_header(self, name: str, value: str) -> None: ...

    def clear_header(self, name: str) -> None: ...


def set_defaults(handler: Answers) -> None:
    """Set what holds unless a handler says otherwise."""
    for name, value in _ALWAYS:
        handler.set_header(name, value)
    handler.clear_header("Server")


def demand_tls(handler: Answers, *, is_secure: bool) -> None:
    """Ask browsers that came over TLS never to come without it again (not for other hosts of the domain)."""
    if is_secure:
        handler.set_header(STRICT_TRANSPORT, f"max-age={_YEAR_S}")
