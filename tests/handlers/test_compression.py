"""Tests the compression of answers: for which answers, for which clients, and in which thread."""

import asyncio
import gzip
import json
import threading
from typing import Any

import pytest

from handlers import compression
from handlers.compression import Compressor, is_accepted
from handlers.http.api_docs import openapi
from handlers.http.api_docs.operations import OPERATIONS, Media
from tests.api import PASSWORD, Api
from tests.handlers.clients import (
    Browser,
    RawAnswer,
    account,
    exchange,
    log_in,
    new_invite,
)
from tests.narrowing import required
from tests.waiting import until

LINE = "def total(items):  # all lines are alike, so they can be compressed well\n"
TEXT = LINE * 100
LARGE = [LINE.encode() * 2_000]
"""An answer too large for the event loop to compress by itself."""


async def ask(
    api: Api,
    path: str,
    method: str = "GET",
    body: object = None,
    accepted: str | None = "gzip",
    **headers: str,
) -> RawAnswer:
    """Send a request on a connection of its own, and return the raw answer."""
    sent = {"Host": "x", **{name.replace("_", "-"): value for name, value in headers.items()}}
    if accepted is not None:
        sent["Accept-Encoding"] = accepted
    if api.token:
        sent.setdefault("Authorization", f"Bearer {api.token}")
    data = b"" if body is None else json.dumps(body).encode()
    if body is not None:
        sent |= {"Content-Type": "application/json", "Content-Length": str(len(data))}
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in sent.items())]
    question = "\r\n".join([*lines, "", ""]).encode() + data
    return required(await exchange(api.url, question, has_body=method != "HEAD"))


def is_packed(answer: RawAnswer) -> bool:
    """Whether an answer is compressed."""
    return answer.headers.get("content-encoding") == "gzip"


def content(answer: RawAnswer) -> Any:
    """Return the JSON of an answer."""
    return json.loads(gzip.decompress(answer.body) if is_packed(answer) else answer.body)


def varies(answer: RawAnswer) -> bool:
    """Whether an answer says that it depends on the header Accept-Encoding."""
    return "accept-encoding" in answer.headers["vary"].lower()


async def saved(ada: Api) -> str:
    """Open a session with a long version and long messages, and return its id."""
    session_id = await ada.new_session(code=TEXT)
    assert (await ada.post(f"/code/{session_id}/save")).status == 201
    for _ in range(2):
        message = {"sessionId": session_id, "message": "the same words " * 50}
        assert (await ada.post("/chat/send", message)).status == 201
    return session_id


# -- which clients --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("gzip", True), ("GZIP", True), ("gzip, deflate, br, zstd", True), ("*", True),
        ("br;q=1, gzip;q=0.2", True), ("identity, *;q=0.1", True), ("gzip;q=0.001", True),
        (" deflate ,gzip ; q=1 ", True), ("gzip;q=0, *", False), ("*, gzip;q=0", False),
        ("", False), ("identity", False), ("br", False), ("deflate", False), ("gzippy", False),
        ("gzip;q=0", False), ("gzip; q=0.000", False), ("gzip;Q=0.0", False), ("*;q=0", False),
    ],
)  # fmt: skip
def test_accepted_encodings_are_read_as_rfc_9110_says(header: str, expected: bool) -> None:
    """A weight of 0 forbids a coding. The weight of `gzip` takes precedence over that of `*`."""
    assert is_accepted(header) is expected


@pytest.mark.parametrize("accepted", [None, "identity", "br", "gzip;q=0", "*;q=0"])
async def test_client_that_does_not_accept_gzip_gets_plain_json(
    ada: Api, accepted: str | None
) -> None:
    """A client that does not accept gzip gets plain JSON, with `Vary: Accept-Encoding`."""
    answer = await ask(ada, f"/code/{await saved(ada)}/latest", accepted=accepted)

    assert (answer.status, is_packed(answer), varies(answer)) == (200, False, True)
    assert content(answer)["code"] == TEXT


# -- which answers --------------------------------------------------------------------------------

