"""Clocks for servers that tests move by hand."""

from collab_server.app import wall_clock


class Clock:
    """Returns milliseconds since 1970. The time changes only when `advance` is called."""

    def __init__(self) -> None:
        self.now = wall_clock()

    def __call__(self) -> int:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += round(seconds * 1000)


class Seconds:
    """Returns seconds of a monotonic clock. The time changes only when `advance` is called."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds
