"""Lets users into a session: as a member, by the session's link, or by an invite."""

import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

from crdt.errors import RoomUnavailable
from crdt.room.room import Room
from handlers import errors, ids
from handlers.services import Services
from storage.errors import NotFound
from storage.records import Access, Invite, Member, Role, Session, Status, User

_T = TypeVar("_T")

_BY_INVITE = "Too many people came by this invite"


def secret_hash(secret: str) -> str:
    """Return the hash under which the store knows the secret of an invite or a ticket.

    Different spellings of the secret have the same hash (`ids.normalize`).
    """
    return hashlib.sha256(ids.normalize(secret).encode()).hexdigest()


async def find_invite(services: Services, secret: str, address: str) -> Invite:
    """Return a usable invite, and remember that `address` has shown a valid invite.

    Raises: ApiError 404 if the invite is not usable,
    and ApiError 429 if too many wrong invites came from the address.
    """
    invite = await services.store.invite(secret_hash(secret), services.clock())
    if invite is None:
        raise wrong_invite(services, address)
    services.limiters.invited.note(address)
    return invite


def wrong_invite(services: Services, address: str) -> errors.ApiError:
    """Count a wrong invite for the address that sent it, and return the error to raise."""
    if wait_s := services.limiters.wrong_invites.wait_s(address):
        return errors.rate_limited(wait_s, "Too many invites from your network were wrong.")
    return errors.bad_invite()


def count_entry(services: Services, invite: Invite, address: str, *, is_guest: bool) -> None:
    """Count a guest or a new account that comes by an invite. Raises: ApiError 429.

    Each address may use only a share of an invite's rate,
    so that other addresses can use the invite too.
    """
    limiters = services.limiters
    counts = [
        (limiters.invite_shares, f"{invite.id} {address}", f"{_BY_INVITE} from your network"),
        (limiters.guests, invite.id, _BY_INVITE),
    ]
    if is_guest:
        counts.insert(
            0, (limiters.address_guests, address, "Too many guests came from your network")
        )
    for number, (limiter, key, message) in enumerate(counts):
        if wait_s := limiter.wait_s(key):
            for earlier, counted, _ in counts[:number]:
                earlier.refund(counted)
            raise errors.rate_limited(wait_s, f"{message}.")


async def join_session(
    services: Services, user: User, session_id: str, invite: str = "", address: str = ""
) -> tuple[Session, Member]:
    """Read a session from the store, and return it with the user's membership of it.

    The arguments and errors are the same as for `ensure_member`.
    """
    session = await services.store.session(session_id)
    member = await services.store.member(session_id, user.id)
    return await ensure_member(services, user, session, member, invite, address)


async def ensure_member(
    services: Services,
    user: User,
    session: Session | None,
    member: Member | None,
    invite: str = "",
    address: str = "",
) -> tuple[Session, Member]:
    """Return the session and the user's membership, even if the user was removed (`is_removed`).

    A user who is not a member, but has the link or an invite, becomes a member.

    session, member  the rows in the store, None if there is no such row
    address          the address that sent the invite

    Raises: NotFound("session") and LimitReached. ApiError 403 for a guest of another session, 404
    if the session needs a valid invite, and 429 after too many wrong invites.
    """
    if session is None:
        raise NotFound("session")
    if member is not None:
        return session, member
    store, session_id = services.store, session.id
    if not invite and session.access is not Access.LINK:
        raise errors.not_found("session")
    if not user.may_enter(session_id):
        raise errors.forbidden("A guest may enter one session only: sign up to join others.")
    new_member = Member(session_id, user.id, session.join_role, services.clock())
    if invite:
        try:
            return session, await store.use_invite(
                secret_hash(invite), new_member, services.settings.members
            )
        except NotFound:
            raise wrong_invite(services, address) from None
    return session, await store.join(new_member, services.settings.members)


async def membership(
    services: Services, user_id: str, session_id: str, needed: Role, *, writes: bool = False
) -> tuple[Session, Member]:
    """Return a session and a user's membership of it.

    writes  whether the request needs a session that has not ended

    Raises ApiError 404 for users that are not members and may not learn that the session exists.
    Raises ApiError 403 for a role below `needed`, and 409 for a change of an ended session.
    """
    session_id = ids.normalize(session_id)
    session = await services.store.session(session_id)
    member = await services.store.member(session_id, user_id)
    if session is None or member is None or member.is_removed:
        raise errors.not_found("session")
    if not member.role.allows(needed):
        raise errors.forbidden(f"Your role here is {member.role}, this needs {needed}.")
    if writes and session.status is Status.ENDED:
        raise errors.session_ended()
    return session, member


def connect_wait_s(services: Services, user_id: str) -> int:
    """Count a user's attempt to connect; return how many seconds the user has to wait, 0 for none.

    If the server died while it worked for a user,
    that user may connect only once a minute (`crdt.quarantine`).
    """
    is_slowed = services.rooms.quarantine.is_slowed(user_id, services.clock())
    return (services.limiters.slowed if is_slowed else services.limiters.handshakes).wait_s(user_id)


@asynccontextmanager
async def open_room(
    services: Services,
    session_id: str,
    check: Callable[[], Awaitable[_T]],
    user_of: Callable[[_T], str],
    *,
    reads_texts: bool = False,
) -> AsyncIterator[tuple[Room, _T]]:
    """Load a session's room for a user; yields it with the last result of `check`.

    check        reads from the store whether the user may enter, and raises if not
    user_of      returns the user's id from the result of `check`:
                 loading counts as this user's work
    reads_texts  whether the block reads texts; then a large document is loaded in steps first

    Raises: the errors of `check` and `Rooms.use`.
    """
    # `check` runs first, so that a user without access causes no loading. It runs again as long as
    # logins or memberships change while it reads. An example: the owner removes the user while the
    # room loads. `changes.count` grows, so `check` reads again and raises. When the count is
    # unchanged, the block runs without an await in between. It must put the user into the room
    # before its first await: from then on, the room itself learns of changes.
    rooms = services.rooms
    changes = rooms.changes.count
    checked = await check()
    async with rooms.use(session_id, user_of(checked)) as room:
        if reads_texts:
            await rooms.steps.load(room)
        while changes != rooms.changes.count:
            changes = rooms.changes.count
            checked = await check()
        if rooms.find(session_id) is not room:
            raise RoomUnavailable("the room was closed meanwhile")
        yield room, checked
