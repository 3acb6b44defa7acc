"""Tests passwords: the rules at their limits, the hashes, and the bound on the work."""

import asyncio
import os
import threading
import time
from collections.abc import Callable, Iterator
from importlib.resources import files

import bcrypt
import pytest

from handlers.errors import ApiError
from handlers.security.passwords import MAX_CHARACTERS, MIN_CHARACTERS, Passwords
from tests.api import Api
from tests.handlers.clients import account, code_of

HOME, SCHOOL = "192.0.2.1", "192.0.2.2"
COMMON = files("handlers.security").joinpath("common_passwords.txt").read_text().split()


@pytest.fixture
def passwords() -> Iterator[Passwords]:
    made = Passwords(cost=4)
    yield made
    made.close()


def refusal(passwords: Passwords, password: str, *own_names: str) -> str | None:
    """Return the reason why a password is refused, or None."""
    error = None
    try:
        passwords.check_rules(password, *own_names)
    except ApiError as raised:
        error = raised
    if error is None:
        return None
    assert (error.status, error.code, list(error.errors or {})) == (422, "invalid", ["password"])
    return (error.errors or {})["password"][0]


# -- the rules ------------------------------------------------------------------------------------


def test_password_limits_equal_documented_limits() -> None:
    """The limits are 10 and 128 characters, counted after composing (docs/configuration.md)."""
    assert (MIN_CHARACTERS, MAX_CHARACTERS) == (10, 128)


@pytest.mark.parametrize(
    ("password", "is_good"),
    [
        ("kq7 zmw3x", False),
        ("kq7 zmw3xv", True),
        ("ab" * 64, True),
        ("ab" * 64 + "c", False),
        ("", False),
        ("😀🎉" * 5, True),
        ("😀🎉" * 4, False),
        ("😀🎉" * 64, True),
        ("e\u0301a\u0301" * 4 + "e\u0301", False),
        ("e\u0301a\u0301" * 5, True),
        ("e\u0301a\u0301" * 64, True),
        ("e\u0301a\u0301" * 64 + "x", False),
        ("   \t   \n  x", True),
        ("nul\0nul\0nul", True),
        ("password with spaces", True),
        ("пароль пароль", True),
        ("onlysmallletters", True),
        ("1029384756x", True),
    ],
)
def test_password_length_counts_composed_characters(
    passwords: Passwords, password: str, is_good: bool
) -> None:
    """A password's length is the number of characters in its composed form, of any kind."""
    assert (refusal(passwords, password) is None) == is_good


def test_password_error_names_the_limit(passwords: Passwords) -> None:
    """The refusal names the limit that the password breaks."""
    assert "10" in (refusal(passwords, "short") or "")
    assert "128" in (refusal(passwords, "ab" * 65) or "")


@pytest.mark.parametrize("change", [str, str.upper, str.title])
def test_common_password_in_any_case_is_refused(passwords: Passwords, change) -> None:
    """Every password of the list of common passwords is refused, in any capitals."""
    taken = [
        password
        for password in COMMON
        if len(password) >= MIN_CHARACTERS and refusal(passwords, change(password)) is None
    ]

    assert len(COMMON) > 500
    assert taken == []


@pytest.mark.parametrize(
    "password", ["password123", "1234567890", "qwertyuiop", "aaaaaaaaaa", "AAAAAAAAAA", "1" * 128,
                 "😀" * 10,
                 "PassWord123", "passwordpassword", "iloveyou123", "0987654321", "9876543210",
                 "letmein123"]
)  # fmt: skip
def test_common_password_list_contains_first_guesses(passwords: Passwords, password: str) -> None:
    """The list of common passwords contains the typical first guesses of attackers."""
    assert "common" in (refusal(passwords, password) or "")


@pytest.mark.parametrize(
    ("password", "is_good"),
    [
        ("ada.lovelace", False),
        ("ADA.Lovelace", False),
        ("ada.lovelace@example.org", False),
        ("ADA.LOVELACE@EXAMPLE.ORG", False),
        ("countess of", False),
        ("ada.lovelace's secret", True),
    ],
)
async def test_password_equal_to_own_name_or_email_is_refused(
    api: Api, password: str, is_good: bool
) -> None:
    """The user name and the e-mail address are refused as passwords."""
    body = account("x", email="Ada.Lovelace@example.org", username="Countess Of", password=password)

    answer = await api.post("/user/signup", body)

    assert (answer.status == 201) == is_good
    if not is_good:
        assert code_of(answer) == (422, "invalid")
        assert list(answer.body["errors"]) == ["password"]


@pytest.mark.parametrize("length", [9, 10, 128, 129, 1_000, 1_001, 5_000])
async def test_sign_up_accepts_passwords_within_limits_only(api: Api, length: int) -> None:
    """Passwords within the limits can sign up and sign in.

    Others are refused, and the answer names the field.
    """
    password = ("ab😀é" * length)[:length]

    answer = await api.post("/user/signup", account("ada", password=password))

    if 10 <= length <= 128:
        assert answer.status == 201
        assert (
            await api.post("/user/login", {"username": "ada", "password": password})
        ).status == 200
    else:
        assert code_of(answer) == (422, "invalid")
        assert list(answer.body["errors"]) == ["password"]
        assert password not in str(answer.body)


