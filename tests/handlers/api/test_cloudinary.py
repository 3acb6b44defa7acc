"""Tests pictures at Cloudinary with the real SDK.

A local server plays Cloudinary. It checks requests, and can fail or be slow.
"""

import asyncio
import hashlib
import json
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

import pytest
from tornado.httputil import HTTPFile, parse_body_arguments

from tests.api import PASSWORD, Answer, Api
from tests.handlers.clients import code_of, picture, upload
from tests.handlers.images import BAD, GOOD, check_clean, exif, noise, saved
from tests.waiting import until

KEY, SECRET, CLOUD = "key-4711", "the-secret-of-cloudinary", "demo"
UNSIGNED = {"file", "cloud_name", "resource_type", "api_key", "signature"}
TIMEOUT_S = 2.0
"""The time limit of a call. A successful call takes less, even on a busy machine."""

Behaviour = Callable[[asyncio.StreamWriter, "Call"], Awaitable[None]]


@dataclass
class Call:
    """One request that the local server received."""

    method: str
    path: str
    fields: dict[str, str]
    files: dict[str, list[HTTPFile]]

    @property
    def action(self) -> str:
        return self.path.rpartition("/")[2]

    def check_signature(self) -> None:
        """Check the signature as cloudinary.com documents it.

        The signed text is the sorted parameters, with `&` in values escaped, and then the secret.
        """
        signed = sorted(
            f"{name}={value}" for name, value in self.fields.items() if name not in UNSIGNED
        )
        text = "&".join(field.replace("&", "%26") for field in signed) + SECRET
        assert self.fields["signature"] == hashlib.sha1(text.encode()).hexdigest()
        assert self.fields["api_key"] == KEY
        assert abs(int(self.fields["timestamp"]) - time.time()) < 60


@dataclass
class Cloudinary:
    """A server that answers as `behaviour` says, and keeps all requests that it received."""

    port: int = 0
    calls: list[Call] = field(default_factory=list)
    behaviour: Behaviour | None = None
    tasks: set[asyncio.Task[None]] = field(default_factory=set)
    server: asyncio.Server | None = None

    async def start(self) -> None:
        self.server = await asyncio.start_server(self.connected, "127.0.0.1", self.port)
        self.port = self.server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        if self.server:
            self.server.close()
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)

    @property
    def url(self) -> str:
        return f"cloudinary://{KEY}:{SECRET}@{CLOUD}?upload_prefix=http://127.0.0.1:{self.port}"

    def named(self, action: str) -> list[Call]:
        return [call for call in self.calls if call.action == action]

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self.tasks.add(task)
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                body = await reader.readexactly(
                    int(re.findall(r"(?i)content-length: (\d+)", head)[0])
                )
                fields: dict[str, list[bytes]] = {}
                files: dict[str, list[HTTPFile]] = {}
                parse_body_arguments(
                    re.findall(r"(?i)content-type: (.*)\r", head)[0], body, fields, files
                )
                method, path, _ = head.split(" ", 2)
                call = Call(
                    method,
                    path,
                    {name: values[0].decode() for name, values in fields.items()},
                    files,
                )
                self.calls.append(call)
                await (self.behaviour or well)(writer, call)
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass  # the SDK closed the connection, or the test is over
        finally:
            writer.close()


