"""Finds the access token of a Socket.IO client, and the user and login that it stands for."""

from tornado.httputil import HTTPServerRequest

from handlers import errors
from handlers.http import network
from handlers.http.base import ACCESS_COOKIE
from handlers.services import Services
from storage.records import User


def access_token(services: Services, request: HTTPServerRequest, auth: object) -> str:
    """Return the access token of `auth.token`, of an Authorization header, or of the cookie,
    in that order.

    Raises: ApiError 401 if there is no token;
    403 for a cookie that a page of another origin makes the browser send.
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
    """Return the user of a login; raises ApiError 401 if the login has ended,
    and StoreUnavailable.
    """
    services.seen_logins.add(login_id)
    user = await services.store.signed_in(login_id, services.clock())
    if user is None or user.id != user_id:
        raise errors.not_signed_in("This login has ended.")
    return user