OF_SESSION = (
    "/code/{}/latest", "/code/{}/latest?live=true", "/code/{}/versions", "/code/{}/versions/1",
    "/code/{}/diff?from=0", "/code/{}/at/1", "/code/{}/replay", "/code/{}/blame", "/chat/{}",
)  # fmt: skip


@pytest.mark.parametrize("path", OF_SESSION)
async def test_answers_for_members_are_compressed(ada: Api, path: str) -> None:
    """All answers that can be long are compressed: texts, versions, differences, history, chat."""
    path = path.format(await saved(ada))

    packed, plain = await ask(ada, path), await ask(ada, path, accepted=None)

    assert is_packed(packed)
    assert varies(packed)
    assert 4 * len(packed.body) < len(plain.body)
    assert {**content(packed), "createdAt": ""} == {**content(plain), "createdAt": ""}
    assert packed.headers["content-type"] == plain.headers["content-type"]


async def test_answer_to_a_save_is_compressed(ada: Api) -> None:
    """The answers to a save and a restore, which contain the whole version, are compressed."""
    code = f"/code/{await saved(ada)}"

    version = await ask(ada, f"{code}/save", "POST", {"code": TEXT + LINE})
    restored = await ask(ada, f"{code}/restore", "POST", {"version": 1})

    assert [answer.status for answer in (version, restored)] == [201, 201]
    assert [is_packed(answer) for answer in (version, restored)] == [True, True]
    assert (content(version)["code"], content(restored)["code"]) == (TEXT + LINE, TEXT)


async def test_short_answer_is_sent_as_it_is(ada: Api) -> None:
    """An answer under 1 KiB is not compressed, because it fits into one network packet anyway."""
    answer = await ask(ada, f"/code/{await ada.new_session(code='x')}/latest?live=true")

    assert (answer.status, is_packed(answer), varies(answer)) == (200, False, True)
    compressor = Compressor()
    assert await compressor.pack([b"x" * 1_000, b"y" * 23], "gzip", "ada") is None
    assert await compressor.pack([b"x" * 1_000, b"y" * 24], "gzip", "ada") is not None


async def test_error_is_never_compressed(ada: Api) -> None:
    """An error is never compressed, not even a long one on a route that compresses."""
    session_id = await ada.new_session()
    missing = await ask(ada, f"/code/{session_id}/versions/7")
    wrong = await ask(
        ada, f"/code/{session_id}/save", "POST", {f"field {n}" * 20: 1 for n in range(20)}
    )

    assert len(wrong.body) > 1_024
    for answer, status in ((missing, 404), (wrong, 422)):
        assert (answer.status, is_packed(answer), varies(answer)) == (status, False, False)
        assert answer.headers["content-type"] == "application/problem+json"


# -- secrets --------------------------------------------------------------------------------------

SECRETS = {"accessToken", "refreshToken", "invite", "ticket"}
WITH_SECRETS = {"signUp", "logIn", "refreshLogin", "enterAsGuest", "createInvite", "createTicket"}


def test_list_of_operations_with_secrets_is_complete() -> None:
    """`WITH_SECRETS` has every operation whose answer has a secret.

    The next test must request each of them.
    """
    compressed = {
        operation.name
        for operation in OPERATIONS
        if operation.answer and not isinstance(operation.answer, Media)
        if SECRETS.intersection(openapi.answer_fields(operation))
    }

    assert compressed == WITH_SECRETS


