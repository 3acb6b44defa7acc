"""The base of handlers that begin, continue or end a login, or that ask for a password.

It makes logins and their tokens, sets and removes their cookies, and compares passwords.
"""

from handlers import errors
from handlers.http import network
from handlers.http.base import ACCESS_COOKIE, REFRESH_COOKIE, REFRESH_PATH, BaseHandler
from handlers.http.views import people
from handlers.http.views.people import SignedIn
from handlers.security import devices
from handlers.security.password_tries import Attempt
from handlers.security.tokens import RefreshToken
from storage.logins.records import Login
from storage.records import User

DEVICE_COOKIE = "device"
DEVICE_PATH = "/user"
_DEVICE_S = 365 * 86_400


class AuthHandlerBase(BaseHandler):
    """Base of the handlers that begin, continue or end a login."""

    def new_login(self, user_id: str) -> tuple[Login, RefreshToken]:
        """Return a login that starts now, and its first refresh token."""
        settings, now = self.services.settings, self.services.clock()
        token = self.services.tokens.new_refresh_token()
        login = Login(
            id=token.login_id,
            user_id=user_id,
            token_hash=token.hash,
            previous_hash=None,
            generation=0,
            created_at=now,
            rotated_at=now,
            expires_at=now + settings.refresh_idle_s * 1000,
            ends_at=now + settings.refresh_s * 1000,
            device=devices.label(self.request.headers.get("User-Agent", "")),
            used_at=now,
        )
        return login, token

    def sign_in(self, user: User, token: RefreshToken) -> SignedIn:
        """Set a login's cookies, which browsers use.

        Returns the answer with the login's tokens, which other programs use.
        """
        tokens, settings = self.services.tokens, self.services.settings
        access = tokens.access_token(user.id, token.login_id)
        self._set_cookie(ACCESS_COOKIE, access, "/", tokens.access_s)
        self._set_cookie(REFRESH_COOKIE, str(token), REFRESH_PATH, settings.refresh_s)
        return {
            "user": people.user(user),
            "accessToken": access,
            "refreshToken": str(token),
            "expiresIn": tokens.access_s,
        }

    async def is_right(self, attempt: Attempt, password: str, hashed: str | None) -> bool:
        """Return whether a password is right; the account may not exist.

        Raises: ApiError 429 if the try comes too early, even if the password is right.
        ApiError 503 if too many tries wait.
        """
        tries = self.services.password_tries
        if wait := tries.begin(attempt):
            raise errors.rate_limited(wait, "Too many tries of a password.")
        try:
            is_right = await self.services.passwords.matches(password, hashed, self.address)
        except errors.ApiError:
            tries.take_back(attempt)  # the password was not compared
            raise
        if is_right:
            tries.succeeded(attempt)
        return is_right

    async def check_password(self, password: str | None, field: str) -> None:
        """Check the signed-in user's own password.

        Raises: ApiError 422 that names the field, or ApiError 429 if the try comes too early.
        """
        if not password:
            raise errors.invalid({field: ["is required"]})
        # These tries have their own count. So wrong passwords that strangers enter at sign-in
        # do not lock out a user who is signed in.
        attempt = self.services.password_tries.attempt(
            f"password of {self.me.id}", "", device=self.me.id
        )
        if not await self.is_right(attempt, password, self.me.password_hash):
            raise errors.invalid({field: ["is wrong"]})

    def remember_device(self, user: User) -> None:
        """Set the cookie that proves later that the user has signed in with this browser."""
        cookie = self.services.known_devices.add(self.get_cookie(DEVICE_COOKIE, ""), user.id)
        self._set_cookie(DEVICE_COOKIE, cookie, DEVICE_PATH, _DEVICE_S)

    def check_cookie_origin(self) -> None:
        """Raise ApiError 403 unless one of our own pages sent the request with its cookie."""
        settings = self.services.settings
        allowed = network.is_allowed_origin(self.request, settings.origins, settings.trusted_hops)
        if allowed is None:
            raise errors.no_origin("the refreshToken in the body")
        if not allowed:
            raise errors.bad_origin()

    def clear_cookies(self) -> None:
        """Tell the browser to remove the login's two cookies, but not the device's cookie."""
        secure = network.is_secure(self.request, self.services.settings.trusted_hops)
        for name, path in ((ACCESS_COOKIE, "/"), (REFRESH_COOKIE, REFRESH_PATH)):
            self.clear_cookie(name, path=path, httponly=True, samesite="Lax", secure=secure)

    def _set_cookie(self, name: str, value: str, path: str, max_age_s: int) -> None:
        secure = network.is_secure(self.request, self.services.settings.trusted_hops)
        self.set_cookie(
            name, value, path=path, max_age=max_age_s, httponly=True, samesite="Lax", secure=secure
        )


def account_of(user: User) -> str:
    """Return the key for a user's sign-in tries, with the user name or the e-mail address."""
    return f"login of {user.id}"
