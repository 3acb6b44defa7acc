"""Tests forged access tokens, tokens of one kind used as another, and the cache of verified tokens.

`test_tokens.py` tests simpler forgeries, and `tests/handlers/api/logins/test_refresh.py` refresh
tokens.
"""

import asyncio
import itertools
import json
import math
import zlib
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from tornado.httpclient import HTTPRequest
from tornado.websocket import websocket_connect

import handlers.security.tokens
from handlers.errors import ApiError
from handlers.security.tokens import Claims, Tokens
from tests.api import PASSWORD, Answer, Api, Wire
from tests.clock import Clock as WallClock
from tests.handlers.clients import code_of, joined, log_in, new_invite
from tests.handlers.forged_tokens import (
    HS256,
    NOW,
    SECRET,
    b64,
    claims_of,
    forge,
    without_signature,
)
from tests.narrowing import required
from tests.raw_events import RawEvents

OTHER = "x" * 64
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
NONES = ["".join(letters) for letters in itertools.product("nN", "oO", "nN", "eE")]
EVERY_WAY = ["Authorization", "Cookie", "query", "sub-protocol", "Socket.IO"]
KEY_BESIDE = {"kty": "oct", "alg": "HS256", "k": b64(OTHER)}


def raw(header: Any, claims: str, key: str = SECRET) -> str:
    """Sign JSON texts unchanged, even texts that no library writes."""
    return forge(header, b64(claims), key)


def parts(token: str, order: str) -> str:
    """Return a token with its three parts in another order."""
    header, claims, signature = token.split(".")
    return ".".join({"h": header, "c": claims, "s": signature}[part] for part in order)


def loose_bits(part: str) -> str:
    """Return another base64 text of the same bytes, in which an unused bit at the end is set."""
    return part[:-1] + ALPHABET[ALPHABET.index(part[-1]) ^ 1]


def pointing(key: str = OTHER, **header: object) -> Callable[[str], str]:
    """Return a function that forges a token whose header names the place of its own key."""
    return lambda token: forge({**HS256, **header}, claims_of(token), key)


def doubled(key: str) -> Callable[[str], str]:
    """Return a function that forges a token whose claims contain `sub` twice."""
    return lambda token: raw(
        json.dumps(HS256), f'{{"sub": "root", {json.dumps(claims_of(token))[1:]}', key
    )


