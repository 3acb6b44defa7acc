"""Tests a request's address, scheme and origin, with proxies, without them, and forged."""

import pytest
from tornado.httputil import HTTPHeaders, HTTPServerRequest, RequestStartLine

from handlers.http import network


def request(
    *lines: tuple[str, str],
    host: str = "code.example.org",
    remote: str = "10.0.0.1",
    protocol: str = "http",
) -> HTTPServerRequest:
    """Return a request that arrived on a connection from `remote`."""
    headers = HTTPHeaders()
    headers.add("Host", host)
    for name, value in lines:
        headers.add(name, value)
    made = HTTPServerRequest(start_line=RequestStartLine("GET", "/", "HTTP/1.1"), headers=headers)
    made.remote_ip = remote
    made.protocol = protocol
    return made


# -- the address ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("hops", "forwarded", "address"),
    [
        (0, [], "10.0.0.1"),
        (0, ["1.1.1.1"], "10.0.0.1"),
        (1, [], "10.0.0.1"),
        (1, ["1.1.1.1"], "1.1.1.1"),
        (1, ["6.6.6.6, 1.1.1.1"], "1.1.1.1"),
        (1, ["6.6.6.6", "1.1.1.1"], "1.1.1.1"),
        (1, ["6.6.6.6,5.5.5.5 ,  1.1.1.1"], "1.1.1.1"),
        (1, [""], "10.0.0.1"),
        (1, ["1.1.1.1,"], "10.0.0.1"),
        (1, ["2001:db8::1"], "2001:db8::1"),
        (2, ["1.1.1.1, 2.2.2.2"], "1.1.1.1"),
        (2, ["6.6.6.6, 1.1.1.1, 2.2.2.2"], "1.1.1.1"),
        (2, ["6.6.6.6, 1.1.1.1", "2.2.2.2"], "1.1.1.1"),
        (2, ["2.2.2.2"], "10.0.0.1"),
        (3, ["1.1.1.1, 2.2.2.2"], "10.0.0.1"),
    ],
)
def test_client_address_counts_trusted_proxies_from_the_right(
    hops: int, forwarded: list[str], address: str
) -> None:
    """With N trusted proxies, the Nth entry from the right is the client's address.

    Entries before it can be forged, and are ignored.
    """
    lines = [("X-Forwarded-For", header) for header in forwarded]

    assert network.client_address(request(*lines), hops) == address


def test_limit_key_is_the_subscriber_of_the_client_address() -> None:
    """The key of rate limits is the subscriber of the address that the trusted proxy saw."""
    seen = request(("X-Forwarded-For", "2001:db8:1:2::1"))

    assert network.rate_limit_key(seen, 1) == "2001:db8:1:2::/64"
    assert network.rate_limit_key(seen, 0) == "10.0.0.1"


@pytest.mark.parametrize(
    "name", ["X-Real-Ip", "Forwarded", "True-Client-Ip", "CF-Connecting-IP", "X-Client-Ip"]
)
@pytest.mark.parametrize("hops", [0, 1])
def test_client_address_ignores_other_headers(name: str, hops: int) -> None:
    """No header except X-Forwarded-For can set the client's address."""
    assert network.client_address(request((name, "for=6.6.6.6")), hops) == "10.0.0.1"


# -- the scheme -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("hops", "protocol", "forwarded", "secure"),
    [
        (0, "http", None, False),
        (0, "https", None, True),
        (0, "http", "https", False),
        (0, "https", "http", True),
        (1, "http", None, False),
        (1, "http", "https", True),
        (1, "http", "HTTPS", True),
        (1, "http", "http ,  https", True),
        (1, "http", "http", False),
        (1, "https", "http", False),
        (1, "http", "https, http", False),
        (1, "http", "http, https", True),
        (1, "http", "httpss", False),
        (1, "http", "", False),
        (2, "http", "https, http", True),
        (2, "http", "http, https", False),
        (2, "http", "https, http, https", False),
    ],
)
def test_is_secure_follows_connection_or_trusted_proxy(
    hops: int, protocol: str, forwarded: str | None, secure: bool
) -> None:
    """A request is secure if its connection has TLS, or if a trusted proxy reports TLS."""
    lines = [] if forwarded is None else [("X-Forwarded-Proto", forwarded)]

    assert network.is_secure(request(*lines, protocol=protocol), hops) is secure


def test_is_secure_behind_two_proxies_accepts_single_value() -> None:
    """One value of X-Forwarded-Proto is enough for two proxies.

    Proxies usually replace this header and do not append to it.
    """
    told = request(("X-Forwarded-Proto", "https"), ("X-Forwarded-For", "1.1.1.1, 2.2.2.2"))

    assert network.is_secure(told, 2)


