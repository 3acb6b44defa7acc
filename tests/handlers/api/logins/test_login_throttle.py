"""Tests the limits on guessing passwords at sign-in.

Tries are counted by account and by address. Other users must not be locked out. The limits
themselves are tested in `tests/handlers/throttling/test_rates.py`. Other requests that ask for a
password are tested in `test_guessing.py`.
"""

import asyncio
import threading
from typing import Any

import pytest

from crdt.errors import WorkersBusy
from crdt.fair_queue import FairQueue
from tests.api import PASSWORD, Answer, Api
from tests.clock import Seconds
from tests.handlers.clients import Browser, account, code_of, guest_of, joined, typing_frame
from tests.waiting import PATIENCE_S

WRONG = "not the password"
WAIT = (429, "rate_limited")
BAD = (401, "bad_credentials")

SPELLINGS = [
    {"username": "Stra\u00dfe \u00c5"},
    {"username": "strasse \u00e5"},
    {"username": "  STRASSE A\u030a "},
    {"email": "J\u00fcrgen@Example.org"},
    {"email": " ju\u0308RGEN@EXAMPLE.ORG"},
    {"username": "J\u00dcRGEN@example.org"},
    {"email": "STRASSE \u212b"},
    {"username": "Stra\u00dfe\u200d \u00c5"},
]
"""Spellings of one account.

They differ in capitals, composition, ß or ss, the unit's sign Å, and invisible characters."""


async def attempt(
    url: str, password: str = WRONG, address: str = "", **who: Any
) -> tuple[int, str | None]:
    """Try to sign in, and return status and code."""
    return code_of(await answer_to(url, password, address, **who))


async def answer_to(url: str, password: str = WRONG, address: str = "", **who: Any) -> Answer:
    headers = {"X-Forwarded-For": address} if address else {}
    return await Api(url).post("/user/login", {**who, "password": password}, headers=headers)


@pytest.mark.parametrize("exists", [True, False])
async def test_login_throttle_counts_all_spellings_of_account(start_server, exists: bool) -> None:
    """All spellings of a name or e-mail count as one account.

    An account that does not exist waits like one that does.
    """
    server = await start_server()
    if exists:
        body = account("x", username="Stra\u00dfe \u00c5", email="J\u00fcrgen@Example.org")
        assert (await Api(server.url).post("/user/signup", body)).status == 201
    spellings = (
        SPELLINGS
        if exists
        else [spelling for spelling in SPELLINGS if "@" not in str(spelling)] * 2
    )

    failed = [await attempt(server.url, **spelling) for spelling in spellings[:5]]
    waiting = [await attempt(server.url, PASSWORD, **spelling) for spelling in spellings]

    assert failed == [BAD] * 5
    assert waiting == [WAIT] * len(spellings)


async def test_login_with_each_spelling_succeeds(start_server) -> None:
    """Each of these spellings signs in to the same account."""
    server = await start_server()
    body = account("x", username="Stra\u00dfe \u00c5", email="J\u00fcrgen@Example.org")
    assert (await Api(server.url).post("/user/signup", body)).status == 201

    assert [await attempt(server.url, PASSWORD, **spelling) for spelling in SPELLINGS] == [
        (200, None)
    ] * len(SPELLINGS)


@pytest.mark.parametrize(
    "name", ["{id}", "password of {id}", "login of {id}", "{sid}", "127.0.0.1", "\u0430da", "ada."]
)
async def test_login_throttle_of_similar_name_does_not_lock_account(ada: Api, name: str) -> None:
    """Wrong passwords for a similar name do not lock the account, or its password change."""
    (login,) = (await ada.get("/user/logins")).body["items"]
    strange = name.format(id=ada.user["id"], sid=login["id"])

    failed = [await attempt(ada.url, username=strange) for _ in range(6)]

    assert failed == [BAD] * 5 + [WAIT]
    assert await attempt(ada.url, PASSWORD, username="ada") == (200, None)
    changed = await ada.post(
        "/user/password", {"currentPassword": PASSWORD, "newPassword": "another good password"}
    )
    assert changed.status == 200


async def test_login_success_does_not_clear_failures_of_others(ada: Api) -> None:
    """Right passwords are not counted, and do not reset the count of wrong passwords of others."""
    assert [await attempt(ada.url, username="ada") for _ in range(4)] == [BAD] * 4
    assert [await attempt(ada.url, PASSWORD, username="ada") for _ in range(8)] == [(200, None)] * 8

    assert await attempt(ada.url, username="ada") == BAD
    assert await attempt(ada.url, PASSWORD, email="ada@example.org") == WAIT


async def test_login_success_does_not_clear_failures_of_address(start_server) -> None:
    """Right passwords for one account do not reset an address's count of wrong passwords.

    That account may still sign in.
    """
    server = await start_server(address_failures_per_h=4)
    await Api(server.url).sign_up("eve")

    guesses = []
    for number in range(5):
        guesses.append(await attempt(server.url, username=f"victim{number}"))
        assert await attempt(server.url, PASSWORD, username="eve") == (200, None)

    assert guesses == [BAD] * 4 + [WAIT]