async def answer(writer: asyncio.StreamWriter, body: bytes, status: str = "200 OK") -> None:
    writer.write(f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
    await writer.drain()


async def well(writer: asyncio.StreamWriter, call: Call) -> None:
    """Answer like Cloudinary."""
    result = {"result": "ok"}
    if call.action == "upload":
        name = call.fields["public_id"]
        result = {
            "public_id": name,
            "secure_url": f"https://res.cloudinary.com/{CLOUD}/image/upload/v1/{name}.webp",
        }
    await answer(writer, json.dumps(result).encode())


def badly(body: bytes, status: str = "200 OK") -> Behaviour:
    async def behave(writer: asyncio.StreamWriter, _: Call) -> None:
        await answer(writer, body, status)

    return behave


async def never(_: asyncio.StreamWriter, __: Call) -> None:
    await asyncio.get_running_loop().create_future()


async def drip(writer: asyncio.StreamWriter, _: Call) -> None:
    """Send a byte from time to time, without end."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
    while True:
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(TIMEOUT_S / 6)


async def hang_up(writer: asyncio.StreamWriter, _: Call) -> None:
    writer.close()


SLOW = ("never answers", "drips")
FAULTS: dict[str, Behaviour] = {
    "500": badly(b'{"error": {"message": "boom"}}', "500 Internal Server Error"),
    "500 without JSON": badly(b"<html>boom</html>", "500 Internal Server Error"),
    "401": badly(b'{"error": {"message": "Invalid Signature"}}', "401 Unauthorized"),
    "420": badly(b'{"error": {"message": "Rate limit"}}', "420 Enhance your calm"),
    "an error with 200": badly(b'{"error": {"message": "no"}}'),
    "an error of another form": badly(b'{"error": "no"}'),
    "garbage": badly(bytes(range(256))),
    "nothing": badly(b""),
    "a list": badly(b"[]"),
    "a string": badly(b'"ok"'),
    "a number": badly(b"5"),
    "null": badly(b"null"),
    "an object without address": badly(b"{}"),
    "an address without TLS": badly(b'{"secure_url": "http://evil.example.org/x.webp"}'),
    "an address that is a script": badly(b'{"secure_url": "javascript:alert(1)"}'),
    "an address that is no text": badly(b'{"secure_url": {"a": 1}}'),
    "hangs up": hang_up,
    "never answers": never,
    "drips": drip,
}


@pytest.fixture
async def cloud() -> AsyncIterator[Cloudinary]:
    server = Cloudinary()
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def ada(cloud: Cloudinary, crowd: None, start_server, expect_log) -> Api:
    """Ada on a server that uses `cloud`. That server may log warnings about it."""
    expect_log("WARNING handlers.api.avatar: a picture could not be kept: Cloudinary")
    server = await start_server(cloudinary_url=cloud.url, cloudinary_s=TIMEOUT_S)
    return await Api(server.url).sign_up("ada")


async def avatar(api: Api) -> str | None:
    return (await api.get("/user/me")).body["avatar"]


async def test_cloudinary_upload_is_signed_and_without_metadata(
    cloud: Cloudinary, ada: Api
) -> None:
    """The uploaded file is the whole picture without metadata.

    The request asks Cloudinary to cut it to the face, and its signature shows that nobody else has
    sent it.
    """
    answered = await upload(ada, saved(noise(2_000, 1_000), "JPEG", exif=exif()))

    (call,) = cloud.calls
    call.check_signature()
    assert (call.method, call.path) == ("POST", f"/v1_1/{CLOUD}/image/upload")
    assert set(call.fields["transformation"].split(",")) == {"w_256", "h_256", "c_thumb", "g_face"}
    (file,) = call.files["file"]
    check_clean(file.body, (1_024, 512))
    assert ada.user["id"] in call.fields["public_id"]
    address = f"https://res.cloudinary.com/{CLOUD}/image/upload/v1/{call.fields['public_id']}.webp"
    assert (answered.status, answered.body) == (200, {"avatar": address})
    assert await avatar(ada) == address
    assert code_of(await ada.get(f"/user/{ada.user['id']}/avatar")) == (404, "not_found")


async def test_cloudinary_upload_or_removal_deletes_previous_picture(
    cloud: Cloudinary, ada: Api
) -> None:
    """The previous picture is deleted after a new upload, a removal, or the end of the account."""
    await upload(ada, picture())
    await upload(ada, picture("GIF"))
    await until(lambda: _count(cloud, "destroy"), lambda count: count == 1)
    await ada.delete("/user/avatar")
    await until(lambda: _count(cloud, "destroy"), lambda count: count == 2)
    await upload(ada, picture())

    await ada.delete("/user/me", body={"password": PASSWORD})

    await until(lambda: _count(cloud, "destroy"), lambda count: count == 3)
    for call in cloud.calls:
        call.check_signature()
    names = [
        [call.fields["public_id"] for call in cloud.named(action)]
        for action in ("upload", "destroy")
    ]
    assert names[0] == names[1]
    assert len(set(names[0])) == 3
    assert {call.path for call in cloud.named("destroy")} == {f"/v1_1/{CLOUD}/image/destroy"}


def _count(cloud: Cloudinary, action: str) -> int:
    return len(cloud.named(action))


@pytest.mark.parametrize("name", ["SVG", "pixel flood", "PNG without pixels"])
async def test_refused_picture_is_not_sent_to_cloudinary(
    cloud: Cloudinary, ada: Api, name: str
) -> None:
    """A file that could not be decoded here is never sent to Cloudinary."""
    assert code_of(await upload(ada, BAD[name][0]())) == (422, "invalid")

    assert cloud.calls == []


@pytest.mark.parametrize(
    "name", ["4096x4096", "animated GIF", "GIF and HTML", "EXIF with GPS", "1x1"]
)
async def test_hostile_picture_is_sent_to_cloudinary_clean(
    cloud: Cloudinary, ada: Api, name: str
) -> None:
    """A hostile file that can be decoded is sent as a clean picture."""
    size = {"4096x4096": (1_024, 1_024), "GIF and HTML": (120, 90), "1x1": (1, 1)}.get(
        name, (300, 200)
    )

    assert (await upload(ada, GOOD[name]())).status == 200

    check_clean(cloud.calls[0].files["file"][0].body, size)


async def refused_in_time(cloud: Cloudinary, ada: Api, *, is_slow: bool) -> Answer:
    """Upload a picture, assert that the answer is 503, and return it.

    If Cloudinary is slow, other requests must be answered meanwhile.
    """
    before = len(cloud.named("upload"))
    uploading = asyncio.create_task(upload(ada, picture("GIF")))
    if is_slow:
        await until(lambda: cloud.named("upload")[before:])
        for _ in range(5):
            assert (await ada.get("/healthz")).status == 200
        assert not uploading.done()
    answered = await uploading
    assert code_of(answered) == (503, "unavailable")
    assert int(answered.headers["Retry-After"]) >= 1
    assert not re.search(f"{SECRET}|{KEY}|127.0.0.1", str(answered.body))
    return answered


@pytest.mark.parametrize("name", FAULTS)
async def test_failing_cloudinary_is_503_and_keeps_picture(
    cloud: Cloudinary, ada: Api, name: str, expect_log
) -> None:
    """A fault of Cloudinary is answered with 503 in time, and the previous picture stays.

    The next upload works.
    """
    if name == "drips":
        expect_log("WARNING urllib3.connectionpool: Connection pool is full")
    await upload(ada, picture())
    before = await avatar(ada)
    cloud.behaviour = FAULTS[name]

    await refused_in_time(cloud, ada, is_slow=name in SLOW)

    assert await avatar(ada) == before
    assert cloud.named("destroy") == []
    cloud.behaviour = None
    assert (await upload(ada, picture())).status == 200
    assert await avatar(ada) != before


async def test_unreachable_cloudinary_is_503_until_it_is_back(
    cloud: Cloudinary, ada: Api, expect_log
) -> None:
    """A refused connection is answered with 503. Uploads work again when Cloudinary is back."""
    expect_log("WARNING urllib3.connectionpool: Retrying")
    await upload(ada, picture())
    before = await avatar(ada)
    await cloud.stop()

    await refused_in_time(cloud, ada, is_slow=False)

    assert await avatar(ada) == before
    await cloud.start()
    assert (await upload(ada, picture())).status == 200


async def test_simultaneous_uploads_show_last_and_log_no_error(cloud: Cloudinary, ada: Api) -> None:
    """All simultaneous uploads succeed, the last one is shown, and no error is logged."""
    answers = await asyncio.gather(*(upload(ada, picture()) for _ in range(6)))

    assert {answered.status for answered in answers} == {200}
    await until(lambda: _count(cloud, "destroy"), lambda count: count == 5)
    pictures = {call.fields["public_id"] for call in cloud.named("upload")}
    (shown,) = pictures - {call.fields["public_id"] for call in cloud.named("destroy")}
    assert shown in str(await avatar(ada))


@pytest.mark.parametrize("name", SLOW)
async def test_uploads_to_slow_cloudinary_are_refused_in_time(
    cloud: Cloudinary, ada: Api, name: str, expect_log
) -> None:
    """All uploads to a slow Cloudinary are refused in time, and do not delay later uploads."""
    expect_log("WARNING urllib3.connectionpool")
    cloud.behaviour = FAULTS[name]

    uploads = [asyncio.create_task(upload(ada, picture())) for _ in range(6)]
    await asyncio.wait(uploads, return_when=asyncio.FIRST_COMPLETED)
    begun = len(cloud.named("upload"))

    assert {code_of(await uploading) for uploading in uploads} == {(503, "unavailable")}
    assert begun == 6
    cloud.behaviour = None
    await until(lambda: upload(ada, picture()), lambda answered: answered.status == 200)


async def test_upload_timed_out_in_queue_is_never_sent(
    cloud: Cloudinary, ada: Api, expect_log
) -> None:
    """An upload that was refused while it waited in the queue is never sent to Cloudinary."""
    expect_log("WARNING urllib3.connectionpool")
    cloud.behaviour = never
    waiting = [upload(ada, picture()) for _ in range(10)]
    assert {answered.status for answered in await asyncio.gather(*waiting)} == {503}
    begun = len(cloud.calls)

    cloud.behaviour = None
    await until(lambda: upload(ada, picture()), lambda answered: answered.status == 200)

    assert len(cloud.calls) <= begun + 2  # one upload may have begun just before


async def test_failed_deletion_of_old_picture_is_logged_only(
    cloud: Cloudinary, ada: Api, expect_log
) -> None:
    """If the previous picture cannot be deleted, the log names it, and the new picture is shown."""
    expect_log("WARNING handlers.api.avatar: the picture .* could not be deleted")
    await upload(ada, picture())
    before = await avatar(ada)

    async def no_destroy(writer: asyncio.StreamWriter, call: Call) -> None:
        await (well if call.action == "upload" else FAULTS["500"])(writer, call)

    cloud.behaviour = no_destroy

    answered = await upload(ada, picture())

    assert answered.status == 200
    assert await avatar(ada) == answered.body["avatar"] != before
    await until(lambda: _count(cloud, "destroy"), lambda count: count == 1)


async def test_cloudinary_key_and_signature_are_not_logged(
    cloud: Cloudinary, ada: Api, caplog, expect_log
) -> None:
    """After any answer of Cloudinary, the log has neither the secret key nor a signature."""
    expect_log("the picture .* could not be deleted")
    caplog.set_level("DEBUG")
    await upload(ada, picture())
    for name in ("500", "garbage", "hangs up", "never answers"):
        cloud.behaviour = FAULTS[name]
        await upload(ada, picture())
    await ada.delete("/user/avatar")

    await until(lambda: _count(cloud, "destroy"), bool)

    signatures = [call.fields["signature"] for call in cloud.calls]
    assert not [secret for secret in (SECRET, *signatures) if secret in caplog.text]
