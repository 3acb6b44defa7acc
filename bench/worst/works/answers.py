"""Expensive requests for stored data: looking back, exports, large answers, deletions."""

import json
import random
import time
from collections import Counter
from collections.abc import Callable
from functools import partial

from bench.trouble import PASSWORD
from bench.worst.people import Person
from bench.worst.stage import Stage, Work, again_and_again, get, once, tell, together
from bench.worst.works.loads import VALUES, values
from bench.worst.works.texts import MIB
from harness import costly

_BOTH_ENDS = 40
_VERSIONS = 25
_CHANGED = 200
_MESSAGES = 200
_SESSIONS = 200
_PARALLEL = 12
_LIVE = "/code/{}/latest?live=true"
_LINES = "a\na\na\n"
"""A text that `_both_ends` puts into many places of its document."""


def _both_ends(here: Stage) -> None:
    """Make a text of a megabyte, and updates that change both its beginning and its end."""
    person = here.person()
    session_id = person.session()
    with person.editor(session_id) as editor:
        text = b"\n" * here.few(500_000) + b"a\n" * here.few(150_000)
        for update in costly.filled(text):
            editor.update(update)
            editor.drain(here.pause(0.6))
        head, last, clock = (1, 0), (1, len(text) - 1), 0
        for _ in range(_BOTH_ENDS):
            structs = [costly.string(b"A", None, head), costly.string(b"Z", last)]
            editor.update(costly.update(4, clock, structs))
            head, last, clock = (4, clock), (4, clock + 1), clock + 2
            editor.drain(here.pause(0.02))
        editor.await_saved()
    here.prepared["past"] = (person, session_id)


