"""Tests access tokens, with a corpus of forged and malformed JWTs, and refresh tokens."""

import base64
import hashlib
from collections.abc import Callable
from functools import partial

import jwt
import pytest

from handlers.errors import ApiError
from handlers.security.tokens import Claims, RefreshToken, Tokens
from tests.api import PASSWORD, Api
from tests.handlers.clients import account, code_of
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

REQUIRED = ["iss", "aud", "sub", "sid", "iat", "exp", "jti"]
ISSUER = "collab-server"


def swapped(token: str) -> str:
    """Return the claims of another user with this token's signature."""
    header, _, signature = token.split(".")
    return f"{header}.{b64({**claims_of(token), 'sub': 'somebodyelse0000'})}.{signature}"


def _without(name: str, token: str) -> str:
    """Return the token signed without one of its claims."""
    return forge(HS256, {key: value for key, value in claims_of(token).items() if key != name})


CORPUS: dict[str, Callable[[str], str]] = {
    "empty": lambda token: "",
    "one part": lambda token: token.split(".")[0],
    "two parts": lambda token: token.rpartition(".")[0],
    "four parts": lambda token: token + ".x",
    "dots": lambda token: "..",
    "many dots": lambda token: "." * 500,
    "no signature": without_signature,
    "alg none": lambda token: f"{b64({'alg': 'none'})}.{b64(claims_of(token))}.",
    "alg None": lambda token: f"{b64({'alg': 'None', 'typ': 'JWT'})}.{b64(claims_of(token))}.",
    "alg NONE with signature": lambda token: forge({"alg": "NONE"}, claims_of(token)),
    "alg none, signed": lambda token: forge({"alg": "none"}, claims_of(token)),
    "alg missing": lambda token: forge({"typ": "JWT"}, claims_of(token)),
    "alg null": lambda token: forge({"alg": None}, claims_of(token)),
    "alg list": lambda token: forge({"alg": ["HS256"]}, claims_of(token)),
    "alg hs256": lambda token: forge({"alg": "hs256"}, claims_of(token)),
    "HS384": lambda token: forge({"alg": "HS384"}, claims_of(token), digest="sha384"),
    "HS512": lambda token: forge({"alg": "HS512"}, claims_of(token), digest="sha512"),
    "RS256 claimed": lambda token: forge({"alg": "RS256"}, claims_of(token)),
    "ES256 claimed": lambda token: forge({"alg": "ES256"}, claims_of(token)),
    "another key": lambda token: forge(HS256, claims_of(token), key="x" * 64),
    "empty key": lambda token: forge(HS256, claims_of(token), key=""),
    "the key as hash": lambda token: forge(
        HS256, claims_of(token), key=hashlib.sha256(SECRET.encode()).hexdigest()
    ),
    "swapped claims": swapped,
    "signature of other case": lambda token: (
        without_signature(token) + token.rpartition(".")[2].swapcase()
    ),
    "signature cut": lambda token: token[:-2],
    "signature doubled": lambda token: token + token.rpartition(".")[2],
    "first character changed": lambda token: ("f" if token[0] != "f" else "g") + token[1:],
    "crit header": lambda token: forge({**HS256, "crit": ["exp"]}, claims_of(token)),
    "detached payload": lambda token: forge(
        {**HS256, "b64": False, "crit": ["b64"]}, claims_of(token)
    ),
    "JWE": lambda token: "a.b.c.d.e",
    "claims are a list": lambda token: forge(HS256, b64("[]")),
    "claims are text": lambda token: forge(HS256, b64('"x"')),
    "claims are null": lambda token: forge(HS256, b64("null")),
    "claims are no JSON": lambda token: forge(HS256, b64("{")),
    "claims are deep": lambda token: forge(HS256, b64("[" * 1_000)),
    "claims are not UTF-8": lambda token: forge(HS256, b64(b"\xff\xfe{}")),
    "header is a list": lambda token: f"{b64('[]')}.{token.split('.', 1)[1]}",
    "header is no JSON": lambda token: f"{b64('{')}.{token.split('.', 1)[1]}",
    "header is no base64": lambda token: f"!!!!.{token.split('.', 1)[1]}",
    "not ASCII": lambda token: token[:-1] + "é",
    "another issuer": lambda token: forge(HS256, {**claims_of(token), "iss": "another-server"}),
    "issuer list": lambda token: forge(HS256, {**claims_of(token), "iss": [ISSUER]}),
    "another audience": lambda token: forge(HS256, {**claims_of(token), "aud": "another-server"}),
    "audience missing": lambda token: forge(HS256, {**claims_of(token), "aud": []}),
    "audience null": lambda token: forge(HS256, {**claims_of(token), "aud": None}),
    "unknown login": lambda token: forge(HS256, {**claims_of(token), "sid": "0000000000000000"}),
    "another user": lambda token: forge(HS256, {**claims_of(token), "sub": "0000000000000000"}),
    "sub is a number": lambda token: forge(HS256, {**claims_of(token), "sub": 5}),
    "sub is an object": lambda token: forge(HS256, {**claims_of(token), "sub": {"$ne": None}}),
    "sid is an object": lambda token: forge(HS256, {**claims_of(token), "sid": {"$ne": None}}),
    "sid is NUL": lambda token: forge(HS256, {**claims_of(token), "sid": "\0"}),
    "jti is a number": lambda token: forge(HS256, {**claims_of(token), "jti": 5}),
    "exp is text": lambda token: forge(HS256, {**claims_of(token), "exp": "tomorrow"}),
    "exp is null": lambda token: forge(HS256, {**claims_of(token), "exp": None}),
    "exp is a list": lambda token: forge(HS256, {**claims_of(token), "exp": [9_999_999_999]}),
    "exp is NaN": lambda token: forge(HS256, {**claims_of(token), "exp": float("nan")}),
    "exp is infinite": lambda token: forge(HS256, {**claims_of(token), "exp": float("inf")}),
    "not valid yet": lambda token: forge(HS256, {**claims_of(token), "nbf": 99_999_999_999}),
    "huge": lambda token: forge(HS256, {**claims_of(token), "filler": "x" * 10_000}),
    "huge and empty": lambda token: "x" * 12_000,
    **{f"without {name}": partial(_without, name) for name in REQUIRED},
}

