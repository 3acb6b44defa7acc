"""The part of a store's contract for accounts, logins, invites, guests and tickets.

`storage.base` has the other parts, and the rules for all methods.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from storage.logins.records import Login, Ticket
from storage.records import Avatar, Invite, InviteUse, Member, User


@dataclass(frozen=True, slots=True)
class AccountDeletion:
    """The changes that deleting an account made, for rooms that are open.

    logins       ids of the logins that ended; this alone closes the user's sockets
    memberships  sessions of other users that the user was a member of
    inherited    {session: its new owner}
    deleted      sessions that were deleted
    """

    logins: tuple[str, ...] = ()
    memberships: tuple[str, ...] = ()
    inherited: Mapping[str, str] = field(default_factory=dict)
    deleted: tuple[str, ...] = ()
    avatar_key: str | None = None


class Exchanged(NamedTuple):
    """The result of exchanging a refresh token.

    login       the new state of the token's login
    was_behind  whether the store was older than the token, see `AccountStore.rotate_login`
    """

    login: Login
    was_behind: bool = False


class AccountStore(Protocol):
    """Users, their pictures, and their logins."""

    async def add_user(self, user: User, login: Login) -> None:
        """Store a new user and their first login together.

        Raises Conflict("email") or Conflict("username") if another user has the same value. Both
        values are compared case-folded, and names also without invisible characters. A name that
        looks like another user's name is a Conflict too (`storage.names`). Raises Conflict("id")
        if a user with this id and other fields is stored.
        """

    async def user(self, user_id: str) -> User | None:
        """Return a user, even if the user was deleted."""

    async def user_by_name(self, name: str) -> User | None:
        """Return the user with this e-mail address or user name, but never a guest.

        Both are compared case-folded.
        """

    async def users(self, user_ids: Iterable[str]) -> Mapping[str, User]:
        """Return {id: user} for the ids that exist, including deleted users."""

    async def rename_user(self, user_id: str, username: str) -> User:
        """Change a user's name; names of guests need not be unique.

        Raises NotFound, or Conflict like `add_user`.
        """

    async def set_password(
        self, user_id: str, password_hash: str, kept_login: str, *, known_hash: str | None = None
    ) -> tuple[str, ...]:
        """Change a password, end all logins except `kept_login`, and return the ended logins' ids.

        Tokens for a forgotten password are no longer valid.

        known_hash  the hash that the old password was compared with

        Raises NotFound. With `known_hash`, raises Outdated if the stored hash has changed since
        then, or if the kept login has ended.
        """

    async def set_avatar(
        self, user_id: str, url: str | None, key: str | None, picture: Avatar | None
    ) -> str | None:
        """Change a user's picture; return the previous picture's key, None if it equals `key`.

        picture  the row that the store keeps from now on; None removes the previous row

        Raises NotFound.
        """

    async def avatar(self, user_id: str) -> Avatar | None:
        """Return the picture of a user that the store itself keeps."""

    async def delete_user(
        self,
        user_id: str,
        now: int,
        *,
        deletes_sessions: bool,
        guests_before: int | None = None,
    ) -> AccountDeletion:
        """Delete an account with its logins, tickets, picture and memberships.

        guests_before  if given, delete the user only if they are a guest who was not active since
                       this time, and no session would be deleted that others used since

        The user's name is removed everywhere. Each of the user's sessions is deleted, or passes to
        the editor who joined first. Guests do not count as editors, and a session without another
        editor is deleted. If the user no longer exists, a call changes nothing.
        """

    async def idle_owners(self, guests_before: int, limit: int) -> list[str]:
        """Return the ids of guests who own a session and were not active since this time.

        A guest is left out if their session would be deleted, although another member of it was
        active since then.

        limit  how many ids to return at most, beginning with the guests who are idle longest
        """

    async def sweep(self, now: int, guests_before: int, limit: int) -> list[User]:
        """Remove expired logins, tickets and tokens, month-old expired invites, and idle guests.

        guests_before  guests who were not active since this time and own no session are removed
        limit          how many guests to remove at most

        A guest's logins, tickets, picture and membership are removed, but not their name.
        Returns the removed guests as they were before.
        """

    async def add_login(self, login: Login, *, known_hash: str | None = None) -> None:
        """Store another login of a user, and remove the user's logins that expired before it began.

        known_hash  the hash that the password was compared with

        Raises NotFound if there is no such user.
        Raises Outdated if the stored hash differs from `known_hash`.
        """

    async def signed_in(self, login_id: str, now: int) -> User | None:
        """Return the user of a login that has neither ended nor expired."""

    async def rotate_login(
        self,
        login_id: str,
        presented: str,
        successor: str,
        now: int,
        expires_at: int,
        retry_ms: int,
        generation: int = -1,
    ) -> Exchanged:
        """Exchange a refresh token: `presented` and `successor` are hashes.

        If `presented` is the current token, `successor` becomes the current token. If `presented`
        is an earlier token that was exchanged at most `retry_ms` ago, nothing changes. Either the
        request was repeated, or other requests of the same browser overtook it. Returns the new
        state of the login, whose current token may be later than `successor`.

        `generation` is the generation of `presented` if the server's MAC proves it, and -1
        otherwise. If it is greater than the stored one, the store was behind: a backup was
        restored. Then `presented` counts as the current token.

        Raises TokenReused for any other token of the login, and ends the login. Raises NotFound if
        the login has ended or expired.
        """

    async def end_login(self, login_id: str) -> None:
        """End a login; no effect if it has ended already."""

    async def logins(self, user_id: str, now: int) -> list[Login]:
        """Return a user's logins that have not expired, the most recently used first."""

    async def end_other_logins(self, user_id: str, kept_login: str) -> tuple[str, ...]:
        """End all logins of a user except one; return the ids of the ended logins."""

    async def touch_logins(self, login_ids: Iterable[str], now: int) -> set[str]:
        """Note that logins and their users were active; return ids of ended or expired logins."""