def _many_lines(here: Stage) -> None:
    """Make versions of a megabyte. In each version, one line in `_CHANGED` is new."""
    person = here.person()
    lines = here.few(MIB // 22)
    session_id = person.session(code=_text(_VERSIONS, lines))
    stored = Counter[int]()
    for number in range(here.few(_VERSIONS)):
        answer = person.request("POST", f"/code/{session_id}/save", {"code": _text(number, lines)})
        stored[answer.status] += 1
        time.sleep(here.pause(1.05))
    here.prepared["versions of a megabyte"] = (person, session_id)


def _text(number: int, lines: int) -> str:
    return "".join(
        f"line {line:x} of {'many' if line % _CHANGED else number}\n" for line in range(lines)
    )


def _controls(here: Stage) -> None:
    """Make a text whose characters each take six characters in JSON."""
    person = here.person()
    here.prepared["controls"] = (person, person.session(code="\x01" * here.few(MIB - 1)))


def _values(here: Stage) -> None:
    """Make a document with maps and arrays that have as many values as one sync may have."""
    person = here.person()
    session_id = person.session()
    with person.editor(session_id) as editor:
        editor.update(values(here.few(VALUES), b"list"))
        editor.await_saved()
    here.prepared["values"] = (person, session_id)


def _chat(here: Stage) -> None:
    """Send the longest allowed messages.

    Several people send them, because each person's rate is limited.
    """
    owner = here.person()
    session_id = owner.session()
    people = [owner, *here.people(session_id, 5)]
    text = "\u2028\U0001f600" * 1_300
    sent = 0
    while sent < _MESSAGES:
        for person in people:
            sent += (
                person.request(
                    "POST", "/chat/send", {"sessionId": session_id, "message": text}
                ).status
                == 201
            )
        time.sleep(here.pause(0.2))
        if sent >= here.few(60):  # more messages would take minutes
            break
    here.prepared["chat"] = (owner, session_id)


def _many_sessions(here: Stage) -> None:
    person = here.person()
    for _ in range(here.few(_SESSIONS)):
        if person.request("POST", "/session", {"title": "\U0001f600" * 60}).status != 201:
            break
    here.prepared["sessions"] = (person, "")


def _looking_back(here: Stage) -> None:
    """Let one account send twelve requests at the same time."""
    person, session_id = here.prepared["past"]
    code = f"/code/{session_id}"
    paths = [
        f"{code}/replay", f"{code}/timeline", f"{code}/blame", f"{code}/at/10", f"{code}/at/20",
        f"{code}/export",
        f"{code}/export?format=git", f"{code}/export?format=replay", f"{code}/latest?live=true",
        f"{code}/diff?from=0&to=live", f"{code}/replay?from=20", f"{code}/blame",
    ]  # fmt: skip
    statuses: Counter[int] = Counter()

    def ask(path: str) -> None:
        statuses[person.request("GET", path).status] += 1

    together([partial(ask, path) for path in paths])
    tell(here, statuses)


def _redact(here: Stage) -> None:
    person, session_id = here.prepared["past"]
    began = time.monotonic()
    last = person.ask("GET", f"/code/{session_id}/latest?live=true")["sequence"]
    body = {"from": 1, "to": last, "text": _LINES}
    answer = person.request("POST", f"/code/{session_id}/redact", body)
    here.did = f"{answer.status} after {time.monotonic() - began:.1f} s"


def _account(here: Stage) -> None:
    person: Person
    person, _ = here.prepared.pop("sessions")
    began = time.monotonic()
    answer = person.request("DELETE", "/user/me", {"password": PASSWORD, "sessions": "delete"})
    here.did = f"{answer.status} after {time.monotonic() - began:.1f} s"


def _session(here: Stage) -> None:
    person, session_id = here.prepared["versions of a megabyte"]
    began = time.monotonic()
    del here.prepared["versions of a megabyte"]
    answer = person.request("DELETE", f"/session/{session_id}")
    here.did = f"{answer.status} after {time.monotonic() - began:.1f} s"


def _bodies(here: Stage) -> None:
    """Send the largest JSON bodies that a save allows: many fields, deep nesting, escapes."""
    person = here.person()
    session_id = person.session()
    large = json.dumps({"code": "\x01" * here.few(MIB - 1)}).encode()
    many = b"{" + b",".join(b'"%07d":1' % number for number in range(here.few(600_000))) + b"}"
    deep = b'{"code":' + b"[" * here.few(3_000_000) + b"]" * here.few(3_000_000) + b"}"
    statuses = [
        person.request("POST", f"/code/{session_id}/save", body).status
        for body in (
            large,
            many,
            deep,
            json.dumps({"code": random.randbytes(500_000).hex()}).encode(),
        )
    ]
    here.did = ", ".join(map(str, statuses))


def _read(name: str, about: str, path: str, key: str, prepare: Callable[[Stage], None]) -> Work:
    return Work(name, about, partial(again_and_again, path=path, key=key), once(key, prepare))


def _past(name: str, path: str) -> Work:
    about = f"of {_BOTH_ENDS} updates that change both ends of 800 kB"
    return Work(name, about, partial(get, path=path, key="past"), _with_past)


def _of_versions(name: str, path: str) -> Work:
    act = partial(get, path=path, key="versions of a megabyte")
    return Work(name, f"{_VERSIONS} of a megabyte each", act, _with_versions)


_with_past = once("past", _both_ends)
_with_versions = once("versions of a megabyte", _many_lines)
WORKS = (
    _past("replay", "/code/{}/replay"),
    _past("timeline", "/code/{}/timeline"),
    _past("blame", "/code/{}/blame"),
    _past("moment", "/code/{}/at/20"),
    _past("zip", "/code/{}/export?format=zip"),
    _past("git bundle", "/code/{}/export?format=git"),
    _past("exported replay", "/code/{}/export?format=replay"),
    Work("looking back", "twelve questions together", _looking_back, _with_past),
    Work("redaction", "three lines, at many places of 800 kB", _redact, _with_past),
    _of_versions("list of versions", "/code/{}/versions?limit=200"),
    _of_versions("zip of versions", "/code/{}/export?format=zip"),
    _of_versions("bundle of versions", "/code/{}/export?format=git"),
    Work("deleted session", "the session of these versions is deleted", _session, _with_versions),
    _read(
        "live text",
        "a text of 1 MB that takes 6 MB as JSON",
        _LIVE,
        "controls",
        _controls,
    ),
    Work(
        "compressed text",
        "a text of 1 MB that takes 6 MB as JSON, with gzip",
        partial(again_and_again, path=_LIVE, key="controls", accepted="gzip"),
        once("controls", _controls),
    ),
    _read(
        "values",
        "a document of 4 MB of values as JSON",
        _LIVE,
        "values",
        _values,
    ),
    _read("chat", "a page of 60 long messages", "/chat/{}?limit=200", "chat", _chat),
    _read(
        "list of sessions",
        f"a page of {_SESSIONS} sessions",
        "/session?limit=200",
        "sessions",
        _many_sessions,
    ),
    Work(
        "deleted account", f"with {_SESSIONS} sessions", _account, once("sessions", _many_sessions)
    ),
    Work("bodies", "JSON as large as a save may send", _bodies),
)
