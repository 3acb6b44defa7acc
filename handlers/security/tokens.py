"""Access tokens (JWT) and refresh tokens.

A refresh token is `<login id>.<secret>`, and the store has only a hash of the secret. Each use
replaces the token by its successor, whose secret is an HMAC of the previous token. So the tokens of
a login form a chain that only this server can compute, and the server stores none of the tokens.

The server replaces the token at each use, and ends the login if a used token comes back. This is
refresh token rotation (RFC 9700, section 4.14.2; RFC 6819, section 5.2.2.3). If a used token comes
back, two parties have it, and one of them is a thief.

The invariant: the store has the hash of the newest token of the chain. From any token that was used
a short time ago, the server can compute the newest token, one successor after another.

With random successors, a lost answer would sign the client out. Or the server would have to store
the successor in readable form to send it again. With the chain, a copy of the database contains no
token.

An example: a browser has token A, and three of its tabs send A. The first tab gets B = HMAC(A), and
the store now has hash(B). The second request comes within 20 s, so nothing changes, and its answer
also has B. Meanwhile the first tab has exchanged B for C. The third tab gets the newest token: the
server computes B from A and C from B, and finds that the store has hash(C). If a thief sends A a
minute later, A counts as reused, and the login ends.
"""

import base64
import hashlib
import hmac
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jwt

from handlers.errors import ApiError, not_signed_in, token_expired
from handlers.ids import new_id

_ISSUER = "collab-server"
_ALGORITHM = "HS256"
_REQUIRED = ["iss", "aud", "sub", "sid", "iat", "exp", "jti"]
_MAX_TOKEN_CHARACTERS = 2_048
_INVALID = (jwt.PyJWTError, ValueError, TypeError, OverflowError, RecursionError)
_STEPS_AHEAD = 100
"""Most successors that are computed to find the newest token. Each takes 5 µs.
A store remembers fewer used tokens: 65."""
_VERIFIED_AT_MOST = 2_000
"""How many of the newest access tokens are remembered as verified.
Verifying a signature takes 0.2 ms."""


@dataclass(frozen=True, slots=True)
class Claims:
    """The user and the login that an access token is for."""

    user_id: str
    login_id: str


@dataclass(frozen=True, slots=True)
class RefreshToken:
    """A refresh token and the hash under which the store knows it."""

    login_id: str
    secret: str

    def __str__(self) -> str:
        return f"{self.login_id}.{self.secret}"

    @property
    def hash(self) -> str:
        """The SHA-256 of the secret in hexadecimal. The store has it instead of the secret."""
        return hashlib.sha256(self.secret.encode()).hexdigest()


class Tokens:
    """Issues and reads tokens with one secret of at least 32 bytes."""

    def __init__(
        self,
        secret: str,
        access_s: int,
        clock: Callable[[], int],
        random_bytes: Callable[[int], bytes],
    ) -> None:
        """access_s: life of an access token in seconds; clock: milliseconds since 1970."""
        self.access_s = access_s
        self._key = secret.encode()
        self._refresh_key = hmac.digest(self._key, b"refresh tokens", "sha256")
        self._clock = clock
        self._random_bytes = random_bytes
        self._verified: OrderedDict[str, tuple[Claims, int]] = OrderedDict()

    def access_token(self, user_id: str, login_id: str) -> str:
        """Return a signed access token."""
        now = self._clock() // 1000
        claims = {
            "iss": _ISSUER,
            "aud": _ISSUER,
            "sub": user_id,
            "sid": login_id,
            "iat": now,
            "exp": now + self.access_s,
            "jti": new_id(self._random_bytes),
        }
        return jwt.encode(claims, self._key, _ALGORITHM)

    def read_access_token(self, token: str) -> Claims:
        """Return the user and login of a token.

        Raises ApiError 401 if it is not ours or has expired.
        """
        verified = self._verified.get(token)
        if verified is None:
            verified = self._verified[token] = self._verify(token)
            if len(self._verified) > _VERIFIED_AT_MOST:
                self._verified.popitem(last=False)
        claims, expires_at = verified
        if expires_at * 1000 <= self._clock():
            raise token_expired()
        return claims

    def _verify(self, token: str) -> tuple[Claims, int]:
        """Return the user and login of a token, and its expiry in seconds since 1970.

        The token may have expired.
        """
        if len(token) > _MAX_TOKEN_CHARACTERS or "=" in token:
            raise not_signed_in("The access token is not valid.")
        try:
            claims = self._decode(token)
            if isinstance(claims["exp"], str):
                raise ValueError("exp must be a number")  # noqa: TRY004  # ValueError is in _INVALID
            return Claims(str(claims["sub"]), str(claims["sid"])), int(claims["exp"])
        except _INVALID:
            raise not_signed_in("The access token is not valid.") from None

    def _decode(self, token: str) -> dict[str, Any]:
        """Return the claims of a token of ours, expired or not."""
        return jwt.decode(
            token,
            self._key,
            algorithms=[_ALGORITHM],
            audience=_ISSUER,
            issuer=_ISSUER,
            options={"require": _REQUIRED, "verify_exp": False, "verify_iat": False},
        )

    def login_of(self, token: str) -> str:
        """Return the login of an access token of ours, expired or not; "" for any other token."""
        try:
            claims = self._decode(token[:_MAX_TOKEN_CHARACTERS])
        except _INVALID:
            return ""
        return str(claims["sid"])

    def new_refresh_token(self, login_id: str | None = None) -> RefreshToken:
        """Return a random token, which begins a chain for a new login or for `login_id`."""
        return RefreshToken(login_id or new_id(self._random_bytes), _text(self._random_bytes(32)))

    def successor(self, token: RefreshToken) -> RefreshToken:
        """Return the token that replaces this token; equal tokens have equal successors."""
        # The HMAC needs the server's key. So a thief who has A cannot compute its successors.
        secret = hmac.digest(self._refresh_key, str(token).encode(), "sha256")
        return RefreshToken(token.login_id, _text(secret))

    def newest(self, token: RefreshToken, newest_hash: str) -> RefreshToken:
        """Return the token with a given hash, which comes after `token` in the chain.

        Raises: ApiError 401 if none of the next `_STEPS_AHEAD` tokens has this hash,
        for example because JWT_SECRET changed.
        """
        for _ in range(_STEPS_AHEAD):
            token = self.successor(token)
            if token.hash == newest_hash:
                return token
        raise _not_valid()

    def new_reset_token(self) -> str:
        """Return a random token of 256 bits, by which a user may choose a new password."""
        return _text(self._random_bytes(32))

    def read_refresh_token(self, text: str) -> RefreshToken:
        """Return the refresh token in a text; raises ApiError 401 if the text is malformed."""
        login_id, dot, secret = text.partition(".")
        if not (login_id and dot and secret):
            raise _not_valid()
        return RefreshToken(login_id, secret)


def reset_hash(token: str) -> str:
    """Return the hash under which the store knows a token for a forgotten password."""
    return hashlib.sha256(token.encode()).hexdigest()


def _not_valid() -> ApiError:
    return not_signed_in("The refresh token is not valid.")


def _text(secret: bytes) -> str:
    return base64.urlsafe_b64encode(secret).rstrip(b"=").decode()
