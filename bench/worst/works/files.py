"""Expensive requests about a large table of files: renames, comparisons, exports."""

import select
import time
from functools import partial

import pycrdt

from bench.worst.stage import Stage, Work, again_and_again, get, once
from crdt.reading.file_table import TABLE_ROOT
from harness.typist import Typist

_ENTRIES = 20_000
_A_PART = 5_000
_FOLDERS = 40
_RATE = 58
"""The renames a second that a client sends. `COLLAB_UPDATES_PER_S` allows a little more."""
_CLIENT_ID = 7


def _name(word: str, number: int) -> str:
    """Return a name in many folders, with characters that Unicode composes."""
    return f"{word}/" + "e\u0301/" * _FOLDERS + f"file {number % 100}"


def _entry(word: str, number: int) -> dict[str, object]:
    return {"name": _name(word, number), "order": number}


def _fill(here: Stage) -> None:
    """Make a table of files, save a version, and rename all files."""
    person = here.person()
    session_id = person.session(code="text\n")
    typist = Typist(_CLIENT_ID)
    table = typist.doc.get(TABLE_ROOT, type=pycrdt.Map)
    with person.editor(session_id) as editor:
        for word in ("old", "new"):
            for first in range(0, here.few(_ENTRIES), _A_PART):
                numbers = range(first, min(first + _A_PART, here.few(_ENTRIES)))
                entries = {f"f-{number}": _entry(word, number) for number in numbers}
                editor.update(typist.change(partial(table.update, entries)))
                editor.drain(here.pause(3.0))
            editor.await_saved()
            if word == "old":
                person.ask("POST", f"/code/{session_id}/save", {})
    here.prepared["files"] = (person, session_id)
    here.prepared["table"] = (typist, table)


def _rename(here: Stage) -> None:
    person, session_id = here.prepared["files"]
    typist, table = here.prepared["table"]
    sent, until = 0, here.until()
    with person.editor(session_id) as editor:
        while time.monotonic() < until:
            entry = {f"f-{sent % here.few(_ENTRIES)}": _entry(f"again {sent}", sent)}
            editor.update(typist.change(partial(table.update, entry)))
            sent += 1
            while select.select([editor.socket], [], [], 0)[0]:
                editor.read()
            time.sleep(1 / _RATE)
    here.did = f"{sent} renames"


def _work(name: str, about: str, path: str) -> Work:
    act = partial(get, path=path, key="files")
    return Work(name, about, act, once("files", _fill))


WORKS = (
    Work("renames", f"in a table of {_ENTRIES:,} files", _rename, once("files", _fill)),
    Work(
        "list of files",
        f"four ask for the names of {_ENTRIES:,} files",
        partial(again_and_again, path="/code/{}/files?deleted=true", key="files"),
        once("files", _fill),
    ),
    _work("live names", "a document with this table", "/code/{}/latest?live=true"),
    _work("renamed files", "two versions with other names", "/code/{}/diff?from=1&to=live"),
    _work("zip of files", "a version with this table", "/code/{}/export?format=zip"),
    _work("bundle of files", "a version with this table", "/code/{}/export?format=git"),
)
