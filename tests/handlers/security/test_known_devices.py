"""Tests the cookie by which a browser is known to an account."""

import itertools

import pytest

from handlers.security.known_devices import KnownDevices


@pytest.fixture
def devices() -> KnownDevices:
    numbers = itertools.count(1)
    return KnownDevices("s" * 32, lambda count: next(numbers).to_bytes(count))


def test_device_is_known_to_account_that_was_added_only(devices: KnownDevices) -> None:
    """A cookie is known only to the account that was added, and only with the same secret."""
    cookie = devices.add("", "ada")

    assert devices.mark(cookie, "ada")
    assert devices.mark(cookie, "bob") == ""
    assert devices.mark("", "ada") == ""
    assert KnownDevices("t" * 32, bytes).mark(cookie, "ada") == ""


def test_shared_device_is_known_to_each_account_by_its_own_mark(devices: KnownDevices) -> None:
    """A shared device has one cookie with a mark for each account.

    Signing in again keeps the mark.
    """
    cookie = devices.add(devices.add("", "ada"), "bob")
    marks = [devices.mark(cookie, name) for name in ("ada", "bob")]

    again = devices.add(cookie, "ada")

    assert len(set(marks)) == 2
    assert [devices.mark(again, name) for name in ("ada", "bob")] == marks
    assert len(again) == len(cookie)


def test_device_of_many_accounts_forgets_oldest(devices: KnownDevices) -> None:
    """A cookie keeps only the eight accounts that were added last, so its size is bounded."""
    cookie = ""
    for number in range(20):
        cookie = devices.add(cookie, f"user{number}")

    assert [number for number in range(20) if devices.mark(cookie, f"user{number}")] == list(
        range(12, 20)
    )
    assert len(cookie) < 400


@pytest.mark.parametrize(
    "garbage", ["~", ".", "a.b", "a" * 5_000, "é.é", "~~a.~.b~", "0.~" * 2_000]
)
def test_garbage_in_cookie_is_ignored(devices: KnownDevices, garbage: str) -> None:
    """Garbage in a cookie is ignored, and does not invalidate a true entry before it."""
    assert devices.mark(garbage, "ada") == ""

    cookie = devices.add(garbage, "ada")

    assert devices.mark(cookie, "ada")
    assert devices.mark(f"{cookie}~{garbage}", "ada")
    assert len(cookie) < 400


@pytest.mark.parametrize("at", [0, 5, 17, 20])
def test_altered_cookie_is_unknown(devices: KnownDevices, at: int) -> None:
    """A cookie with one altered character is unknown."""
    cookie = devices.add("", "ada")
    altered = cookie[:at] + ("x" if cookie[at] != "x" else "y") + cookie[at + 1 :]

    assert devices.mark(altered, "ada") == ""
