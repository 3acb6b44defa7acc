"""Tests mails over real sockets: their content, the encryption, and failures."""

import asyncio
import ssl
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import pytest

from handlers.mail.letters import Letter
from handlers.mail.smtp import MailError, MailServer, Tls, is_sender
from tests.postbox import PASSWORD, SENDER, USER, Postbox, open_postbox
from tests.processes import free_port
from tests.reverse_proxies import Certificate

LETTER = Letter("ada@example.org", "A subject", "Hello,\n\na line.\n")
SIGNED_IN = f"{USER}:{quote(PASSWORD, safe='')}@"


def plain(postbox: Postbox, user: str = "") -> MailServer:
    return MailServer.at(f"smtp://{user}127.0.0.1:{postbox.port}", SENDER)


def secured(postbox: Postbox, certificate: Certificate, tls: Tls, user: str = "") -> MailServer:
    """Return a mail server with the settings of an SMTP_URL for another machine."""
    return replace(plain(postbox, user), tls=tls, context=certificate.trust)


def served(certificate: Certificate) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate.file, certificate.key)
    return context


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return Certificate.make(Path(tmp_path_factory.mktemp("mail")))


async def test_mail_arrives_as_plain_text_with_its_headers() -> None:
    """The mail has one part of plain text, and a header against automatic answers."""
    async with open_postbox() as postbox:
        await asyncio.to_thread(plain(postbox).send, LETTER)

    (mail,), (envelope,) = postbox.mails, postbox.envelopes
    assert (mail["From"], mail["To"], mail["Subject"]) == (SENDER, "ada@example.org", "A subject")
    assert (mail.get_content_type(), mail.get_content()) == ("text/plain", LETTER.text)
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Message-ID"].endswith("@example.org>")
    assert mail["Date"]
    assert (envelope.mail_from, envelope.rcpt_tos) == ("collab@example.org", ["ada@example.org"])


@pytest.mark.parametrize(
    ("to", "sent_to"),
    [
        ("ada@bücher.example", "ada@xn--bcher-kva.example"),
        ("a,b@example.org", '"a,b"@example.org'),
        ("a>b@example.org", '"a>b"@example.org'),
        ('a"b@example.org', '"a\\"b"@example.org'),
    ],
)
async def test_mail_to_odd_address_goes_to_that_address_only(to: str, sent_to: str) -> None:
    """An address that sign-up accepts is one address for SMTP, too."""
    async with open_postbox() as postbox:
        await asyncio.to_thread(plain(postbox).send, replace(LETTER, to=to))

    assert [envelope.rcpt_tos for envelope in postbox.envelopes] == [[sent_to]]


async def test_mail_in_any_language_arrives_unchanged_in_ascii() -> None:
    """Text in any alphabet also passes mail servers that support only seven bits."""
    letter = replace(LETTER, subject="Grüße, 日本語", text="Здравствуйте علی 👩\n")
    async with open_postbox() as postbox:
        await asyncio.to_thread(plain(postbox).send, letter)

    (mail,), (envelope,) = postbox.mails, postbox.envelopes
    text = mail.get_content().replace("\r\n", "\n")
    assert (mail["Subject"], text) == (letter.subject, letter.text)
    assert isinstance(envelope.content, bytes)
    assert envelope.content.isascii()


@pytest.mark.parametrize("tls", [Tls.BY_STARTTLS, Tls.FROM_THE_START])
async def test_mail_is_encrypted_and_signed_in_as_url_says(
    certificate: Certificate, tls: Tls
) -> None:
    """The password is sent only after the connection is encrypted."""
    async with open_postbox(
        tls=served(certificate),
        is_encrypted_from_start=tls is Tls.FROM_THE_START,
        asks_for_password=True,
    ) as postbox:
        await asyncio.to_thread(secured(postbox, certificate, tls, SIGNED_IN).send, LETTER)
        await asyncio.to_thread(secured(postbox, certificate, tls, SIGNED_IN).try_out)

    assert (len(postbox.mails), postbox.signed_in) == (1, [USER, USER])


@pytest.mark.parametrize("tls", [Tls.BY_STARTTLS, Tls.FROM_THE_START])
async def test_mail_is_not_sent_to_server_with_unknown_certificate(
    certificate: Certificate, tls: Tls
) -> None:
    """A server with another certificate gets neither password nor mail, and there is no retry."""
    async with open_postbox(
        tls=served(certificate), is_encrypted_from_start=tls is Tls.FROM_THE_START
    ) as postbox:
        stranger = replace(
            secured(postbox, certificate, tls, SIGNED_IN), context=ssl.create_default_context
        )
        with pytest.raises(MailError, match="certificate is not valid") as caught:
            await asyncio.to_thread(stranger.send, LETTER)

    assert (caught.value.is_transient, postbox.mails, postbox.signed_in) == (False, [], [])


