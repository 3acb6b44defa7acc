"""Expensive requests that load or check large documents: views, large frames, other root types."""

import time

from bench.worst.people import Person
from bench.worst.stage import Stage, Work, await_closed, once
from bench.worst.works.edits import large_document
from crdt.wire.lib0 import write_var_bytes, write_var_uint
from harness import costly

VALUES = 26_000
_CLIENT = 5
_ANSWER_S = 60.0


def values(count: int, root: bytes) -> bytes:
    """Return an update that fills an array with strings."""
    value = b"\x77" + write_var_bytes(b"value" * 30)
    first = b"\x08\x01" + write_var_bytes(root) + b"\x01" + value
    rest = [
        b"\x88" + write_var_uint(_CLIENT) + write_var_uint(clock) + b"\x01" + value
        for clock in range(count - 1)
    ]
    return costly.update(_CLIENT, 0, [first, *rest])


def _sender(here: Stage) -> None:
    person = here.person()
    here.prepared["frame"] = (person, values(here.few(VALUES), b"list"))


def _send(here: Stage) -> None:
    """Send the largest frame that one edit may have, each time to a new session."""
    person: Person
    person, update = here.prepared["frame"]
    sent, until = 0, here.until()
    while time.monotonic() < until:
        with person.editor(person.session()) as editor:
            editor.update(update)
            sent += editor.await_saved(_ANSWER_S)
    here.did = f"{sent} × {len(update):,} bytes saved"


def _other_type(here: Stage) -> None:
    """Make a document whose main root is a large array."""
    person = here.person()
    session_id = person.session()
    with person.editor(session_id) as editor:
        editor.update(values(here.few(VALUES), b"codemirror"))
        editor.await_saved()
    here.prepared["other type"] = (person, session_id)


def _save(here: Stage) -> None:
    person, session_id = here.prepared["other type"]
    answer = person.request("POST", f"/code/{session_id}/save", {"code": "a text\n" * 9_000})
    here.did = f"{answer.status}, {len(answer.body):,} bytes"


def _rested(here: Stage) -> None:
    """Wait until the rooms of large documents are closed, so that memory has none of them."""
    if "large" not in here.prepared:
        large_document(here)
    await_closed(here)


def _view(here: Stage) -> None:
    """Open a large document, make an edit that is not a keystroke, and read its texts."""
    person, session_id = here.prepared["large"]
    began = time.monotonic()
    with person.editor(session_id) as editor:
        editor.update(costly.update(8, 0, [costly.string(b"xx", None, (3, 16))]))
        answer = person.request("GET", f"/code/{session_id}/latest?live=true")
        editor.await_saved(_ANSWER_S)
    here.did = f"{answer.status} after {time.monotonic() - began:.1f} s"


def _close(here: Stage) -> None:
    """Wait until all rooms are closed. A closing room packs its log and writes a checkpoint."""
    began = time.monotonic()
    await_closed(here)
    here.did = f"closed after {time.monotonic() - began:.1f} s"


def _edited(here: Stage) -> None:
    """Open all large documents once more, and change each."""
    for number, key in enumerate(("large", "other type")):
        person, session_id = here.prepared[key]
        with person.editor(session_id) as editor:
            root = costly.string(b"yy", None, None)
            editor.update(costly.update(20 + number, 0, [root]))
            editor.await_saved(_ANSWER_S)


WORKS = (
    Work("large frames", f"an array of {VALUES:,} strings in one update", _send, _sender),
    Work(
        "save over another type",
        "a text is saved in a document whose root is a large array",
        _save,
        once("other type", _other_type),
    ),
    Work("view", "a document of 99,000 structs is opened, edited and read", _view, _rested),
    Work("closed rooms", "logs are packed, checkpoints made", _close, _edited),
)
