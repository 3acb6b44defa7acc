"""Lets requests without sign-in pass at a bounded pace.

Addresses take turns, so no address waits until all requests of another address have passed. This is
for requests that cost the event loop time before the server knows their user. The work of signed-in
users is counted by connection and user (`handlers.connections`).
"""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Callable

from handlers.throttling.rates import Bucket

_IN_ONE_TURN = 4
"""Most requests that pass in one turn of the event loop.
Each takes about a millisecond, and all other work waits for the end of the turn."""
_MAX_WAITING_EACH = 2_000
_MAX_WAITING = 6_000
"""Most requests that wait, of one address and in all. A school behind one address may have 600
clients. After its first request, each client sends three requests together: it signs in, polls, and
tries a WebSocket."""


class FairGate:
    """A queue for each address. The addresses take turns: one request passes in each turn.

    This is round robin: `_queues` is ordered, and an address whose request has passed moves to the
    end. An example: A has three waiting requests when B sends its first request. They pass in the
    order A1, B1, A2, A3. With one queue for all, B1 would wait for A3, so an address that sends
    thousands of requests would block all other addresses.

    Each request that passes takes one token from the bucket. It takes the token when it passes, so
    a request that was cancelled while it waited takes no token.
    """

    def __init__(self, per_s: float, burst: float, monotonic: Callable[[], float]) -> None:
        """per_s: requests that pass in a second; burst: those that pass together after a pause."""
        self._monotonic = monotonic
        self._per_s = per_s
        self._bucket = Bucket(per_s, burst, monotonic())
        self._queues: OrderedDict[str, deque[asyncio.Future[None]]] = OrderedDict()
        self._waiting = 0
        self._left_in_turn = _IN_ONE_TURN
        self._next: asyncio.Handle | None = None

    async def passes(self, address: str) -> bool:
        """Wait for a request's turn and return True; return False if too many requests wait."""
        # A request passes now only if no request waits. Otherwise it would overtake earlier
        # requests.
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
        """Take one token and return True, if possible.

        Returns False if there is no token, or if enough requests have passed in this turn of the
        event loop.
        """
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
        """Plan to let the next requests through, as soon as there is a token."""
        # If a token is left, `_take` failed because of the turn, not because of the rate. The wait
        # is then 0, and the timer runs in the next turn of the loop.
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
