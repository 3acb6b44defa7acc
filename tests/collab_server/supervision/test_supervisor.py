"""Tests when the supervisor starts another serving process.

It starts none if the first process ends by itself before it has served.
"""

import os
import signal
from collections.abc import Callable

import pytest

from collab_server.process import CANNOT_START
from collab_server.supervision.supervisor import Start, Supervisor


def run(serve: Callable[[Start], int]) -> tuple[int, int]:
    """Return the supervisor's exit code, and the number of processes that it started."""
    starts, counted = os.pipe()

    def counting(start: Start) -> int:
        os.write(counted, b"1")
        return serve(start)

    code = Supervisor([], counting).run()
    os.close(counted)
    count = len(os.read(starts, 100))
    os.close(starts)
    return code, count


def failing(_: Start) -> int:
    raise ValueError("the secret cannot be read")


def refusing(_: Start) -> int:
    return CANNOT_START


def ending(_: Start) -> int:
    return 1


def test_first_start_that_fails_is_the_last_with_one_line(
    capfd: pytest.CaptureFixture[str],
) -> None:
    """An unforeseen error in the first start ends the supervisor with one line."""
    assert run(failing) == (CANNOT_START, 1)
    assert (
        capfd.readouterr().err
        == "collab-server: cannot start: ValueError: the secret cannot be read\n"
    )


@pytest.mark.parametrize(("serve", "code"), [(refusing, CANNOT_START), (ending, 1)])
def test_first_start_that_ends_by_itself_is_the_last(
    serve: Callable[[Start], int], code: int
) -> None:
    """A first process that ends before it served is not started again, with any exit code."""
    assert run(serve) == (code, 1)


def killed(start: Start) -> int:
    os.kill(os.getpid(), signal.SIGKILL)
    return start.deaths


def test_first_start_that_is_killed_is_tried_again_a_few_times(
    capfd: pytest.CaptureFixture[str], expect_log: Callable[[str], None]
) -> None:
    """A first process that is killed is started again, because the kill may have been chance.

    After three processes the supervisor gives up.
    """
    expect_log("died by SIGKILL; a new one starts")

    assert run(killed) == (128 + signal.SIGKILL, 3)
    assert (
        capfd.readouterr().err.count(
            "collab-server: cannot start: the serving process died by SIGKILL"
        )
        == 1
    )


def serving_once(start: Start) -> int:
    if start.deaths:
        return 0
    start.on_serving()
    raise ValueError("later")


def test_another_process_follows_one_that_has_served(expect_log: Callable[[str], None]) -> None:
    """After an error in a process that has served, the supervisor starts another process."""
    expect_log("ended with code 1; a new one starts")

    assert run(serving_once) == (0, 2)


def refused_later(start: Start) -> int:
    if start.deaths == 2:
        return 0
    if start.deaths:
        return CANNOT_START
    start.on_serving()
    return 1


def test_refusal_after_a_death_is_tried_again(expect_log: Callable[[str], None]) -> None:
    """If a second process refuses to start, the supervisor starts a third.

    The store may have been out of reach for only a moment.
    """
    expect_log("a new one starts")

    assert run(refused_later) == (0, 3)
