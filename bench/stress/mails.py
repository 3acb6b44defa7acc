"""A mail server that takes every mail, and keeps the tokens of the links in the mails."""

import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

_TOKEN = re.compile(r"/reset#([\w-]{43})")
_KEPT = 40


@dataclass
class Mails:
    """The settings of a server that sends its mails here, and the tokens that it sent."""

    port: int
    tokens: list[str] = field(default_factory=list)

    @property
    def env(self) -> dict[str, str]:
        return {
            "SMTP_URL": f"smtp://127.0.0.1:{self.port}",
            "MAIL_FROM": "stress@example.com",
            "PUBLIC_URL": "https://code.example.com",
        }

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802  # aiosmtpd's name
        """Take a mail."""
        if match := _TOKEN.search(str(envelope.content)):
            self.tokens.append(match[1])
            del self.tokens[:-_KEPT]
        return "250 taken"


@contextmanager
def taken() -> Iterator[Mails]:
    """Run a mail server in a thread."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        mails = Mails(free.getsockname()[1])
    controller = Controller(mails, hostname="127.0.0.1", port=mails.port)
    controller.start()
    try:
        yield mails
    finally:
        controller.stop()
