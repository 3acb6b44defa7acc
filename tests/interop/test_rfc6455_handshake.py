"""Tests of the WebSocket handshake (RFC 6455, section 4): validity, sub-protocols, compression."""

import asyncio
from urllib.parse import urlsplit

import pytest
from tornado.httputil import HTTPHeaders

from tests.api import Api
from tests.waiting import PATIENCE_S

KEY, ACCEPTED = "dGhlIHNhbXBsZSBub25jZQ==", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
"""The example of RFC 6455, section 1.3."""

HANDSHAKE: dict[str, tuple[str, ...]] = {
    "Host": ("127.0.0.1",),
    "Upgrade": ("websocket",),
    "Connection": ("Upgrade",),
    "Sec-WebSocket-Version": ("13",),
    "Sec-WebSocket-Key": (KEY,),
}


async def shaken(
    api: Api, session_id: str, headers: dict[str, tuple[str, ...]], line: str = "GET {} HTTP/1.1"
) -> tuple[int, HTTPHeaders]:
    """Send a handshake, and return the status and the headers of its answer.

    The token is in the query, or else in a sub-protocol.
    """
    port = urlsplit(api.url).port
    path = f"/sync/{session_id}" + ("" if "access_token" in str(headers) else f"?token={api.token}")
    lines = [
        line.format(path),
        *(f"{name}: {value}" for name, values in headers.items() for value in values),
    ]
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write("\r\n".join([*lines, "", ""]).encode())
    async with asyncio.timeout(PATIENCE_S):
        answer = (await reader.readuntil(b"\r\n\r\n")).decode()
    writer.close()
    first, _, rest = answer.partition("\r\n")
    return int(first.split()[1]), HTTPHeaders.parse(rest)


REFUSED: tuple[tuple[int, dict[str, tuple[str, ...]]], ...] = (
    (400, {"Sec-WebSocket-Key": ()}),
    (400, {"Sec-WebSocket-Key": ("",)}),
    (400, {"Sec-WebSocket-Key": ("c2hvcnQ=",)}),
    (400, {"Sec-WebSocket-Key": ("MDEyMzQ1Njc4OWFiY2RlZjA=",)}),
    (400, {"Sec-WebSocket-Key": ("as long, but not base64 ",)}),
    (400, {"Sec-WebSocket-Key": (KEY, KEY)}),
    (426, {"Sec-WebSocket-Version": ("8",)}),
    (426, {"Sec-WebSocket-Version": ("0",)}),
    (426, {"Sec-WebSocket-Version": ("13, 8",)}),
    (426, {"Sec-WebSocket-Version": ()}),
    (426, {"Upgrade": ()}),
    (426, {"Upgrade": ("h2c",)}),
    (400, {"Connection": ()}),
    (400, {"Connection": ("keep-alive",)}),
    (400, {"Host": ()}),
)


async def test_handshake_that_is_invalid_is_refused(ada: Api) -> None:
    """Invalid handshakes are refused (section 4.2.1).

    A client of another version is told the version that the server speaks (section 4.4).
    """
    session_id = await ada.new_session()
    answers = [await shaken(ada, session_id, {**HANDSHAKE, **changed}) for _, changed in REFUSED]
    outcomes = [
        (status, changed) for (status, _), (_, changed) in zip(answers, REFUSED, strict=True)
    ]

    assert outcomes == list(REFUSED)
    for (_, headers), (_, changed) in zip(answers, REFUSED, strict=True):
        assert "Sec-WebSocket-Accept" not in headers
        assert (
            headers.get("Sec-WebSocket-Version") == "13" or "Sec-WebSocket-Version" not in changed
        )


@pytest.mark.parametrize(
    ("line", "status"),
    [("GET {} HTTP/1.0", 400), ("POST {} HTTP/1.1", 405), ("HEAD {} HTTP/1.1", 405)],
)
async def test_handshake_requires_get_and_http_1_1(ada: Api, line: str, status: int) -> None:
    """A handshake is a GET of at least HTTP/1.1 (section 4.1)."""
    assert (await shaken(ada, await ada.new_session(), HANDSHAKE, line))[0] == status


async def test_handshake_in_any_valid_spelling_is_accepted(ada: Api) -> None:
    """Each valid spelling is accepted, and the answer proves that the key was read.

    The answer agrees to no extension and no sub-protocol.
    """
    session_id = await ada.new_session()
    for headers in (
        {name.lower(): values for name, values in HANDSHAKE.items()},
        {name.upper(): values for name, values in HANDSHAKE.items()},
        {**HANDSHAKE, "Upgrade": ("WebSocket",), "Connection": ("upgrade",)},
        {**HANDSHAKE, "Upgrade": ("WEBSOCKET",), "Connection": ("UPGRADE",)},
        {**HANDSHAKE, "Connection": ("keep-alive, Upgrade",)},
        {**HANDSHAKE, "Connection": ("keep-alive", "Upgrade")},
        {**HANDSHAKE, "Sec-WebSocket-Extensions": ("x-unknown; a=1, x-other",)},
    ):
        status, answer = await shaken(ada, session_id, headers)

        assert (status, answer["Upgrade"].lower(), answer["Connection"].lower()) == (
            101,
            "websocket",
            "upgrade",
        )
        assert answer["Sec-WebSocket-Accept"] == ACCEPTED
        assert "Sec-WebSocket-Extensions" not in answer
        assert "Sec-WebSocket-Protocol" not in answer


async def test_sub_protocol_chosen_is_one_the_server_speaks(ada: Api) -> None:
    """At most one sub-protocol is chosen, and only one that the server speaks."""
    session_id = await ada.new_session()
    token = str(ada.token)
    for offered, chosen in (
        (("chat",), None),
        (("chat, superchat", "v2.chat"), None),
        ((f"access_token, {token}",), "access_token"),
        (("access_token", token), "access_token"),
        ((f"access_token, {token}, chat",), "access_token"),
    ):
        status, answer = await shaken(
            ada, session_id, {**HANDSHAKE, "Sec-WebSocket-Protocol": offered}
        )

        assert (status, answer.get("Sec-WebSocket-Protocol")) == (101, chosen), offered


@pytest.mark.parametrize(
    "offer",
    [
        "permessage-deflate; client_max_window_bits",
        "permessage-deflate; server_no_context_takeover; server_max_window_bits=9, "
        "permessage-deflate",
    ],
)
async def test_compression_is_not_negotiated(ada: Api, offer: str) -> None:
    """The server does not answer an offer of compression (cases 12.* and 13.*).

    Browsers offer it, but it would cost 161 KiB for each connection.
    """
    headers = {**HANDSHAKE, "Sec-WebSocket-Extensions": (offer,)}

    status, answer = await shaken(ada, await ada.new_session(), headers)

    assert (status, answer.get("Sec-WebSocket-Extensions")) == (101, None)