FORGED: dict[str, Callable[[str], str]] = {
    "another server's": lambda token: forge(HS256, claims_of(token), OTHER),
    "kid of a file": pointing(key="", kid="../../../../dev/null"),
    "kid of a row": pointing(kid="x' UNION SELECT '" + OTHER),
    "kid is a number, our key": pointing(SECRET, kid=1),
    "kid is a list, our key": pointing(SECRET, kid=["a"]),
    "key in the header": pointing(jwk=KEY_BESIDE),
    "key at an address": pointing(jku="http://127.0.0.1:9/keys.json"),
    "certificate at an address": pointing(x5u="http://127.0.0.1:9/cert.pem"),
    "certificate in the header": pointing(x5c=[b64(OTHER)]),
    "RS256 with our key as the public one": lambda token: forge(
        {"alg": "RS256", "kid": "1"}, claims_of(token)
    ),
    "PS512 with our key as the public one": lambda token: forge(
        {"alg": "PS512"}, claims_of(token), digest="sha512"
    ),
    "EdDSA": lambda token: forge({"alg": "EdDSA"}, claims_of(token)),
    "crit of nothing, our key": pointing(SECRET, crit=[]),
    "crit is text, our key": pointing(SECRET, crit="exp"),
    "crit not there, our key": pointing(SECRET, crit=["b64"]),
    "crit unknown, our key": pointing(SECRET, crit=["urn:x"], **{"urn:x": True}),
    "b64 without crit, our key": pointing(SECRET, b64=False),
    "b64 with crit, our key": pointing(SECRET, b64=False, crit=["b64"]),
    "squeezed, our key": lambda token: forge(
        {**HS256, "zip": "DEF"}, b64(zlib.compress(json.dumps(claims_of(token)).encode())[2:-4])
    ),
    "alg twice, none first": lambda token: raw(
        '{"alg":"none","alg":"HS256"}', json.dumps(claims_of(token)), OTHER
    ),
    "alg twice, none last": lambda token: raw(
        '{"alg":"HS256","alg":"none"}', json.dumps(claims_of(token))
    ),
    "alg twice, unsigned": lambda token: without_signature(
        raw('{"alg":"HS256","alg":"none"}', "{}")
    ),
    "sub twice, another key": doubled(OTHER),
    "claims and signature swapped": lambda token: parts(token, "hsc"),
    "header and claims swapped": lambda token: parts(token, "chs"),
    "claims as header": lambda token: parts(token, "ccs"),
    "signature of older claims": lambda token: (
        forge(HS256, {**claims_of(token), "exp": 9_999_999_999}).rpartition(".")[0]
        + "."
        + token.rpartition(".")[2]
    ),
    "dot behind": lambda token: token + ".",
    "dot before": lambda token: "." + token,
    "dot within": lambda token: token.replace(".", "..", 1),
    "newline behind": lambda token: token + "\n",
    "newline in the signature": lambda token: token[:-3] + "\n" + token[-3:],
    "NUL behind": lambda token: token + "\0",
    "tab within": lambda token: token.replace(".", "\t.", 1),
    "no-break space behind": lambda token: token + "\u00a0",
    "zero-width space behind": lambda token: token + "\u200b",
    "lone surrogate behind": lambda token: token + "\ud800",
    "full-width dots": lambda token: token.replace(".", "\uff0e"),
    "quoted": lambda token: f'"{token}"',
    "twice": lambda token: f"{token},{token}",
    "loose bits in the signature": lambda token: (
        without_signature(token) + loose_bits(token.rpartition(".")[2])
    ),
    "padded signature": lambda token: token + "=",
    "padded too much": lambda token: token + "==",
    "padded header": lambda token: token.replace(".", "=.", 1),
    "standard base64": lambda token: without_signature(token) + "+/" + token.rpartition(".")[2][2:],
    "exp is a number as text, our key": lambda token: forge(
        HS256, {**claims_of(token), "exp": "9999999999"}
    ),
    "exp is an object, our key": lambda token: forge(
        HS256, {**claims_of(token), "exp": {"$gt": 0}}
    ),
    "iss in another case, our key": lambda token: forge(
        HS256, {**claims_of(token), "iss": "Collab-Server"}
    ),
    "aud of others, our key": lambda token: forge(HS256, {**claims_of(token), "aud": ["a", "b"]}),
    "one byte too long, our key": lambda token: filled(token, 2_049),
}
"""Forged tokens. Those named "our key" are signed with our key, and must be refused too."""


def filled(token: str, length: int) -> str:
    """Return a valid token of exactly this length."""
    longer = (forge(HS256, {**claims_of(token), "x": "x" * count}) for count in range(length))
    made = next(made for made in longer if len(made) >= length)
    assert len(made) - length in (0, 1)
    return made


class Clock:
    now = NOW * 1000

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def clock_ms() -> Clock:
    return Clock()


@pytest.fixture
def tokens(clock_ms: Clock) -> Tokens:
    numbers = itertools.count(1)
    return Tokens(SECRET, 900, clock_ms, lambda count: next(numbers).to_bytes(count))


def refusal(tokens: Tokens, token: str) -> str | None:
    """Return the code with which a token is refused, or None if it is valid.

    Raises: any other error.
    """
    try:
        tokens.read_access_token(token)
    except ApiError as error:
        return error.code
    return None


# -- forged ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("is_remembered", [False, True])
@pytest.mark.parametrize("name", FORGED)
def test_token_of_corpus_is_refused_after_valid_token(
    tokens: Tokens, name: str, is_remembered: bool
) -> None:
    """A forged token is refused at its first and second use.

    This holds even if the valid token that it was made of is in the cache.
    """
    token = tokens.access_token("user", "login")
    if is_remembered:
        assert refusal(tokens, token) is None

    forged = FORGED[name](token)

    assert [refusal(tokens, forged) for _ in range(2)] == ["not_signed_in"] * 2


@pytest.mark.parametrize("spelling", NONES)
def test_token_with_algorithm_none_is_refused(tokens: Tokens, spelling: str) -> None:
    """The algorithm `none` is refused, with any signature, also with one by our key."""
    good = tokens.access_token("user", "login")
    unsigned = f"{b64({'alg': spelling, 'typ': 'JWT'})}.{b64(claims_of(good))}."
    tried = [
        unsigned,
        unsigned[:-1],
        unsigned + good.rpartition(".")[2],
        forge({"alg": spelling}, claims_of(good)),
    ]

    assert [refusal(tokens, token) for token in tried] == ["not_signed_in"] * 4


