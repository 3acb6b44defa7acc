"""Tests of a real server behind real nginx and real Caddy.

The proxies run the sample configurations of docs/proxies.md. How the server reads forwarded
headers is tested in tests/handlers/http/test_network.py.
"""

import asyncio
import base64
import os
import re
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any
from urllib.parse import urlsplit

import pytest
from tornado import simple_httpclient

from collab_server.config import Config
from collab_server.server import Server
from crdt.wire import y_protocol
from handlers.sync.frames import CLOSE
from harness.wire import SYNC_STEP1
from tests.api import PASSWORD, Api
from tests.conftest import AS_SHIPPED
from tests.crdt.harness import Typist
from tests.handlers.clients import (
    UNKNOWN_ID,
    Browser,
    account,
    code_of,
    joined,
    new_invite,
    set_cookies,
    upload,
)
from tests.handlers.images import noise, saved
from tests.interop.text_clients import POLLING, WEBSOCKET, TextPeer
from tests.narrowing import required
from tests.node_peers import Peers
from tests.raw_frames import Raw
from tests.reverse_proxies import INNER, OUTER, SAMPLES, Certificate, ReverseProxy
from tests.samples import sample
from tests.system_packages import needed_program
from tests.waiting import PATIENCE_S

UPGRADE = {
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec_WebSocket_Version": "13",
    "Sec_WebSocket_Key": base64.b64encode(bytes(16)).decode(),
}
HERE, THERE = "127.0.0.1", "127.0.0.2"
FORGED = "192.0.2.7"

ALONE: list[tuple[str, ...]] = [("nginx",), ("caddy",)]
CHAINS: list[tuple[str, ...]] = [("caddy", "nginx"), ("nginx", "caddy")]
"""The chains of proxies, each from the outermost proxy to the server."""

each_kind = pytest.mark.parametrize("proxied", ALONE, indirect=True, ids="-".join)
each_way = pytest.mark.parametrize("proxied", ALONE + CHAINS, indirect=True, ids="-".join)

Proxied = Callable[..., Awaitable[tuple[Server, ReverseProxy]]]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return Certificate.make(tmp_path_factory.mktemp("certificate"))


