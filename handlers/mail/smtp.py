"""Sends one mail to the mail server of SMTP_URL.

Sending blocks, so `handlers.mail.outbox` does it in a thread.

Python's smtplib is used, in one thread. An asynchronous library would be one more dependency that
sees passwords and tokens, and a server of this kind sends few mails.
"""

import smtplib
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate, make_msgid, parseaddr
from enum import Enum
from ipaddress import ip_address
from urllib.parse import SplitResult, unquote, urlsplit

from handlers.mail.letters import Letter

TIMEOUT_S = 10.0
"""Seconds that the mail server may take for each step."""
_FORM = "must look like smtp://user:password@host:587 or smtps://user:password@host:465"
_POLICY = SMTP.clone(cte_type="7bit")
"""Mail servers without 8BITMIME accept these messages too."""


class Tls(Enum):
    """How a connection to the mail server is encrypted."""

    FROM_THE_START = "smtps"
    BY_STARTTLS = "starttls"
    NEVER = "none"


class MailError(Exception):
    """A mail was not sent. The message says why, without the address of the user.

    is_transient  whether the same mail may be accepted later
    """

    def __init__(self, reason: str, *, is_transient: bool) -> None:
        super().__init__(reason)
        self.is_transient = is_transient


@dataclass(frozen=True, slots=True)
class MailServer:
    """A mail server and the sender of its mails.

    sender   as in `Collab <collab@example.org>`, or only the address
    context  returns the rules for checking the mail server's certificate
    """

    host: str
    port: int
    user: str
    password: str
    tls: Tls
    sender: str
    context: Callable[[], ssl.SSLContext] = ssl.create_default_context

    @classmethod
    def at(cls, url: str, sender: str) -> "MailServer":
        """Return the server of an SMTP_URL; raises ValueError that names a fault, without secrets.

        smtp:// demands STARTTLS, except on this machine and with ?tls=no.
        """
        try:
            parts, port = urlsplit(url), urlsplit(url).port
        except ValueError:  # its message may have a part of the password
            raise ValueError(_FORM) from None
        has_both = (parts.username is None) == (parts.password is None)
        if not parts.hostname or not has_both or parts.path.strip("/") or parts.fragment:
            raise ValueError(_FORM)
        tls = _tls(parts)
        return cls(
            host=parts.hostname,
            port=port or (465 if tls is Tls.FROM_THE_START else 587),
            user=unquote(parts.username or ""),
            password=unquote(parts.password or ""),
            tls=tls,
            sender=sender,
        )

    def send(self, letter: Letter) -> None:
        """Send a mail; raises MailError."""
        try:
            message = self._message(letter)
            with self._connected() as connection:
                connection.send_message(message, parseaddr(self.sender)[1], [_address(letter.to)])
        except (OSError, ValueError) as error:
            raise _mail_error(error) from error

    def try_out(self) -> None:
        """Connect and sign in, but send nothing; raises MailError."""
        try:
            with self._connected() as connection:
                connection.noop()
        except (OSError, ValueError) as error:
            raise _mail_error(error) from error

    def _connected(self) -> smtplib.SMTP:
        """Return a connection that is encrypted and signed in as SMTP_URL says."""
        name = parseaddr(self.sender)[1].rpartition("@")[2]
        if self.tls is Tls.FROM_THE_START:
            connection: smtplib.SMTP = smtplib.SMTP_SSL(
                self.host, self.port, name, timeout=TIMEOUT_S, context=self.context()
            )
        else:
            connection = smtplib.SMTP(self.host, self.port, name, timeout=TIMEOUT_S)
        try:
            if self.tls is Tls.BY_STARTTLS:
                connection.starttls(context=self.context())
            if self.user:
                connection.login(self.user, self.password)
        except BaseException:
            connection.close()
            raise
        return connection

    def _message(self, letter: Letter) -> EmailMessage:
        message = EmailMessage(policy=_POLICY)
        name, address = parseaddr(self.sender)
        message["From"] = Address(name, addr_spec=address)
        message["To"] = Address(addr_spec=_address(letter.to))
        message["Subject"] = letter.subject
        message["Date"] = formatdate(localtime=False)
        message["Message-ID"] = make_msgid(domain=address.rpartition("@")[2])
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(letter.text)
        return message


def check_settings(smtp_url: str, mail_from: str, public_url: str) -> None:
    """Check the settings of mails; "" means that a setting is not set.

    Raises ValueError, with the name of the setting, if one is wrong or missing.
    """
    if not smtp_url:
        return
    try:
        MailServer.at(smtp_url, mail_from)
    except ValueError as error:
        raise ValueError(f"SMTP_URL {error}") from None
    if not is_sender(mail_from):
        raise ValueError("MAIL_FROM must be an e-mail address, the sender of mails by SMTP_URL")
    if not public_url:
        raise ValueError("PUBLIC_URL must be set, because mails by SMTP_URL have links to it")


def is_sender(text: str) -> bool:
    """Whether a text is an e-mail address, with or without a name before it."""
    local, at, domain = parseaddr(text)[1].rpartition("@")
    return bool(local and at and domain) and text.isascii() and text.isprintable()


def _tls(parts: SplitResult) -> Tls:
    match parts.scheme, parts.query:
        case "smtps", "":
            return Tls.FROM_THE_START
        case "smtp", "tls=no":
            return Tls.NEVER
        case "smtp", "":
            return Tls.NEVER if _is_this_machine(parts.hostname or "") else Tls.BY_STARTTLS
    raise ValueError(_FORM)


def _is_this_machine(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _address(email: str) -> str:
    """Return an e-mail address in the form of SMTP: special characters quoted, the domain in ASCII.

    Raises ValueError if mail servers know no such address.
    """
    local, _, domain = email.rpartition("@")
    return Address(username=local, domain=domain.encode("idna").decode()).addr_spec


def _mail_error(error: OSError | ValueError) -> MailError:
    match error:
        case smtplib.SMTPRecipientsRefused(recipients=recipients):
            code, _ = next(iter(recipients.values()))
            reason, is_transient = f"it refuses the recipient ({code})", code < 500
        case smtplib.SMTPNotSupportedError():
            reason, is_transient = str(error), False
        case smtplib.SMTPResponseException(smtp_code=code, smtp_error=said):
            text = said.decode("ascii", "replace") if isinstance(said, bytes) else said
            reason, is_transient = f"it answers {code} {text}", 0 < code < 500
        case ssl.SSLCertVerificationError():
            reason, is_transient = f"its certificate is not valid: {error.verify_message}", False
        case OSError():
            reason, is_transient = str(error) or type(error).__name__, True
        case _:
            reason, is_transient = f"the mail cannot be written: {type(error).__name__}", False
    return MailError(reason, is_transient=is_transient)
