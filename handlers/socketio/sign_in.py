"""Finds the access token of a Socket.IO client, and the token's user and login."""

from tornado.httputil import HTTPServerRequest

from handlers import errors
from handlers.http import network
from handlers.http.base import ACCESS_COOKIE
from handlers.services import Services
from storage.records import User


def access_token(services: Services, request: HTTPServerRequest, auth: object) -> str:
    """Return the access token from `auth.token`, the Authorization header, or the cookie.

    The first of these that has a token is used. Raises: ApiError 401 if there is no token.
    ApiError 403 if a page of another origin made the browser send the cookie.
    """
    token = auth.get("token") if isinstance(auth, dict) else None
    if isinstance(token, str) and token:
        return token
    scheme, _, credentials = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer" and credentials.strip():
        return credentials.strip()
    cookie = request.cookies.get(ACCESS_COOKIE)
    if cookie is None:
        raise errors.not_signed_in()
    settings = services.settings
    if network.is_allowed_origin(request, settings.origins, settings.trusted_hops) is False:
        raise errors.bad_origin()
    return cookie.value


async def signed_in(services: Services, user_id: str, login_id: str) -> User:
    """Return the user of a login.

    Raises: ApiError 401 if the login has ended, and StoreUnavailable.
    """
    services.seen_logins.add(login_id)
    user = await services.store.signed_in(login_id, services.clock())
    if user is None or user.id != user_id:
        raise errors.not_signed_in("This login has ended.")
    return user
