"""A mail server for tests: it speaks SMTP on a socket, and keeps the mails that it gets."""

import asyncio
import email
import logging
import re
import ssl
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email.message import EmailMessage
from email.policy import default
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from tests.waiting import until

logging.getLogger("mail.log").setLevel(logging.CRITICAL)
"""The logger of aiosmtpd. Its messages about lost clients and its own settings do not concern our
server."""

USER, PASSWORD = "collab", "a password with spaces: and @"
SENDER = "Collab <collab@example.org>"
PUBLIC_URL = "https://code.example.org"


class Postbox:
    """The mails that a mail server got.

    answers  the answers to the next mails, which are then refused
    """

    def __init__(self) -> None:
        self.port = 0
        self.mails: list[EmailMessage] = []
        self.envelopes: list[Envelope] = []
        self.signed_in: list[str] = []
        self.answers: list[str] = []

    @property
    def settings(self) -> dict[str, str]:
        """The settings with which a server sends its mails here."""
        return {
            "smtp_url": f"smtp://127.0.0.1:{self.port}",
            "mail_from": SENDER,
            "public_url": PUBLIC_URL,
        }

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802  # aiosmtpd's name
        """Take a mail, or give the answer that a test has set."""
        if self.answers:
            return self.answers.pop(0)
        content = envelope.content
        assert isinstance(content, bytes)
        self.envelopes.append(envelope)
        self.mails.append(email.message_from_bytes(content.replace(b"\r\n", b"\n"), policy=default))
        return "250 taken"

    def check(
        self, _server: SMTP, _session: Session, _envelope: Envelope, _how: str, given: Any
    ) -> AuthResult:
        """Accept USER with PASSWORD."""
        assert isinstance(given, LoginPassword)
        is_right = (given.login.decode(), given.password.decode()) == (USER, PASSWORD)
        self.signed_in += [USER] * is_right
        return AuthResult(success=is_right, handled=False)

    async def mail(self, number: int = 1) -> EmailMessage:
        """Wait for a mail and return it; `number` counts from 1."""
        await until(lambda: len(self.mails) >= number)
        return self.mails[number - 1]

    async def token(self, number: int = 1) -> str:
        """Return the token of the link in a mail."""
        text = (await self.mail(number)).get_content()
        (token,) = re.findall(rf"^{PUBLIC_URL}/reset#([\w-]{{43}})$", text, re.MULTILINE)
        return str(token)


@asynccontextmanager
async def open_postbox(
    *,
    tls: ssl.SSLContext | None = None,
    is_encrypted_from_start: bool = False,
    asks_for_password: bool = False,
) -> AsyncIterator[Postbox]:
    """Run a mail server. tls: the context for STARTTLS, or for the whole connection."""
    postbox = Postbox()

    def protocol() -> SMTP:
        with warnings.catch_warnings():
            # ignore its warning about passwords without TLS: it does not know that the whole socket
            # uses TLS
            warnings.filterwarnings("ignore", "Requiring AUTH while not requiring TLS")
            return made()

    def made() -> SMTP:
        return SMTP(
            postbox,
            hostname="mail.example.org",
            tls_context=None if is_encrypted_from_start else tls,
            require_starttls=tls is not None and not is_encrypted_from_start,
            auth_required=asks_for_password,
            auth_require_tls=False,
            authenticator=postbox.check if asks_for_password else None,
        )

    server = await asyncio.get_running_loop().create_server(
        protocol, "127.0.0.1", 0, ssl=tls if is_encrypted_from_start else None
    )
    postbox.port = server.sockets[0].getsockname()[1]
    try:
        yield postbox
    finally:
        server.close()
        await server.wait_closed()
