"""Sessions and their members."""

import base64
import binascii

from crdt.document import Document
from crdt.log import Entry, encode_chunk
from handlers import errors, ids, schemas, views
from handlers.base import BaseHandler
from storage.base import SessionChanges
from storage.records import Access, Chunk, Member, Role, Session, Status

NO_ACCESS = 4403
_REMOVED = '{"code":"removed"}'
_LEFT = '{"code":"left"}'
MAIN_ROOT = "codemirror"
_MAX_TIME = 1 << 53
_UNTITLED = "Untitled session"


class SessionHandlerBase(BaseHandler):
    """What the handlers of sessions share."""

    async def reply_session(self, session: Session, role: Role, status: int = 200) -> None:
        """Answer with a session as one of its members sees it."""
        self.reply(await self.session_view(session, role), status)

    async def session_view(self, session: Session, role: Role) -> dict[str, object]:
        store = self.services.store
        members = await store.members(session.id)
        people = await store.users({session.owner_id, *(member.user_id for member in members)})
        return views.session(session, role, members, people)


class SessionsHandler(SessionHandlerBase):
    """POST, GET /session"""

    body_bytes = 7 << 20

    async def post(self) -> None:
        body = self.read(schemas.NEW_SESSION)
        services, now = self.services, self.services.clock()
        session = Session(
            id=ids.new_id(services.random_bytes),
            title=body.get("title") or _UNTITLED,
            language=body.get("language", "javascript"),
            owner_id=self.me.id,
            access=Access(body.get("access", Access.LINK)),
            join_role=Role(body.get("joinRole", Role.EDITOR)),
            status=Status.OPEN,
            main_root=MAIN_ROOT,
            created_at=now,
            updated_at=now,
        )
        owner = Member(session.id, self.me.id, Role.OWNER, now)
        await services.store.add_session(session, owner, self._first_chunk(session, body.get("code", "")))
        await self.reply_session(session, Role.OWNER, 201)

    def _first_chunk(self, session: Session, code: str) -> Chunk | None:
        """A session that starts with code is stored with it, in one go."""
        if not code:
            return None
        client_id = int.from_bytes(self.services.random_bytes(4)) or 1
        update = Document().edit(MAIN_ROOT, code, client_id)
        data = encode_chunk([Entry(session.created_at, self.me.id, update)])
        return Chunk(session.id, 1, 1, data, session.created_at)

    async def get(self) -> None:
        store, limit = self.services.store, self.limit()
        found = await store.sessions_of(self.me.id, _decode_cursor(self.get_query_argument("before", "")), limit + 1)
        items = [await self.session_view(session, member.role) for session, member in found[:limit]]
        last = found[limit - 1][0] if len(found) > limit else None
        self.reply({"items": items, "next": _encode_cursor(last) if last else None})


class SessionHandler(SessionHandlerBase):
    """GET, PATCH, DELETE /session/:id"""

    async def get(self, session_id: str) -> None:
        session, member = await self.member(session_id, Role.VIEWER)
        await self.reply_session(session, member.role)

    async def patch(self, session_id: str) -> None:
        session, member = await self.member(session_id, Role.OWNER)
        body = self.read(schemas.SESSION)
        changes = SessionChanges(
            title=(body["title"] or _UNTITLED) if "title" in body else None,
            language=body.get("language"),
            access=Access(body["access"]) if "access" in body else None,
            join_role=Role(body["joinRole"]) if "joinRole" in body else None,
            status=Status(body["status"]) if "status" in body else None,
        )
        session = await self.services.store.change_session(session.id, changes, self.services.clock())
        self.services.rooms.status_changed(session.id, session.status)
        await self.reply_session(session, member.role)

    async def delete(self, session_id: str) -> None:
        session, _ = await self.member(session_id, Role.OWNER)
        await self.services.store.delete_session(session.id)
        self.services.rooms.session_deleted(session.id)
        self.set_status(204)


class JoinHandler(SessionHandlerBase):
    """POST /session/:id/join"""

    async def post(self, session_id: str) -> None:
        self.read(schemas.JOIN)
        store = self.services.store
        session = await store.session(ids.normalize(session_id))
        if session is None:
            raise errors.not_found("session")
        member = await store.member(session.id, self.me.id)
        if member is None:
            if session.access is not Access.LINK:
                raise errors.not_found("session")
            wanted = Member(session.id, self.me.id, session.join_role, self.services.clock())
            member = await store.join(wanted, self.services.settings.members)
        if member.is_removed:
            raise errors.forbidden("The owner removed you from this session.")
        self.reply({"session": await self.session_view(session, member.role), "role": member.role})


class LeaveHandler(BaseHandler):
    """POST /session/:id/leave"""

    async def post(self, session_id: str) -> None:
        self.read(schemas.EMPTY)
        session, member = await self.member(session_id, Role.VIEWER)
        if member.role is Role.OWNER:
            raise errors.ApiError(409, "conflict", "The owner cannot leave; end or delete the session instead.")
        await self.services.store.leave(session.id, self.me.id)
        self.services.rooms.member_gone(session.id, self.me.id, NO_ACCESS, _LEFT)
        self.set_status(204)


class MemberHandler(SessionHandlerBase):
    """PATCH, DELETE /session/:id/members/:userId"""

    async def patch(self, session_id: str, user_id: str) -> None:
        session, user_id = await self._other(session_id, user_id)
        role = Role(self.read(schemas.MEMBER)["role"])
        member = await self.services.store.set_role(session.id, user_id, role)
        self.services.rooms.role_changed(session.id, user_id, role)
        people = await self.services.store.users([user_id])
        self.reply({**views.person(user_id, people), "role": member.role})

    async def delete(self, session_id: str, user_id: str) -> None:
        session, user_id = await self._other(session_id, user_id)
        await self.services.store.remove_member(session.id, user_id)
        self.services.rooms.member_gone(session.id, user_id, NO_ACCESS, _REMOVED)
        self.set_status(204)

    async def _other(self, session_id: str, user_id: str) -> tuple[Session, str]:
        session, _ = await self.member(session_id, Role.OWNER)
        user_id = ids.normalize(user_id)
        if user_id == session.owner_id:
            raise errors.ApiError(409, "conflict", "The owner's own role cannot be changed.")
        return session, user_id


def _encode_cursor(session: Session) -> str:
    return base64.urlsafe_b64encode(f"{session.updated_at}.{session.id}".encode()).decode().rstrip("=")


def _decode_cursor(text: str) -> tuple[int, str] | None:
    if not text:
        return None
    try:
        updated_at, _, session_id = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode().partition(".")
        if not 0 <= int(updated_at) < _MAX_TIME:
            raise ValueError(updated_at)
        return int(updated_at), session_id
    except (binascii.Error, ValueError):
        raise errors.invalid({"before": ["is not a cursor from an earlier answer"]}) from None
