"""An update on its way into a room."""

from crdt.room.incoming import Incoming, UpdateKind


def test_incoming_update_of_server_has_no_source() -> None:
    """Only what clients send comes with a connection, and is parsed later unless it is large."""
    incoming = Incoming(b"", "ada", 1, UpdateKind.SERVER)

    assert (incoming.source, incoming.parsed) == (None, None)
