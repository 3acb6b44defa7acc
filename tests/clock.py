"""A clock for servers that is moved by hand."""

from collab_server.app import wall_clock


class Clock:
    """Milliseconds since 1970, standing still between calls of `advance`."""

    def __init__(self) -> None:
        self.now = wall_clock()

    def __call__(self) -> int:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += round(seconds * 1000)


class Seconds:
    """Seconds of a monotonic clock, standing still between calls of `advance`."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds
