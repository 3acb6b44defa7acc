"""All Socket.IO clients: signing in, what they ask for, and the sessions they are in."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Any

from tornado.httputil import HTTPServerRequest

from crdt.errors import CrdtError
from crdt.room.room import Room
from handlers import errors, ids
from handlers.access import connect_wait_s, enter, entering
from handlers.api.chat import send_message
from handlers.http import network, schemas
from handlers.http.base import ACCESS_COOKIE
from handlers.services import Services
from handlers.socketio.client import EventClient, Rates
from handlers.socketio.server import EventServer
from handlers.socketio.text_connection import Seat
from handlers.socketio.text_session import Live
from handlers.times import rfc3339
from storage.records import Message, Role, User

_SIGN_IN_BYTES = 16 << 10
_TICK_S = 10.0
"""Presence is announced again so often: y-protocols forgets it after 30 s."""
_BYTES_PER_EVENT = 64 << 10
_QUICK_COST = 0.25
_WORK_PER_EVENT_S = 0.002
"""Merging takes longer in large documents: it counts by that, so that one client cannot hold up the others."""

_log = logging.getLogger(__name__)

Action = Callable[[EventClient, dict[str, Any]], Awaitable[dict[str, Any] | None]]


class Hub:
    """The clients by Engine.IO session id, and the sessions in which there are any."""

    def __init__(self, services: Services, max_bytes: int) -> None:
        """max_bytes: most that one message may have."""
        self.services = services
        self.server = EventServer(self, max_bytes)
        self._connections: dict[str, tuple[str, Rates]] = {}
        self._clients: dict[str, EventClient] = {}
        self._live: dict[str, Live] = {}
        self._ticking: asyncio.Task[None] | None = None
        self._actions: dict[str, tuple[schemas.Schema, Action]] = {
            "join-session": (schemas.IN_SESSION, self._join),
            "leave-session": (schemas.IN_SESSION, self._leave),
            "code-change": (schemas.CODE_CHANGE, self._change),
            "send-message": (schemas.MESSAGE, self._send),
            "typing": (schemas.IN_SESSION, self._type),
            "stop-typing": (schemas.IN_SESSION, self._stop_typing),
        }
        services.message_listeners.append(self.announce)

    def start(self) -> None:
        """Begin to keep presence alive; call inside the event loop."""
        self._ticking = asyncio.get_running_loop().create_task(self._tick_forever(), name="socket.io presence")

    async def stop(self) -> None:
        """Close all connections."""
        if self._ticking:
            self._ticking.cancel()
            await asyncio.gather(self._ticking, return_exceptions=True)
        await self.server.stop()
        for live in self._live.values():
            live.close()

    def announce(self, message: Message, sender: User) -> None:
        """Tell everybody in a session of a chat message that is stored."""
        if live := self._live.get(message.session_id):
            live.tell(
                "receive-message",
                {
                    "id": message.id,
                    "message": message.text,
                    "sender": sender.username,
                    "senderId": sender.id,
                    "timestamp": rfc3339(message.created_at),
                },
            )

    # -- connections: Callbacks of `server` --------------------------------------------------------

    def opened(self, key: str, request: HTTPServerRequest) -> bool:
        address = network.place(request, self.services.settings.trusted_hops)
        self._connections[key] = address, Rates(self.services.sockets.limits)
        asyncio.get_running_loop().call_later(self.services.sockets.limits.sign_in_s, self._expect, key)
        return self.services.sockets.opened(address)

    def closed(self, key: str) -> None:
        self.services.sockets.closed(self._connections.pop(key)[0])

    def incoming(self, key: str, size: int) -> float:
        """Count a message before anything reads it; return for how long to wait before that.

        Who has not signed in has no reason to send much: he is dropped.
        """
        found = self._connections.get(key)
        if found is None:
            return 0.0
        if key not in self._clients and size > _SIGN_IN_BYTES:
            self.server.drop(key)
            return 0.0
        wait_s = found[1].spend(0 if key in self._clients else 1, size)
        self.services.sockets.slowed += bool(wait_s)
        self.services.reached["update_bytes_per_s"] += bool(wait_s)
        return wait_s

    def _expect(self, key: str) -> None:
        """Close a connection on which nobody has signed in for a while."""
        if key in self._connections and key not in self._clients:
            self.services.reached["sign_in_s"] += 1
            self.server.drop(key)

    async def connect(self, key: str, request: HTTPServerRequest, auth: object) -> None:
        """Sign somebody in by `auth.token`, an Authorization header or the cookie.

        Raises ApiError; StoreUnavailable, upon which the client is dropped and comes back.
        """
        claims = self.services.tokens.read_access_token(self._token(request, auth))
        user = await self._signed_in(claims.user_id, claims.login_id)
        if key in self._connections:
            client = EventClient(self.server, key, user, claims.login_id, self._connections[key][1])
            client.on_unseated = lambda: self._unseat(client, is_lost=False)
            self._clients[key] = client

    def _token(self, request: HTTPServerRequest, auth: object) -> str:
        given = auth.get("token") if isinstance(auth, dict) else None
        if isinstance(given, str) and given:
            return given
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() == "bearer" and token.strip():
            return token.strip()
        cookie = request.cookies.get(ACCESS_COOKIE)
        if cookie is None:
            raise errors.not_signed_in()
        settings = self.services.settings
        if network.is_allowed_origin(request, settings.origins, settings.trusted_hops) is False:
            raise errors.bad_origin()
        return cookie.value

    async def _signed_in(self, user_id: str, login_id: str) -> User:
        self.services.seen_logins.add(login_id)
        user = await self.services.store.signed_in(login_id, self.services.clock())
        if user is None or user.id != user_id:
            raise errors.not_signed_in("This login has ended.")
        return user

    def too_slow(self) -> None:
        self.services.sockets.too_slow += 1
        self.services.reached["max_queued_bytes"] += 1

    def gone(self, key: str, *, is_lost: bool) -> None:
        client = self._clients.pop(key, None)
        if client:
            client.is_gone = True
            self._unseat(client, is_lost=is_lost)
            asyncio.get_running_loop().call_later(self.services.sockets.limits.sign_in_s, self._expect, key)

    # -- events -----------------------------------------------------------------------------------

    async def event(self, key: str, name: object, arguments: list[Any]) -> dict[str, Any]:
        client = self._clients.get(key)
        if client is None:
            return {"ok": False, "error": {"code": "not_signed_in", "message": "Sign in first."}}
        try:
            return {"ok": True, **(await self._handle(client, name, arguments) or {})}
        except Exception as error:
            answer = errors.to_api_error(error)
            if answer is None:
                answer = errors.malformed() if isinstance(error, CrdtError) else errors.internal()
                _log.exception("an event failed")
            return client.fail(answer, name[:64] if isinstance(name, str) else "")

    def refused_binary(self, key: str) -> None:
        if client := self._clients.get(key):
            client.fail(errors.ApiError(422, "invalid", "There are no events with binary content here."))

    async def _handle(self, client: EventClient, name: object, arguments: list[Any]) -> dict[str, Any] | None:
        content = _content(arguments)
        code = content.get("code")
        size = len(code) if isinstance(code, str) else 0
        wait_s = client.rates.spend(1 if name == "code-change" else _QUICK_COST)
        if client.rates.is_flooding(waits=bool(wait_s)):
            self.services.sockets.too_fast += 1
            client.fail(errors.ApiError(429, "rate_limited", "Too many events: they are handled more slowly now."))
        if wait_s:
            self.services.sockets.slowed += 1
            self.services.reached["updates_per_s"] += 1
            await asyncio.sleep(wait_s)
        if not isinstance(name, str) or name not in self._actions:
            raise errors.ApiError(
                400, "unknown_event", f"There is no such event; known are {', '.join(self._actions)}."
            )
        if size > self.services.rooms.settings.room.text_bytes:
            self.services.reached["max_text_bytes"] += 1
            raise errors.too_large(f"The code may have at most {self.services.rooms.settings.room.text_bytes} bytes.")
        schema, action = self._actions[name]
        body = schemas.validate(schema, schemas.without_lone_surrogates(content), others_too=True)
        body["sessionId"] = ids.normalize(body["sessionId"])
        return await action(client, body)

    async def _join(self, client: EventClient, body: dict[str, Any]) -> dict[str, Any]:
        session_id = body["sessionId"]
        if client.live and client.seat and client.live.room.session_id == session_id:
            self._send_again(client, client.seat, client.live)
            return {"role": client.seat.connection.role}
        if wait := connect_wait_s(self.services, client.user.id):
            raise errors.rate_limited(wait, "Too many sessions joined.")
        async with entering(self.services, session_id, lambda: self._admitted(client, session_id)) as (room, admitted):
            if not client.is_gone:
                self._unseat(client, is_lost=False)
                self._seat(client, room, *admitted)
            return {"role": admitted[1]}

    async def _admitted(self, client: EventClient, session_id: str) -> tuple[User, Role]:
        user = await self._signed_in(client.user.id, client.login_id)
        _, member = await enter(self.services, user, session_id)
        if member.is_removed:
            raise errors.ApiError(403, "removed", "The owner removed you from this session.")
        return user, member.role

    def _seat(self, client: EventClient, room: Room, user: User, role: Role) -> None:
        sockets, session_id = self.services.sockets, room.session_id
        if not sockets.has_room(session_id, user.id):
            raise errors.ApiError(429, "too_many", "Too many connections to this session.")
        live = self._live.get(session_id)
        if live is None or live.room is not room:
            live = self._live[session_id] = Live(room)
        client_id = 1 + int.from_bytes(self.services.random_bytes(4)) % ((1 << 32) - 1)
        seat = Seat(
            client, room, live.feed, user, client.login_id, role, client_id, self.services.clock, live.edited
        )  # fmt: skip
        client.user, client.seat, client.live = user, seat, live
        sockets.joined(session_id, user.id)
        room.join(seat.connection)
        live.add(seat, self.services.clock())
        seat.announce()
        _log.info("user %s joined session %s as %s, by Socket.IO", user.id, session_id, role)

    def _unseat(self, client: EventClient, *, is_lost: bool) -> None:
        """Take a client out of its session; harmless if it is in none."""
        seat, live = client.seat, client.live
        if seat and live:
            client.seat = client.live = None
            client.login_id = seat.connection.login_id  # a change of password may have replaced it
            self.services.sockets.left(seat, live.room.session_id, seat.user_id)
            live.remove(seat, is_lost=is_lost)
            live.room.leave(seat.connection)

    async def _leave(self, client: EventClient, body: dict[str, Any]) -> None:
        self._seat_in(client, body["sessionId"])
        self._unseat(client, is_lost=False)

    def _seat_in(self, client: EventClient, session_id: str) -> tuple[Seat, Live]:
        if client.seat is None or client.live is None or client.live.room.session_id != session_id:
            raise errors.ApiError(409, "not_joined", "Join this session first.")
        return client.seat, client.live

    async def _change(self, client: EventClient, body: dict[str, Any]) -> None:
        live = self._live.get(body["sessionId"])
        is_live = live is not None and self.services.rooms.find(live.room.session_id) is live.room
        if client.seat is None and live and is_live and live.lost(client.user.id):
            await self._join(client, body)  # what stock clients kept while they were away comes before anything else
        seat, live = self._seat_in(client, body["sessionId"])
        if not live.room.may_write(seat.connection):
            self._send_again(client, seat, live)
            if live.room.is_open:
                raise errors.forbidden(f"Your role here is {seat.connection.role}, this needs {Role.EDITOR}.")
            raise errors.session_ended()
        began = time.perf_counter()
        try:
            seat.text.change(body["code"], self.services.clock())
        finally:
            client.rates.spend((time.perf_counter() - began) / _WORK_PER_EVENT_S)

    def _send_again(self, client: EventClient, seat: Seat, live: Live) -> None:
        """Send a client the text although nothing changed: that costs it by the text's size."""
        client.rates.spend(len(live.feed.text) / _BYTES_PER_EVENT)
        seat.text.send_again()
        live.edited()

    async def _send(self, client: EventClient, body: dict[str, Any]) -> dict[str, Any]:
        self._seat_in(client, body["sessionId"])
        user = await self._signed_in(client.user.id, client.login_id)
        message = await send_message(self.services, user, body["sessionId"], body["message"])
        return {"id": message.id}

    async def _type(self, client: EventClient, body: dict[str, Any]) -> None:
        seat, live = self._seat_in(client, body["sessionId"])
        live.typists.types(seat.client_id, seat.user_id)

    async def _stop_typing(self, client: EventClient, body: dict[str, Any]) -> None:
        seat, live = self._seat_in(client, body["sessionId"])
        live.typists.stops(seat.client_id)

    # -- from time to time ------------------------------------------------------------------------

    async def _tick_forever(self) -> None:
        while True:
            await asyncio.sleep(_TICK_S)
            for session_id, live in list(self._live.items()):
                for seat in list(live.seats):
                    seat.announce()
                if not live.is_used:
                    live.close()
                    del self._live[session_id]


def _content(arguments: list[Any]) -> dict[str, Any]:
    """Return what came with an event; an id alone is a session's."""
    first = arguments[0] if arguments else {}
    if isinstance(first, str):
        return {"sessionId": first}
    if not isinstance(first, dict):
        raise errors.invalid({"payload": ["must be an object, or the id of a session"]})
    return {str(name): value for name, value in first.items()}
