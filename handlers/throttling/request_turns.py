"""Lets requests that arrived together begin over several turns of the event loop."""

import asyncio
from collections import deque

_IN_ONE_TURN = 4
"""Requests that begin in one turn of the event loop.
The most expensive ones are handshakes, and each takes a millisecond."""
_READS_IN_ONE_TURN = 32
"""Sockets that are read in one turn of the event loop. Each takes 50 microseconds."""


class RequestTurns:
    """Bounds the sockets that are read in one turn, and the requests that begin in it.

    While the server has no core, thousands of clients may send a request. Without these bounds, the
    event loop would read and begin all of them in one turn, and an editor's next frame would wait
    for all. With them, frames are read after every few requests.
    """

    __slots__ = ("_is_planned", "_left", "_reads_left", "_waiting")

    def __init__(self) -> None:
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._left = _IN_ONE_TURN
        self._reads_left = _READS_IN_ONE_TURN
        self._is_planned = False

    def may_read(self) -> bool:
        """Whether one more socket may be read in this turn. If not, ask again in the next turn."""
        if not self._reads_left:
            return False
        self._reads_left -= 1
        self._plan()
        return True

    async def begin(self) -> None:
        """Return in this turn if few requests began in it; otherwise wait for a later turn."""
        if self._left:  # then no earlier request waits
            self._take()
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        await turn

    def _take(self) -> None:
        self._left -= 1
        self._plan()

    def _plan(self) -> None:
        if not self._is_planned:
            self._is_planned = True
            asyncio.get_running_loop().call_soon(self._next_turn)

    def _next_turn(self) -> None:
        self._left, self._reads_left, self._is_planned = _IN_ONE_TURN, _READS_IN_ONE_TURN, False
        while self._waiting and self._left:
            turn = self._waiting.popleft()
            if not turn.done():  # the request was cancelled meanwhile
                turn.set_result(None)
                self._take()