def test_token_of_maximum_length_is_accepted(tokens: Tokens) -> None:
    """A token of the maximum length, 2,048 characters, is accepted."""
    assert refusal(tokens, filled(tokens.access_token("user", "login"), 2_048)) is None


@pytest.mark.parametrize("exp", [NOW + 1, NOW + 1.9, NOW + 1.0, True, False, -1, 0, 1e-300])
def test_token_with_any_expiry_is_refused_from_then_on(
    tokens: Tokens, clock_ms: Clock, exp: float
) -> None:
    """A token is refused from its expiry on, in the cache or not. The expiry may be any number."""
    seen, unseen = (
        forge(HS256, {**claims_of(tokens.access_token("user", "login")), "exp": exp})
        for _ in range(2)
    )
    refusal(tokens, seen)

    clock_ms.now = max(clock_ms.now, math.ceil(exp * 1000))

    assert None not in (refusal(tokens, seen), refusal(tokens, unseen))


@pytest.mark.parametrize(
    "exp", [10**30, 1e300, 10**600, float("nan"), float("inf"), -float("inf"), -(10**30)]
)
def test_token_with_huge_expiry_raises_nothing_unexpected(tokens: Tokens, exp: float) -> None:
    """A token with a huge expiry is accepted or refused, without an unexpected error."""
    token = forge(HS256, {**claims_of(tokens.access_token("user", "login")), "exp": exp})

    assert (refusal(tokens, token) is None) == (
        math.isfinite(exp) and exp > NOW if exp != 10**600 else True
    )


@pytest.mark.parametrize(
    ("left_ms", "code"), [(1, None), (0, "token_expired"), (-1, "token_expired")]
)
def test_token_is_accepted_until_last_millisecond_before_expiry(
    tokens: Tokens, clock_ms: Clock, left_ms: int, code: str | None
) -> None:
    """A token is valid until the last millisecond before its expiry, in the cache or not."""
    seen, unseen = (tokens.access_token("user", "login") for _ in range(2))
    assert refusal(tokens, seen) is None

    clock_ms.now += 900_000 - left_ms

    assert (refusal(tokens, seen), refusal(tokens, unseen)) == (code, code)


def test_token_issued_in_the_future_is_accepted(tokens: Tokens) -> None:
    """The time of issue is not checked, so a corrected clock does not sign anybody out."""
    claims = {**claims_of(tokens.access_token("user", "login")), "iat": NOW + 3_600}

    assert refusal(tokens, forge(HS256, claims)) is None


# -- over the wire --------------------------------------------------------------------------------


async def lets_in(wire: Wire) -> bool:
    """Whether a socket receives the document. Otherwise it must be closed with 4401."""
    await wire.send(b"\x00\x00\x01\x00")
    while (frame := await wire.receive()) is not None:
        if frame.startswith(b"\x00\x01"):
            wire.close()
            return True
    assert wire.close_code == 4401
    return False


async def ways_in(api: Api, session_id: str, token: str) -> list[str]:
    """Return the ways by which a token signs in."""
    address = f"{api.socket_url}/{session_id}"
    accepted: list[str] = []
    sockets: dict[str, tuple[str, dict[str, str]]] = {
        "query": (f"{address}?token={quote(token, errors='replace')}", {})
    }
    if token.isascii() and token.isprintable():
        sockets["sub-protocol"] = (address, {"Sec-WebSocket-Protocol": f"access_token, {token}"})
        for name, value in (
            ("Authorization", f"Bearer {token}"),
            ("Cookie", f"accessToken={token}"),
        ):
            answer = await Api(api.url).get("/user/me", headers={name: value})
            accepted += [name] if code_of(answer) != (401, "not_signed_in") else []
    for name, (url, headers) in sockets.items():
        wire = Wire(await websocket_connect(HTTPRequest(url, headers=headers)))
        accepted += [name] if await lets_in(wire) else []
    events = await RawEvents.open(api)
    accepted += ["Socket.IO"] if (await events.sign_in({"token": token}))[0] != "44" else []
    events.close()
    return accepted


