"""Handlers that sign users up, sign them in, refresh their login and sign them out."""

import contextlib
from dataclasses import replace

from crdt.room.closing import CloseReason
from handlers import errors, ids
from handlers.access import count_entry, find_invite
from handlers.api.logins.login_base import DEVICE_COOKIE, AuthHandlerBase, account_of
from handlers.http import schemas
from handlers.http.base import REFRESH_COOKIE
from handlers.http.views import people
from handlers.http.views.problems import Confirmation
from handlers.security.tokens import LAST_GENERATION, RefreshToken
from storage.errors import Outdated, TokenReused
from storage.names import name_key
from storage.records import User


class SignupHandler(AuthHandlerBase):
    """POST /user/signup"""

    needs_login = False
    counts_itself = True

    async def post(self) -> None:
        body = self.read(schemas.SIGNUP)
        services = self.services
        await self._check_guest()
        email = body["email"].casefold()
        services.passwords.check_rules(
            body["password"], body["username"], email, email.partition("@")[0]
        )
        await self._count(body.get("invite"))
        user = User(
            id=ids.new_id(services.random_bytes),
            username=body["username"],
            email=email,
            password_hash=await services.passwords.hash(body["password"], self.address),
            full_name=body.get("fullname", ""),
            avatar=None,
            is_guest=False,
            created_at=services.clock(),
        )
        if self.user and self.user.is_guest:
            await self._claim(self.user, user)
            return
        login, token = self.new_login(user.id)
        await services.store.add_user(user, login)
        self._welcome(user, token)

    def _welcome(self, user: User, token: RefreshToken) -> None:
        self.services.password_tries.learn(account_of(user), self.address)
        answer = self.sign_in(user, token)
        self.remember_device(user)
        self.reply(answer, 201)

    async def _count(self, secret: str | None) -> None:
        """Count a new account for its invite and for its address; raises ApiError 429.

        An address that has shown a valid invite may create more accounts: a class may share it.
        """
        limiters, invite = self.services.limiters, None
        with contextlib.suppress(errors.ApiError):  # a sign-up needs no valid invite
            invite = await find_invite(self.services, secret, self.address) if secret else None
        is_invited = (self.user and self.user.is_guest) or limiters.invited.has(self.address)
        signups = limiters.invited_signups if is_invited else limiters.signups
        if wait := signups.wait_s(self.address):
            raise errors.rate_limited(wait, "Too many new accounts from this address.")
        if invite:
            try:
                count_entry(self.services, invite, self.address, is_guest=False)
            except errors.ApiError:
                signups.refund(self.address)
                raise

    async def _check_guest(self) -> None:
        """Raise ApiError 401 for a guest whose access token has expired.

        The client then refreshes the token and tries again. Without this check, the sign-up would
        create another user, and the guest would lose their authorship.
        """
        tokens, now = self.services.tokens, self.services.clock()
        if self.user is not None:
            return
        login_id = (
            tokens.login_of(self.access_token())
            or self.get_cookie(REFRESH_COOKIE, "").partition(".")[0]
        )
        user = await self.services.store.signed_in(login_id, now) if login_id else None
        if user and user.is_guest:
            raise errors.token_expired()

    async def _claim(self, guest: User, account: User) -> None:
        """Make a guest a full user with the same id.

        The user keeps their authorship, and their sockets stay open. They get a new login,
        so another person who has the guest's tokens can no longer use them.
        """
        if self.by_cookie:
            self.check_cookie_origin()
        services = self.services
        user = replace(
            account,
            id=guest.id,
            avatar=guest.avatar,
            avatar_key=guest.avatar_key,
            created_at=guest.created_at,
        )
        unused, _ = self.new_login(user.id)
        # Nobody gets the token of this login. Its generation is the highest one, so no token of the
        # guest can count as newer.
        locked = replace(unused, id=self.login_id, generation=LAST_GENERATION)
        ended = await services.store.claim_guest(user, locked)
        services.rooms.changes.logins_ended(ended, CloseReason.LOGGED_OUT)
        login, token = self.new_login(user.id)
        await services.store.add_login(login)
        services.rooms.changes.login_replaced(self.login_id, login.id)
        services.rooms.changes.user_changed(people.participant(user))
        await services.store.end_login(self.login_id)
        self._welcome(user, token)


class LoginHandler(AuthHandlerBase):
    """POST /user/login"""

    needs_login = False
    counts_itself = True

    async def post(self) -> None:
        body = self.read(schemas.LOGIN)
        services = self.services
        name = body.get("email") or body.get("username")
        if name is None:
            raise errors.invalid({"username": ["is required, or email"]})
        user = await services.store.user_by_name(name)
        device = (
            services.known_devices.mark(self.get_cookie(DEVICE_COOKIE, ""), user.id) if user else ""
        )
        account = account_of(user) if user else f"login as {name_key(name)}"
        attempt = services.password_tries.attempt(account, self.address, device)
        hashed = user.password_hash if user else None
        if not await self.is_right(attempt, body["password"], hashed) or user is None:
            raise _bad_credentials()
        login, token = self.new_login(user.id)
        try:
            await services.store.add_login(login, known_hash=hashed)
        except Outdated:  # the password has been changed, so this password is wrong now
            raise _bad_credentials() from None
        answer = self.sign_in(user, token)
        self.remember_device(user)
        self.reply(answer)


def _bad_credentials() -> errors.ApiError:
    return errors.ApiError(401, "bad_credentials", "The name or the password is wrong.")


class RefreshHandler(AuthHandlerBase):
    """POST /user/refresh"""

    needs_login = False
    counts_itself = True

    async def post(self) -> None:
        given = self.read(schemas.REFRESH).get("refreshToken")
        if given is None:
            given = self.get_cookie(REFRESH_COOKIE, "")
            self.check_cookie_origin()
        if not given:
            raise errors.not_signed_in("There is no refresh token.")
        try:
            user, newest = await self._rotate(given)
        except (errors.ApiError, TokenReused):
            await self.count_failure()
            raise
        self.reply(self.sign_in(user, newest))

    async def _rotate(self, given: str) -> tuple[User, RefreshToken]:
        """Exchange a refresh token; return the user of its login, and the login's newest token.

        Raises: ApiError 401, TokenReused.
        """
        services = self.services
        presented = services.tokens.read_refresh_token(given)
        try:
            return await services.refresher.exchange(presented, services.clock())
        except TokenReused:
            services.rooms.changes.logins_ended([presented.login_id], CloseReason.LOGGED_OUT)
            raise


class LogoutHandler(AuthHandlerBase):
    """POST /user/logout"""

    async def post(self) -> None:
        self.read(schemas.EMPTY)
        await self.services.store.end_login(self.login_id)
        self.services.rooms.changes.logins_ended([self.login_id], CloseReason.LOGGED_OUT)
        self.clear_cookies()
        answer: Confirmation = {"message": "Signed out."}
        self.reply(answer)
