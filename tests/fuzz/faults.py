"""Faults of a server on one kind of frame. Tests check that the fuzzer notices each fault."""

import contextlib
import os
import signal
from collections.abc import Callable
from time import thread_time

TRIGGER = b"\x03"
"""The frame that triggers a fault: the query for presence. A server without faults only answers
it."""


def _burn(seconds: float) -> None:
    end = thread_time() + seconds
    while thread_time() < end:
        sum(range(10_000))


def _grow() -> None:
    _ = bytearray(80 << 20)


def _raise() -> None:
    with contextlib.suppress(KeyError):
        raise KeyError
    raise ValueError("a fault")


def _on_trigger(fault: Callable[[], None]) -> Callable[[bytes], None]:
    def check(frame: bytes) -> None:
        if frame == TRIGGER:
            fault()

    return check


FAULTS: dict[str, Callable[[bytes], None]] = {
    "none": lambda _: None,
    "death": _on_trigger(lambda: os.kill(os.getpid(), signal.SIGSEGV)),
    "hang": _on_trigger(lambda: _burn(600)),
    "slow": _on_trigger(lambda: _burn(0.1)),
    "memory": _on_trigger(_grow),
    "exception": _on_trigger(_raise),
}
