"""The contract of a store, continued from `storage.base`:
accounts, logins, and ways into a session.
"""

from collections.abc import Iterable, Mapping
from typing import Protocol

from storage.records import AccountDeletion, Avatar, Invite, InviteUse, Login, Member, Ticket, User


class AccountStore(Protocol):
    """Users, their pictures, and their logins."""

    async def add_user(self, user: User, login: Login) -> None:
        """Store a new user and their first login together.

        Raises Conflict("email") or Conflict("username"): both are compared case-folded, names also
        without invisible characters. A name that looks like another user's is a Conflict too
        (`storage.names`). Raises Conflict("id") if a user with this id, but with other fields, is
        stored.
        """

    async def user(self, user_id: str) -> User | None:
        """Return a user, also a deleted one."""

    async def user_by_name(self, name: str) -> User | None:
        """Return the user with this e-mail address or user name, compared case-folded;
        never a guest.
        """

    async def users(self, user_ids: Iterable[str]) -> Mapping[str, User]:
        """Return {id: user} for the ids that exist, also for deleted users."""

    async def rename_user(self, user_id: str, username: str) -> User:
        """Change a user's name; names of guests need not be unique.

        Raises NotFound, or Conflict like `add_user`.
        """

    async def set_password(
        self, user_id: str, password_hash: str, kept_login: str, *, known_hash: str | None = None
    ) -> tuple[str, ...]:
        """Change a password, end all logins except `kept_login`,
        and return the ids of those that ended.

        known_hash  the hash that the old password was compared with

        Raises NotFound. With `known_hash`, raises Outdated if the stored hash is another one
        meanwhile, or if the kept login has ended.
        """

    async def set_avatar(
        self, user_id: str, url: str | None, key: str | None, picture: Avatar | None
    ) -> str | None:
        """Change a user's picture; return the key of the previous one,
        None if that is the key given.

        picture  the row that the store itself keeps; None removes the row that it has

        Raises NotFound.
        """

    async def avatar(self, user_id: str) -> Avatar | None:
        """Return the picture that the store keeps of a user."""

    async def delete_user(
        self, user_id: str, now: int, *, deletes_sessions: bool
    ) -> AccountDeletion:
        """Delete an account with its logins, tickets, picture and memberships;
        the name is removed everywhere.

        The user's sessions are deleted, or pass to the editor who joined first. Guests do not count
        as editors, and a session without another editor is deleted. Without effect if the user is
        gone.
        """

    async def sweep(self, now: int, guests_before: int, limit: int) -> list[User]:
        """Remove logins and tickets that have expired, invites that expired a month ago,
        and idle guests.

        guests_before  guests who were not active since this time are cleaned up, at most `limit` of
                       them: with their logins, tickets, picture and membership; their name stays

        Returns these guests as they were before.
        """

    async def add_login(self, login: Login, *, known_hash: str | None = None) -> None:
        """Store another login of a user, and remove the user's logins that expired before it began.

        known_hash  the hash that the password was compared with

        Raises NotFound if there is no such user,
        Outdated if the stored hash is another one meanwhile.
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
    ) -> Login:
        """Exchange a refresh token: `presented` and `successor` are hashes.

        If `presented` is the current token, `successor` becomes current. If it is an earlier one
        that was exchanged at most `retry_ms` ago, nothing changes: the request was repeated, or
        other requests of the same browser overtook it. Returns the login as it then is; its current
        token may be some steps past `successor`.

        Raises TokenReused for any other token of the login, and ends the login; NotFound if the
        login has ended or expired.
        """

    async def end_login(self, login_id: str) -> None:
        """End a login; harmless if it has ended."""

    async def logins(self, user_id: str, now: int) -> list[Login]:
        """Return a user's logins that have not expired, the most recently used first."""

    async def end_other_logins(self, user_id: str, kept_login: str) -> tuple[str, ...]:
        """End all logins of a user except one; return the ids of those that ended."""

    async def touch_logins(self, login_ids: Iterable[str], now: int) -> set[str]:
        """Note that logins and their users were active;
        return the ids of logins that have ended or expired.
        """


class InviteStore(Protocol):
    """Ways into a session: invites, the guests who come in by them, and tickets."""

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
        """Return invites with ids below `before`, newest first;
        each with its newest uses, at most `uses` of them.
        """

    async def revoke_invite(self, session_id: str, invite_id: str) -> None:
        """Make an invite unusable; harmless if it is unusable already. Raises NotFound."""

    async def use_invite(self, secret_hash: str, member: Member, limit: int) -> Member:
        """Make a user a member in the invite's role, and count the use.

        If the user has a membership, also a removed one, that is returned unchanged and nothing is
        counted. Raises NotFound if the invite is not usable for that session at `joined_at`,
        LimitReached if the session has `limit` members.
        """

    async def add_guest(self, user: User, login: Login, secret_hash: str, limit: int) -> Member:
        """Store a guest with their login and membership of `guest_of`; raises like `use_invite`."""

    async def claim_guest(self, user: User, login: Login) -> tuple[str, ...]:
        """Make the guest with the user's id a full user with the given login,
        and end their other logins.

        Returns the ids of those that ended. Raises NotFound if there is no such guest or login,
        and Conflict like `add_user`.
        """

    async def add_ticket(self, ticket: Ticket) -> None:
        """Store a ticket. Raises NotFound if there is no such user."""

    async def take_ticket(self, ticket_hash: str, now: int) -> Ticket | None:
        """Return a ticket that has not expired, and remove it, so that only one caller gets it."""
