"""How a user gets into a session: as its member, by its link, or by an invite."""

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
    """Return what the store knows of an invite or a ticket, typed as ids may be typed."""
    return hashlib.sha256(ids.normalize(secret).encode()).hexdigest()


async def find_invite(services: Services, secret: str, address: str) -> Invite:
    """Return an invite that can be used, and remember that people at an address are invited.

    Raises: ApiError 404, 429 for an address from which too many wrong ones came.
    """
    invite = await services.store.invite(secret_hash(secret), services.clock())
    if invite is None:
        raise wrong_invite(services, address)
    services.limiters.invited.note(address)
    return invite


def wrong_invite(services: Services, address: str) -> errors.ApiError:
    """Count a wrong invite by its address; return the error to raise. Valid ones are never counted so."""
    if wait_s := services.limiters.wrong_invites.wait_s(address):
        return errors.rate_limited(wait_s, "Too many invites from your network were wrong.")
    return errors.bad_invite()


def count_entry(services: Services, invite: Invite, address: str, *, is_guest: bool) -> None:
    """Count a person that an invite brings: a guest, or an account that is made by it. Raises: ApiError 429.

    No address can use an invite up for all others.
    """
    limiters = services.limiters
    counts = [
        (limiters.invite_shares, f"{invite.id} {address}", f"{_BY_INVITE} from your network"),
        (limiters.guests, invite.id, _BY_INVITE),
    ]
    if is_guest:
        counts.insert(0, (limiters.address_guests, address, "Too many guests came from your network"))
    for number, (limiter, key, message) in enumerate(counts):
        if wait_s := limiter.wait_s(key):
            for earlier, counted, _ in counts[:number]:
                earlier.refund(counted)
            raise errors.rate_limited(wait_s, f"{message}.")


async def join_session(
    services: Services, user: User, session_id: str, invite: str = "", address: str = ""
) -> tuple[Session, Member]:
    """Return a session and the user's membership of it; see `ensure_member`, also for what it raises."""
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
    """Return the session and the user's membership. The owner may have ended the membership.

    A user with the link, or with an invite, becomes a member on the way.

    session, member  as just read from the store, None if there is none
    address          where the invite comes from

    Raises: NotFound("session"); LimitReached; ApiError 403 for a guest of another session, 404 for a session by
    invitation and for an invite that is not good for it, 429 for too many of those.
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
            return session, await store.use_invite(secret_hash(invite), new_member, services.settings.members)
        except NotFound:
            raise wrong_invite(services, address) from None
    return session, await store.join(new_member, services.settings.members)


async def membership(
    services: Services, user_id: str, session_id: str, needed: Role, *, writes: bool = False
) -> tuple[Session, Member]:
    """Return a session and a user's membership of it.

    writes  something is to be changed that an ended session keeps as it is

    Raises ApiError 404 for strangers (who may not know that it exists), 403 below `needed`, 409.
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
    """Count a user's attempt to connect; return for how many seconds the user has to wait, 0 for none.

    A user during whose edit the server died may connect once a minute (`crdt.quarantine`).
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
    """Load a session's room for a user; yields it with what `check` returned last.

    check    reads whether the user may enter. It runs before the room is loaded, so that strangers load nothing,
             and again if a login or a membership changed meanwhile.
    user_of  returns the user's id from what `check` returned: whose work the loading is
    reads_texts  the block reads texts, for which a large document is loaded in steps before

    The block must put the user into the room before it awaits: then no change slips in between.
    Raises: what `check` and `Rooms.use` raise.
    """
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
