"""Exchanges refresh tokens, and warns if one proves that a backup of the database was restored."""

import logging

from handlers.errors import not_signed_in
from handlers.security.tokens import RefreshToken, Tokens
from storage.base import Store
from storage.errors import NotFound
from storage.records import User

_log = logging.getLogger(__name__)


class Refresher:
    """Exchanges the refresh tokens of one store.

    retry_ms  for how many milliseconds after its exchange a token may be sent again
    idle_ms   after how many milliseconds without an exchange a login ends
    """

    def __init__(self, store: Store, tokens: Tokens, retry_ms: int, idle_ms: int) -> None:
        self._store = store
        self._tokens = tokens
        self._retry_ms = retry_ms
        self._idle_ms = idle_ms
        self._has_warned = False

    async def exchange(self, presented: RefreshToken, now: int) -> tuple[User, RefreshToken]:
        """Return the user of a token's login, and the login's newest token.

        Raises: ApiError 401. TokenReused if the login was ended because of this token.
        """
        generation = presented.generation
        if generation < 0:
            generation = await self._stored_generation(presented.login_id, now)
        try:
            login, was_behind = await self._store.rotate_login(
                presented.login_id,
                presented.hash,
                self._tokens.successor(presented, generation + 1).hash,
                now,
                now + self._idle_ms,
                self._retry_ms,
                presented.generation,
            )
        except NotFound:
            raise not_signed_in("This login has ended.") from None
        if was_behind:
            self._warn(login.user_id)
        newest = self._tokens.newest(presented, login.token_hash, login.generation)
        user = await self._store.signed_in(login.id, now)
        if user is None:
            raise not_signed_in("This login has ended.")
        return user, newest

    async def _stored_generation(self, login_id: str, now: int) -> int:
        """Return the generation of a login's present token; 0 for an unknown login.

        The generation is needed to make the successor of the present token. The store does not use
        a successor of any other token, so a wrong generation there has no effect.
        """
        user = await self._store.signed_in(login_id, now)
        logins = await self._store.logins(user.id, now) if user else []
        return next((login.generation for login in logins if login.id == login_id), 0)

    def _warn(self, user_id: str) -> None:
        """Log that a backup was restored, once since the start: later proofs say nothing new."""
        if not self._has_warned:
            _log.warning(
                "the database is older than a login of user %s: a backup was restored; logins and "
                "editors that are open bring back what it lacks (docs/storage.md)",
                user_id,
            )
        self._has_warned = True
