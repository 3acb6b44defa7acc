"""Lets guests in: into the session of an invite, or into a new session of their own."""

from handlers import errors, ids
from handlers.access import count_entry, find_invite
from handlers.api.logins.login_base import AuthHandlerBase
from handlers.api.session import new_session
from handlers.http import schemas
from handlers.http.views.people import GuestSignedIn
from handlers.security.tokens import RefreshToken
from storage.errors import NotFound
from storage.records import Member, Role, User


class GuestHandler(AuthHandlerBase):
    """POST /user/guest"""

    needs_login = False
    counts_itself = True

    async def post(self) -> None:
        body = self.read(schemas.GUEST)
        if secret := body.get("invite"):
            guest, token, member = await self._enter(body["name"], secret)
        else:
            guest, token, member = await self._start(body["name"])
        answer: GuestSignedIn = {
            **self.sign_in(guest, token),
            "sessionId": member.session_id,
            "role": member.role,
        }
        self.reply(answer, 201)

    async def _enter(self, name: str, secret: str) -> tuple[User, RefreshToken, Member]:
        """Let a guest into the session of an invite.

        Raises: ApiError 404 for an unusable invite, and 429. LimitReached if the session is full.
        """
        services = self.services
        invite = await find_invite(services, secret, self.address)
        count_entry(services, invite, self.address, is_guest=True)
        guest = self._new_guest(name, invite.session_id)
        login, token = self.new_login(guest.id)
        try:
            member = await services.store.add_guest(
                guest, login, invite.secret_hash, services.settings.members
            )
        except NotFound:
            raise errors.bad_invite() from None
        return guest, token, member

    async def _start(self, name: str) -> tuple[User, RefreshToken, Member]:
        """Open a session for a guest, who owns it.

        Like a new account, such a guest needs no invite. So both count against the same limit.
        Raises: ApiError 429.
        """
        services, now = self.services, self.services.clock()
        if wait := services.limiters.signups.wait_s(self.address):
            raise errors.rate_limited(wait, "Too many new accounts from this address.")
        guest = self._new_guest(name, ids.new_id(services.random_bytes))
        login, token = self.new_login(guest.id)
        session = new_session(guest.guest_of or "", guest.id, now, {})
        member = Member(session.id, guest.id, Role.OWNER, now)
        # If the server dies between both calls, a guest without a session stays. The client did
        # not receive the guest's token, so nobody uses this guest, and housekeeping removes it.
        await services.store.add_user(guest, login)
        await services.store.add_session(session, member, None)
        return guest, token, member

    def _new_guest(self, name: str, session_id: str) -> User:
        return User(
            id=ids.new_id(self.services.random_bytes),
            username=name,
            email=None,
            password_hash=None,
            full_name="",
            avatar=None,
            is_guest=True,
            created_at=self.services.clock(),
            guest_of=session_id,
        )
