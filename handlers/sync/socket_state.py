"""The states of a WebSocket, and the transitions between them."""

from enum import Enum, auto


class State(Enum):
    """The way in which the socket treats bytes from the client.

    HOLDING -> OPEN            `go_on`: the client has joined, or has waited long enough
    OPEN -> HOLDING            the client is too fast, or a message is large or takes long,
                               and is handled in steps
    HOLDING, OPEN -> CLOSING   our close frame is sent
    CLOSING -> FAILED          the client broke the protocol, and our side is ended too
    any -> CLOSED              the connection is lost, or the client ended it without a close frame
    """

    HOLDING = auto()
    """Messages are kept; the transport reads no more."""
    OPEN = auto()
    """Messages are handed to the client's receiver."""
    CLOSING = auto()
    """Only the client's close frame counts."""
    FAILED = auto()
    """Everything is dropped."""
    CLOSED = auto()
