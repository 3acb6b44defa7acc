"""Expensive requests about documents: Yjs updates within all limits, first syncs, reads."""

import contextlib
import random
import select
import time
from functools import partial

from bench.trouble import frame
from bench.worst.people import Editor, Person
from bench.worst.stage import Stage, Work, await_closed, once
from crdt.limits import MAX_TEXT_BYTES
from crdt.wire import y_protocol
from crdt.wire.lib0 import write_var_bytes
from harness import costly
from harness.costly import Costly

_RATE = 58
"""The updates a second that a client sends. `COLLAB_UPDATES_PER_S` allows a little more."""
_FILL_S = 0.6
_SYNCED_S = 120.0
_STRUCTS = 99_000
_GIVEN_UP = 10_000
_HANDSHAKES_PER_S = 1
_POISON_UPDATES = 150
_NEWCOMERS = 20
_SHARED_STRUCTS = 50_000
_LEFT_BYTES = 4_000
_SHARED_TEXT = b"\x27\x01\x03map\x01k\x02"
"""A struct that sets the key k of a map to an empty text."""


def _fill(here: Stage, kind: Costly) -> None:
    person = here.person()
    here.prepared[kind.name] = (person, _filled(here, person, kind))


def _filled(here: Stage, person: Person, kind: Costly) -> str:
    """Make a session with the first updates of a kind; return its id."""
    session_id = person.session()
    with person.editor(session_id) as editor:
        for update in kind.fill():
            editor.update(update)
            editor.drain(here.pause(_FILL_S))
        editor.await_saved()
    return session_id


def _send(here: Stage, kind: Costly) -> None:
    person, session_id = here.prepared[kind.name]
    sent, until = 0, here.until()
    while time.monotonic() < until:
        try:
            with person.editor(session_id) as editor:
                sent = _send_some(editor, kind, sent, until)
        except OSError:
            time.sleep(0.5)
    here.did = f"{sent} updates"


def _send_some(editor: Editor, kind: Costly, sent: int, until: float) -> int:
    """Send updates at the highest allowed rate, or as fast as the server reads.

    Returns the number of updates that were sent.
    """
    began, first = time.monotonic(), sent
    while time.monotonic() < until:
        readable, writable, _ = select.select([editor.socket], [editor.socket], [], 0.1)
        if readable:
            editor.read()
        if writable and sent - first < (time.monotonic() - began) * _RATE:
            editor.update(kind.make(sent))
            sent += 1
        else:
            time.sleep(0.005)
    return sent


def _give_up(here: Stage) -> None:
    """Send a large update again and again, and leave while the server prepares it."""
    person, session_id = here.prepared["given up"]
    sent, until = 0, here.until()
    while time.monotonic() < until:
        with person.editor(session_id) as editor:
            editor.update(costly.sparse(0, here.few(_GIVEN_UP)))
            editor.drain(0.05 * (sent % 10))
        sent += 1
        time.sleep(1 / _HANDSHAKES_PER_S)
    here.did = f"{sent} updates"


def _prepare_to_give_up(here: Stage) -> None:
    person = here.person()
    filled = Costly("", "", costly.filled, lambda _: b"")
    here.prepared["given up"] = (person, _filled(here, person, filled))


def _sparse_sync(count: int) -> bytes:
    """Return a first sync that inserts each struct at another place of a text of 800 kB."""
    at = random.Random(0).sample(range(1, costly.FILLED - 1), count)
    structs = [costly.string(b"x", (1, place - 1), (1, place)) for place in at]
    return costly.update(2, 0, structs)


def _prepare_sync(here: Stage) -> None:
    person = here.person()
    filled = Costly("", "", costly.filled, lambda _: b"")
    here.prepared["sync"] = (
        person,
        _filled(here, person, filled),
        _sparse_sync(here.few(_STRUCTS)),
    )


def _sync(here: Stage) -> None:
    person, session_id, update = here.prepared["sync"]
    began = time.monotonic()
    try:
        with person.editor(session_id) as editor:
            editor.sync(update)
            is_saved = editor.await_saved(_SYNCED_S)
        here.did = f"{'saved' if is_saved else 'not saved'} after {time.monotonic() - began:.1f} s"
    except OSError as error:
        here.did = f"{error!r:.40} after {time.monotonic() - began:.1f} s"


def large_document(here: Stage) -> None:
    """Make a document of 99,000 structs in one root. Yjs cannot join any of them."""
    person = here.person()
    session_id = person.session()
    structs = [costly.string(b"xxxxxxxx")]
    structs += [
        costly.string(b"xxxxxxxx", None, (3, 8 * at)) for at in range(here.few(_STRUCTS) - 1)
    ]
    with person.editor(session_id) as editor:
        editor.sync(costly.update(3, 0, structs))
        editor.await_saved()
    here.prepared["large"] = (person, session_id)


def _newcomers(here: Stage) -> None:
    person, session_id = here.prepared["large"]
    came, until = 0, here.until()
    while time.monotonic() < until and came < _NEWCOMERS:
        with person.editor(session_id) as editor:
            editor.drain(0.3)
            came += 1
    here.did = f"{came} came"


