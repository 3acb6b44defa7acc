"""Tests pictures of users: how uploads are converted and served, and what large bodies cost."""

import asyncio
import re
from urllib.parse import urlsplit

import pytest
from tornado.iostream import IOStream

from tests.api import Answer, Api
from tests.handlers.clients import (
    UNKNOWN_ID,
    Browser,
    code_of,
    exchange,
    guest_of,
    multipart,
    picture,
    typed,
    upload,
)
from tests.handlers.images import BAD, DAMAGED, GOOD, MemoryPeak, check_clean, halves, noise, saved
from tests.waiting import PATIENCE_S

MIB = 1 << 20
MULTIPART = "multipart/form-data; boundary=x-boundary-x"


async def served(api: Api, answer: Answer) -> bytes:
    """Return the bytes of the picture that an upload made."""
    assert answer.status == 200, answer
    picture = await Api(api.url).get(answer.body["avatar"])
    assert (picture.status, picture.headers["Content-Type"]) == (200, "image/webp")
    return picture.body


def reason(answer: Answer) -> str:
    """Return the reason of a refusal for the field `avatar`."""
    assert code_of(answer) == (422, "invalid"), answer
    assert list(answer.body["errors"]) == ["avatar"]
    (message,) = answer.body["errors"]["avatar"]
    return message


# -- the corpus -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", GOOD)
async def test_avatar_upload_is_reencoded_without_metadata(ada: Api, name: str) -> None:
    """A picture becomes one frame of 256 × 256 pixels without metadata or appended data."""
    answer = await upload(ada, GOOD[name]())

    check_clean(await served(ada, answer))


@pytest.mark.parametrize("name", BAD)
async def test_avatar_upload_of_no_picture_is_refused(ada: Api, name: str) -> None:
    """A file that is no valid picture is refused with 422, and the previous picture stays."""
    before = (await upload(ada, picture())).body["avatar"]
    build, why = BAD[name]

    answer = await upload(ada, build())

    assert reason(answer) == why
    assert (await ada.get("/user/me")).body["avatar"] == before


async def test_avatar_upload_of_truncated_picture_is_refused_as_damaged(ada: Api) -> None:
    """A truncated picture is refused as damaged."""
    assert reason(await upload(ada, GOOD["PNG"]()[:-2_000])) == DAMAGED


# -- serving --------------------------------------------------------------------------------------


async def test_avatar_address_is_same_for_all_and_changes_with_picture(ada: Api, bob: Api) -> None:
    """All users get the same address for a picture. A new picture has a new address."""
    session_id = await ada.new_session()
    await bob.post(f"/session/{session_id}/join")

    first = (await upload(ada, saved(noise(300, 300), "PNG"))).body
    second = (await upload(ada, saved(halves("red", "blue"), "JPEG"))).body

    assert re.fullmatch(rf"/user/{ada.user['id']}/avatar\?v=[0-9a-f]+", first["avatar"])
    assert first["avatar"] != second["avatar"]
    sent = (await ada.post("/chat/send", {"sessionId": session_id, "message": "hi"})).body
    session = (await bob.get(f"/session/{session_id}")).body
    seen = {sent["sender"]["avatar"], session["owner"]["avatar"], session["members"][0]["avatar"]}
    assert seen == {second["avatar"]} == {(await ada.get("/user/me")).body["avatar"]}


async def test_avatar_answer_has_safe_type_and_cache_headers(ada: Api) -> None:
    """The headers keep browsers from treating a picture as a page or running scripts in it.

    Caches may keep the picture and ask whether it has changed.
    """
    address = (await upload(ada, picture())).body["avatar"]

    answer = await Api(ada.url).get(address)

    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert answer.headers["Cache-Control"].startswith("public")
    assert answer.headers["Content-Disposition"].startswith("inline")
    same = await Api(ada.url).get(address, headers={"If-None-Match": answer.headers["Etag"]})
    assert (same.status, same.body) == (304, b"")
    other = await Api(ada.url).get(address, headers={"If-None-Match": '"other"'})
    assert (other.status, other.body) == (200, answer.body)
    head = await Api(ada.url).request("HEAD", address)
    assert (head.status, head.body, head.headers["Etag"]) == (200, b"", answer.headers["Etag"])