async def test_token_of_corpus_is_refused_on_every_way_of_sign_in(start_server) -> None:
    """A forged token is refused in a header, cookie, query, sub-protocol and in Socket.IO.

    The server never asks an address in a token for a key.
    """
    server = await start_server(jwt_secret=SECRET, refusal_hold_s=0, connections_per_address=1_000)
    ada = await Api(server.url).sign_up("ada")
    session_id = await ada.new_session()
    asked: list[object] = []
    async with await asyncio.start_server(
        lambda *streams: asked.append(streams), "127.0.0.1", 0
    ) as elsewhere:
        url = f"http://127.0.0.1:{elsewhere.sockets[0].getsockname()[1]}"
        corpus = {
            **FORGED,
            "asks us for a key": pointing(jku=url),
            "asks us for a certificate": pointing(x5u=url),
        }
        # Parsers of cookies and sub-protocols find a valid token in these.
        for name in ("twice", "quoted"):
            del corpus[name]
        let_in = {
            name: await ways_in(ada, session_id, made(required(ada.token)))
            for name, made in corpus.items()
        }

    assert {name: ways for name, ways in let_in.items() if ways} == {}
    assert asked == []
    assert await ways_in(ada, session_id, required(ada.token)) == EVERY_WAY


async def test_token_with_login_of_other_user_is_refused(start_server) -> None:
    """A token signed by our key is refused if its login belongs to another user.

    If a claim is there twice, the last one counts.
    """
    server = await start_server(jwt_secret=SECRET)
    ada, bob = [await Api(server.url).sign_up(name) for name in ("ada", "bob")]
    own, others = claims_of(required(ada.token)), claims_of(required(bob.token))
    head = json.dumps(HS256)
    tried = {
        forge(HS256, own): 200,
        forge(HS256, {**own, "sub": others["sub"]}): 401,
        forge(HS256, {**own, "sid": others["sid"]}): 401,
        raw(head, f'{{"sub": "{others["sub"]}", {json.dumps(own)[1:]}'): 200,
        raw(head, f'{json.dumps(own)[:-1]}, "sub": "{others["sub"]}"}}'): 401,
        raw(head, f'{json.dumps(own)[:-1]}, "sid": "{others["sid"]}"}}'): 401,
    }

    statuses = [(await Api(server.url, token).get("/user/me")).status for token in tried]

    assert statuses == list(tried.values())


async def test_token_ticket_and_invite_are_not_interchangeable(ada: Api) -> None:
    """Tickets and invites are neither access nor refresh tokens, and tokens are not invites."""
    session_id = await ada.new_session(access="invite")
    ticket = (await ada.post(f"/session/{session_id}/ticket")).body["ticket"]
    invite = (await new_invite(ada, session_id))["invite"]
    anyone = Api(ada.url)

    for secret in (ticket, invite, f"{ticket}.{invite}", ada.refresh_token):
        assert code_of(await Api(ada.url, secret).get("/user/me")) == (401, "not_signed_in")
    for secret in (ticket, invite, required(ada.token), f"{ticket}.{invite}"):
        assert code_of(await anyone.post("/user/refresh", {"refreshToken": secret[:200]})) == (
            401,
            "not_signed_in",
        )
    for secret in (ticket, ada.refresh_token, ada.token):
        assert code_of(await anyone.get(f"/invite/{secret}")) == (404, "not_found")

    assert (await ada.get("/user/me")).status == 200


async def test_refresh_token_reused_by_thief_ends_login(crowd: None, clock, ada: Api) -> None:
    """Fifty late uses of a refresh token end its login, even while the owner uses the successor.

    No token works in the end, in any order of the requests.
    """
    anyone = Api(ada.url)

    async def refresh(token: str) -> Answer:
        return await anyone.post("/user/refresh", {"refreshToken": token})

    own = (await refresh(ada.refresh_token)).body["refreshToken"]
    clock.advance(21)

    answers = await asyncio.gather(*(refresh(ada.refresh_token) for _ in range(25)), refresh(own),
                                   *(refresh(ada.refresh_token) for _ in range(25)))  # fmt: skip

    assert [code_of(answer) for answer in answers[:25] + answers[26:]] == [
        (401, "not_signed_in")
    ] * 50
    issued = [answer.body["refreshToken"] for answer in answers if answer.status == 200]
    assert [(await refresh(token)).status for token in (own, *issued)] == [401] * (1 + len(issued))
    assert code_of(await ada.get("/user/me")) == (401, "not_signed_in")


