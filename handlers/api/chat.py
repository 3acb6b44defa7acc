"""Handlers for the chat of a session."""

from handlers import errors, ids
from handlers.access import membership
from handlers.http import queries, schemas
from handlers.http.base import BaseHandler
from handlers.http.views import chat
from handlers.http.views.chat import Messages, Unread
from handlers.services import Services
from storage.records import Message, Role, User


async def send_message(services: Services, sender: User, session_id: str, text: str) -> Message:
    """Store a message and announce it.

    Raises ApiError if the sender may not write, or sends too fast.
    """
    session, _ = await membership(services, sender.id, session_id, Role.VIEWER, writes=True)
    if wait := services.limiters.messages.wait_s(sender.id):
        raise errors.rate_limited(wait, "Too many messages.")
    now = services.clock()
    message = Message(
        session_id=session.id,
        sequence=0,
        id=ids.new_sortable_id(services.random_bytes, now),
        sender_id=sender.id,
        sender_name=sender.username,
        text=text,
        created_at=now,
    )
    stored = await services.store.add_message(message)
    for listener in services.message_listeners:
        listener(stored, sender)
    return stored


class SendHandler(BaseHandler):
    """POST /chat/send"""

    async def post(self) -> None:
        body = self.read(schemas.MESSAGE)
        stored = await send_message(self.services, self.me, body["sessionId"], body["message"])
        self.reply(chat.message(stored, {self.me.id: self.me}), 201)


class ReadHandler(BaseHandler):
    """POST /chat/:sessionId/read"""

    async def post(self, session_id: str) -> None:
        up_to = self.read(schemas.READ).get("sequence")
        session, _ = await self.member(session_id, Role.VIEWER)
        answer: Unread = {
            "unread": await self.services.store.read_messages(session.id, self.me.id, up_to)
        }
        self.reply(answer)


class MessagesHandler(BaseHandler):
    """GET /chat/:sessionId"""

    async def get(self, session_id: str) -> None:
        session, _ = await self.member(session_id, Role.VIEWER)
        store, query = self.services.store, self.read_query(queries.MESSAGES)
        limit = query["limit"]
        messages = await store.messages(session.id, query.get("before"), limit + 1)
        has_more = len(messages) > limit
        messages = messages[-limit:]
        people = await store.users({message.sender_id for message in messages})
        answer: Messages = {
            "messages": [chat.message(message, people) for message in messages],
            "next": str(messages[0].sequence) if has_more else None,
        }
        await self.reply_to_members(answer)
