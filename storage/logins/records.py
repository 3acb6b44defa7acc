"""The records of logins, and of tickets for WebSockets: frozen, with slots."""

from dataclasses import dataclass, replace

_EARLIER_HASHES = 64
"""Most tokens in `earlier_hashes`. It has the tokens of the last 20 s, and even a user with many
tabs uses fewer in this time."""


@dataclass(frozen=True, slots=True)
class Login:
    """One sign-in on one device; its id is the `sid` of its access tokens.

    token_hash      hash of the present refresh token
    previous_hash   hash of the previous refresh token, for retries and to detect theft
    earlier_hashes  hashes of the tokens before the previous one, newest first, each with the time
                    of its exchange: `hash:ms hash:ms`
    generation      place of the present token in the chain of the login's tokens, from 0
    expires_at      when the login ends if it is not used before; never later than `ends_at`
    used_at         when one of the login's tokens was last used, to the minute
    """

    id: str
    user_id: str
    token_hash: str
    previous_hash: str | None
    generation: int
    created_at: int
    rotated_at: int
    expires_at: int
    ends_at: int
    device: str
    used_at: int = 0
    earlier_hashes: str = ""

    def caught_up(self, token_hash: str, generation: int) -> "Login":
        """Return the login with a newer token, or the login itself if the token is not newer.

        token_hash  hash of the token that a client presents
        generation  generation of this token, proven by its MAC; -1 if it is not proven

        A newer token was issued after this row was written, so a backup was restored since then.
        It is not known which earlier tokens were used, and when. So the login forgets them, and a
        client cannot use one of them again.
        """
        if generation <= self.generation:
            return self
        newest = replace(self, token_hash=token_hash, generation=generation)
        return replace(newest, previous_hash=None, earlier_hashes="")

    def rotated(self, successor: str, now: int, expires_at: int, retry_ms: int) -> "Login":
        """Return the login with `successor` as its token.

        It still has the tokens that were exchanged at most `retry_ms` before `now`.

        An example with 20 s: A becomes B at 100 s, B becomes C at 110 s. At 125 s, C becomes D.
        Then A is dropped, because it was used 25 s before.
        """
        used = [f"{self.previous_hash}:{self.rotated_at}"] if self.previous_hash else []
        used += self.earlier_hashes.split()
        recent = [entry for entry in used if now - int(entry.partition(":")[2]) <= retry_ms]
        return replace(
            self,
            token_hash=successor,
            previous_hash=self.token_hash,
            earlier_hashes=" ".join(recent[:_EARLIER_HASHES]),
            generation=self.generation + 1,
            rotated_at=now,
            used_at=now,
            expires_at=min(expires_at, self.ends_at),
        )

    def was_used_since(self, token_hash: str, since: int) -> bool:
        """Whether a token of this login was exchanged for its successor at `since` or later."""
        if token_hash == self.previous_hash:
            return self.rotated_at >= since
        used = dict(entry.split(":") for entry in self.earlier_hashes.split())
        return int(used.get(token_hash, since - 1)) >= since


@dataclass(frozen=True, slots=True)
class Ticket:
    """A pass by which a login opens one WebSocket to one session; the store has only its hash."""

    hash: str
    user_id: str
    login_id: str
    session_id: str
    expires_at: int