async def test_answers_with_secrets_are_not_compressed_for_anybody(ada: Api) -> None:
    """Answers with secrets are never compressed, and have no `Vary` for compression.

    The same holds for lists with text that other users choose, such as titles and names.
    """
    session_id = await ada.new_session(title="a long title " * 8)
    invite = (await new_invite(ada, session_id))["invite"]
    login = await log_in(ada.url, ada.user["username"])
    nobody = Api(ada.url)
    named = {"username": ada.user["username"], "password": PASSWORD}

    answers = [
        await ask(nobody, "/user/signup", "POST", account("eve")),
        await ask(nobody, "/user/login", "POST", named),
        await ask(nobody, "/user/refresh", "POST", {"refreshToken": login.refresh_token}),
        await ask(nobody, "/user/guest", "POST", {"name": "Gus", "invite": invite}),
        await ask(ada, f"/session/{session_id}/invites", "POST", {}),
        await ask(ada, f"/session/{session_id}/ticket", "POST", {}),
        await ask(ada, f"/session/{session_id}/invites"),
        await ask(ada, "/session"),
        await ask(ada, "/user/logins"),
        await ask(ada, "/user/me"),
        await ask(nobody, f"/invite/{invite}"),
    ]

    assert [answer.status for answer in answers] == [201, 200, 200, 201, 201, *[200] * 6]
    assert [answer.headers.get("content-encoding") for answer in answers] == [None] * 11
    assert [varies(answer) for answer in answers] == [False] * 11


@pytest.mark.parametrize(
    ("headers", "is_tls", "expected"),
    [
        ({"Sec_Fetch_Site": "same-origin"}, True, True),
        ({"Sec_Fetch_Site": "none"}, True, True),
        ({"Sec_Fetch_Site": "cross-site"}, True, False),
        ({"Sec_Fetch_Site": "same-site"}, True, False),
        ({"Sec_Fetch_Site": "cross-site"}, False, False),
        ({"Origin": "https://evil.example.org"}, True, False),
        ({"Origin": "https://editor.example.org"}, True, True),
        ({}, True, False),
        ({}, False, True),
    ],
    ids=str,
)
async def test_page_of_another_site_gets_nothing_compressed_by_cookie(
    start_server, headers: dict[str, str], is_tls: bool, expected: bool
) -> None:
    """A page of another site gets no compressed answer by cookie.

    Such a page could choose a part of the answer's text. The length of the compressed answer would
    then show how similar this part is to secret text. With a token, the answer is compressed.
    """
    server = await start_server(trust_proxy=1, cors_origin="https://editor.example.org")
    scheme = {"X_Forwarded_Proto": "https"} if is_tls else {}
    browser = Browser(server.url)
    await browser.enter("ada")
    session = await browser.post("/session", {"code": TEXT})
    path = f"/code/{session.body['id']}/latest?live=true"
    token = browser.jar["accessToken"].value

    by_cookie = await ask(Api(server.url), path, Cookie=f"accessToken={token}", **headers, **scheme)
    by_token = await ask(Api(server.url, token), path, **headers, **scheme)

    assert (is_packed(by_cookie), is_packed(by_token)) == (expected, True)
    assert content(by_cookie)["code"] == content(by_token)["code"] == TEXT


# -- HEAD, ETag -----------------------------------------------------------------------------------


async def test_head_has_the_headers_of_get(ada: Api) -> None:
    """HEAD has the same length, type and encoding as GET, and no body."""
    path = f"/code/{await saved(ada)}/versions/1"
    for accepted in ("gzip", "identity"):
        asked, whole = [await ask(ada, path, how, accepted=accepted) for how in ("HEAD", "GET")]
        for name in ("content-length", "content-type", "vary", "etag"):
            assert asked.headers[name] == whole.headers[name]
        assert is_packed(asked) == is_packed(whole) == (accepted == "gzip")
        assert int(asked.headers["content-length"]) == len(whole.body)


async def test_etag_belongs_to_one_encoding(ada: Api) -> None:
    """An answer that the client has in the same encoding is 304.

    An answer that it has in the other encoding is sent in full.
    """
    path = f"/code/{await saved(ada)}/versions/1"
    packed, plain = await ask(ada, path), await ask(ada, path, accepted="identity")
    tag, other = packed.headers["etag"], plain.headers["etag"]

    known = await ask(ada, path, If_None_Match=tag)
    known_otherwise = await ask(ada, path, If_None_Match=other)

    assert tag != other
    assert (await ask(ada, path)).headers["etag"] == tag
    assert (known.status, known.body, known.headers["etag"], varies(known)) == (304, b"", tag, True)
    assert not is_packed(known)
    assert (known_otherwise.status, known_otherwise.body) == (200, packed.body)