# -- verified tokens are remembered ---------------------------------------------------------------


def test_cached_token_after_expiry_is_refused(tokens: Tokens, clock_ms: Clock) -> None:
    """A token in the cache is refused after its expiry, even if it was used often before."""
    token = tokens.access_token("user", "login")

    before = [refusal(tokens, token) for _ in range(3)]
    clock_ms.now += 900_000
    after = [refusal(tokens, token) for _ in range(3)]

    assert (before, after) == ([None] * 3, ["token_expired"] * 3)


def test_cached_token_with_changed_character_is_refused(tokens: Tokens) -> None:
    """A token that differs from one in the cache by one character is refused."""
    token = tokens.access_token("user", "login")
    assert refusal(tokens, token) is None

    changed = [
        token[:at] + ("A" if token[at] != "A" else "B") + token[at + 1 :]
        for at in range(len(token))
    ]

    assert {refusal(tokens, token) for token in changed} == {"not_signed_in"}


def test_token_cache_is_bounded_and_holds_no_forgeries(
    tokens: Tokens, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The cache is bounded, forgets its oldest token first, and never contains a forged token.

    A forgotten token is verified again.
    """
    monkeypatch.setattr(handlers.security.tokens, "_VERIFIED_AT_MOST", 10)
    for made in FORGED.values():
        refusal(tokens, made(tokens.access_token("user", "login")))
    assert len(tokens._verified) == 0

    issued = [tokens.access_token(f"user{number}", "login") for number in range(50)]
    for token in issued:
        assert refusal(tokens, token) is None

    assert list(tokens._verified) == issued[-10:]
    assert [tokens.read_access_token(token).user_id for token in issued] == [
        f"user{number}" for number in range(50)
    ]
    assert tokens.read_access_token(issued[0]) == Claims("user0", "login")


async def end_by_reuse(api: Api, login: Api, clock: WallClock) -> None:
    """Use a refresh token again 21 seconds after its first use."""
    assert (
        await Api(api.url).post("/user/refresh", {"refreshToken": login.refresh_token})
    ).status == 200
    clock.advance(21)
    assert (
        await Api(api.url).post("/user/refresh", {"refreshToken": login.refresh_token})
    ).status == 401


async def end(how: str, api: Api, login: Api, clock: WallClock) -> None:
    """End a login by itself or by another login of the same user."""
    login_id = claims_of(required(login.token))["sid"]
    passwords = {"currentPassword": PASSWORD, "newPassword": "another good password"}
    ways = {
        "logout": lambda: login.post("/user/logout"),
        "from the list": lambda: api.delete(f"/user/logins/{login_id}"),
        "everywhere else": lambda: api.delete("/user/logins"),
        "new password": lambda: api.post("/user/password", passwords),
        "account deleted": lambda: api.delete("/user/me", body={"password": PASSWORD}),
    }
    if how == "reuse":
        await end_by_reuse(api, login, clock)
    else:
        assert (await ways[how]()).status in (200, 204)


@pytest.mark.parametrize(
    "how",
    ["logout", "from the list", "everywhere else", "new password", "account deleted", "reuse"],
)
async def test_cached_token_of_ended_login_is_refused(
    clock: WallClock, start_server, how: str
) -> None:
    """A token in the cache is refused on every way of signing in after its login has ended.

    Connections that it opened are closed.
    """
    server = await start_server(refusal_hold_s=0)
    ada = await Api(server.url).sign_up("ada")
    session_id = await ada.new_session()
    login = await log_in(ada.url, "ada")
    assert await ways_in(login, session_id, required(login.token)) == EVERY_WAY
    wire, events = await joined(login, session_id), await RawEvents.signed_in(login)
    assert (await events.ask("join-session", session_id))["ok"]

    await end(how, ada, login, clock)

    assert (await wire.until_closed())[0] == 4401
    assert (await events.until("41"))[0] == "41", (
        "Socket.IO's packet for a client that shall not come back"
    )
    assert await ways_in(login, session_id, required(login.token)) == []
