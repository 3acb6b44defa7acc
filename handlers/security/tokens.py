"""Access tokens (JWT) and refresh tokens.

A refresh token is `<login id>.<generation>.<chain>.<mac>`. Everything after the login id is the
token's secret, and the store has only a hash of the secret. Each use replaces the token by its
successor, whose chain is an HMAC of the previous token, and whose generation is one more. So the
tokens of a login form a chain that only this server can compute, and the server stores none of the
tokens.

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

The MAC proves that the server issued the token with this generation. If the generation is greater
than the store's, the store is older than the token: an operator restored a backup. Then the token
counts as the newest one. Otherwise each login that was used since the backup would end, and guests
have no password with which to begin another. A token with a wrong MAC proves nothing. Such a token
is valid only if the store has its hash, for example after a change of JWT_SECRET. The same is true
for tokens `<login id>.<chain>` of earlier releases; their successors have a generation.

This gives a thief one advantage: a used token from the time between the backup and the restore
works once more. The login does not continue for both parties. An example: the store is back at
generation 5, a thief has the used token 6, and the browser has token 9. If the browser comes first,
the store has 10. If the thief comes first, the thief gets token 7, and then the browser brings 9,
and the store has 10. In both cases the thief next uses a token up to 9, so the login ends. If the
thief goes on beyond 9 before the browser comes, the browser's token is the used one, and the login
ends too. Both parties are on one chain, so each use by one of them makes the other's token a used
token.
"""

import base64
import hashlib
import hmac
import re
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
LAST_GENERATION = 10**15 - 1
"""The generation of a login whose tokens must all be refused: no token has a greater one."""
_GENERATION = re.compile(r"[0-9]{1,15}")
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
    """A refresh token and the hash under which the store knows it.

    generation  its place in the chain of the login's tokens if the MAC proves it, otherwise -1
    """

    login_id: str
    secret: str
    generation: int = -1

    def __str__(self) -> str:
        return f"{self.login_id}.{self.secret}"

    @property
    def hash(self) -> str:
        """The SHA-256 of the secret in hexadecimal. The store has it instead of the secret."""
        return hashlib.sha256(self.secret.encode()).hexdigest()

    @property
    def chain(self) -> str:
        """The part of the secret from which the successor's is computed."""
        return self.secret if self.generation < 0 else self.secret.split(".")[1]


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
        # Another key than the chain's, so that no part of one token is the MAC of another token.
        self._mac_key = hmac.digest(self._key, b"generations of refresh tokens", "sha256")
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

    def new_refresh_token(self) -> RefreshToken:
        """Return a random token, which begins a chain for a new login."""
        chain = _text(self._random_bytes(32))
        return self._signed(new_id(self._random_bytes), 0, chain)

    def successor(self, token: RefreshToken, generation: int) -> RefreshToken:
        """Return the token that replaces `token`.

        generation  the generation of the new token
        """
        return self._signed(token.login_id, generation, self._next(token.login_id, token.chain))

    def newest(self, token: RefreshToken, newest_hash: str, generation: int) -> RefreshToken:
        """Return the token with a given hash and generation, which comes after `token`.

        Raises: ApiError 401 if none of the next `_STEPS_AHEAD` tokens has this hash,
        for example because JWT_SECRET changed.
        """
        login_id, chain = token.login_id, token.chain
        for _ in range(_STEPS_AHEAD):
            chain = self._next(login_id, chain)
            candidate = self._signed(login_id, generation, chain)
            if candidate.hash == newest_hash:
                return candidate
        raise _not_valid()

    def _next(self, login_id: str, chain: str) -> str:
        # The HMAC needs the server's key. So a thief who has A cannot compute its successors.
        return _text(hmac.digest(self._refresh_key, f"{login_id}.{chain}".encode(), "sha256"))

    def _signed(self, login_id: str, generation: int, chain: str) -> RefreshToken:
        """Return the token of a generation, with its MAC."""
        mac = hmac.digest(self._mac_key, f"{login_id}.{generation}.{chain}".encode(), "sha256")
        return RefreshToken(login_id, f"{generation}.{chain}.{_text(mac)}", generation)

    def new_reset_token(self) -> str:
        """Return a random token of 256 bits, by which a user may choose a new password."""
        return _text(self._random_bytes(32))

    def read_refresh_token(self, text: str) -> RefreshToken:
        """Return the refresh token in a text; raises ApiError 401 if the text is malformed."""
        login_id, dot, secret = text.partition(".")
        if not (login_id and dot and secret):
            raise _not_valid()
        generation, *rest = secret.split(".")
        if len(rest) == 2 and _GENERATION.fullmatch(generation):
            signed = self._signed(login_id, int(generation), rest[0])
            if hmac.compare_digest(signed.secret.encode(), secret.encode()):
                return signed
        return RefreshToken(login_id, secret)


def reset_hash(token: str) -> str:
    """Return the hash under which the store knows a token for a forgotten password."""
    return hashlib.sha256(token.encode()).hexdigest()


def _not_valid() -> ApiError:
    return not_signed_in("The refresh token is not valid.")


def _text(secret: bytes) -> str:
    return base64.urlsafe_b64encode(secret).rstrip(b"=").decode()
