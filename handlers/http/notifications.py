"""Notes to open pages about what happens in a session besides edits.
Clients ask for them with `?notes=1`.
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
"""Says that a client should read the session again:
its title, language, status, a role, or its fill has changed."""


def slowed(seconds: float) -> bytes:
    """Return the note to a client whose messages the server takes later.

    seconds  of rest that its user owes for work
    """
    return _frame({"about": "slowed", "seconds": round(seconds)})


def of_messages(tell: Callable[[str, bytes], None]) -> Callable[[Message, User], None]:
    """Return a listener that passes each chat message on to the clients that listen to its session.

    tell  sends a frame to the clients that listen to a session: `Connections.tell`
    """

    def listen(message: Message, sender: User) -> None:
        content = {"about": "message", "message": chat.message(message, {sender.id: sender})}
        tell(message.session_id, _frame(content))

    return listen


def of_fill(tell: Callable[[str, bytes], None]) -> Callable[[str], None]:
    """Return a listener: clients that listen to a session then read it again,
    with the size of its document.

    tell  sends a frame to the clients that listen to a session: `Connections.tell`
    """

    def listen(session_id: str) -> None:
        tell(session_id, SESSION_CHANGED)

    return listen