# -- the origin -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("host", "protocol", "hops", "proto", "origin"),
    [
        ("code.example.org", "http", 0, None, "http://code.example.org"),
        ("Code.Example.ORG", "http", 0, None, "http://code.example.org"),
        ("localhost:5000", "http", 0, None, "http://localhost:5000"),
        ("[::1]:5000", "http", 0, None, "http://[::1]:5000"),
        ("code.example.org", "https", 0, None, "https://code.example.org"),
        ("code.example.org", "http", 1, "https", "https://code.example.org"),
        ("code.example.org", "http", 0, "https", "http://code.example.org"),
    ],
)
def test_own_origin_is_scheme_and_host_seen_by_client(
    host: str, protocol: str, hops: int, proto: str | None, origin: str
) -> None:
    """The own origin is made of the scheme and host that the client sees."""
    lines = [] if proto is None else [("X-Forwarded-Proto", proto)]

    assert network.own_origin(request(*lines, host=host, protocol=protocol), hops) == origin


ALLOWED = frozenset({"https://editor.example.org", "http://localhost:3000"})


@pytest.mark.parametrize(
    ("origin", "site", "allowed"),
    [
        (None, None, None),
        (None, "same-origin", True),
        (None, "none", True),
        (None, "same-site", False),
        (None, "cross-site", False),
        (None, "", False),
        (None, "nonsense", False),
        (None, "Same-Origin", False),
        ("http://code.example.org", None, True),
        ("HTTP://CODE.example.org", None, True),
        ("https://editor.example.org", "cross-site", True),
        ("http://localhost:3000", "cross-site", True),
        ("https://evil.example.org", None, False),
        ("https://evil.example.org", "same-origin", False),
        ("https://evil.example.org", "none", False),
        ("null", None, False),
        ("null", "same-origin", False),
        ("", None, False),
        ("", "same-origin", False),
        ("*", None, False),
        ("https://code.example.org", None, False),
        ("http://code.example.org:8080", None, False),
        ("http://code.example.org.evil.org", None, False),
        ("http://evilcode.example.org", None, False),
        ("http://sub.code.example.org", None, False),
        ("http://code.example.org/", None, False),
        ("http://code.example.org@evil.org", None, False),
        ("http://user@code.example.org", None, False),
        ("http://code.example.org evil", None, False),
        ("http://editor.example.org", None, False),
        ("http://localhost:30000", None, False),
        ("http://localhost", None, False),
        ("code.example.org", None, False),
        ("file://", None, False),
        ("chrome-extension://abc", None, False),
    ],
)
def test_is_allowed_origin_compares_whole_origins(
    origin: str | None, site: str | None, allowed: bool | None
) -> None:
    """Origins are compared as a whole. A request without an origin has an unknown page."""
    lines = []
    if origin is not None:
        lines.append(("Origin", origin))
    if site is not None:
        lines.append(("Sec-Fetch-Site", site))

    assert network.is_allowed_origin(request(*lines), ALLOWED, 0) is allowed


def test_is_allowed_origin_with_two_origins_is_not_allowed() -> None:
    """A request with two Origin headers is not allowed."""
    twice = request(("Origin", "http://code.example.org"), ("Origin", "https://evil.example.org"))

    assert network.is_allowed_origin(twice, ALLOWED, 0) is False


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        ("https://example.org", "https://example.org"),
        (" https://example.org/ ", "https://example.org"),
        ("HTTPS://Example.ORG", "https://example.org"),
        ("http://localhost:3000", "http://localhost:3000"),
        ("http://[::1]:3000", "http://[::1]:3000"),
        ("https://example.org:443", "https://example.org"),
        ("http://example.org:80", "http://example.org"),
        ("https://example.org:80", "https://example.org:80"),
    ],
)
def test_normalize_origin_returns_form_sent_by_browsers(text: str, origin: str) -> None:
    """A configured origin is changed to the form of browsers.

    That form has lower case, no default port and no trailing slash.
    """
    assert network.normalize_origin(text) == origin


@pytest.mark.parametrize(
    "text",
    ["", "*", "null", "example.org", "https://", "ftp://example.org", "https://example.org/app",
     "https://example.org?x",
     "https://example.org/?x", "//example.org", "https:example.org", "javascript:alert(1)",
     "https://user@example.org",
     "https://user:pw@example.org", "https://example.org#x", "https://example.org:port",
     "https://*.example.org",
     "https://exa mple.org"],
)  # fmt: skip
def test_normalize_origin_of_invalid_setting_raises(text: str) -> None:
    """A configured origin that could never match a browser's is refused at the start."""
    with pytest.raises(ValueError):
        network.normalize_origin(text)


@pytest.mark.parametrize(
    ("host", "origin", "is_for"),
    [
        ("run.example.org", "https://run.example.org", True),
        ("RUN.example.org:443", "https://run.example.org", True),
        ("run.example.org:80", "http://run.example.org", True),
        ("run.example.org:8443", "https://run.example.org", False),
        ("localhost:5001", "http://localhost:5001", True),
        ("localhost:5000", "http://localhost:5001", False),
        ("example.org", "https://run.example.org", False),
    ],
)
def test_request_is_for_an_origin_by_host_and_port(host: str, origin: str, is_for: bool) -> None:
    """The scheme does not count: without it, a proxy that hides TLS would open the API there."""
    assert network.is_for(request(host=host), origin) is is_for
