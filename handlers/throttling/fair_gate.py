"""Lets strangers through at a bounded pace, addresses in turns, so that none waits for all that another one wants.

For requests that cost the event loop something before anybody knows who asks. What signed-in users do is counted by
connection and user (`handlers.connections`).
"""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Callable

from handlers.throttling.rates import Bucket

_IN_ONE_TURN = 4
"""Requests let through in one turn of the event loop. Each costs about a millisecond, and everybody else waits for
the end of the turn."""
_MAX_WAITING_EACH = 2_000
_MAX_WAITING = 6_000
"""Requests that wait: of one address, and in all. A school behind one address may have 600 clients, and each sends
three requests together after its first: it signs in, polls, and tries a WebSocket."""


class FairGate:
    """A queue for each address; one request of each address goes through before the second of any."""

    def __init__(self, per_s: float, burst: float, monotonic: Callable[[], float]) -> None:
        """per_s, burst: requests let through in a second, and without waiting after a pause."""
        self._monotonic = monotonic
        self._per_s = per_s
        self._bucket = Bucket(per_s, burst, monotonic())
        self._queues: OrderedDict[str, deque[asyncio.Future[None]]] = OrderedDict()
        self._waiting = 0
        self._left_in_turn = _IN_ONE_TURN
        self._next: asyncio.Handle | None = None

    async def passes(self, address: str) -> bool:
        """Wait for the turn of a request; return False, without waiting, if too many wait already."""
        if not self._queues and self._take():
            return True
        queue = self._queues.get(address, ())
        if self._waiting >= _MAX_WAITING or len(queue) >= _MAX_WAITING_EACH:
            return False
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queues.setdefault(address, deque()).append(turn)
        self._waiting += 1
        self._call_next()
        await turn
        return True

    def _take(self) -> bool:
        """Take one token, if there is one and this turn of the event loop has not let through enough."""
        self._bucket.refill(self._monotonic())
        if self._bucket.tokens < 1 or not self._left_in_turn:
            return False
        if self._left_in_turn == _IN_ONE_TURN:
            asyncio.get_running_loop().call_soon(self._new_turn)
        self._left_in_turn -= 1
        self._bucket.tokens -= 1
        return True

    def _new_turn(self) -> None:
        self._left_in_turn = _IN_ONE_TURN

    def _call_next(self) -> None:
        """Let the next ones through when there is a token for them."""
        if self._queues and self._next is None:
            wait_s = max(0.0, (1 - self._bucket.tokens) / self._per_s)
            self._next = asyncio.get_running_loop().call_later(wait_s, self._let_through)

    def _let_through(self) -> None:
        self._next = None
        while self._queues:
            address, queue = next(iter(self._queues.items()))
            has_gone = queue[0].done()  # the request that waited was cancelled
            if not has_gone and not self._take():
                break
            turn = queue.popleft()
            self._waiting -= 1
            if queue:
                self._queues.move_to_end(address)
            else:
                del self._queues[address]
            if not has_gone:
                turn.set_result(None)
        self._call_next()
