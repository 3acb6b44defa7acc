"""Tests the limits of connections, notifications to sessions, keep-alive frames and time-outs."""

from collections.abc import Callable

import pytest

from crdt.wire import y_protocol
from handlers import connections
from handlers.connections import Connections, SocketLimits
from tests.api import Api
from tests.handlers.clients import greeted
from tests.waiting import until


async def test_quiet_connection_receives_empty_presence_frames(start_server, monkeypatch) -> None:
    """A connection without traffic gets an empty presence frame as a keep-alive."""
    monkeypatch.setattr(connections, "_TICK_S", 0.05)
    monkeypatch.setattr(connections, "_QUIET_S", 0.1)
    server = await start_server()
    ada = await Api(server.url).sign_up()
    wire = await greeted(ada, await ada.new_session())

    assert await wire.receive_until(y_protocol.KEEP_ALIVE) == y_protocol.KEEP_ALIVE


LIMITS = SocketLimits(per_user=2, per_address=2, per_session=3, in_all=3, ping_s=10, pong_s=8)


class FakeSocket:
    """The methods of a socket that `Connections` calls."""

    def __init__(self) -> None:
        self.activity = (False, False)
        self.sent: list[bytes] = []
        self.pings = 0
        self.is_aborted = False

    def poll(self) -> tuple[bool, bool]:
        return self.activity

    def send(self, frame: bytes) -> None:
        self.sent.append(frame)

    def ping(self) -> None:
        self.pings += 1

    def abort(self) -> None:
        self.is_aborted = True


def test_add_returns_limit_of_address_or_process_that_is_passed() -> None:
    """All connections are counted until they are removed, even those over a limit."""
    counted = Connections(LIMITS)

    passed = [counted.add("a"), counted.add("a"), counted.add("a"), counted.add("b")]

    assert passed == ["", "", "connections_per_address", "connections"]
    assert counted.open == 4
    assert counted.limit_counters == {"connections": 1, "connections_per_address": 1}
    counted.remove("a")
    counted.remove("a")

    assert counted.add("b") == ""


def test_join_counts_user_and_session_only_if_both_have_capacity() -> None:
    counted = Connections(LIMITS)

    assert [counted.join("s", "ada") for _ in range(3)] == ["", "", "connections_per_user"]
    assert [counted.join("s", "bob"), counted.join("s", "gil")] == ["", "connections_per_session"]
    assert counted.join("other", "ada") == ""
    assert counted.limit_counters == {"connections_per_user": 1, "connections_per_session": 1}
    counted.leave("s", "ada")

    assert counted.join("s", "gil") == ""


def test_tell_reaches_listeners_of_session_until_they_leave() -> None:
    counted, listener, other = Connections(LIMITS), FakeSocket(), FakeSocket()
    counted.join("s", "ada", listener)
    counted.join("other", "bob", other)

    counted.tell("s", b"news")
    counted.leave("s", "ada", listener)
    counted.tell("s", b"more")

    assert (listener.sent, other.sent) == ([b"news"], [])
    assert counted._listening.keys() == {"other"}


def test_tell_users_reaches_only_listeners_of_these_users() -> None:
    counted, listener, other = Connections(LIMITS), FakeSocket(), FakeSocket()
    counted.join("s", "ada", listener)
    counted.join("s", "bob", other)

    counted.tell_users("s", frozenset({"ada"}), b"news")
    counted.tell_users("t", frozenset({"ada"}), b"nothing")

    assert (listener.sent, other.sent) == ([b"news"], [])


async def test_silent_client_is_pinged_and_then_cut_off(monkeypatch) -> None:
    """A silent client gets a ping after `ping_s` and is cut off `pong_s` later.

    A client that sends gets neither.
    """
    monkeypatch.setattr(connections, "_TICK_S", 0.0)
    counted, silent, active = Connections(LIMITS), FakeSocket(), FakeSocket()
    active.activity = (True, True)
    counted.add("a", silent)
    counted.add("b", active)
    for _ in range(5):
        for socket, silence in counted._watched.items():
            counted._check(socket, silence, 4)

    assert (silent.pings, silent.is_aborted, len(silent.sent)) == (1, True, 4)
    assert (active.pings, active.is_aborted, active.sent) == (0, False, [])
    assert counted.limit_counters["pong_s"] == 1


async def test_tick_that_fails_for_one_connection_goes_on_for_the_others(
    monkeypatch: pytest.MonkeyPatch, expect_log: Callable[[str], None]
) -> None:
    """An error at one connection does not keep the timer from checking the other connections."""
    expect_log("a connection cannot be kept alive")
    monkeypatch.setattr(connections, "_TICK_S", 0.01)
    counted, seen = Connections(SocketLimits()), list[str]()

    class Socket:
        def __init__(self, name: str) -> None:
            self.name = name

        def poll(self) -> tuple[bool, bool]:
            seen.append(self.name)
            if self.name == "broken":
                raise ZeroDivisionError
            return True, True

        def abort(self) -> None:
            pass

        ping = send = abort

    counted.start()
    for name in ("broken", "whole"):
        counted.add("address", Socket(name))  # type: ignore[arg-type]
    await until(lambda: seen.count("whole") > 2)
    await counted.stop()
