"""Base of handlers whose work takes long. The work is stopped if the client disconnects."""

import asyncio
import json
from collections.abc import Awaitable, Mapping
from typing import Any, TypeVar

from tornado.web import Finish

from handlers.http.base import BaseHandler
from handlers.services import Services

_Result = TypeVar("_Result")


class LongWorkHandler(BaseHandler):
    """A request whose client may disconnect before the work ends."""

    def initialize(self, services: Services) -> None:
        super().initialize(services)
        self._has_left = False
        self._work: asyncio.Future[Any] | None = None

    async def while_connected(self, work: Awaitable[_Result]) -> _Result:
        """Return the result of the work.

        If the client disconnects meanwhile, the work is cancelled and the request ends.
        """
        working: asyncio.Future[_Result] = asyncio.ensure_future(work)
        self._work = working
        if self._has_left:
            working.cancel()
        try:
            return await working
        except asyncio.CancelledError:
            if self._has_left:
                raise Finish from None
            raise

    def on_connection_close(self) -> None:
        super().on_connection_close()
        self._has_left = True
        if self._work:
            self._work.cancel()

    async def reply_made(self, text: str, more: Mapping[str, object]) -> None:
        """Answer with an encoded JSON object, and add further fields to it.

        text  the object in ASCII, which must not be empty
        more  the further fields
        """
        await self.reply_encoded([f"{json.dumps(more)[:-1]}, ".encode(), text[1:].encode()])
