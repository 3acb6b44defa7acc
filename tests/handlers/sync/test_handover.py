"""Tests the handover of a connection from Tornado's handshake to our own socket."""

import asyncio

from tests.api import Api
from tests.waiting import until


async def test_clients_that_leave_during_handshake_leave_nothing_behind(server, ada: Api) -> None:
    """Connections that end during the handshake are not counted and are in no room."""
    session_id = await ada.new_session()
    wires = await asyncio.gather(*(ada.connect(session_id) for _ in range(9)))
    for wire in wires:
        wire.close()

    await until(lambda: server.parts.services.connections.open == 0)

    room = server.parts.services.rooms.find(session_id)
    assert room is None or not room.members.connections