GOOD_FORM = {"unknown login", "another user", "sid is an object", "sid is NUL"}
"""Complete tokens signed by our key. Only the store knows that there is no such login."""


@pytest.fixture
def tokens() -> Tokens:
    return Tokens(SECRET, 900, lambda: NOW * 1000, lambda count: b"\x05" * count)


# -- access tokens --------------------------------------------------------------------------------


def test_access_token_has_required_claims_only(tokens: Tokens) -> None:
    """An access token has all required claims, and no data about the user except the id."""
    token = tokens.access_token("user", "login")

    assert tokens.read_access_token(token) == Claims("user", "login")
    assert jwt.get_unverified_header(token) == HS256
    claims = claims_of(token)
    assert sorted(claims) == sorted(REQUIRED)
    assert (claims["iat"], claims["exp"]) == (NOW, NOW + 900)


def test_corpus_signature_equals_that_of_server(tokens: Tokens) -> None:
    """The corpus signs like the server.

    So each token of the corpus is refused only for its own fault.
    """
    token = tokens.access_token("user", "login")

    assert tokens.read_access_token(forge(HS256, claims_of(token))) == Claims("user", "login")


@pytest.mark.parametrize("name", sorted(CORPUS.keys() - GOOD_FORM))
def test_malformed_or_forged_token_is_401(tokens: Tokens, name: str) -> None:
    """A malformed, forged or incomplete token is refused with 401, and no other error is raised."""
    forged = CORPUS[name](tokens.access_token("user", "login"))

    with pytest.raises(ApiError) as refused:
        tokens.read_access_token(forged)

    assert (refused.value.status, refused.value.code) == (401, "not_signed_in")


@pytest.mark.parametrize(
    ("age_s", "code"),
    [
        (0, None),
        (899, None),
        (900, "token_expired"),
        (901, "token_expired"),
        (10**9, "token_expired"),
    ],
)
def test_access_token_at_expiry_is_refused(age_s: int, code: str | None) -> None:
    """A token is valid until the second of its expiry, by the server's clock."""
    now = [NOW * 1000]
    tokens = Tokens(SECRET, 900, lambda: now[0], lambda count: b"\x05" * count)
    token = tokens.access_token("user", "login")

    now[0] += age_s * 1000

    if code is None:
        assert tokens.read_access_token(token).user_id == "user"
    else:
        with pytest.raises(ApiError) as refused:
            tokens.read_access_token(token)
        assert (refused.value.status, refused.value.code) == (401, code)