async def test_avatar_removal_leaves_nothing_at_old_address(ada: Api, bob: Api) -> None:
    """A removed picture is not found at its old address. Removing it again is no error."""
    address = (await upload(ada, picture())).body["avatar"]

    answers = [await ada.delete("/user/avatar"), await ada.delete("/user/avatar")]

    assert [(answer.status, answer.body) for answer in answers] == [(200, {"avatar": None})] * 2
    assert (await ada.get("/user/me")).body["avatar"] is None
    for path in (
        address,
        f"/user/{bob.user['id']}/avatar",
        f"/user/{UNKNOWN_ID}/avatar",
        "/user/me/avatar",
    ):
        assert code_of(await ada.get(path)) == (404, "not_found")


async def test_avatar_survives_restart(start_server) -> None:
    """A picture is still there after a restart.

    The user's id in its address may be typed by hand.
    """
    server = await start_server()
    ada = await Api(server.url).sign_up("ada")
    before = await served(ada, await upload(ada, picture()))
    await server.stop()
    again = await start_server()

    answer = await Api(again.url).get(f"/user/{typed(ada.user['id'])}/avatar")

    assert answer.body == before


async def test_avatar_upload_by_guest_is_accepted(ada: Api) -> None:
    """A guest who came by an invite may have a picture."""
    guest = await guest_of(ada, await ada.new_session())

    check_clean(await served(ada, await upload(guest, picture())))


async def test_avatar_uploads_over_hourly_rate_are_refused(start_server) -> None:
    """An upload over the hourly limit is refused with the time to wait.

    Uploads with an invalid form are not counted.
    """
    server = await start_server(avatars_per_h=2)
    ada = await Api(server.url).sign_up("ada")
    await upload(ada, b"")

    answers = [await upload(ada, picture()) for _ in range(3)]

    assert [answer.status for answer in answers] == [200, 200, 429]
    assert 1 <= int(answers[-1].headers["Retry-After"]) <= 1_800


# -- the form -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("extra", "status"), [(0, 200), (1, 413)])
async def test_avatar_upload_over_2_mib_is_refused(ada: Api, extra: int, status: int) -> None:
    """A body of 2 MiB is accepted, and one more byte is refused."""
    file = picture() + b"\0" * (2 * MIB + extra - len(picture()))

    answer = await upload(ada, file)

    assert answer.status == status
    if status == 413:
        assert code_of(answer) == (413, "too_large")


FORMS = {
    "two files": (multipart(("avatar", picture()), ("avatar", picture())), 422, ["avatar"]),
    "no file": (multipart(), 422, ["avatar"]),
    "an empty file": (multipart(("avatar", b"")), 422, ["avatar"]),
    "another field": (multipart(("picture", picture())), 422, ["picture"]),
    "one more field": (multipart(("avatar", picture()), ("role", b"owner")), 422, ["role"]),
    "text instead of a file": (
        b"--x-boundary-x\r\nContent-Disposition: form-data; "
        b'name="avatar"\r\n\r\nhello\r\n--x-boundary-x--\r\n',
        422,
        ["avatar"],
    ),
    "nothing": (b"", 400, None),
    "no boundary inside": (picture(), 400, None),
    "no end": (multipart(("avatar", picture()))[:-6], 400, None),
    "no headers": (b"--x-boundary-x\r\nhello\r\n--x-boundary-x--\r\n", 400, None),
    "no name": (
        b"--x-boundary-x\r\nContent-Disposition: form-data; "
        b'filename="x"\r\n\r\nhello\r\n--x-boundary-x--\r\n',
        400,
        None,
    ),
    "headers that are no text": (
        b"--x-boundary-x\r\nContent-Disposition: form-data; "
        b'name="\xff\xfe"\r\n\r\nx\r\n--x-boundary-x--\r\n',
        400,
        None,
    ),
    "a thousand parts": (multipart(*[("avatar", b"x")] * 1_000), 400, None),
}


@pytest.mark.parametrize("name", FORMS)
async def test_avatar_form_without_single_file_is_refused(ada: Api, name: str) -> None:
    """A form without exactly one file, in the field `avatar`, is refused."""
    body, status, fields = FORMS[name]

    answer = await ada.request(
        "POST", "/user/avatar", raw=body, headers={"Content-Type": MULTIPART}
    )

    assert code_of(answer) == (status, "invalid" if status == 422 else "bad_request")
    assert (list(answer.body["errors"]) if fields else None) == fields
    assert (await ada.get("/user/me")).body["avatar"] is None


