"""Tests the events about clients that type. The event loop has a clock that the tests move."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from handlers.socketio.session.typing import TYPING_S, TypingIndicator


class Timer:
    """A call that is due at a certain time."""

    def __init__(self, at: float, call: Callable[[], None]) -> None:
        self.at = at
        self.call = call
        self.is_cancelled = False

    def cancel(self) -> None:
        self.is_cancelled = True


class Loop:
    """The part of an event loop that timers need."""

    def __init__(self) -> None:
        self.now = 100.0
        self.timers: list[Timer] = []

    def time(self) -> float:
        return self.now

    def call_later(self, delay_s: float, call: Callable[..., None], *arguments: Any) -> Timer:
        timer = Timer(self.now + delay_s, lambda: call(*arguments))
        self.timers.append(timer)
        return timer

    def advance(self, seconds: float) -> None:
        """Move the clock, and make the calls that become due, in order."""
        end = self.now + seconds
        while due := sorted(
            (timer for timer in self.timers if timer.at <= end), key=lambda timer: timer.at
        ):
            timer = due[0]
            self.timers.remove(timer)
            self.now = max(self.now, timer.at)
            if not timer.is_cancelled:
                timer.call()
        self.now = end


class Scene:
    """An indicator and its events: (client id, user id, whether the user types)."""

    def __init__(self) -> None:
        self.loop = Loop()
        self.told: list[tuple[int, str, bool]] = []
        loop: Any = self.loop
        assert not isinstance(loop, asyncio.AbstractEventLoop)
        self.indicator = TypingIndicator(lambda *event: self.told.append(event), loop)


@pytest.fixture
def scene() -> Scene:
    return Scene()


def test_first_typing_is_announced_immediately(scene: Scene) -> None:
    scene.indicator.types(1, "ada")

    assert scene.told == [(1, "ada", True)]


def test_typing_without_news_ends_after_five_seconds(scene: Scene) -> None:
    scene.indicator.types(1, "ada")

    scene.loop.advance(TYPING_S - 0.1)
    assert scene.told == [(1, "ada", True)]
    scene.loop.advance(0.1)
    assert scene.told == [(1, "ada", True), (1, "ada", False)]


def test_continued_typing_is_announced_once_a_second(scene: Scene) -> None:
    for _ in range(30):
        scene.indicator.types(1, "ada")
        scene.loop.advance(0.1)

    assert scene.told == [(1, "ada", True)] * 3


def test_fast_changes_of_typing_end_with_latest_state(scene: Scene) -> None:
    for _ in range(50):
        scene.indicator.types(1, "ada")
        scene.indicator.stops(1)
        scene.loop.advance(0.01)
    scene.loop.advance(1)

    assert len(scene.told) <= 1 + 1.5 / 0.2
    assert scene.told[-1] == (1, "ada", False)


def test_client_that_leaves_while_typing_is_announced_as_stopped(scene: Scene) -> None:
    scene.indicator.types(1, "ada")
    scene.indicator.types(2, "bob")

    scene.indicator.leaves(1)
    scene.loop.advance(0.5)

    assert scene.told == [(1, "ada", True), (2, "bob", True), (1, "ada", False)]


def test_client_that_never_typed_may_stop_and_leave(scene: Scene) -> None:
    scene.indicator.stops(1)
    scene.indicator.leaves(1)

    assert scene.told == []


def test_close_cancels_all_timers(scene: Scene) -> None:
    scene.indicator.types(1, "ada")
    scene.indicator.close()

    scene.loop.advance(10)

    assert scene.told == [(1, "ada", True)]
