"""Tests that no object of a handshake stays in memory after it."""

import gc
from collections import Counter

from tests.api import Api
from tests.raw_frames import connected

_CLIENTS = 10


async def test_handshake_leaves_nothing_to_garbage_collector(ada: Api) -> None:
    """Handler, request and stream of a handshake are freed without the garbage collector.

    Cycles of references between them would keep 6 kB for each connection for some time.
    """
    session_id = await ada.new_session()
    async with connected(ada, session_id):
        pass
    gc.collect()
    gc.disable()
    try:
        for _ in range(_CLIENTS):
            async with connected(ada, session_id) as client:
                await client.frame()
        gc.set_debug(gc.DEBUG_SAVEALL)
        gc.collect()
        left = Counter(
            type(leftover).__qualname__
            for leftover in gc.garbage
            if type(leftover).__module__.startswith("tornado")
        )
        left += Counter(
            type(leftover).__qualname__
            for leftover in gc.garbage
            if type(leftover).__module__.startswith("handlers")
        )
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()

    assert not left
