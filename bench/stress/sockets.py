"""Sends edits, hostile updates, questions, presence and events over WebSockets and Socket.IO."""

import json
import random
import time
from collections.abc import Callable
from functools import partial
from typing import Any, cast

import pycrdt

from bench.stress import odd
from bench.stress.routes import Known
from bench.trouble import frame
from bench.worst.people import Editor, Person
from bench.worst.pollers import Poller
from crdt.reading.file_table import TABLE_ROOT
from crdt.wire import y_protocol
from handlers.socketio.events import Events
from harness import costly, hostile
from harness.typist import Typist

EVENTS = sorted(Events(cast(Any, None), cast(Any, None)).names)
"""The names of events, from the server's table."""
_EDITS = 40
_DEAR = 20
_RENAMES = 20
_MANY_FILES = 2_000
_PAUSE_S = 0.02
_FILL_S = 0.6
_CLIENT_IDS = 1 << 31


def edit(dice: random.Random, person: Person, known: Known) -> str:
    """Open a session, and do one kind of action in it. Return a description."""
    act = dice.choice(_ACTS)
    session_id = dice.choice(known.sessions or ["AAAAAAAA"])
    with person.editor(session_id) as editor:
        act(dice, editor)
    return f"{act.__name__.strip('_')} in {session_id}"


def _type(dice: random.Random, editor: Editor) -> None:
    typist = Typist(dice.randrange(_CLIENT_IDS), dice.choice(("codemirror", "other", "x" * 100)))
    for _ in range(dice.randrange(1, _EDITS)):
        size = len(typist.text.encode())
        word = dice.choice(("x", "\n", "é", "\U0001f600", "word " * dice.randrange(1, 400)))
        editor.update(typist.insert(dice.choice((0, size)), word))
        editor.drain(_PAUSE_S)


def _paste(dice: random.Random, editor: Editor) -> None:
    typist = Typist(dice.randrange(_CLIENT_IDS))
    editor.update(typist.insert(0, odd.code(dice) or "x"))
    editor.drain(_PAUSE_S)


def _name_files(dice: random.Random, editor: Editor) -> None:
    """Create, rename, move, delete and restore files, sometimes as many as an import does."""
    typist = Typist(dice.randrange(_CLIENT_IDS))
    files = typist.doc.get(TABLE_ROOT, type=pycrdt.Map)
    for _ in range(dice.randrange(1, _RENAMES)):
        count = _MANY_FILES if dice.random() < 0.1 else 1
        entries = {f"f-{dice.randrange(2 * count + 2)}": _entry(dice) for _ in range(count)}
        editor.update(typist.change(partial(files.update, entries)))
        editor.drain(_PAUSE_S)


def _entry(dice: random.Random) -> dict[str, Any]:
    """Return an entry of the table of files: a file in a folder, or with an odd name."""
    odd_name = odd.text(dice, 60).encode(errors="replace").decode()
    name = odd_name if dice.random() < 0.5 else f"src/{dice.randrange(9)}"
    return {"name": name, "order": dice.randrange(99), "deleted": dice.random() < 0.2}


def _send_dear(dice: random.Random, editor: Editor) -> None:
    """Send the updates of one kind of `costly`.

    All kinds use the client ids 1 and 2. If a document already has these ids, the server may ask
    for structs or refuse the updates.
    """
    kind = dice.choice(costly.KINDS)
    for update in kind.fill():
        editor.update(update)
        editor.drain(_FILL_S)
    for number in range(dice.randrange(1, _DEAR)):
        editor.update(kind.make(number))
        editor.drain(_PAUSE_S)


def _send_hostile(dice: random.Random, editor: Editor) -> None:
    case = dice.choice(hostile.CORPUS)
    if case.base:
        editor.update(case.base)
    editor.update(case.update)
    editor.drain(0.1)


def _ask(dice: random.Random, editor: Editor) -> None:
    for _ in range(dice.randrange(1, _EDITS)):
        known = {client: dice.randrange(1 << 20) for client in (1, 2, dice.randrange(_CLIENT_IDS))}
        editor.send(frame(y_protocol.sync_step1(known if dice.random() < 0.7 else {})))
        editor.drain(_PAUSE_S)


def _be_present(dice: random.Random, editor: Editor) -> None:
    own = dice.randrange(_CLIENT_IDS)
    for clock in range(1, dice.randrange(2, _EDITS)):
        text = json.dumps({"user": {"name": odd.text(dice, 60)}, "x": odd.text(dice, 3_000)})
        editor.send(
            frame(y_protocol.awareness_update([y_protocol.AwarenessEntry(own, clock, text)]))
        )
        editor.drain(_PAUSE_S)


def _send_rubbish(dice: random.Random, editor: Editor) -> None:
    for _ in range(dice.randrange(1, 5)):
        editor.send(frame(dice.randbytes(dice.choice((0, 1, 5, 300, 70_000)))))
        editor.drain(0.1)


_ACTS: tuple[Callable[[random.Random, Editor], None], ...] = (
    _type, _type, _paste, _name_files, _send_dear, _send_hostile, _ask, _be_present, _send_rubbish,
)  # fmt: skip


def emit(dice: random.Random, person: Person, known: Known) -> str:
    """Join a session by Socket.IO, and send some events; return a description."""
    session_id = dice.choice(known.sessions or ["AAAAAAAA"])
    poller = Poller(person, session_id)
    names = [dice.choice([*EVENTS, "no such event"]) for _ in range(dice.randrange(1, 6))]
    pools = known.pools()
    for name in names:
        content = {
            "sessionId": session_id
            if dice.random() < 0.9
            else odd.value(dice, "sessionId", {}, pools),
            "code": odd.value(dice, "code", {}, pools),
            "message": odd.text(dice, 4_000),
        }
        poller.emit(name, content if dice.random() < 0.95 else odd.text(dice, 50))
        time.sleep(_PAUSE_S)
    return f"events {', '.join(names)} in {session_id}"