# -- where it is done -----------------------------------------------------------------------------


async def test_large_answer_is_compressed_in_a_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """A large answer is compressed in a thread.

    The event loop compresses a small one, because handing it over would take as long.
    """
    threads: list[int] = []

    def noted(pieces: list[bytes]) -> list[bytes]:
        threads.append(threading.get_ident())
        return pack(pieces)

    pack = compression.gzip
    monkeypatch.setattr(compression, "gzip", noted)
    compressor = Compressor()

    small = required(await compressor.pack([TEXT.encode()], "gzip", "ada"))
    large = required(await compressor.pack(LARGE, "gzip", "ada"))

    assert gzip.decompress(b"".join(small)).decode() == TEXT
    assert gzip.decompress(b"".join(large)) == LARGE[0]
    assert [thread == threading.get_ident() for thread in threads] == [True, False]


class Held:
    """Replaces compression by a wait until `gate` opens.

    `began` lists the users whose answers began.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.gate = threading.Event()
        self.began: list[str] = []
        monkeypatch.setattr(compression, "gzip", self._pack)

    def _pack(self, pieces: list[bytes]) -> list[bytes]:
        self.began.append(pieces[0][:3].decode())
        self.gate.wait(60)
        return [b"packed"]


def of(user: str) -> list[bytes]:
    """Return a large answer that begins with the name of its user."""
    return [user.encode(), *LARGE]


async def test_users_have_a_thread_each_and_wait_for_no_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A second answer of one user waits for the first, but answers of other users do not."""
    monkeypatch.setattr(compression, "_WAIT_S", 60)
    held, compressor = Held(monkeypatch), Compressor()

    packing = [
        asyncio.create_task(compressor.pack(of(user), "gzip", user))
        for user in ("ada", "ada", "bob")
    ]
    await until(lambda: len(held.began) == 2)

    assert sorted(held.began) == ["ada", "bob"]
    held.gate.set()
    assert await asyncio.gather(*packing) == [[b"packed"]] * 3
    assert sorted(held.began) == ["ada", "ada", "bob"]


async def test_answer_is_sent_as_it_is_if_too_many_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer is sent uncompressed if five of its user wait, or if it has waited too long.

    Sending it plain costs less than waiting.
    """
    monkeypatch.setattr(compression, "_WAIT_S", 60)
    held, compressor = Held(monkeypatch), Compressor()
    packing = [asyncio.create_task(compressor.pack(of("ada"), "gzip", "ada")) for _ in range(5)]
    await until(lambda: held.began)

    assert await compressor.pack(of("ada"), "gzip", "ada") is None
    held.gate.set()
    assert await asyncio.gather(*packing) == [[b"packed"]] * 5

    monkeypatch.setattr(compression, "_WAIT_S", 0.01)
    held, compressor = Held(monkeypatch), Compressor()
    first = asyncio.create_task(compressor.pack(of("ada"), "gzip", "ada"))
    await until(lambda: held.began)
    assert await compressor.pack(of("ada"), "gzip", "ada") is None
    held.gate.set()
    assert await first == [b"packed"]


async def test_kept_content_is_compressed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Content is compressed once and kept. Over the limit the oldest content is dropped."""
    monkeypatch.setattr(compression, "_MOST_KEPT", 2)
    compressor, made = Compressor(), []

    def content() -> bytes:
        made.append(threading.get_ident())
        return TEXT.encode()

    for key in ("a", "a", "b", "a", "c", "c", "a"):
        assert gzip.decompress(await compressor.kept(key, content)).decode() == TEXT

    assert len(made) == 4
    assert threading.get_ident() not in made


@pytest.mark.parametrize("path", ["/openapi.json", "/docs"])
async def test_description_of_api_is_compressed(api: Api, path: str) -> None:
    """The description of the API, which is the same for everybody, is compressed."""
    packed, plain = await ask(api, path), await ask(api, path, accepted=None)

    assert (is_packed(packed), is_packed(plain)) == (True, False)
    assert varies(packed)
    assert varies(plain)
    assert gzip.decompress(packed.body) == plain.body
