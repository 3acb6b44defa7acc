"""Invites, guests and tickets in MongoDB."""

from dataclasses import replace

from storage.errors import LimitReached, NotFound
from storage.logins.records import Login, Ticket
from storage.mending import restored
from storage.mongo import rows
from storage.mongo.accounts import (
    end_other_logins,
    existing_user,
    insert_login,
    insert_user,
    is_stored,
    named,
)
from storage.mongo.database.driver import Document, at_most, translated
from storage.mongo.database.engine import Engine
from storage.mongo.messages import existing_session, member_of
from storage.mongo.sessions import add_member, check_capacity, check_owner
from storage.records import Invite, InviteUse, Member, Role, User


class MongoInviteStore:
    """The InviteStore part of the store; `storage.base` documents its methods."""

    _engine: Engine

    @translated
    async def add_invite(self, invite: Invite, limit: int, *, owner_id: str | None = None) -> None:
        db = self._engine.db
        async with self._engine.locked(session=invite.session_id):
            await existing_session(self._engine, invite.session_id)
            if await db.invites.find_one({"_id": invite.id}, {"_id": 1}):
                await self._engine.confirm()
                return
            await check_owner(self._engine, invite.session_id, owner_id)
            if (
                await db.invites.count_documents(
                    _usable(invite.created_at, session_id=invite.session_id)
                )
                >= limit
            ):
                raise LimitReached(f"the session has {limit} open invites")
            await db.invites.insert_one(rows.invite_document(invite))

    @translated
    async def invite(self, secret_hash: str, now: int) -> Invite | None:
        document = await self._engine.db.invites.find_one(_usable(now, secret_hash=secret_hash))
        return rows.as_invite(document) if document else None

    @translated
    async def invites(
        self, session_id: str, before: str | None, limit: int, uses: int
    ) -> list[tuple[Invite, list[InviteUse]]]:
        query: Document = {"session_id": session_id}
        if before is not None:
            query["_id"] = {"$lt": before}
        cursor = self._engine.db.invites.find(query).sort("_id", -1)
        return [
            (rows.as_invite(document), await self._uses(document["_id"], uses))
            for document in await at_most(cursor, limit)
        ]

    async def _uses(self, invite_id: str, limit: int) -> list[InviteUse]:
        cursor = self._engine.db.invite_uses.find({"invite_id": invite_id})
        newest = await at_most(cursor.sort([("used_at", -1), ("user_id", 1)]), limit)
        return [restored(InviteUse, document) for document in newest]

    @translated
    async def revoke_invite(self, session_id: str, invite_id: str) -> None:
        result = await self._engine.db.invites.update_one(
            {"_id": invite_id, "session_id": session_id}, {"$set": {"is_revoked": True}}
        )
        if not result.matched_count:
            raise NotFound("invite")

    @translated
    async def use_invite(self, secret_hash: str, member: Member, limit: int) -> Member:
        async with self._engine.locked(user=member.user_id, session=member.session_id):
            return await self._use(secret_hash, member, limit)

    async def _use(
        self, secret_hash: str, member: Member, limit: int, guest: tuple[User, Login] | None = None
    ) -> Member:
        """Make a user a member and count the use, unless the user is a member or was removed.

        Each step is one write. A crash between two writes leaves one of these states. The next
        start, or a repeated call, continues from that state:

        entering noted   member stored   state                                `repair`
        no               no              not begun                            does nothing
        yes              no              counted, but the user is no member   uncounts the use
        yes              yes             a member, but the use is not listed  lists the use
        no               yes             done                                 does nothing
        """
        mine = {"secret_hash": secret_hash, "session_id": member.session_id}
        noted = f"entering.{member.user_id}"
        entering = await self._engine.db.invites.find_one({**mine, noted: {"$exists": True}})
        present = await member_of(self._engine, member.session_id, member.user_id)
        if entering is None and present:
            await self._engine.confirm()
            return present
        if entering is None:
            entering = await self._begin_entering(mine, noted, member, limit)
        elif present is None and (
            entering["is_revoked"] or entering["expires_at"] <= member.joined_at
        ):
            await _give_back(self._engine, entering["_id"], member.user_id)
            raise NotFound("invite")
        added = await self._enter(entering, member, limit, present, guest)
        await note_use(self._engine, entering, member.user_id, member.joined_at)
        return added

    async def _begin_entering(
        self, mine: dict[str, str], noted: str, member: Member, limit: int
    ) -> Document:
        """Count the use and note who is entering, in one write; raises NotFound or LimitReached."""
        invites = self._engine.db.invites
        await existing_session(self._engine, member.session_id)
        if await invites.find_one(_usable(member.joined_at, **mine)) is None:
            raise NotFound("invite")
        await check_capacity(self._engine, member, limit)
        entering = await invites.find_one_and_update(
            _usable(member.joined_at, **mine),
            {"$inc": {"uses": 1}, "$set": {noted: member.joined_at}},
        )
        if entering is None:
            raise NotFound("invite")
        return entering

    async def _enter(
        self,
        entering: Document,
        member: Member,
        limit: int,
        present: Member | None,
        guest: tuple[User, Login] | None,
    ) -> Member:
        """Store the membership, and for a guest also their user and login.

        If the membership is refused, the invite's use is no longer counted.
        """
        try:
            if guest:
                await self._put_guest(*guest)
            return present or await add_member(
                self._engine, replace(member, role=Role(entering["role"])), limit
            )
        except (LimitReached, NotFound):
            await _give_back(self._engine, entering["_id"], member.user_id)
            raise

    async def _put_guest(self, user: User, login: Login) -> None:
        if not await is_stored(self._engine, user):
            await insert_user(self._engine, user)
        await insert_login(self._engine, login)

    @translated
    async def add_guest(self, user: User, login: Login, secret_hash: str, limit: int) -> Member:
        session_id = user.guest_of or ""
        async with self._engine.locked(user=user.id, session=session_id):
            await is_stored(self._engine, user)
            member = Member(session_id, user.id, Role.VIEWER, user.created_at)
            return await self._use(secret_hash, member, limit, (user, login))

    @translated
    async def claim_guest(self, user: User, login: Login) -> tuple[str, ...]:
        db = self._engine.db
        async with self._engine.locked(user=user.id):
            before = await existing_user(self._engine, user.id)
            existing = await db.refresh_tokens.find_one({"_id": login.id, "user_id": user.id})
            if existing is None or not (before.is_guest or before == user):
                raise NotFound("guest")
            changes = {
                "username": user.username, "email": user.email,
                "email_key": (user.email or "").casefold(), "password_hash": user.password_hash,
                "full_name": user.full_name, "is_guest": False, "guest_of": None,
            }  # fmt: skip
            async with named(self._engine, user):
                await db.users.update_one(
                    {"_id": user.id}, {"$set": {**changes, **rows.name_keys(user)}}
                )
            await db.refresh_tokens.replace_one(
                {"_id": login.id}, rows.login_document(login), upsert=True
            )
            return await end_other_logins(self._engine, user.id, login.id)

    @translated
    async def add_ticket(self, ticket: Ticket) -> None:
        async with self._engine.locked(user=ticket.user_id):
            await existing_user(self._engine, ticket.user_id)
            document = rows.ticket_document(ticket)
            await self._engine.db.tickets.update_one(
                {"_id": ticket.hash}, {"$setOnInsert": document}, upsert=True
            )

    @translated
    async def take_ticket(self, ticket_hash: str, now: int) -> Ticket | None:
        document = await self._engine.db.tickets.find_one_and_delete({"_id": ticket_hash})
        return rows.as_ticket(document) if document and document["expires_at"] > now else None


