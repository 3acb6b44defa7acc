"""The interface of the object that receives a socket's messages."""

from collections.abc import Callable
from typing import Protocol


class Receiver(Protocol):
    """Takes the messages of a socket.

    usual_start  the first two bytes of the most frequent kind of message, which counts as 1;
                 for other messages, the socket calls `cost`
    """

    usual_start: bytes

    def cost(self, message: bytes) -> float:
        """Return how many usual messages this message counts as."""

    def receive(self, message: bytes) -> None:
        """Take a message."""

    async def receive_large(self, message: bytes, worked: Callable[[float], object]) -> None:
        """Take a message of more than 2 KiB, or the argument of `take_later`.

        The socket reads nothing until this returns.

        worked  called with the seconds of each part of the work, also if the message is refused
        """

    def slowed(self, seconds: float) -> None:
        """Note that the socket pauses reading, and that it is this many seconds behind."""

    def gone(self, code: int | None) -> None:
        """Note the loss of the connection; `code` is the client's close code, None for none."""
