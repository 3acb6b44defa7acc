"""The interface of the object that a socket gives its messages to."""

from typing import Protocol


class Receiver(Protocol):
    """Takes the messages of a socket.

    usual_start  the first two bytes of the most frequent message, which counts as 1;
                 `cost` is asked for others
    """

    usual_start: bytes

    def cost(self, message: bytes) -> float:
        """Return how many messages this one counts as."""

    def receive(self, message: bytes) -> None:
        """Take a message."""

    async def receive_large(self, message: bytes) -> float:
        """Take a message of more than 2 KiB, or one that `take_later` was called with;
        return the seconds of work.

        The socket reads on when this is done.
        """

    def slowed(self, seconds: float) -> None:
        """Learn that the socket reads nothing for a while, and how many seconds it is behind."""

    def gone(self, code: int | None) -> None:
        """The connection is lost; `code` is what the client closed with, if it did."""
