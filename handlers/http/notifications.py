"""Makes notes that tell open pages about a session's events other than edits.

Clients request these notes with `?notes=1`.
"""

import json
from collections.abc import Callable, Mapping

from crdt.wire.lib0 import write_var_bytes, write_var_uint
from handlers.http.views import chat
from storage.records import Message, User

_NOTE = 103


def _frame(content: Mapping[str, object]) -> bytes:
    return write_var_uint(_NOTE) + write_var_bytes(json.dumps(content).encode())


SESSION_CHANGED = _frame({"about": "session"})
"""Tells a client to read the session again.
Its title, language, status, a role, or the size of its document has changed."""


TESTS_CHANGED = _frame({"about": "tests"})
"""Tells a client to read the tests of the session's programs again."""


RUNS_CHANGED = _frame({"about": "runs"})
"""Tells a client to read the session's runs again: a text was removed from some of them."""


def of_run(number: int) -> bytes:
    """Return the note that a run was stored; clients read it by its number."""
    return _frame({"about": "run", "number": number})


def slowed(seconds: float) -> bytes:
    """Return the note to a client whose messages the server handles later.

    seconds  how long the server will not read from the client, because of its user's past work
    """
    return _frame({"about": "slowed", "seconds": round(seconds)})


def of_messages(tell: Callable[[str, bytes], None]) -> Callable[[Message, User], None]:
    """Return a listener that sends each chat message to all clients that listen to its session.

    tell  sends a frame to the clients that listen to a session: `Connections.tell`
    """

    def listen(message: Message, sender: User) -> None:
        content = {"about": "message", "message": chat.message(message, {sender.id: sender})}
        tell(message.session_id, _frame(content))

    return listen


def of_fill(tell: Callable[[str, bytes], None]) -> Callable[[str], None]:
    """Return a listener for changes of a document's size.

    It tells the clients that listen to the session to read the session again.

    tell  sends a frame to the clients that listen to a session: `Connections.tell`
    """

    def listen(session_id: str) -> None:
        tell(session_id, SESSION_CHANGED)

    return listen