@pytest.fixture(autouse=True)
def _trust(certificate: Certificate, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make every client of a test trust the test's certificate, and no other."""
    context = certificate.trust()
    monkeypatch.setattr(simple_httpclient, "_client_ssl_defaults", lambda: context)
    monkeypatch.setenv("NODE_EXTRA_CA_CERTS", str(certificate.file))


@pytest.fixture
async def proxied(
    request: pytest.FixtureRequest, start_server, certificate: Certificate
) -> AsyncIterator[Proxied]:
    """Return a function that starts a server and the proxies before it.

    The server trusts all of them. The function returns the server and the outermost proxy.
    """
    kinds = request.param
    async with AsyncExitStack() as running:

        async def start(**settings: Any) -> tuple[Server, ReverseProxy]:
            server = await start_server(**{"trust_proxy": len(kinds), **settings})
            port = server.port
            proxy = None
            for at in reversed(range(len(kinds))):
                proxy = ReverseProxy(kinds[at], port, certificate, is_inner=at > 0)
                running.push_async_callback(proxy.stop)
                await proxy.start()
                port = proxy.port
            return server, required(proxy)

        yield start


# -- the documentation ----------------------------------------------------------------------------


QUOTED = {
    OUTER["nginx"]: sample("docs/proxies.md", "# /etc/nginx/conf.d/collab.conf; the server"),
    OUTER["caddy"]: sample("docs/proxies.md", "# /etc/caddy/Caddyfile; the server"),
    INNER["nginx"]: sample("docs/proxies.md", "# /etc/nginx/conf.d/collab.conf on 10.0.0.2"),
    INNER["caddy"]: sample("docs/proxies.md", "# /etc/caddy/Caddyfile on 10.0.0.2"),
}
CHECKS = sample("docs/proxies.md", "site=https://code.example.org")


@pytest.mark.parametrize("name", QUOTED)
def test_proxy_samples_are_quoted_in_documentation(name: str) -> None:
    """docs/proxies.md shows the same files that this module tests."""
    assert QUOTED[name] == (SAMPLES / name).read_text()


def documented_checks(proxy: ReverseProxy, certificate: Certificate) -> list[str]:
    """Return the lines that the page's commands print, with 36 requests instead of 1,200."""
    commands = CHECKS
    for said, meant in {
        "https://code.example.org": proxy.url,
        '"username": "…", "password": "…"': f'"username": "ada", "password": "{PASSWORD}"',
        "seq 1200": "seq 36",
    }.items():
        assert said in commands
        commands = commands.replace(said, meant)
    environment = {**os.environ, "CURL_CA_BUNDLE": str(certificate.file), "no_proxy": "*"}
    done = subprocess.run(
        ["bash", "-c", commands],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    return [line.strip() for line in done.stdout.splitlines()]


@each_kind
async def test_documented_checks_say_that_all_is_well(
    proxied: Proxied, certificate: Certificate
) -> None:
    """The documented commands print the documented results.

    Here an address may make 18 requests instead of 600. The commands send twice as many.
    """
    needed_program("curl")
    assert AS_SHIPPED["anonymous_per_5min"] == 600
    _, proxy = await proxied(anonymous_per_5min=18)
    await Api(proxy.url).sign_up("ada")

    lines = await asyncio.to_thread(documented_checks, proxy, certificate)

    socket, *cookies, refused, too_many, metrics = lines
    assert (socket, metrics) == ("101", "403")
    assert len(cookies) == 3
    assert all(cookie.lower().startswith("set-cookie:") for cookie in cookies)
    assert all(cookie.endswith("Secure") for cookie in cookies)
    counts = {code: int(count) for count, code in (refused.split(), too_many.split())}
    assert counts.keys() == {"401", "429"}
    assert sum(counts.values()) == 36
    assert counts["401"] >= 18


@each_kind
async def test_documented_checks_show_too_large_a_number_of_proxies(
    request: pytest.FixtureRequest, proxied: Proxied, certificate: Certificate
) -> None:
    """The documented commands show when TRUST_PROXY is larger than the number of proxies.

    With TRUST_PROXY=2 behind nginx alone, the server believes forged addresses, so all answers
    are 401. Caddy drops forged addresses, so all people share one address's limits.
    """
    _, proxy = await proxied(trust_proxy=2, anonymous_per_5min=18)
    await Api(proxy.url).sign_up("ada")

    lines = await asyncio.to_thread(documented_checks, proxy, certificate)
    others = await proxy.status("/user/me", THERE)

    is_nginx = "nginx" in request.node.callspec.id
    assert ("36 401" in lines) is is_nginx
    assert others == (401 if is_nginx else 429)


@pytest.mark.parametrize("name", [OUTER["nginx"], INNER["nginx"]])
def test_nginx_timeout_is_longer_than_socket_silence(name: str) -> None:
    """The server's own pings come before nginx's timeout, and end a dead client before it."""
    config = Config()

    (wait_s,) = re.findall(r"proxy_read_timeout (\d+)s;", (SAMPLES / name).read_text())

    assert int(wait_s) > config.ping_s + config.pong_s


@pytest.mark.parametrize("name", [OUTER["caddy"], INNER["caddy"]])
def test_caddy_idle_timeout_is_shorter_than_that_of_server(name: str) -> None:
    """If Caddy kept connections longer, it could send a request while the server closes one."""
    (kept_s,) = re.findall(r"keepalive (\d+)s\n", (SAMPLES / name).read_text())

    assert int(kept_s) < Config().request_s


# -- addresses and TLS ----------------------------------------------------------------------------


@each_way
async def test_cookies_through_tls_proxy_are_secure(proxied: Proxied) -> None:
    """Signing up and in through TLS gives Secure cookies, and they work.

    Without a proxy, the cookies are not Secure.
    """
    server, proxy = await proxied()
    page, plain = Browser(proxy.url), Browser(server.url)

    answers = [
        await page.enter("ada"),
        await page.post("/user/login", {"username": "ada", "password": PASSWORD}),
    ]
    direct = await plain.enter("bob")

    assert [answer.status for answer in answers] == [201, 200]
    assert [
        bool(cookie["secure"]) for answer in answers for cookie in set_cookies(answer).values()
    ] == [True] * 6
    assert [bool(cookie["secure"]) for cookie in set_cookies(direct).values()] == [False] * 3
    assert (await page.post("/session")).status == 201


@each_way
async def test_forged_client_address_is_ignored(proxied: Proxied) -> None:
    """Requests count for the address that the outermost proxy saw. Their headers do not matter."""
    _, proxy = await proxied(anonymous_per_5min=4)

    async def status(source: str, *forged: str) -> int | None:
        headers = {"X_Forwarded_For": ", ".join(forged), "X_Real_IP": FORGED} if forged else {}
        return await proxy.status("/user/me", source, **headers)

    own = [
        await status(HERE, *forged)
        for forged in ((), (FORGED,), (THERE,), (FORGED, THERE), (THERE, FORGED))
    ]
    others = [await status(THERE, *forged) for forged in ((), (HERE,), (HERE, HERE))]

    assert own == [401] * 4 + [429]
    assert others == [401] * 3


@each_way
async def test_socket_limit_counts_true_client_address(proxied: Proxied) -> None:
    """If an address may have one socket, its second socket is refused, even with forged headers.

    The first socket from another address is accepted.
    """
    _, proxy = await proxied(connections_per_address=1)
    ada = await Api(proxy.url).sign_up()
    session_id = await ada.new_session()
    first = await joined(ada, session_id)

    async def closed_with(source: str, forged: str) -> int | None:
        """Return the close code, or None for a socket that is accepted."""
        path = f"/sync/{session_id}?token={ada.token}"
        async with proxy.asked(path, source, X_Forwarded_For=forged, **UPGRADE) as (
            status,
            reader,
            writer,
        ):
            assert status == 101
            raw = Raw(reader, writer)
            _, payload = await raw.frame()
            return (
                None
                if payload.startswith(SYNC_STEP1)
                else int.from_bytes((await raw.control(CLOSE))[:2], "big")
            )

    assert [await closed_with(HERE, forged) for forged in (FORGED, THERE)] == [4529] * 2
    assert await closed_with(THERE, HERE) is None
    assert first.close_code is None


@each_kind
async def test_forwarded_headers_without_trust_are_ignored(proxied: Proxied) -> None:
    """With TRUST_PROXY=0, all clients of a proxy are one address, and none counts as TLS."""
    _, proxy = await proxied(trust_proxy=0, anonymous_per_5min=1)

    answer = await Api(proxy.url).post("/user/signup", account("ada"))
    statuses = [
        await proxy.status("/user/me", source, X_Forwarded_For=FORGED) for source in (HERE, THERE)
    ]

    assert [bool(cookie["secure"]) for cookie in set_cookies(answer).values()] == [False] * 3
    assert statuses == [401, 429]


@pytest.mark.parametrize(("kind", "refusal"), [("nginx", 403), ("caddy", None)])
async def test_inner_proxy_refuses_strangers(
    start_server, certificate: Certificate, kind: str, refusal: int | None
) -> None:
    """An inner proxy takes requests from the outer proxy's address only.

    Clients that reach it directly could forge their address.
    """
    server = await start_server(trust_proxy=2)
    inner = ReverseProxy(kind, server.port, certificate, is_inner=True)
    async with AsyncExitStack() as running:
        running.push_async_callback(inner.stop)
        await inner.start()

        assert [await inner.status("/healthz", source) for source in (HERE, THERE)] == [
            200,
            refusal,
        ]


@each_way
async def test_cookies_through_proxy_work_for_own_origin_only(proxied: Proxied) -> None:
    """Our own origin is that of the proxy, with https and the proxy's port.

    REST and sockets refuse cookies with any other origin.
    """
    server, proxy = await proxied()
    page = Browser(proxy.url)
    await page.enter("ada")
    session_id = await page.new_session()
    cookie = f"accessToken={page.jar['accessToken'].value}"

    async def statuses(origin: str) -> tuple[int, int | None]:
        socket = await proxy.status(f"/sync/{session_id}", Cookie=cookie, Origin=origin, **UPGRADE)
        return (await page.post("/session", headers={"Origin": origin})).status, socket

    own = await statuses(proxy.url)
    foreign = [
        proxy.url.replace("https", "http"),
        server.url,
        "https://127.0.0.1",
        "https://evil.example.org",
        "null",
    ]
    others = [await statuses(origin) for origin in foreign]

    assert own == (201, 101)
    assert others == [(403, 403)] * len(foreign)


@each_kind
async def test_plain_http_is_redirected_to_https(proxied: Proxied) -> None:
    """The redirect keeps the host name and the path of the request."""
    _, proxy = await proxied()

    answer = await Api(proxy.plain_url).get("/login?next=x")

    assert answer.status in (301, 308)
    place = urlsplit(answer.headers["Location"])
    assert (place.scheme, place.hostname, place.path, place.query) == (
        "https",
        "127.0.0.1",
        "/login",
        "next=x",
    )


@each_kind
async def test_metrics_through_proxy_are_refused(proxied: Proxied) -> None:
    """Requests through a proxy do not count as local, although the proxy is on this machine."""
    server, proxy = await proxied()

    assert code_of(await Api(proxy.url).get("/metrics")) == (403, "forbidden")
    assert (await Api(server.url).get("/metrics")).status == 200


@each_kind
async def test_metrics_through_proxy_with_token_are_served(proxied: Proxied) -> None:
    """With METRICS_TOKEN, the token is required, and it is sufficient."""
    _, proxy = await proxied(metrics_token="a-token-of-some-length")

    statuses = [
        (await Api(proxy.url, token).get("/metrics")).status
        for token in (None, "x", "a-token-of-some-length")
    ]

    assert statuses == [403, 403, 200]


# -- data through proxies -------------------------------------------------------------------------


@each_kind
async def test_avatar_of_almost_two_mebibytes_passes_proxy(proxied: Proxied) -> None:
    """A picture of 1.9 MiB arrives. The server itself refuses a larger one."""
    _, proxy = await proxied()
    ada = await Api(proxy.url).sign_up()
    file = saved(noise(800, 830), "PNG", compress_level=0)
    assert 1.85 < len(file) / (1 << 20) < 2

    assert (await upload(ada, file)).status == 200
    assert code_of(await upload(ada, file + bytes(1 << 20))) == (413, "too_large")


@each_way
async def test_stock_clients_type_together_through_proxy(proxied: Proxied, peers: Peers) -> None:
    """Stock Yjs and Socket.IO clients type together over TLS, on each transport.

    Each client needs only one connection.
    """
    _, proxy = await proxied()
    ada = await Api(proxy.url).sign_up()
    session_id = await ada.new_session(code="one ")
    for name, version in (("newest", 3), ("oldest", 1)):
        await peers.do(
            "connect", name, url=ada.socket_url, room=session_id, token=ada.token, version=version
        )
        await peers.until_state(name, synced=True)
    polling = await TextPeer.joined(peers, ada, session_id, "polling", POLLING)
    socket = await TextPeer.joined(peers, ada, session_id, "socket", WEBSOCKET)

    for name, text in (("newest", "two "), ("oldest", "three ")):
        await peers.do("insert", name, text=text)
        await peers.until_text(
            "one two " if name == "newest" else "one two three ", "newest", "oldest"
        )
    await polling.until(code="one two three ")
    await polling.type("four ")
    await socket.until(code="one two three four ")

    await peers.until_text("one two three four ", "newest", "oldest")
    for name in ("newest", "oldest"):
        assert (await peers.do("state", name))["attempts"] == 1


@each_kind
async def test_close_codes_pass_proxy(proxied: Proxied) -> None:
    """The close codes for no sign-in, an unknown session and a restart reach clients."""
    server, proxy = await proxied()
    ada = await Api(proxy.url).sign_up()
    session_id = await ada.new_session()
    stays = await joined(ada, session_id)

    nobody = await Api(proxy.url, "nonsense").connect(session_id)
    nowhere = await ada.connect(UNKNOWN_ID)
    refused = [await wire.until_closed() for wire in (nobody, nowhere)]
    await server.stop()

    assert [code for code, _ in refused] == [4401, 4404]
    assert (await stays.until_closed())[0] == 1012


@each_kind
async def test_client_that_does_not_read_is_closed_behind_proxy(proxied: Proxied) -> None:
    """Behind a proxy, the server also notices a client that does not read, and closes it.

    Other clients are not affected.
    """
    server, proxy = await proxied(
        max_queued_bytes=65_536,
        updates_per_s=1e6,
        updates_burst=1e6,
        update_bytes_per_s=1 << 30,
        flush_ms=0,
    )
    sockets = server.parts.services.connections
    ada = await Api(proxy.url).sign_up()
    session_id = await ada.new_session()
    async with proxy.asked(f"/sync/{session_id}?token={ada.token}", **UPGRADE) as (status, _, _):
        assert status == 101
        writer, typist = await joined(ada, session_id, "&saved=1"), Typist(5)
        count = 0
        async with asyncio.timeout(PATIENCE_S):
            while not sockets.too_slow:
                await writer.send(y_protocol.sync_update(typist.insert(0, "x" * 200_000)))
                await writer.send(y_protocol.sync_update(typist.delete(0, 200_000)))
                count += 2
                await writer.receive_until(y_protocol.saved(count))

        assert sockets.too_slow == 1
        assert (await ada.live(session_id))["code"] == ""


@each_kind
async def test_proxy_logs_contain_no_secrets(proxied: Proxied) -> None:
    """The proxy's log has no token and no invite, whether or not the server answered."""
    server, proxy = await proxied()
    ada = await Api(proxy.url).sign_up()
    session_id = await ada.new_session()
    invite = await new_invite(ada, session_id)
    paths = [
        f"/sync/{session_id}?token={ada.token}",
        f"/join/{invite['invite']}",
        f"/invite/{invite['invite']}",
    ]

    protocols = {
        "Sec_WebSocket_Protocol": f"access_token, {ada.token}",
        "Authorization": f"Bearer {ada.token}",
    }

    passed = [await proxy.status(path, **UPGRADE, **protocols) for path in paths]
    await server.stop()
    failed = [await proxy.status(path, **UPGRADE, **protocols) for path in paths]
    said = await proxy.stop()

    assert (passed, failed) == ([101, 200, 200], [502] * 3)
    assert [secret for secret in (required(ada.token), invite["invite"]) if secret in said] == []
