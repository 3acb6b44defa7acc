"""Sends mails one after another in the background, so that no request waits for a mail server."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor

from handlers.mail.letters import Letter
from handlers.mail.smtp import MailError, MailServer
from storage.background import end_task, start_task
from storage.errors import StoreError

Write = Callable[[], Awaitable[Letter | None]]
"""Writes a mail at its turn; returns None if the mail has no recipient."""

MAX_WAITING = 200
"""Mails that may wait: as many as a large class requests together."""
_PAUSES_S = (5.0, 30.0)
"""Seconds before the second and the third attempt, if the mail server cannot take a mail now."""
_LAST_S = 5.0
"""Seconds for sending the waiting mails when the server stops."""

_log = logging.getLogger(__name__)


class Outbox:
    """The waiting mails, and the task that sends them. Without a mail server, it accepts none."""

    def __init__(self, server: MailServer | None, pauses_s: tuple[float, ...] = _PAUSES_S) -> None:
        self._server = server
        self._pauses_s = pauses_s
        self._waiting: asyncio.Queue[Write] = asyncio.Queue(MAX_WAITING)
        self._thread = ThreadPoolExecutor(1, "mail")
        self._sending: asyncio.Task[None] | None = None

    @property
    def can_send(self) -> bool:
        """Whether there is a mail server."""
        return self._server is not None

    def start(self) -> None:
        """Begin to send; call inside the event loop."""
        if self._server:
            self._sending = start_task(self._send_all(self._server), "outbox")

    def post(self, write: Write) -> bool:
        """Send a mail soon, and return True.

        Return False without a mail server, or if too many wait.

        `write` runs in the outbox's task and does not delay the request. So the time of an answer
        tells nothing about the work of `write`.
        """
        if self._sending is None or self._waiting.full():
            return False
        self._waiting.put_nowait(write)
        return True

    async def stop(self) -> None:
        """Send the waiting mails for at most a few seconds, and end."""
        if self._sending is None:
            return
        try:
            await asyncio.wait_for(self._waiting.join(), _LAST_S)
        except TimeoutError:
            _log.warning("the server stops with mails that were not sent")
        await end_task(self._sending)
        self._sending = None
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def _send_all(self, server: MailServer) -> None:
        while True:
            write = await self._waiting.get()
            try:
                letter = await write()
                if letter:
                    await self._send(server, letter)
            except StoreError as error:
                _log.warning("a mail was not written: %s", error)
            except MailError as error:
                _log.warning("a mail was not sent; the mail server of SMTP_URL: %s", error)
            except Exception:
                _log.exception("a mail was not sent")
            finally:
                self._waiting.task_done()

    async def _send(self, server: MailServer, letter: Letter) -> None:
        """Send a mail, with further attempts if the mail server may take it later.

        Raises MailError.
        """
        loop = asyncio.get_running_loop()
        for pause_s in self._pauses_s:
            try:
                return await loop.run_in_executor(self._thread, server.send, letter)
            except MailError as error:
                if not error.is_transient:
                    raise
            await asyncio.sleep(pause_s)
        return await loop.run_in_executor(self._thread, server.send, letter)
