"""The contract of a store, continued from `storage.base`: accounts, logins, and ways into a session."""

from collections.abc import Iterable, Mapping
from typing import Protocol

from storage.records import AccountDeletion, Avatar, Invite, InviteUse, Login, Member, Ticket, User


class AccountStore(Protocol):
    """Users, their pictures, and their logins."""

    async def add_user(self, user: User, login: Login) -> None:
        """Store a new user and their first login together.

        Raises Conflict("email") or Conflict("username"); both are compared case-folded, names also without
        characters that nobody sees. Names that look like another user's are a Conflict too (`storage.names`), so
        such names are there only from before that rule. Conflict("id") if the id is another user's, or the user was
        changed since.
        """

    async def user(self, user_id: str) -> User | None:
        """Return a user, also one who was deleted."""

    async def user_by_name(self, name: str) -> User | None:
        """Return the user with this e-mail address or this user name, compared case-folded; no guest."""

    async def users(self, user_ids: Iterable[str]) -> Mapping[str, User]:
        """Return {id: user} of those that exist, also of those who were deleted."""

    async def rename_user(self, user_id: str, username: str) -> User:
        """Change a user's name. Raises NotFound, or Conflict as `add_user`; names of guests need not be unique."""

    async def set_password(
        self, user_id: str, password_hash: str, kept_login: str, *, known_hash: str | None = None
    ) -> tuple[str, ...]:
        """Change a password, end all logins but one, and return the ids of those.

        known_hash  the hash that the old password was compared with

        Raises NotFound, and Outdated if the password has another hash, or the kept login has ended,
        meanwhile (neither is looked at without `known_hash`).
        """

    async def set_avatar(self, user_id: str, url: str | None, key: str | None, picture: Avatar | None) -> str | None:
        """Change a user's picture; return the key of the one before, unless that is the key given.

        picture  what the store itself shall keep; None drops what it has

        Raises NotFound.
        """

    async def avatar(self, user_id: str) -> Avatar | None:
        """Return the picture that the store keeps of a user."""

    async def delete_user(self, user_id: str, now: int, *, deletes_sessions: bool) -> AccountDeletion:
        """Delete an account with its logins, tickets, picture and memberships; the name is forgotten everywhere.

        The user's sessions are deleted, or pass to their eldest editor; guests do not count, and a session
        without another editor is deleted. Harmless, and without effect, if the user is gone.
        """

    async def sweep(self, now: int, guests_before: int, limit: int) -> list[User]:
        """Drop logins and tickets that have expired, invites that did a month ago, and idle guests.

        guests_before  guests who were not active since are cleaned up, at most `limit` of them:
                       with their logins, tickets, picture and membership; their name stays

        Returns these guests as they were.
        """

    async def add_login(self, login: Login, *, known_hash: str | None = None) -> None:
        """Store another login of a user; their logins that expired before it began are dropped.

        known_hash  the hash that the password was compared with

        Raises NotFound if there is no such user, Outdated if the password has another hash meanwhile.
        """

    async def signed_in(self, login_id: str, now: int) -> User | None:
        """Return the user of a login that has neither ended nor expired."""

    async def rotate_login(
        self, login_id: str, presented: str, successor: str, now: int, expires_at: int, retry_ms: int
    ) -> Login:
        """Exchange a refresh token: `presented` and `successor` are hashes.

        If `presented` is the current token, `successor` becomes current. If it is an earlier one that was exchanged
        at most `retry_ms` ago, nothing changes: the request was repeated, or was overtaken by others of the same
        browser. Returns the login as it is then; its current token may be some steps past `successor`.

        Raises TokenReused for any other token of the login, and ends the login; NotFound if the
        login has ended or expired.
        """

    async def end_login(self, login_id: str) -> None:
        """End a login; harmless if it has ended."""

    async def logins(self, user_id: str, now: int) -> list[Login]:
        """Return a user's logins that have not expired, the one used last first."""

    async def end_other_logins(self, user_id: str, kept_login: str) -> tuple[str, ...]:
        """End all logins of a user but one; return their ids."""

    async def touch_logins(self, login_ids: Iterable[str], now: int) -> set[str]:
        """Note that logins, and so their users, were active; return those that have ended or expired."""


class InviteStore(Protocol):
    """Ways into a session: invites, the guests who come in by them, and tickets."""

    async def add_invite(self, invite: Invite, limit: int, *, owner_id: str | None = None) -> None:
        """Store an invite. Raises NotFound, or LimitReached if the session has `limit` usable ones.

        Raises NotOwner if `owner_id` is given and owns the session no more.
        """

    async def invite(self, secret_hash: str, now: int) -> Invite | None:
        """Return the usable invite with this secret."""

    async def invites(
        self, session_id: str, before: str | None, limit: int, uses: int
    ) -> list[tuple[Invite, list[InviteUse]]]:
        """Return invites with ids below `before`, newest first, each with its newest `uses` uses."""

    async def revoke_invite(self, session_id: str, invite_id: str) -> None:
        """Make an invite unusable; harmless if it is. Raises NotFound."""

    async def use_invite(self, secret_hash: str, member: Member, limit: int) -> Member:
        """Make a user a member in the invite's role, and count the use.

        A membership that is there already is returned as it is, also of one who was removed, and
        nothing is counted. Raises NotFound if the invite is not usable for that session at
        `joined_at`, LimitReached if the session has `limit` members.
        """

    async def add_guest(self, user: User, login: Login, secret_hash: str, limit: int) -> Member:
        """Store a guest with their login and membership of `guest_of`; raises like `use_invite`."""

    async def claim_guest(self, user: User, login: Login) -> tuple[str, ...]:
        """Make the guest with this id a full user, under the login with this id; end their other logins.

        Returns the ids of those. Raises NotFound if there is no such guest or login, and Conflict
        like `add_user`.
        """

    async def add_ticket(self, ticket: Ticket) -> None:
        """Store a ticket. Raises NotFound if there is no such user."""

    async def take_ticket(self, ticket_hash: str, now: int) -> Ticket | None:
        """Return a ticket that has not expired, to one caller only: it is gone then."""