@pytest.mark.parametrize(
    ("hops", "addresses"),
    [
        (0, [f"192.0.2.{n}" for n in range(5)]),
        (1, [f"198.51.100.{n}, 192.0.2.1" for n in range(5)]),
        (
            1,
            [
                "192.0.2.1",
                " 192.0.2.1 ",
                "192.0.2.1,192.0.2.1",
                ",192.0.2.1",
                "unknown , 192.0.2.1",
            ],
        ),
        (2, [f"192.0.2.1, 10.0.0.{n}" for n in range(5)]),
    ],
)
async def test_login_throttle_ignores_forged_forwarded_addresses(
    start_server, hops: int, addresses: list[str]
) -> None:
    """A client cannot hide its address by adding addresses to the header X-Forwarded-For."""
    server = await start_server(trust_proxy=hops, address_failures_per_h=4)

    answers = [
        await attempt(server.url, WRONG, address, username=f"u{n}")
        for n, address in enumerate(addresses)
    ]

    assert answers == [BAD] * 4 + [WAIT]


async def test_login_throttle_counts_account_across_addresses(start_server) -> None:
    """All unknown addresses together have one limit of wrong passwords for an account.

    The account's own address and device may still sign in, and so may other users at any address.
    """
    server = await start_server(trust_proxy=1, stranger_failures_per_day=8)
    own, new = {"X-Forwarded-For": "198.51.100.1"}, "198.51.100.2"
    browser = Browser(server.url)
    assert (await browser.post("/user/signup", account("ada"), headers=own)).status == 201
    await Api(server.url).sign_up("bob")

    answers = [await attempt(server.url, WRONG, f"192.0.2.{n}", username="ada") for n in range(10)]

    assert answers == [BAD] * 8 + [WAIT] * 2
    assert await attempt(server.url, PASSWORD, new, username="ada") == WAIT
    assert await attempt(server.url, PASSWORD, own["X-Forwarded-For"], username="ada") == (
        200,
        None,
    )
    elsewhere = {"X-Forwarded-For": new}
    assert (
        await browser.post(
            "/user/login", {"username": "ada", "password": PASSWORD}, headers=elsewhere
        )
    ).status == 200
    assert await attempt(server.url, PASSWORD, "192.0.2.5", username="bob") == (200, None)


@pytest.mark.parametrize("strangers", [1, 40])
async def test_strangers_do_not_lock_account_for_its_owner(
    rate_clock: Seconds, start_server, strangers: int
) -> None:
    """The owner can sign in on a new device while strangers guess from one or forty addresses."""
    server = await start_server(trust_proxy=1, refusal_hold_s=0)
    await Api(server.url).sign_up("ada")

    for _ in range(8):
        for number in range(strangers):
            await attempt(server.url, WRONG, f"192.0.2.{number}", username="ada")

    assert await attempt(server.url, PASSWORD, "192.0.2.0", username="ada") == WAIT
    assert await attempt(server.url, PASSWORD, "198.51.100.7", username="ada") == (200, None)


async def test_wrong_passwords_of_one_user_do_not_lock_others_at_the_address(start_server) -> None:
    """After 100 wrong passwords at an address, another user there still signs in."""
    server = await start_server(trust_proxy=1, refusal_hold_s=0)
    for name in ("ada", "bob"):
        await Api(server.url).sign_up(name)

    guesses = [
        await attempt(server.url, WRONG, "192.0.2.1", username=f"nobody{n}") for n in range(100)
    ]
    guesses += [await attempt(server.url, WRONG, "192.0.2.1", username="bob") for _ in range(20)]

    assert guesses == [BAD] * 105 + [WAIT] * 15
    assert await attempt(server.url, PASSWORD, "192.0.2.1", username="ada") == (200, None)


async def test_known_device_signs_in_while_its_address_guesses_its_account(start_server) -> None:
    """Guesses make their address wait, but not a known browser at the same address."""
    server = await start_server(trust_proxy=1, refusal_hold_s=0)
    here = {"X-Forwarded-For": "192.0.2.1"}
    browser, shared = Browser(server.url), Browser(server.url)
    assert (await browser.post("/user/signup", account("ada"), headers=here)).status == 201
    for page in (browser, shared):
        await page.post("/user/login", {"username": "ada", "password": PASSWORD}, headers=here)
        await page.post("/user/logout", headers=here)
    assert (await shared.post("/user/signup", account("bob"), headers=here)).status == 201

    guesses = [await attempt(server.url, WRONG, "192.0.2.1", username="ada") for _ in range(6)]

    assert guesses == [BAD] * 5 + [WAIT]
    for page in (browser, shared):
        answer = await page.post(
            "/user/login", {"username": "ada", "password": PASSWORD}, headers=here
        )
        assert answer.status == 200