def _questions(here: Stage) -> None:
    """Ask for a part of a large document, each time another part."""
    person, session_id = here.prepared["large"]
    asked, until = 0, here.until()
    with person.editor(session_id) as editor:
        while time.monotonic() < until:
            editor.send(frame(y_protocol.sync_step1({3: 8 * (asked * 97 % here.few(_STRUCTS))})))
            editor.drain(1 / _RATE)
            asked += 1
    here.did = f"{asked} questions, {editor.received:,} bytes read"


def _poison(here: Stage) -> None:
    """Fill a document with content that loads slowly, and wait until its room is closed."""
    kind = next(kind for kind in costly.KINDS if kind.name == "sparse inserts")
    person = here.person()
    session_id = _filled(here, person, kind)
    # When the document takes too long to load, further updates are refused with 4413. `_load` opens
    # the document with the updates that were accepted before that.
    with contextlib.suppress(ConnectionResetError), person.editor(session_id) as editor:
        # Reading these updates takes quadratic time.
        for number in range(here.few(_POISON_UPDATES)):
            editor.update(kind.make(number))
            editor.drain(here.pause(0.05))
        editor.await_saved()
    await_closed(here)
    here.prepared["poison"] = (person, session_id)


def _load(here: Stage) -> None:
    person, session_id = here.prepared["poison"]
    began = time.monotonic()
    answer = person.request("GET", f"/code/{session_id}/latest?live=true")
    here.did = f"{answer.status} after {time.monotonic() - began:.1f} s"


def _near_the_limit(here: Stage) -> None:
    """Fill a text inside a map with many structs, almost up to the limit of text."""
    person = here.person()
    session_id = person.session()
    count = here.few(_SHARED_STRUCTS)
    length = (MAX_TEXT_BYTES.default - _LEFT_BYTES) // count
    text = b"x" * length
    structs = [_SHARED_TEXT, b"\x04\x00\x03\x00" + write_var_bytes(text)]
    structs += [costly.string(text, None, (3, 1 + length * at)) for at in range(count - 1)]
    with person.editor(session_id) as editor:
        editor.sync(costly.update(3, 0, structs))
        editor.await_saved(_SYNCED_S)
    here.prepared["near the limit"] = (person, session_id)


def _type_near_the_limit(here: Stage) -> None:
    """Insert half of the letters that still fit and delete them, again and again."""
    person, session_id = here.prepared["near the limit"]
    sent, until = 0, here.until()
    with person.editor(session_id) as editor:
        while time.monotonic() < until:
            letters = b"y" * (_LEFT_BYTES // 2)
            editor.update(costly.update(4, sent * len(letters), [costly.string(letters)]))
            editor.update(costly.deletions(4, [(sent * len(letters), len(letters))]))
            sent += 1
            editor.drain(2 / _RATE)
    here.did = f"{sent} edits"


def _presence(here: Stage) -> None:
    """Let twelve people send the largest allowed presence, each some ten times a second."""
    people, session_id = here.prepared["class"]
    editors = [person.editor(session_id).__enter__() for person in people]
    until, clock = here.until(), 0
    try:
        while time.monotonic() < until:
            clock += 1
            for number, editor in enumerate(editors):
                text = f'{{"a":"{"x" * 3_900}","b":{clock}}}'
                entries = [y_protocol.AwarenessEntry(1_000 + number, clock, text)]
                editor.send(frame(y_protocol.awareness_update(entries)))
                editor.drain(0.001)
            time.sleep(0.07)
    except OSError as error:
        here.did = f"{error!r:.60}"
        return
    finally:
        for editor in editors:
            editor.socket.close()
    here.did = f"{clock} × {len(editors)} states"


def _prepare_class(here: Stage) -> None:
    owner = here.person()
    session_id = owner.session()
    here.prepared["class"] = ([owner, *here.people(session_id, 11)], session_id)


WORKS = (
    *(
        Work(
            kind.name, kind.about, partial(_send, kind=kind), partial(_fill, kind=kind),
        )
        for kind in costly.KINDS
    ),
    Work("first sync", f"{_STRUCTS:,} inserts all over 800 kB in one message", _sync,
         _prepare_sync),
    Work("given up", f"{_GIVEN_UP:,} inserts all over 800 kB, by a client that leaves meanwhile",
         _give_up, _prepare_to_give_up),
    Work("newcomers", "twenty people open a document of 99,000 structs", _newcomers,
         once("large", large_document)),
    Work("questions", "one person asks for parts of that document", _questions,
         once("large", large_document)),
    Work("opening", f"a document with {_POISON_UPDATES} × 1,000 inserts all over 800 kB is opened",
         _load, _poison),
    Work("text near its limit", f"{_SHARED_STRUCTS:,} structs in a shared type, edits elsewhere",
         _type_near_the_limit, _near_the_limit),
    Work("presence", "twelve people send the largest presence ten times a second", _presence,
         _prepare_class),
)  # fmt: skip