def test_expired_forged_token_is_refused_as_forged(tokens: Tokens) -> None:
    """A forged token that has expired is refused as forged.

    Only our own tokens count as expired.
    """
    claims = {**claims_of(tokens.access_token("user", "login")), "exp": NOW - 1}

    for forged in (forge(HS256, claims, key="x" * 64), forge({"alg": "none"}, claims)):
        with pytest.raises(ApiError) as refused:
            tokens.read_access_token(forged)
        assert refused.value.code == "not_signed_in"


def test_token_of_other_server_is_refused(tokens: Tokens) -> None:
    """A token signed with the secret of another server is refused."""
    other = Tokens("y" * 64, 900, lambda: NOW * 1000, lambda count: b"\x05" * count)

    with pytest.raises(ApiError):
        tokens.read_access_token(other.access_token("user", "login"))


@pytest.mark.parametrize("name", CORPUS)
async def test_token_of_corpus_over_http_is_refused(start_server, name: str) -> None:
    """A token of the corpus signs nobody in, by header, cookie or WebSocket address."""
    server = await start_server(jwt_secret=SECRET, refusal_hold_s=0)
    ada = await Api(server.url).sign_up("ada")
    session_id = await ada.new_session()
    forged = CORPUS[name](required(ada.token))
    anyone = Api(server.url)

    answers = []
    if name != "not ASCII":
        answers.append(await anyone.get("/user/me", headers={"Authorization": f"Bearer {forged}"}))
    if len(forged) < 4_000:
        answers.append(await anyone.get("/user/me", headers={"Cookie": f"accessToken={forged}"}))
    if forged and forged.isascii() and len(forged) < 4_000:
        wire = await Api(server.url, forged).connect(session_id)
        assert (await wire.until_closed())[0] == 4401

    assert [code_of(answer) for answer in answers] == [(401, "not_signed_in")] * len(answers)


async def test_refresh_and_access_token_are_not_interchangeable(ada: Api) -> None:
    """A refresh token does not work as an access token, nor an access token as a refresh token."""
    session_id = await ada.new_session()
    anyone = Api(ada.url)

    by_header = await anyone.get(
        "/user/me", headers={"Authorization": f"Bearer {ada.refresh_token}"}
    )
    by_cookie = await anyone.get("/user/me", headers={"Cookie": f"accessToken={ada.refresh_token}"})
    wire = await Api(ada.url, ada.refresh_token).connect(session_id)
    refresh = await anyone.post(
        "/user/refresh", headers={"Cookie": f"refreshToken={ada.token}", "Origin": ada.url}
    )

    assert code_of(by_header) == code_of(by_cookie) == code_of(refresh) == (401, "not_signed_in")
    assert (await wire.until_closed())[0] == 4401
    assert (await ada.get("/user/me")).status == 200


async def test_token_of_other_login_survives_end_of_login(api: Api) -> None:
    """Ending one login does not affect the tokens of another login."""
    await api.post("/user/signup", account("ada"))
    logins = [
        (await api.post("/user/login", {"username": "ada", "password": PASSWORD})).body
        for _ in range(2)
    ]

    await Api(api.url, logins[0]["accessToken"]).post("/user/logout")

    statuses = [
        (await Api(api.url, login["accessToken"]).get("/user/me")).status for login in logins
    ]
    assert statuses == [401, 200]


# -- refresh tokens -------------------------------------------------------------------------------


def test_refresh_token_has_256_random_bits() -> None:
    """The secret has 256 random bits, and the hash does not contain it."""
    asked: list[int] = []

    def sevens(count: int) -> bytes:
        asked.append(count)
        return b"\x07" * count

    tokens = Tokens(SECRET, 900, lambda: 0, sevens)

    token = tokens.new_refresh_token()

    assert max(asked) >= 32
    assert len(base64.urlsafe_b64decode(token.chain + "=")) == 32
    assert token.secret not in token.hash
    assert len(token.hash) == 64