async def test_known_device_is_held_to_growing_waits_itself(
    rate_clock: Seconds, start_server
) -> None:
    """A known browser has five tries and then growing waits, because it may be stolen.

    A right password resets the count.
    """
    server = await start_server(refusal_hold_s=0)
    browser = Browser(server.url)
    await browser.enter("ada")

    async def sign_in(password: str) -> tuple[int, str | None]:
        return code_of(await browser.post("/user/login", {"username": "ada", "password": password}))

    assert [await sign_in(WRONG) for _ in range(4)] == [BAD] * 4
    assert await sign_in(PASSWORD) == (200, None)
    assert [await sign_in(WRONG) for _ in range(6)] == [BAD] * 5 + [WAIT]
    rate_clock.advance(15)
    assert [await sign_in(WRONG) for _ in range(2)] == [BAD, WAIT]
    rate_clock.advance(30)
    assert await sign_in(PASSWORD) == (200, None)


@pytest.mark.parametrize(
    "cookie", ["x", "0000000000000000.AAAAAAAAAAAAAAAAAAAAAA", "~" * 500, ".", "é"]
)
async def test_made_up_device_cookie_gives_no_new_tries(start_server, cookie: str) -> None:
    """An invented device cookie, or one of another account, gives no additional tries."""
    server = await start_server()
    await Api(server.url).sign_up("ada")
    eve = Browser(server.url)
    await eve.enter("eve")
    own = eve.jar["device"].value

    answers = []
    for value in (cookie, own, f"{own}~{cookie}", "", cookie, own):
        headers = {"Cookie": f"device={value}"}
        answer = await Api(server.url).post(
            "/user/login", {"username": "ada", "password": WRONG}, headers=headers
        )
        answers.append(code_of(answer))

    assert answers == [BAD] * 5 + [WAIT]


async def test_login_after_named_wait_succeeds(rate_clock: Seconds, ada: Api) -> None:
    """A login succeeds after the named wait, even if others continued to guess meanwhile."""
    for _ in range(5):
        await attempt(ada.url, username="ada")
    refused = await answer_to(ada.url, PASSWORD, username="ada")
    wait_s = int(refused.headers["Retry-After"])
    assert code_of(refused) == WAIT

    left_s = []
    for step_s in (wait_s / 3, wait_s / 2):
        rate_clock.advance(step_s)
        assert await attempt(ada.url, username="ada") == WAIT
        answer = await answer_to(ada.url, PASSWORD, username="ada")
        left_s.append(int(answer.headers["Retry-After"]))
    rate_clock.advance(wait_s / 6)

    assert wait_s == 15
    assert left_s == [10, 3]
    assert await attempt(ada.url, PASSWORD, username="ada") == (200, None)


async def test_throttled_login_computes_no_hash(ada: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """A try that must wait is refused before any hash is computed."""
    import bcrypt

    hashed: list[bytes] = []
    check = bcrypt.checkpw

    def noting(given: bytes, stored: bytes) -> bool:
        hashed.append(stored)
        return check(given, stored)

    monkeypatch.setattr(bcrypt, "checkpw", noting)

    answers = [await attempt(ada.url, username="ada") for _ in range(50)]

    assert answers == [BAD] * 5 + [WAIT] * 45
    assert len(hashed) == 5


async def test_login_refused_before_its_hash_is_not_counted(
    ada: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A try that is refused because too many sign in is not counted as a wrong password."""

    async def is_full(*_: object) -> None:
        raise WorkersBusy("too many wait")

    with monkeypatch.context() as full:
        full.setattr(FairQueue, "enter", is_full)
        refused = [await attempt(ada.url, PASSWORD, username="ada") for _ in range(20)]

    assert refused == [(503, "unavailable")] * 20
    assert [await attempt(ada.url, username="ada") for _ in range(4)] == [BAD] * 4
    assert await attempt(ada.url, PASSWORD, username="ada") == (200, None)


async def test_login_by_guest_name_is_refused_and_counted(ada: Api) -> None:
    """A guest's name belongs to no account: a sign-in with it is refused and counted."""
    await guest_of(ada, await ada.new_session(), "Gus")

    answers = [
        await attempt(ada.url, password, username="Gus")
        for password in (WRONG, "None", "nobody", "", " ")
    ]

    assert answers == [BAD] * 5
    assert await attempt(ada.url, username="gus") == WAIT


async def test_login_flood_does_not_delay_typing(
    crowd: None, start_server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Typed text arrives while passwords of many sign-ins are being hashed."""
    import bcrypt

    server = await start_server(updates_burst=1_000)
    ada = await Api(server.url).sign_up("ada")
    bob = await ada.sign_up("bob")
    session_id = await ada.new_session()
    await bob.post(f"/session/{session_id}/join")
    hers, his = await joined(ada, session_id), await joined(bob, session_id)
    may_go_on, check, done = threading.Event(), bcrypt.checkpw, 0

    def check_late(given: bytes, stored: bytes) -> bool:
        return may_go_on.wait(PATIENCE_S) and check(given, stored)

    async def guess(number: int) -> None:
        nonlocal done
        assert code_of(await answer_to(server.url, username=f"nobody{number}")) == BAD
        done += 1

    monkeypatch.setattr(bcrypt, "checkpw", check_late)
    async with asyncio.TaskGroup() as flood:
        for number in range(16):
            flood.create_task(guess(number))
        for _ in range(20):
            await hers.send(typing_frame("x"))
            await his.receive_until(b"\x00\x02")
            assert done == 0
        may_go_on.set()

    assert done == 16
