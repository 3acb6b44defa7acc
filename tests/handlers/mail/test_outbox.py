"""Tests the queue of mails: background sending, order, retries and bounds."""

import asyncio
from collections.abc import AsyncIterator, Callable
from functools import partial

import pytest

from handlers.mail import outbox
from handlers.mail.letters import Letter
from handlers.mail.outbox import Outbox
from handlers.mail.smtp import MailServer
from storage.errors import StoreUnavailable
from tests.postbox import SENDER, Postbox
from tests.waiting import until

NOT_SENT = "a mail was not sent; the mail server of SMTP_URL: it answers"


def letter(number: int = 1) -> Letter:
    return Letter("ada@example.org", f"Number {number}", "Hello.\n")


async def written(number: int = 1) -> Letter | None:
    return letter(number)


def subjects(postbox: Postbox) -> list[str]:
    return [str(mail["Subject"]) for mail in postbox.mails]


@pytest.fixture
async def sent_by(postbox: Postbox) -> AsyncIterator[Outbox]:
    """An outbox that tries three times, without pauses."""
    server = MailServer.at(f"smtp://127.0.0.1:{postbox.port}", SENDER)
    started = Outbox(server, pauses_s=(0, 0))
    started.start()
    yield started
    await started.stop()


async def test_post_sends_mails_in_order(sent_by: Outbox, postbox: Postbox) -> None:
    """Mails are sent one after another."""
    assert [sent_by.post(partial(written, number)) for number in range(3)] == [True] * 3

    await postbox.mail(3)

    assert subjects(postbox) == ["Number 0", "Number 1", "Number 2"]


async def test_post_without_mail_server_is_refused() -> None:
    """Mails are refused both before and after the start."""
    silent = Outbox(None)
    silent.start()

    assert (silent.can_send, silent.post(written)) == (False, False)
    await silent.stop()


async def test_post_of_mail_without_recipient_sends_nothing(
    sent_by: Outbox, postbox: Postbox
) -> None:
    """A mail may turn out to have no recipient."""

    async def nothing() -> Letter | None:
        return None

    sent_by.post(nothing)
    sent_by.post(written)

    await postbox.mail()
    assert subjects(postbox) == ["Number 1"]


async def test_mail_that_is_refused_for_now_is_sent_again(
    sent_by: Outbox, postbox: Postbox
) -> None:
    """A mail is tried up to three times."""
    postbox.answers += ["451 later", "451 later"]

    sent_by.post(written)

    assert (await postbox.mail())["Subject"] == "Number 1"
    assert postbox.answers == []


@pytest.mark.parametrize("answers", [["554 never"], ["451 later"] * 3], ids=["good", "long"])
async def test_mail_refused_for_good_is_logged_and_others_are_sent(
    sent_by: Outbox, postbox: Postbox, expect_log: Callable[[str], None], answers: list[str]
) -> None:
    """The log line has the mail server's answer."""
    expect_log(f"{NOT_SENT} {answers[-1]}")
    postbox.answers += answers

    sent_by.post(written)
    sent_by.post(lambda: written(2))

    await postbox.mail()
    assert (subjects(postbox), postbox.answers) == (["Number 2"], [])


async def test_error_while_writing_a_mail_is_logged_and_others_are_sent(
    sent_by: Outbox, postbox: Postbox, expect_log: Callable[[str], None]
) -> None:
    """The errors are an unreachable store and a bug of the server."""
    expect_log("a mail was not written: gone")
    expect_log("a mail was not sent$")

    async def away() -> Letter | None:
        raise StoreUnavailable("gone")

    async def wrong() -> Letter | None:
        raise ZeroDivisionError

    for write in (away, wrong, written):
        sent_by.post(write)

    await postbox.mail()
    assert subjects(postbox) == ["Number 1"]


async def test_post_beyond_bound_is_refused(
    sent_by: Outbox, postbox: Postbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While a mail server is slow, memory stays bounded."""
    going = asyncio.Event()

    async def slow() -> Letter | None:
        await going.wait()
        return letter()

    taken = [sent_by.post(slow) for _ in range(outbox.MAX_WAITING + 1)]
    going.set()
    await postbox.mail(outbox.MAX_WAITING)

    assert taken == [True] * outbox.MAX_WAITING + [False]


async def test_stop_sends_waiting_mails(postbox: Postbox) -> None:
    """A restart loses no waiting mail."""
    server = MailServer.at(f"smtp://127.0.0.1:{postbox.port}", SENDER)
    started = Outbox(server)
    started.start()
    for number in range(3):
        started.post(partial(written, number))

    await started.stop()

    assert len(postbox.mails) == 3
    assert started.post(written) is False


async def test_stop_gives_up_after_some_seconds(
    postbox: Postbox, expect_log: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An unreachable mail server does not keep the server from stopping."""
    expect_log("the server stops with mails that were not sent")
    monkeypatch.setattr(outbox, "_LAST_S", 0.01)
    postbox.answers += ["451 later"]
    server = MailServer.at(f"smtp://127.0.0.1:{postbox.port}", SENDER)
    started = Outbox(server, pauses_s=(60,))
    started.start()
    started.post(written)
    await until(lambda: not postbox.answers)

    await started.stop()

    assert postbox.mails == []
