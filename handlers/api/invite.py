"""Invites of a session, previews of invites and of sessions, and tickets for one WebSocket."""

from handlers import errors, ids
from handlers.access import find_invite, secret_hash
from handlers.http import network, queries, schemas
from handlers.http.base import BaseHandler
from handlers.http.views import sessions
from handlers.http.views.sessions import Invites, NewInvite
from storage.logins.records import Ticket
from storage.records import Access, Invite, Role

TICKET_S = 60
MAX_INVITES = 100
DEFAULT_EXPIRY_S = 7 * 86_400
_USES_SHOWN = 100


class InvitesHandler(BaseHandler):
    """POST, GET /session/:id/invites"""

    async def post(self, session_id: str) -> None:
        session, _ = await self.member(session_id, Role.OWNER)
        body = self.read(schemas.INVITE)
        services, now = self.services, self.services.clock()
        secret = ids.new_secret(services.random_bytes)
        invite = Invite(
            id=ids.new_sortable_id(services.random_bytes, now),
            session_id=session.id,
            secret_hash=secret_hash(secret),
            role=Role(body.get("role", session.join_role)),
            created_by=self.me.id,
            created_at=now,
            expires_at=now + 1000 * body.get("expiresIn", DEFAULT_EXPIRY_S),
            max_uses=body.get("maxUses"),
        )
        await services.store.add_invite(invite, MAX_INVITES, owner_id=self.me.id)
        origin = network.own_origin(self.request, services.settings.trusted_hops)
        answer: NewInvite = {
            **sessions.invite(invite, now),
            "invite": secret,
            "url": f"{origin}/join/{secret}",
        }
        self.reply(answer, 201)

    async def get(self, session_id: str) -> None:
        session, _ = await self.member(session_id, Role.OWNER)
        store, now = self.services.store, self.services.clock()
        query = self.read_query(queries.PAGE)
        limit = query["limit"]
        rows = await store.invites(session.id, query.get("before"), limit + 1, _USES_SHOWN)
        shown = rows[:limit]
        people = await store.users(
            {invite.created_by for invite, _ in shown}
            | {use.user_id for _, uses in shown for use in uses}
        )
        answer: Invites = {
            "items": [sessions.listed_invite(invite, uses, people, now) for invite, uses in shown],
            "next": shown[-1][0].id if len(rows) > limit else None,
        }
        await self.reply_in_pieces(answer)


class InviteHandler(BaseHandler):
    """DELETE /session/:id/invites/:inviteId"""

    async def delete(self, session_id: str, invite_id: str) -> None:
        session, _ = await self.member(session_id, Role.OWNER)
        await self.services.store.revoke_invite(session.id, ids.normalize(invite_id))
        self.set_status(204)


class PreviewHandler(BaseHandler):
    """GET /invite/:invite"""

    needs_login = False
    counts_itself = True

    async def get(self, secret: str) -> None:
        store = self.services.store
        invite = await find_invite(self.services, secret, self.address)
        session = await store.session(invite.session_id)
        if session is None:
            raise errors.bad_invite()
        people = await store.users([invite.created_by])
        self.reply(sessions.preview(invite, session, people))


class LinkPreviewHandler(BaseHandler):
    """GET /session/:id/preview

    Only a session that is open to everybody with its link has a preview. Every user may join
    such a session and see the same facts. For other sessions, the answer is the same as for
    an id that does not exist.
    """

    needs_login = False

    async def get(self, session_id: str) -> None:
        store = self.services.store
        session = await store.session(ids.normalize(session_id))
        if session is None or session.access is not Access.LINK:
            raise errors.not_found("session")
        self.reply(sessions.link_preview(session, await store.users([session.owner_id])))


class TicketHandler(BaseHandler):
    """POST /session/:id/ticket"""

    async def post(self, session_id: str) -> None:
        self.read(schemas.EMPTY)
        session, _ = await self.member(session_id, Role.VIEWER)
        services = self.services
        secret = ids.new_secret(services.random_bytes)
        ticket = Ticket(
            hash=secret_hash(secret),
            user_id=self.me.id,
            login_id=self.login_id,
            session_id=session.id,
            expires_at=services.clock() + TICKET_S * 1000,
        )
        await services.store.add_ticket(ticket)
        answer: sessions.Ticket = {"ticket": secret, "expiresIn": TICKET_S}
        self.reply(answer)