class CredentialStore(Protocol):
    """Changes of the data that users sign in with: forgotten passwords and e-mail addresses."""

    async def add_reset(self, token_hash: str, user_id: str, expires_at: int) -> None:
        """Store the hash of a token by which a user may choose a new password.

        Raises NotFound if there is no such user.
        """

    async def user_of_reset(self, token_hash: str, now: int) -> User | None:
        """Return the user of a token that was not used and has not expired."""

    async def use_reset(self, token_hash: str, password_hash: str, now: int) -> tuple[str, ...]:
        """Change the password of a token's user, and end all their logins.

        This token and all other tokens of the user are no longer valid. Returns the ids of the
        ended logins. Raises NotFound if the token was used, has expired or is unknown.
        """

    async def set_email(self, user_id: str, email: str, *, known_hash: str) -> User:
        """Change a user's e-mail address. Tokens that were sent to the old address become invalid.

        known_hash  the hash that the password was compared with

        Raises NotFound, Conflict("email") if another user has the address, and Outdated if the
        stored hash has changed meanwhile.
        """


class InviteStore(Protocol):
    """Ways into a session: invites, the guests who use them, and tickets."""

    async def add_invite(self, invite: Invite, limit: int, *, owner_id: str | None = None) -> None:
        """Store an invite.

        Raises NotFound, or LimitReached if the session has `limit` usable invites.
        Raises NotOwner if `owner_id` is given and no longer owns the session.
        """

    async def invite(self, secret_hash: str, now: int) -> Invite | None:
        """Return the usable invite with this secret."""

    async def invites(
        self, session_id: str, before: str | None, limit: int, uses: int
    ) -> list[tuple[Invite, list[InviteUse]]]:
        """Return invites with ids below `before`, newest first.

        Each comes with its newest uses, at most `uses` of them.
        """

    async def revoke_invite(self, session_id: str, invite_id: str) -> None:
        """Make an invite unusable; no effect if it is unusable already. Raises NotFound."""

    async def use_invite(self, secret_hash: str, member: Member, limit: int) -> Member:
        """Make a user a member in the invite's role, and count the use.

        If the user is a member, or was removed, the existing membership is returned unchanged and
        no use is counted. Raises NotFound if the invite is not usable for that session at the
        member's `joined_at`. Raises LimitReached if the session has `limit` members.
        """

    async def add_guest(self, user: User, login: Login, secret_hash: str, limit: int) -> Member:
        """Store a guest with their login and membership of `guest_of`; raises like `use_invite`."""

    async def claim_guest(self, user: User, login: Login) -> tuple[str, ...]:
        """Make the guest with the user's id a full user; keep `login` and end all other logins.

        Returns the ids of the ended logins. Raises NotFound if there is no such guest or login,
        and Conflict like `add_user`.
        """

    async def add_ticket(self, ticket: Ticket) -> None:
        """Store a ticket. Raises NotFound if there is no such user."""

    async def take_ticket(self, ticket_hash: str, now: int) -> Ticket | None:
        """Remove and return a ticket that has not expired, so that only one caller gets it."""
