"""Expensive requests of people who are not signed in, or are new.

These people poll, guess passwords, upload pictures, load pages, and open sockets that the server
refuses.
"""

import io
import json
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable
from functools import partial

from PIL import Image

from bench.trouble import frame
from bench.worst.people import Editor, Person, new_address
from bench.worst.stage import Stage, Work, tell

_POLLERS = 50
_THREADS = 12
_REFUSED = 60
_SIDE = 4_096
_POLLING = "/socket.io/?EIO=4&transport=polling"
_TEXT = "text/plain;charset=UTF-8"
_SEPARATOR = b"\x1e"

_PAYLOADS = {
    "pongs": _SEPARATOR.join([b"3"] * 9_999),
    "events": _SEPARATOR.join([b'42["x"]'] * 9_999),
    "number": b"4" + b"2" * (1 << 20) + b'["x"]',
    "deep": b'40{"a":' + b"[" * 20_000 + b"]" * 20_000 + b"}",
}


def _poll(here: Stage, payload: bytes) -> None:
    """Post packets over many connections from one address, without signing in."""
    address, until = new_address(), here.until()
    statuses: Counter[int] = Counter()

    def poll() -> None:
        somebody = Person(here.port, address)
        while time.monotonic() < until:
            opened = somebody.request("GET", _POLLING, timeout_s=30)
            if opened.status != 200:
                statuses[opened.status] += 1
                time.sleep(0.3)
                continue
            path = f"{_POLLING}&sid={json.loads(opened.body[1:])['sid']}"
            status = 200
            while status == 200:
                status = somebody.request(
                    "POST", path, payload, content_type=_TEXT, timeout_s=30
                ).status
                statuses[status] += 1
                if time.monotonic() > until:
                    break

    _in_threads(here.few(_POLLERS), poll)
    tell(here, statuses)


def _in_threads(count: int, act: Callable[[], None]) -> None:
    threads = [threading.Thread(target=act, daemon=True) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _passwords(here: Stage) -> None:
    """Log in over many connections, each time with another account, from several addresses."""
    until = here.until()
    statuses: Counter[int] = Counter()

    def guess() -> None:
        somebody = Person(here.port, new_address())
        while time.monotonic() < until:
            body = {"username": f"nobody{time.monotonic_ns()}", "password": "wrong horse battery"}
            statuses[somebody.request("POST", "/user/login", body, timeout_s=30).status] += 1

    _in_threads(_THREADS, guess)
    tell(here, statuses)


def _pages(here: Stage, path: str) -> None:
    until = here.until()
    statuses: Counter[int] = Counter()

    def ask() -> None:
        somebody = Person(here.port, new_address())
        while time.monotonic() < until:
            statuses[somebody.request("GET", path, timeout_s=30).status] += 1

    _in_threads(4, ask)
    tell(here, statuses)


def _picture(side: int) -> bytes:
    """Return a picture that takes long to unpack.

    It has the largest allowed number of pixels, but fewer bytes than the limit.
    """
    noise = Image.effect_noise((side, side // 4), 9).quantize(4)
    picture = Image.new("P", (side, side))
    picture.paste(noise)
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


def _prepare_pictures(here: Stage) -> None:
    here.prepared["pictures"] = ([here.person() for _ in range(4)], _picture(here.few(_SIDE)))


def _pictures(here: Stage) -> None:
    """Upload the largest allowed pictures."""
    people, picture = here.prepared["pictures"]
    body = (
        b'--b\r\nContent-Disposition: form-data; name="avatar"; '
        b'filename="a.png"\r\nContent-Type: image/png\r\n\r\n'
    )
    body += picture + b"\r\n--b--\r\n"
    statuses: Counter[int] = Counter()
    left = list(people) * 2

    def upload() -> None:
        while left:
            person = left.pop()
            answer = person.request(
                "POST", "/user/avatar", body, content_type="multipart/form-data; boundary=b"
            )
            statuses[answer.status] += 1

    _in_threads(4, upload)
    here.did = ""
    tell(here, statuses)


def _refused(here: Stage) -> None:
    """Open sockets with a bad token, and send a large frame on each."""
    until, opened = here.until(), 0
    payload = frame(bytes(260_000))
    while time.monotonic() < until:
        sockets: list[socket.socket] = []
        for _ in range(here.few(_REFUSED)):
            try:
                editor = Editor(here.port, "AAAAAAAA", "bad", new_address())
                editor.socket.settimeout(0.05)
                editor.socket.sendall(payload)
            except OSError:
                continue
            sockets.append(editor.socket)
        opened += len(sockets)
        for connection in sockets:
            connection.close()
    here.did = f"{opened} sockets"


WORKS = (
    *(
        Work(
            f"polling, {name}", f"{_POLLERS} who are not signed in post {len(payload):,} bytes "
                                "again and again",
            partial(_poll, payload=payload),
        )
        for name, payload in _PAYLOADS.items()
    ),
    Work("passwords", f"{_THREADS} addresses guess passwords", _passwords),
    Work("openapi.json", "four ask again and again", partial(_pages, path="/openapi.json")),
    Work("docs page", "four ask again and again", partial(_pages, path="/docs")),
    Work("metrics", "four ask again and again", partial(_pages, path="/metrics")),
    Work("pictures", f"of {_SIDE} × {_SIDE} points", _pictures, _prepare_pictures),
    Work("refused sockets", "sockets with a bad token send 260 kB each", _refused),
)  # fmt: skip