async def note_use(engine: Engine, invite: Document, user_id: str, used_at: int) -> None:
    """List the use of an invite, and remove the note that the user is entering."""
    use = {
        "invite_id": invite["_id"], "session_id": invite["session_id"], "user_id": user_id,
        "used_at": used_at,
        "expires": invite["expires"],
    }  # fmt: skip
    await engine.db.invite_uses.update_one(
        {"_id": f"{invite['_id']}/{user_id}"}, {"$set": use}, upsert=True
    )
    await engine.db.invites.update_one(
        {"_id": invite["_id"]}, {"$unset": {f"entering.{user_id}": ""}}
    )


async def repair(engine: Engine) -> None:
    """Finish entries that a crash interrupted.

    If the user became a member, the use is listed. Otherwise it is no longer counted.
    """
    async for invite in engine.db.invites.find({"entering": {"$exists": True, "$ne": {}}}):
        for user_id in invite["entering"]:
            async with engine.locked(user=user_id, session=invite["session_id"]):
                await _repair(engine, invite["_id"], user_id)


async def _repair(engine: Engine, invite_id: str, user_id: str) -> None:
    invite = await engine.db.invites.find_one(
        {"_id": invite_id, f"entering.{user_id}": {"$exists": True}}
    )
    if invite is None:
        return
    if await member_of(engine, invite["session_id"], user_id):
        await note_use(engine, invite, user_id, invite["entering"][user_id])
    else:
        await _give_back(engine, invite_id, user_id)


async def _give_back(engine: Engine, invite_id: str, user_id: str) -> None:
    """Subtract one use from an invite's count, and remove the note that the user is entering."""
    # The note is in the filter of this one write. A repeated write finds no note,
    # so it does not subtract a second use.
    mark = f"entering.{user_id}"
    await engine.db.invites.update_one(
        {"_id": invite_id, mark: {"$exists": True}}, {"$inc": {"uses": -1}, "$unset": {mark: ""}}
    )


def _usable(now: int, **fields: str) -> Document:
    """Return the filter for invites that another user can use."""
    return {
        **fields,
        "is_revoked": False,
        "expires_at": {"$gt": now},
        "$or": [{"max_uses": None}, {"$expr": {"$lt": ["$uses", "$max_uses"]}}],
    }
