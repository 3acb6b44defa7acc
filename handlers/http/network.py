"""Finds the address, the scheme and the origin from which a request comes."""

import re
from collections.abc import Set

from tornado.httputil import HTTPServerRequest

from handlers.throttling.subscribers import subscriber

_ORIGIN = re.compile(
    r"(?P<scheme>https?)://(?P<host>[a-z0-9._-]+|\[[0-9a-f:.]+\])(:(?P<port>[0-9]{1,5}))?/?"
)
_MAX_PORT = 65_535
_DEFAULT_PORTS = {"http": ":80", "https": ":443"}
_OWN_SITE = ("same-origin", "none")


def client_address(request: HTTPServerRequest, trusted_hops: int) -> str:
    """Return the client's address: of the connection, or as the first trusted proxy saw it.

    Each proxy appends the address that it sees to X-Forwarded-For. So with n trusted proxies, a
    client cannot have invented the n-th entry from the right. But it may have invented all entries
    before that one. An example with 2 proxies: a client at C sends "X" itself, and we get "X, C,
    P1" over the connection from P2. The second entry from the right is C.
    """
    if trusted_hops:
        seen = [
            part.strip()
            for part in ",".join(request.headers.get_list("X-Forwarded-For")).split(",")
        ]
        if len(seen) >= trusted_hops and seen[-trusted_hops]:
            return seen[-trusted_hops]
    return str(request.remote_ip)


def rate_limit_key(request: HTTPServerRequest, trusted_hops: int) -> str:
    """Return the key under which limits count the address of a request."""
    return subscriber(client_address(request, trusted_hops))


def is_secure(request: HTTPServerRequest, trusted_hops: int) -> bool:
    """Whether the client uses TLS to connect to this server or to a trusted proxy."""
    if trusted_hops:
        seen = [
            part.strip().lower() for part in request.headers.get("X-Forwarded-Proto", "").split(",")
        ]
        if seen[0]:  # most proxies replace this header instead of appending to it
            return seen[-min(trusted_hops, len(seen))] == "https"
    return request.protocol == "https"


def own_origin(request: HTTPServerRequest, trusted_hops: int) -> str:
    """Return the origin under which the client reaches this server."""
    scheme = "https" if is_secure(request, trusted_hops) else "http"
    return f"{scheme}://{request.host.lower()}"


def is_for(request: HTTPServerRequest, origin: str) -> bool:
    """Whether a request is for the host and the port of an origin, by whatever scheme."""
    scheme, _, host = origin.partition("://")
    return request.host.lower().removesuffix(_DEFAULT_PORTS[scheme]) == host


def is_allowed_origin(
    request: HTTPServerRequest, origins: Set[str], trusted_hops: int
) -> bool | None:
    """Whether the page that sent the request may use the API; None if no header names the page."""
    origin = request.headers.get("Origin")
    if origin is not None:
        return origin.lower() == own_origin(request, trusted_hops) or origin.lower() in origins
    site = request.headers.get("Sec-Fetch-Site")
    return None if site is None else site in _OWN_SITE


def may_be_foreign(request: HTTPServerRequest, origins: Set[str], trusted_hops: int) -> bool:
    """Whether a page that may not use the API could have sent a request with the user's cookies."""
    allowed = is_allowed_origin(request, origins, trusted_hops)
    # Browsers send `Sec-Fetch-Site` only over TLS. Without TLS, an attacker can read the whole
    # answer on its way, so a check of the page would protect nothing.
    return is_secure(request, trusted_hops) if allowed is None else not allowed


def normalize_origin(text: str) -> str:
    """Return an origin in the form that browsers send; raises ValueError for other texts."""
    match = _ORIGIN.fullmatch(text.strip().lower())
    if match is None or int(match["port"] or 0) > _MAX_PORT:
        raise ValueError(f"{text!r} is not an origin like https://example.org")
    scheme, given = match["scheme"], f":{match['port']}" if match["port"] else ""
    port = "" if given == _DEFAULT_PORTS[scheme] else given
    return f"{scheme}://{match['host']}{port}"