async def test_mail_is_not_sent_without_starttls(certificate: Certificate) -> None:
    """A server that offers no encryption gets nothing, even if an attacker removed the offer."""
    async with open_postbox(asks_for_password=True) as postbox:
        server = secured(postbox, certificate, Tls.BY_STARTTLS, SIGNED_IN)
        with pytest.raises(MailError, match="STARTTLS"):
            await asyncio.to_thread(server.send, LETTER)

    assert (postbox.mails, postbox.signed_in) == ([], [])


async def test_mail_with_wrong_password_is_refused_for_good() -> None:
    """The reason names the answer of the mail server, and no secret."""
    async with open_postbox(asks_for_password=True) as postbox:
        server = plain(postbox, f"{USER}:not-the-password-of-it@")
        with pytest.raises(MailError, match="535") as caught:
            await asyncio.to_thread(server.try_out)

    assert (caught.value.is_transient, "not-the" in str(caught.value)) == (False, False)


@pytest.mark.parametrize(
    ("answer", "is_transient"), [("451 later please", True), ("554 not this one", False)]
)
async def test_refusal_of_mail_says_whether_a_later_try_may_help(
    answer: str, is_transient: bool
) -> None:
    """The first digit of the mail server's answer decides whether a later try may help."""
    async with open_postbox() as postbox:
        postbox.answers.append(answer)
        with pytest.raises(MailError, match=answer) as caught:
            await asyncio.to_thread(plain(postbox).send, LETTER)

    assert caught.value.is_transient == is_transient


async def test_mail_without_server_may_be_sent_later() -> None:
    """No program listens at the address of the mail server."""
    with pytest.raises(MailError) as caught:
        await asyncio.to_thread(
            MailServer.at(f"smtp://127.0.0.1:{free_port()}", SENDER).send, LETTER
        )

    assert caught.value.is_transient


@pytest.mark.parametrize("to", ["a@" + "x" * 300 + ".org", "a@exa mple.org", "a\n@example.org"])
async def test_mail_to_impossible_address_fails_alone(to: str) -> None:
    """No mail server could know such an address, so nothing is sent."""
    async with open_postbox() as postbox:
        with pytest.raises(MailError) as caught:
            await asyncio.to_thread(plain(postbox).send, replace(LETTER, to=to))

    assert (caught.value.is_transient, postbox.mails) == (False, [])


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("smtp://mail.example.org", ("mail.example.org", 587, "", "", Tls.BY_STARTTLS)),
        ("smtp://u:p%40x@mail:25", ("mail", 25, "u", "p@x", Tls.BY_STARTTLS)),
        ("smtps://u:p@mail.example.org", ("mail.example.org", 465, "u", "p", Tls.FROM_THE_START)),
        ("smtp://mail:25?tls=no", ("mail", 25, "", "", Tls.NEVER)),
        ("smtp://localhost:25", ("localhost", 25, "", "", Tls.NEVER)),
        ("smtp://[::1]:25", ("::1", 25, "", "", Tls.NEVER)),
    ],
)  # fmt: skip
def test_mail_server_at_reads_url(url: str, expected: tuple[object, ...]) -> None:
    """STARTTLS is required, except on this machine or with `?tls=no`."""
    server = MailServer.at(url, SENDER)

    assert (server.host, server.port, server.user, server.password, server.tls) == expected


@pytest.mark.parametrize(
    "url",
    [
        "http://mail", "smtp://", "smtp:mail", "mail:587", "smtp://mail:x", "smtp://mail:99999",
        "smtp://u@mail", "smtp://mail/inbox", "smtp://mail?tls=maybe", "smtps://mail?tls=no",
        "smtp://u:pa/ss@mail", "smtp://u:pa#ss@mail", "smtp://[::1",
    ],
)  # fmt: skip
def test_mail_server_at_refuses_other_urls_without_repeating_them(url: str) -> None:
    """A wrong URL may have a password at any place."""
    with pytest.raises(ValueError, match=r"^must look like smtp://user:password@host:587 or"):
        MailServer.at(url, SENDER)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (SENDER, True), ("a@b", True), ("", False), ("Collab", False), ("@b", False), ("a@", False),
        ("a@b\nBcc: c@d", False), ("Kö <a@b>", False),
    ],
)  # fmt: skip
def test_is_sender_accepts_addresses_with_and_without_name(text: str, expected: bool) -> None:
    """The sender is one line of ASCII."""
    assert is_sender(text) == expected