def test_refresh_token_text_reads_back_to_its_parts(tokens: Tokens) -> None:
    """A token is the same after it was converted to text and read again."""
    token = tokens.new_refresh_token()

    later = tokens.successor(token, 12)

    assert tokens.read_refresh_token(str(token)) == token
    assert tokens.read_refresh_token(str(later)) == later
    assert (token.generation, later.generation) == (0, 12)


@pytest.mark.parametrize(
    "altered",
    [
        "{login}.8.{chain}.{mac}",
        "{login}.07.{chain}.{mac}",
        "{login}.+7.{chain}.{mac}",
        "{login}.٧.{chain}.{mac}",
        "{login}.7.{chain}x.{mac}",
        "{login}.7.{chain}.{mac}=",
        "{login}.7.{chain}.{mac}.",
        "{login}.7.{chain}.",
        "{login}.7.{chain}.💥",
        "{login}.7.{chain}",
        "{login}.{chain}",
        "{login}x.7.{chain}.{mac}",
        "{login}.9999999999999999999999999.{chain}.{mac}",
    ],
)
def test_generation_of_altered_refresh_token_is_not_proven(tokens: Tokens, altered: str) -> None:
    """A token is read with its generation only if its MAC is right in every character.

    Otherwise the whole secret counts, as in earlier releases, and only the store may know it.
    """
    token = tokens.successor(tokens.new_refresh_token(), 7)
    _, chain, mac = token.secret.split(".")
    text = altered.format(login=token.login_id, chain=chain, mac=mac)

    read = tokens.read_refresh_token(text)

    assert str(read) == text
    assert (read.generation, read.chain) == (-1, read.secret)
    assert (read.login_id, read.hash) != (token.login_id, token.hash)


def test_generation_of_other_secret_of_the_server_is_not_proven(tokens: Tokens) -> None:
    """A token that was signed with an earlier JWT_SECRET keeps its hash and proves nothing."""
    before = Tokens("y" * 64, 900, lambda: 0, lambda count: b"\x05" * count).new_refresh_token()

    token = tokens.read_refresh_token(str(before))

    assert (token.hash, token.generation) == (before.hash, -1)


@pytest.mark.parametrize("text", ["", ".", "a.", ".b", "ab"])
def test_refresh_token_of_bad_form_is_401(tokens: Tokens, text: str) -> None:
    """Text that is not a login and a secret with a dot between them is refused with 401."""
    with pytest.raises(ApiError) as refused:
        tokens.read_refresh_token(text)

    assert (refused.value.status, refused.value.code) == (401, "not_signed_in")


def test_refresh_token_successor_is_deterministic_and_secret(tokens: Tokens) -> None:
    """A token always has the same successor.

    It differs for another secret of the server, another login and another token.
    """
    token = tokens.new_refresh_token()
    other = Tokens("y" * 64, 900, lambda: 0, lambda count: b"\x05" * count)

    chain = [token]
    for generation in range(1, 6):
        chain.append(tokens.successor(chain[-1], generation))

    assert tokens.successor(token, 1) == chain[1]
    assert len({successor.secret for successor in chain}) == 6
    assert {successor.login_id for successor in chain} == {token.login_id}
    assert other.successor(token, 1).chain != chain[1].chain
    elsewhere = RefreshToken("other", token.secret, token.generation)
    assert tokens.successor(elsewhere, 1).chain != chain[1].chain


def test_newest_refresh_token_is_found_along_chain(tokens: Tokens) -> None:
    """The newest token is found by its hash among the next hundred of the chain.

    The token itself, earlier tokens and later ones are not found.
    """
    chain = [tokens.new_refresh_token()]
    for generation in range(1, 102):
        chain.append(tokens.successor(chain[-1], generation))

    assert [tokens.newest(chain[0], chain[step].hash, step) for step in (1, 2, 100)] == [
        chain[1],
        chain[2],
        chain[100],
    ]
    for token, newest_hash, generation in (
        (chain[0], chain[101].hash, 101),
        (chain[1], chain[1].hash, 1),
        (chain[2], chain[1].hash, 1),
        (chain[0], chain[1].hash, 2),
    ):
        with pytest.raises(ApiError) as refused:
            tokens.newest(token, newest_hash, generation)
        assert (refused.value.status, refused.value.code) == (401, "not_signed_in")
