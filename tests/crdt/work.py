"""Jobs for worker processes: functions that a worker finds by their names."""

import os
import signal
import sys
import time
from pathlib import Path


def add(first: int, second: int) -> int:
    return first + second


def process_id() -> int:
    return os.getpid()


def modules() -> list[str]:
    """Return the names of all modules that the process has imported."""
    return sorted(sys.modules)


def sleep(path: str) -> None:
    """Write this process's id to a file, then sleep far longer than any test."""
    Path(path).write_text(str(os.getpid()))
    time.sleep(1_000)


def spin(path: str) -> None:
    """Write this process's id to a file, then loop forever.

    The loop never gives the interpreter to another thread.
    """
    Path(path).write_text(str(os.getpid()))
    sys.setswitchinterval(1_000)
    while True:
        pass


def note(path: str, text: str) -> None:
    """Append a text to a file."""
    with Path(path).open("a") as file:
        file.write(text)


def wait_for(path: str) -> None:
    """Wait until a file exists."""
    while not Path(path).exists():
        time.sleep(0.01)


def die(number: int) -> None:
    """End this process by a signal."""
    os.kill(os.getpid(), number)
    signal.pause()


def fill() -> int:
    """Allocate 8 GiB, which is more memory than a worker may use."""
    return len(bytearray(8 << 30))


def talk() -> str:
    """Print a line, as a library may do, and return a result."""
    print("not a result")
    return "result"


class Unportable(Exception):
    """An error that pickle can write but not read again."""

    def __init__(self, first: str, second: str) -> None:
        super().__init__(f"{first} {second}")


def fail_portably() -> None:
    raise ValueError("bad")


def fail_unportably() -> None:
    raise Unportable("quite", "bad")