# -- hashing --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "password", ["x", "", "a" * 73, "é" * 128, "a\0b", "\0", "😀" * 128, "\uffff"]
)
async def test_password_hash_matches_its_own_text_only(passwords: Passwords, password: str) -> None:
    """Any text can be hashed, and no other text matches its hash."""
    hashed = await passwords.hash(password, HOME)

    assert await passwords.matches(password, hashed, HOME)
    assert not await passwords.matches(password + "x", hashed, HOME)
    assert not await passwords.matches(password + "\0", hashed, HOME)
    assert not await passwords.matches("y" + password, hashed, HOME)
    assert len(password) < 3 or password not in hashed


async def test_password_hash_is_salted_and_has_configured_cost(passwords: Passwords) -> None:
    """Two hashes of the same password differ, and have the configured cost."""
    one, other = await passwords.hash("same", HOME), await passwords.hash("same", HOME)

    assert one != other
    assert one.startswith("$2b$04$")


async def test_password_hash_matches_composed_and_decomposed_text(passwords: Passwords) -> None:
    """A password matches whether its accents are composed or not, as on a Mac and on a PC."""
    assert await passwords.matches("caf\u00e9", await passwords.hash("cafe\u0301", HOME), HOME)


async def test_password_check_without_hash_never_matches(passwords: Passwords) -> None:
    """Without a stored hash, no password matches, not even the text of the decoy hash."""
    for password in ("", "nobody", "None"):
        assert not await passwords.matches(password, None, HOME)


async def test_password_hashing_does_not_block_event_loop() -> None:
    """Hashing does not block the event loop, because bcrypt releases the interpreter lock.

    Both threads are busy all the time, so each gets a share of the processor, on a busy machine
    too. If bcrypt kept the lock, the event loop's thread would get almost no time.
    """
    slow, turns = Passwords(cost=10), 0
    before_s, all_before_s = time.thread_time(), time.process_time()

    working = asyncio.create_task(slow.hash("x", HOME))
    while not working.done():
        await asyncio.sleep(0)
        turns += 1

    loop_s = time.thread_time() - before_s
    bcrypt_s = time.process_time() - all_before_s - loop_s
    slow.close()
    assert turns > 10
    assert loop_s > bcrypt_s / 3


async def test_password_hashing_has_priority_of_event_loop(
    passwords: Passwords, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The hashing thread has the same priority as the event loop.

    After a hash, the thread takes the interpreter lock, and the event loop waits for it. With a
    lower priority, the thread might wait for a core meanwhile.
    """
    priorities: set[int] = set()
    hash_password = bcrypt.hashpw

    def noted(password: bytes, salt: bytes) -> bytes:
        priorities.add(os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))
        return hash_password(password, salt)

    monkeypatch.setattr(bcrypt, "hashpw", noted)
    await passwords.hash("x", HOME)

    assert priorities == {os.getpriority(os.PRIO_PROCESS, threading.get_native_id())}


async def test_password_hashing_with_full_queue_is_refused(passwords: Passwords) -> None:
    """While one hash is computed, 256 may wait.

    The next is refused with 503 until there is room.
    """
    waiting = [
        asyncio.create_task(passwords.hash("x", f"192.0.2.{number}")) for number in range(257)
    ]
    await asyncio.sleep(0)

    with pytest.raises(ApiError) as refused:
        await passwords.hash("x", HOME)

    assert (refused.value.status, refused.value.code) == (503, "unavailable")
    assert int(refused.value.headers["Retry-After"]) >= 1
    await asyncio.gather(*waiting)
    assert await passwords.hash("x", HOME)


async def test_addresses_that_wait_for_hashes_take_turns(passwords: Passwords) -> None:
    """Addresses take turns, so a flood from one address delays others by one hash each.

    At most 200 hashes of one address may wait.
    """
    done: list[str] = []

    async def hash_for(address: str) -> None:
        await passwords.hash("x", address)
        done.append(address)

    async with asyncio.TaskGroup() as tasks:
        for address in [HOME] * 201 + [SCHOOL] * 3:
            tasks.create_task(hash_for(address))
        await asyncio.sleep(0)
        with pytest.raises(ApiError) as refused:
            await passwords.hash("x", HOME)

    assert refused.value.status == 503
    assert [number for number, address in enumerate(done) if address == SCHOOL] == [1, 3, 5]
    assert len(done) == 204


async def test_cancelled_password_hashing_frees_its_place(passwords: Passwords) -> None:
    """A cancelled request frees its place in the queue."""
    for _ in range(3):
        waiting = [asyncio.create_task(passwords.hash("x", HOME)) for _ in range(256)]
        await asyncio.sleep(0)
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)

    assert await passwords.hash("x", HOME)


async def test_password_check_of_old_hash_takes_as_long_as_of_unknown_user(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Checking a hash of an earlier, lower cost takes as much work as for an unknown user.

    So the time does not reveal that a user has an old hash.
    """
    old, new = Passwords(cost=4), Passwords(cost=8)
    hashed = await old.hash("correct horse", HOME)
    rounds: list[int] = []
    for name in ("checkpw", "hashpw"):
        real = getattr(bcrypt, name)

        def counted(
            password: bytes, salt: bytes, real: Callable[[bytes, bytes], object] = real
        ) -> object:
            rounds.append(1 << int(salt.split(b"$")[2]))
            return real(password, salt)

        monkeypatch.setattr(bcrypt, name, counted)

    work = []
    for given, stored in (
        ("correct horse", hashed),
        ("wrong horse", hashed),
        ("wrong horse", None),
    ):
        rounds.clear()
        assert await new.matches(given, stored, HOME) == (
            stored is not None and given == "correct horse"
        )
        work.append(sum(rounds))
    old.close()
    new.close()

    assert work == [256, 256, 256]
