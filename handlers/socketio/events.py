"""Checks the events of signed-in clients, delays events that come too fast, and handles them."""

import logging
from collections.abc import Awaitable, Callable
from typing import Any

from crdt.errors import CrdtError
from crdt.limits import MAX_TEXT_BYTES
from handlers import errors, ids
from handlers.api.chat import send_message
from handlers.http import schemas
from handlers.services import Services
from handlers.socketio.client import PACKET_COST, EventClient, failure
from handlers.socketio.session.text_connection import TextConnection
from handlers.socketio.session.text_session import TextSession
from handlers.socketio.sign_in import signed_in
from handlers.socketio.text_sessions import TextSessions
from storage.records import Role

_BYTES_PER_EVENT = 64 << 10
"""When a text is sent again, this many of its bytes count as one event."""

_log = logging.getLogger(__name__)

Action = Callable[[EventClient, dict[str, Any]], Awaitable[dict[str, Any] | None]]


class Events:
    """The events by name."""

    def __init__(self, services: Services, sessions: TextSessions) -> None:
        self._services = services
        self._sessions = sessions
        self._actions: dict[str, tuple[schemas.Schema, Action]] = {
            "join-session": (schemas.IN_SESSION, self._join),
            "leave-session": (schemas.IN_SESSION, self._leave),
            "code-change": (schemas.CODE_CHANGE, self._change),
            "send-message": (schemas.MESSAGE, self._send),
            "typing": (schemas.IN_SESSION, self._type),
            "stop-typing": (schemas.IN_SESSION, self._stop_typing),
        }

    @property
    def names(self) -> frozenset[str]:
        """The names of all events."""
        return frozenset(self._actions)

    async def handle(
        self, client: EventClient | None, name: object, arguments: list[Any]
    ) -> dict[str, Any]:
        """Handle an event and return its acknowledgement; never raises."""
        if client is None:
            return failure(errors.not_signed_in())
        try:
            return {"ok": True, **(await self._handle(client, name, arguments) or {})}
        except Exception as error:
            answer = errors.to_api_error(error)
            if answer is None:
                answer = errors.malformed() if isinstance(error, CrdtError) else errors.internal()
                _log.exception("an event failed")
            return client.fail(answer, name[:64] if isinstance(name, str) else "")

    async def _handle(
        self, client: EventClient, name: object, arguments: list[Any]
    ) -> dict[str, Any] | None:
        await client.pay(1 if name == "code-change" else PACKET_COST)
        content = _content(arguments)
        if not isinstance(name, str) or name not in self._actions:
            raise errors.ApiError(
                400,
                "unknown_event",
                f"There is no such event. The events are {', '.join(self._actions)}.",
            )
        self._check_size(content.get("code"))
        schema, action = self._actions[name]
        body = schemas.validate(schema, schemas.without_lone_surrogates(content), others_too=True)
        body["sessionId"] = ids.normalize(body["sessionId"])
        return await action(client, body)

    def _check_size(self, code: object) -> None:
        limit = self._services.text_changes.max_text_bytes
        if isinstance(code, str) and len(code) > limit:
            self._services.limit_counters.count(MAX_TEXT_BYTES)
            raise errors.too_large(f"The code may have at most {limit} bytes.")

    # -- the events -------------------------------------------------------------------------------

    async def _join(self, client: EventClient, body: dict[str, Any]) -> dict[str, Any]:
        connection, session = client.connection, client.session
        if connection and session and session.room.session_id == body["sessionId"]:
            _send_again(client, connection, session)
            return {"role": connection.connection.role}
        return {"role": await self._sessions.join(client, body["sessionId"])}

    async def _leave(self, client: EventClient, body: dict[str, Any]) -> None:
        _joined(client, body)
        self._sessions.leave(client, is_lost=False)

    async def _change(self, client: EventClient, body: dict[str, Any]) -> None:
        if client.connection is None and self._sessions.has_lost(body["sessionId"], client.user.id):
            # After a lost connection, a standard client first sends the events that it kept.
            # Only then it joins again.
            await self._join(client, body)
        connection, session = _joined(client, body)

        def check() -> None:
            if not connection.may_write:
                _send_again(client, connection, session)
                if session.room.members.is_open:
                    raise errors.forbidden(
                        f"Your role here is {connection.connection.role}, this needs {Role.EDITOR}."
                    )
                raise errors.session_ended()

        check()
        await self._services.text_changes.change(
            connection.text, body["code"], check, client.rate.worked
        )

    async def _send(self, client: EventClient, body: dict[str, Any]) -> dict[str, Any]:
        _joined(client, body)
        user = await signed_in(self._services, client.user.id, client.login_id)
        message = await send_message(self._services, user, body["sessionId"], body["message"])
        return {"id": message.id}

    async def _type(self, client: EventClient, body: dict[str, Any]) -> None:
        connection, session = _joined(client, body)
        session.typing.types(connection.client_id, connection.user_id)

    async def _stop_typing(self, client: EventClient, body: dict[str, Any]) -> None:
        connection, session = _joined(client, body)
        session.typing.stops(connection.client_id)


def _joined(client: EventClient, body: dict[str, Any]) -> tuple[TextConnection, TextSession]:
    """Return a client's connection to the session that an event names.

    Raises ApiError 409 if the client has not joined that session.
    """
    connection, session = client.connection, client.session
    if connection is None or session is None or session.room.session_id != body["sessionId"]:
        raise errors.ApiError(409, "not_joined", "Join this session first.")
    return connection, session


def _send_again(client: EventClient, connection: TextConnection, session: TextSession) -> None:
    """Send a client the unchanged text again; a larger text counts as more events."""
    client.rate.spend(len(session.feed.text) / _BYTES_PER_EVENT)
    connection.text.send_again()
    session.edited()


def _content(arguments: list[Any]) -> dict[str, Any]:
    """Return the object that an event carries. A plain string is taken as the id of a session."""
    first = arguments[0] if arguments else {}
    if isinstance(first, str):
        return {"sessionId": first}
    if not isinstance(first, dict):
        raise errors.invalid({"payload": ["must be an object, or the id of a session"]})
    return {str(name): value for name, value in first.items()}
