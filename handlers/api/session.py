"""Sessions and their members."""

import asyncio
import base64
import binascii
import logging
import math
from collections.abc import Mapping, Sequence

from crdt.document.document import Document
from crdt.document.server_edits import MAIN_ROOT
from crdt.errors import CrdtError
from crdt.log.codec import LogEntry, encode_chunk
from crdt.room.closing import CloseReason
from handlers import errors, ids
from handlers.access import join_session
from handlers.http import notifications, queries, schemas
from handlers.http.base import BaseHandler
from handlers.http.views import people as people_views
from handlers.http.views import sessions
from handlers.http.views.sessions import Compacted, Joined, MemberRole, Sessions
from storage.errors import StoreError
from storage.records import (
    Access,
    Chunk,
    Member,
    Role,
    Session,
    SessionChanges,
    SessionListing,
    Status,
    User,
)
from storage.runs.records import Runners

_log = logging.getLogger(__name__)

_MAX_TIME = 1 << 53
MEMBERS_IN_LISTS = 20
_VIEWS_A_TURN = 10
"""Sessions of a list that are made ready in one turn of the event loop. That takes some 1 ms, and
several members may ask for lists at the same time."""
_UNTITLED = "Untitled session"


class SessionHandlerBase(BaseHandler):
    """Base of the handlers of sessions."""

    async def reply_session(self, session: Session, member: Member, status: int = 200) -> None:
        """Answer with a session as one of its members sees it."""
        await self.reply_to_members(await self.session_view(session, member), status)

    async def session_view(self, session: Session, member: Member) -> sessions.Session:
        """Return a session as one of its members sees it."""
        newest = await self.services.store.messages(session.id, None, 1)
        unread = newest[0].sequence - member.read_sequence if newest else 0
        return (await self.list_view([SessionListing(session, member, unread)]))[0]

    async def list_view(
        self, listed: Sequence[SessionListing], shown: int | None = None
    ) -> list[sessions.Session]:
        """Return sessions with their people; reads the store twice for all sessions together.

        shown  how many members of each session to show, in the order in which they joined;
               None for all
        """
        store, rooms = self.services.store, self.services.rooms
        members = await store.members_of(row.session.id for row in listed)
        user_ids = {
            member.user_id for all_members in members.values() for member in all_members[:shown]
        }
        people = await store.users(user_ids | {row.session.owner_id for row in listed})

        def view(row: SessionListing) -> sessions.Session:
            all_members = members[row.session.id]
            online, fill = rooms.online(row.session.id), rooms.fill(row.session.id)
            return sessions.session(
                row, all_members[:shown], len(all_members), people, online, fill
            )

        views: list[sessions.Session] = []
        for at in range(0, len(listed), _VIEWS_A_TURN):
            views += map(view, listed[at : at + _VIEWS_A_TURN])
            if at + _VIEWS_A_TURN < len(listed):
                await asyncio.sleep(0)
        return views


class SessionsHandler(SessionHandlerBase):
    """POST, GET /session"""

    body_bytes = 7 << 20

    async def post(self) -> None:
        body = self.read(schemas.NEW_SESSION)
        if self.me.is_guest:
            raise errors.forbidden("Guests cannot open sessions: sign up first.")
        services, now = self.services, self.services.clock()
        await services.rooms.storage_quota.require_session(self.me.id)
        if wait := services.limiters.new_sessions.wait_s(self.me.id):
            raise errors.rate_limited(wait, "Too many new sessions.")
        session = new_session(ids.new_id(services.random_bytes), self.me.id, now, body)
        owner = Member(session.id, self.me.id, Role.OWNER, now)
        await services.store.add_session(
            session, owner, self._first_chunk(session, body.get("code", ""))
        )
        await self.reply_session(session, owner, 201)

    def _first_chunk(self, session: Session, code: str) -> Chunk | None:
        """Return the first chunk of the log, which has the session's initial code.

        Returns None if there is no code.
        """
        if not code:
            return None
        client_id = int.from_bytes(self.services.random_bytes(4)) or 1
        update = Document().edit({MAIN_ROOT: code}, client_id)
        data = encode_chunk([LogEntry(session.created_at, self.me.id, update)])
        return Chunk(session.id, 1, 1, data, session.created_at)

    async def get(self) -> None:
        query = self.read_query(queries.PAGE)
        limit, before = query["limit"], _decode_cursor(query.get("before", ""))
        rows = await self.services.store.sessions_of(self.me.id, before, limit + 1)
        items = await self.list_view(rows[:limit], MEMBERS_IN_LISTS)
        last = rows[limit - 1].session if len(rows) > limit else None
        answer: Sessions = {"items": items, "next": _encode_cursor(last) if last else None}
        await self.reply_in_pieces(answer)


