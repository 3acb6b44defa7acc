"""Expensive requests with whole texts: saves, restores, comparisons, text clients."""

import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from bench.worst.people import Person
from bench.worst.pollers import Poller
from bench.worst.stage import Stage, Work, once

MIB = 1 << 20
_LINES = 60_000
_POLLERS = 10


def alternate(lines: int, word: str) -> str:
    """Return lines that occur once, with lines of the given word between them."""
    return "".join(f"{number:x}\n{word}\n" for number in range(lines))


def shuffled(seed: int, count: int = MIB // 22) -> str:
    """Return lines in random order, a megabyte by default."""
    lines = [f"line {number:x} of many\n" for number in range(count)]
    random.Random(seed).shuffle(lines)
    return "".join(lines)


def _alternate(here: Stage) -> tuple[str, str]:
    lines = here.few(_LINES)
    return alternate(lines, "x"), alternate(lines, "y")


def _shuffled(here: Stage) -> tuple[str, str]:
    lines = here.few(MIB // 22)
    return shuffled(1, lines), shuffled(2, lines)


def _newlines(here: Stage) -> tuple[str, str]:
    lines = "\n" * here.few(MIB - 8)
    return lines, f"a{lines}b"


def _one_line(here: Stage) -> tuple[str, str]:
    count = here.few(200_000)
    return "word " * count, "wore word" + " wird" * count


def _emoji(here: Stage) -> tuple[str, str]:
    count = here.few(120_000)
    return "\U0001f600" * 2 * count, "\U0001f601" + "\U0001f600\U0001f602" * count


_PAIRS: dict[str, Callable[[Stage], tuple[str, str]]] = {
    "alternate lines": _alternate,
    "shuffled lines": _shuffled,
    "newlines": _newlines,
    "one line": _one_line,
    "emoji": _emoji,
}
"""Texts before and after a save that are expensive to compare."""


def _save(here: Stage, name: str) -> None:
    before, after = _PAIRS[name](here)
    person = here.person()
    session_id = person.session(code=before)
    here.prepared[name] = (person, session_id, after)


def _saved(here: Stage, name: str) -> None:
    person, session_id, after = here.prepared[name]
    _note(here, lambda: person.request("POST", f"/code/{session_id}/save", {"code": after}).status)


def _note(here: Stage, act: Callable[[], int]) -> None:
    began = time.monotonic()
    status = act()
    here.did = f"{status} after {time.monotonic() - began:.1f} s"


def _saving(name: str) -> Work:
    return Work(
        f"save, {name}", "one save of a megabyte of text", lambda here: _saved(here, name),
        lambda here: _save(here, name),
    )  # fmt: skip


def _two_versions(here: Stage) -> None:
    person = here.person()
    before, after = _alternate(here)
    session_id = person.session(code=before)
    person.ask("POST", f"/code/{session_id}/save", {})
    answer = person.request("POST", f"/code/{session_id}/save", {"code": after})
    here.prepared["versions"] = (person, session_id, answer.status)


def _restore(here: Stage) -> None:
    person, session_id, _ = here.prepared["versions"]
    _note(
        here, lambda: person.request("POST", f"/code/{session_id}/restore", {"version": 1}).status
    )


def _compare(here: Stage) -> None:
    person, session_id, _ = here.prepared["versions"]
    _note(here, lambda: person.request("GET", f"/code/{session_id}/diff?from=1&to=2").status)


def _create(here: Stage) -> None:
    person: Person = here.prepared["creator"]
    code = shuffled(3, here.few(MIB // 22))
    _note(here, lambda: person.request("POST", "/session", {"title": "x", "code": code}).status)


def _creator(here: Stage) -> None:
    here.prepared["creator"] = here.person()


def _text_client(here: Stage) -> None:
    before, after = _alternate(here)
    person = here.person()
    session_id = person.session(code=before)
    here.prepared["poller"] = (Poller(person, session_id), session_id, after)


def _text_changed(here: Stage) -> None:
    poller, session_id, after = here.prepared["poller"]
    _note(here, lambda: poller.emit("code-change", {"sessionId": session_id, "code": after}))


def _text_clients(here: Stage) -> None:
    owner = here.person()
    session_id = owner.session(code=shuffled(4, here.few(MIB // 22)))
    people = [owner, *here.people(session_id, _POLLERS - 1)]
    here.prepared["pollers"] = ([Poller(person, session_id) for person in people], session_id)


def _text_amplified(here: Stage) -> None:
    """Let one of ten text clients type: each other client gets the whole text."""
    pollers, session_id = here.prepared["pollers"]
    until = here.until()
    text, sent = shuffled(4, here.few(MIB // 22)), 0
    with ThreadPoolExecutor(_POLLERS) as pool:
        reading = [pool.submit(poller.read_until, until) for poller in pollers[1:]]
        while time.monotonic() < until:
            sent += 1
            pollers[0].emit("code-change", {"sessionId": session_id, "code": f"{sent}{text}"})
            time.sleep(0.1)
        here.did = f"{sent} texts, {sum(reader.result() for reader in reading):,} bytes read"


WORKS = (
    _saving("alternate lines"),
    _saving("shuffled lines"),
    _saving("newlines"),
    _saving("one line"),
    _saving("emoji"),
    Work("restore", f"a version with {_LINES:,} changed lines", _restore, _two_versions),
    Work(
        "compare",
        f"two versions with {_LINES:,} changed lines",
        _compare,
        once("versions", _two_versions),
    ),
    Work("create", "a session with a megabyte of code", _create, _creator),
    Work("Socket.IO text", f"one text with {_LINES:,} changed lines", _text_changed, _text_client),
    Work(
        "Socket.IO texts",
        "ten text clients with a text of a megabyte; one of them types ten times a second",
        _text_amplified,
        _text_clients,
    ),
)