@pytest.mark.parametrize(
    ("content_type", "status"),
    [("image/png", 415), ("application/json", 415), ("application/x-www-form-urlencoded", 415),
     ("", 415),
     ("multipart/mixed; boundary=x", 415), ("multipart/form-data", 400),
     ("multipart/form-data; boundary=other", 400),
     ('multipart/form-data; charset=utf-8; boundary="x-boundary-x"', 200),
     ("Multipart/Form-Data; boundary=x-boundary-x", 200)],
)  # fmt: skip
async def test_avatar_upload_of_other_content_type_is_refused(
    ada: Api, content_type: str, status: int
) -> None:
    """Only multipart/form-data with a boundary is accepted."""
    body = multipart(("avatar", picture()))

    answer = await ada.request(
        "POST", "/user/avatar", raw=body, headers={"Content-Type": content_type}
    )

    assert answer.status == status
    if status != 200:
        assert answer.body["code"] == ("unsupported_media_type" if status == 415 else "bad_request")


async def test_avatar_form_of_other_site_is_refused(browser: Browser) -> None:
    """A form from another site is refused by its origin, because browsers send cookies with it."""
    await browser.enter("ada")
    browser.origin = "https://evil.example.org"

    assert code_of(await upload(browser, picture())) == (403, "bad_origin")


# -- bodies that are too large --------------------------------------------------------------------


@pytest.mark.parametrize("is_chunked", [False, True], ids=["declared", "chunked"])
async def test_avatar_body_of_1_gib_is_refused_after_2_mib(
    ada: Api, is_chunked: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An oversized body is refused after at most 2 MiB, and no more of it is read or kept."""
    taken = [0]
    read = IOStream.read_from_fd

    def counted(stream: IOStream, buffer: bytearray | memoryview) -> int | None:
        size = read(stream, buffer)
        taken[0] += size or 0
        return size

    monkeypatch.setattr(IOStream, "read_from_fd", counted)
    length = "Transfer-Encoding: chunked" if is_chunked else f"Content-Length: {1 << 30}"
    head = (
        "POST /user/avatar HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "
        f"{ada.token}\r\nContent-Type: {MULTIPART}\r\n"
    )
    block = b"x" * 65_536
    reader, writer = await asyncio.open_connection("127.0.0.1", urlsplit(ada.url).port)

    async def send() -> int:
        """Send until the server stops reading, and return the number of bytes sent."""
        writer.write(f"{head}{length}\r\n\r\n".encode())
        for count in range((1 << 30) // len(block)):
            writer.write(b"10000\r\n" + block + b"\r\n" if is_chunked else block)
            try:
                await writer.drain()
            except ConnectionError:
                return count * len(block)
        return 1 << 30

    with MemoryPeak() as peak:
        async with asyncio.timeout(PATIENCE_S):
            sending = asyncio.create_task(send())
            answer = await reader.readuntil(b"\r\n\r\n")
            sent = await sending
    writer.close()

    assert answer.startswith(b"HTTP/1.1 413 ")
    assert taken[0] < (3 * MIB if is_chunked else MIB)
    assert sent < 32 * MIB  # includes the bytes in the buffers of the operating system
    assert peak.grown_bytes < 32 * MIB
    assert (await ada.get("/user/me")).body["avatar"] is None


async def test_avatar_body_without_sign_in_is_not_read(api: Api) -> None:
    """A client that is not signed in is refused before it has sent the body."""
    head = (
        "POST /user/avatar HTTP/1.1\r\nHost: x\r\nContent-Type: "
        f"{MULTIPART}\r\nContent-Length: "
        "2000000\r\n\r\n"
    )

    answer = await exchange(api.url, head.encode())

    assert answer is not None
    assert answer.status == 401


async def test_avatar_upload_with_expect_100_is_refused_before_body(ada: Api) -> None:
    """With `Expect: 100-continue`, an oversized body is refused before it is sent."""
    head = (
        "POST /user/avatar HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "
        f"{ada.token}\r\nExpect: "
        "100-continue\r\n"
    )

    answer = await exchange(
        ada.url, f"{head}Content-Type: {MULTIPART}\r\nContent-Length: 1073741824\r\n\r\n".encode()
    )

    assert answer is not None
    assert answer.status == 413


async def test_avatar_decoding_does_not_delay_other_requests(crowd: None, ada: Api) -> None:
    """The server answers many other requests while it decodes the largest pictures.

    If the event loop decoded them, it would answer one or two requests after each picture. Every
    upload is also answered.
    """
    largest, count = GOOD["4096x4096"](), 8
    uploads = asyncio.gather(*(upload(ada, largest) for _ in range(count)))
    answered = 0

    while not uploads.done():
        assert (await ada.get("/healthz")).status == 200
        answered += 1

    assert {answer.status for answer in await uploads} <= {200, 429, 503}
    assert answered > 3 * count