class SessionHandler(SessionHandlerBase):
    """GET, PATCH, DELETE /session/:id"""

    async def get(self, session_id: str) -> None:
        session, member = await self.member(session_id, Role.VIEWER)
        await self.reply_session(session, member)

    async def patch(self, session_id: str) -> None:
        session, member = await self.member(session_id, Role.OWNER)
        body = self.read(schemas.SESSION)
        changes = SessionChanges(
            title=(body["title"] or _UNTITLED) if "title" in body else None,
            language=body.get("language"),
            access=Access(body["access"]) if "access" in body else None,
            join_role=Role(body["joinRole"]) if "joinRole" in body else None,
            status=Status(body["status"]) if "status" in body else None,
            runs=Runners(body["runs"]) if "runs" in body else None,
        )
        session = await self.services.store.change_session(
            session.id, changes, self.services.clock(), owner_id=self.me.id
        )
        self.services.rooms.changes.status_changed(session.id, session.status)
        self.services.connections.tell(session.id, notifications.SESSION_CHANGED)
        end = await self._save_final(session.id) if changes.status is Status.ENDED else {}
        answer: sessions.ChangedSession = {**await self.session_view(session, member), **end}
        self.reply(answer)

    async def _save_final(self, session_id: str) -> sessions.SessionEnd:
        """Save the last version of a session that has ended.

        If that fails, the session stays ended, and the returned fields name the problem.
        """
        try:
            number = await self.services.versions.end(session_id, self.me.id, self.me.username)
        except (CrdtError, StoreError) as error:
            _log.warning("session %s has no final version yet: %s", session_id, error)
            known = errors.to_api_error(error) or errors.internal()
            return {"final": None, "finalProblem": f"No final version was stored. {known.message}"}
        return {"final": number, "finalProblem": None}

    async def delete(self, session_id: str) -> None:
        session, _ = await self.member(session_id, Role.OWNER)
        await self.services.store.delete_session(session.id, owner_id=self.me.id)
        self.services.rooms.changes.session_deleted(session.id)
        self.set_status(204)


class JoinHandler(SessionHandlerBase):
    """POST /session/:id/join"""

    async def post(self, session_id: str) -> None:
        invite = self.read(schemas.JOIN).get("invite", "")
        session_id = ids.normalize(session_id)
        session, member = await join_session(
            self.services, self.me, session_id, invite, self.address
        )
        if member.is_removed:
            raise errors.forbidden("The owner removed you from this session.")
        answer: Joined = {"session": await self.session_view(session, member), "role": member.role}
        self.reply(answer)


class LeaveHandler(BaseHandler):
    """POST /session/:id/leave"""

    async def post(self, session_id: str) -> None:
        self.read(schemas.EMPTY)
        session, _ = await self.member(session_id, Role.VIEWER)
        await self.services.store.leave(session.id, self.me.id)
        self.services.rooms.changes.member_gone(session.id, self.me.id, CloseReason.MEMBER_LEFT)
        self.set_status(204)


class CompactHandler(BaseHandler):
    """POST /session/:id/compact"""

    async def post(self, session_id: str) -> None:
        self.read(schemas.EMPTY)
        session, _ = await self.member(session_id, Role.OWNER)
        rooms = self.services.rooms
        async with rooms.use(session.id, self.me.id) as room:
            if wait_ms := rooms.compactor.compaction_wait_ms(room):
                raise errors.rate_limited(
                    math.ceil(wait_ms / 1_000), "The document was made smaller just now."
                )
            before = await rooms.compactor.compact(room)
            answer: Compacted = {**sessions.document_size(room.quota.fill), "before": before}
        self.reply(answer)


class MemberHandler(SessionHandlerBase):
    """PATCH, DELETE /session/:id/members/:userId"""

    async def patch(self, session_id: str, user_id: str) -> None:
        session, _ = await self.member(session_id, Role.OWNER)
        user_id = ids.normalize(user_id)
        role = Role(self.read(schemas.MEMBER)["role"])
        store, rooms = self.services.store, self.services.rooms
        people = await store.users([user_id])
        if role is Role.OWNER and user_id != self.me.id:
            self._check_successor(user_id, people)
            await self.services.rooms.storage_quota.require_session(user_id)
            member = await store.transfer_session(session.id, self.me.id, user_id)
            rooms.changes.role_changed(session.id, self.me.id, Role.EDITOR)
        else:
            member = await store.set_role(session.id, user_id, role, owner_id=self.me.id)
        rooms.changes.role_changed(session.id, user_id, role)
        self.services.connections.tell(session.id, notifications.SESSION_CHANGED)
        answer: MemberRole = {**people_views.person(user_id, people), "role": member.role}
        self.reply(answer)

    def _check_successor(self, user_id: str, people: Mapping[str, User]) -> None:
        if user_id in people and people[user_id].is_guest:
            raise errors.forbidden("A guest cannot own a session.")

    async def delete(self, session_id: str, user_id: str) -> None:
        session, _ = await self.member(session_id, Role.OWNER)
        user_id = ids.normalize(user_id)
        await self.services.store.remove_member(session.id, user_id, owner_id=self.me.id)
        self.services.rooms.changes.member_gone(session.id, user_id, CloseReason.MEMBER_REMOVED)
        self.services.connections.tell(session.id, notifications.SESSION_CHANGED)
        self.set_status(204)


def new_session(session_id: str, owner_id: str, now: int, choices: Mapping[str, str]) -> Session:
    """Return a session that is opened now.

    choices  fields of the request that opens it; fields that are missing have their defaults
    """
    return Session(
        id=session_id,
        title=choices.get("title") or _UNTITLED,
        language=choices.get("language", "javascript"),
        owner_id=owner_id,
        access=Access(choices.get("access", Access.LINK)),
        join_role=Role(choices.get("joinRole", Role.EDITOR)),
        status=Status.OPEN,
        main_root=MAIN_ROOT,
        created_at=now,
        updated_at=now,
        runs=Runners(choices.get("runs", Runners.EDITORS)),
    )


def _encode_cursor(session: Session) -> str:
    return (
        base64.urlsafe_b64encode(f"{session.updated_at}.{session.id}".encode()).decode().rstrip("=")
    )


def _decode_cursor(text: str) -> tuple[int, str] | None:
    if not text:
        return None
    try:
        updated_at, _, session_id = (
            base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode().partition(".")
        )
        if not 0 <= int(updated_at) < _MAX_TIME:
            raise ValueError(updated_at)  # noqa: TRY301  # answered like a cursor that cannot be decoded
        return int(updated_at), session_id
    except (binascii.Error, ValueError):
        raise errors.invalid({"before": ["is not a cursor from an earlier answer"]}) from None
