"""How somebody gets into a session: as its member, by its link, or by an invite."""

import hashlib

from handlers import errors, ids
from handlers.services import Services
from storage.errors import NotFound
from storage.records import Access, Member, Session, User


def secret_hash(secret: str) -> str:
    """Return what the store knows of an invite or a ticket, typed as ids may be typed."""
    return hashlib.sha256(ids.normalize(secret).encode()).hexdigest()


async def enter(services: Services, user: User, session_id: str, invite: str = "") -> tuple[Session, Member]:
    """Return a session and the user's membership, which may be one that was ended by the owner.

    Whoever has the link, or an invite, becomes a member on the way. Raises NotFound("session"),
    LimitReached, or ApiError 403 for guests of another session, 404 for a session by invitation and
    for an invite that is not good for it.
    """
    store = services.store
    session = await store.session(session_id)
    if session is None:
        raise NotFound("session")
    member = await store.member(session_id, user.id)
    if member is not None:
        return session, member
    if not invite and session.access is not Access.LINK:
        raise errors.not_found("session")
    if not user.may_enter(session_id):
        raise errors.forbidden("A guest may enter one session only: sign up to join others.")
    wanted = Member(session_id, user.id, session.join_role, services.clock())
    if invite:
        try:
            return session, await store.use_invite(secret_hash(invite), wanted, services.settings.members)
        except NotFound:
            raise errors.bad_invite() from None
    return session, await store.join(wanted, services.settings.members)
