"""A cookie that proves that an account has signed in on this browser before.

The cookie signs nobody in. Each device has its own count of wrong passwords
(`handlers.security.password_tries`). So strangers who guess a password do not lock out the browsers
that the account uses. This is OWASP's "device cookie", with one entry for each account of a shared
computer.
"""

import base64
import hmac
from collections.abc import Callable, Iterator

from handlers.ids import new_id

_SEPARATOR = "~"
_MAC_BYTES = 16
_MAX_ACCOUNTS = 8
"""Most accounts in one browser's cookie, the newest first. Each takes 40 bytes."""


class KnownDevices:
    """Reads and writes the cookie.

    Its entries are `<mark>.<signature of mark and user id>`, joined by `~`.
    """

    def __init__(self, secret: str, random_bytes: Callable[[int], bytes]) -> None:
        """secret: the secret of the server, at least 32 bytes."""
        self._key = hmac.digest(secret.encode(), b"known devices", "sha256")
        self._random_bytes = random_bytes

    def mark(self, cookie: str, user_id: str) -> str:
        """Return the mark of the device if the account has signed in on it before, "" otherwise."""
        return next(
            (
                mark
                for mark, signature in _entries(cookie)
                if self._is_good(user_id, mark, signature)
            ),
            "",
        )

    def add(self, cookie: str, user_id: str) -> str:
        """Return the cookie with an account at the front; a known account keeps its mark."""
        mark = self.mark(cookie, user_id) or new_id(self._random_bytes)
        others = [f"{other}.{signature}" for other, signature in _entries(cookie) if other != mark]
        return _SEPARATOR.join(
            [f"{mark}.{self._signature(user_id, mark)}", *others][:_MAX_ACCOUNTS]
        )

    def _is_good(self, user_id: str, mark: str, signature: str) -> bool:
        return hmac.compare_digest(self._signature(user_id, mark).encode(), signature.encode())

    def _signature(self, user_id: str, mark: str) -> str:
        mac = hmac.digest(self._key, f"{user_id} {mark}".encode(), "sha256")[:_MAC_BYTES]
        return base64.urlsafe_b64encode(mac).rstrip(b"=").decode()


def _entries(cookie: str) -> Iterator[tuple[str, str]]:
    """Yield (mark, signature) for each well-formed entry."""
    for entry in cookie.split(_SEPARATOR)[:_MAX_ACCOUNTS]:
        mark, dot, signature = entry.partition(".")
        if mark.isascii() and mark.isalnum() and dot and signature:
            yield mark, signature
