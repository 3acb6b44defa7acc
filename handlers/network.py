"""Where a request comes from: its address, its scheme, its origin."""

from collections.abc import Set
from urllib.parse import urlsplit

from tornado.httputil import HTTPServerRequest

_OWN_SITE = ("same-origin", "none")


def client_address(request: HTTPServerRequest, trusted_hops: int) -> str:
    """Return the client's address: of the connection, or what the outermost trusted proxy saw.

    Each proxy appends the address it sees to X-Forwarded-For, so with n trusted hops the n-th
    entry from the right is the last one that a stranger could not have made up.
    """
    if trusted_hops:
        seen = [part.strip() for part in ",".join(request.headers.get_list("X-Forwarded-For")).split(",")]
        if len(seen) >= trusted_hops and seen[-trusted_hops]:
            return seen[-trusted_hops]
    return str(request.remote_ip)


def is_secure(request: HTTPServerRequest, trusted_hops: int) -> bool:
    """Whether the client speaks TLS to us or to a proxy that we trust."""
    if trusted_hops:
        seen = request.headers.get("X-Forwarded-Proto", "").split(",")
        if len(seen) >= trusted_hops:
            return seen[-trusted_hops].strip().lower() == "https"
    return request.protocol == "https"


def own_origin(request: HTTPServerRequest, trusted_hops: int) -> str:
    """Return the origin under which the client knows this server."""
    scheme = "https" if is_secure(request, trusted_hops) else "http"
    return f"{scheme}://{request.host.lower()}"


def is_allowed_origin(request: HTTPServerRequest, origins: Set[str], trusted_hops: int) -> bool | None:
    """Whether the page that sent the request may do so; None when nothing says where it comes from."""
    origin = request.headers.get("Origin")
    if origin is not None:
        return origin.lower() == own_origin(request, trusted_hops) or origin.lower() in origins
    site = request.headers.get("Sec-Fetch-Site")
    return None if site is None else site in _OWN_SITE


def normalize_origin(text: str) -> str:
    """Return an origin as browsers send it; raises ValueError for anything else."""
    parts = urlsplit(text.strip().lower())
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path.strip("/") or parts.query:
        raise ValueError(f"{text!r} is not an origin like https://example.org")
    return f"{parts.scheme}://{parts.netloc}"
