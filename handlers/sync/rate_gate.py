"""Limits how fast one client may send, and how long it may be too fast.

The limits are on messages, on bytes, and on the time for serving them.
"""

from asyncio import AbstractEventLoop

from handlers import settings
from handlers.connections import Connections
from handlers.throttling.rates import Bucket

_MAX_OVER_S = 10.0
"""Seconds for which a client may be over its limit.
It is slowed down during this time, and closed afterwards."""
_CALM_S = 1.0
"""If a client is not slowed down for this many seconds, it no longer counts as over its limit."""
_OTHER_COST = 0.25
"""How many messages a control frame, or a part of a message, counts as."""


class RateGate:
    """Counts the messages, bytes and work of one client.

    messages  tokens for messages
    bytes     tokens for bytes of frames
    work      tokens for seconds of serving messages, see `Connections.work_of`
    passed    the name of the limit that was exceeded last

    The socket itself subtracts tokens for ordinary messages,
    because a call for each message would cost too much.
    """

    __slots__ = (
        "_connections",
        "_loop",
        "_over_since",
        "_over_until",
        "bytes",
        "messages",
        "passed",
        "work",
    )

    def __init__(self, connections: Connections, loop: AbstractEventLoop) -> None:
        limits, now = connections.limits, loop.time()
        self.messages = Bucket(limits.updates_per_s, limits.updates_burst, now)
        self.bytes = Bucket(limits.bytes_per_s, 4 * limits.bytes_per_s + limits.sync_bytes, now)
        self.work = Bucket(limits.work_per_s, limits.work_burst_s, now)
        self._connections = connections
        self._loop = loop
        self._over_since = self._over_until = -_CALM_S
        self.passed = ""

    def count_work_of(self, user_id: str) -> None:
        """Count the time of serving this client together with the user's other connections."""
        self.work = self._connections.work_of(user_id, self._loop.time())

    def spend_read(self, size: int, fragments: int) -> float:
        """Count the bytes of a read; return for how many seconds to stop reading.

        fragments  frames of the read that were only a part of a message. They count too, because
                   a message in a thousand frames costs as much as many messages
        """
        return max(
            self.spend_bytes(size), self.messages.spend(_OTHER_COST * fragments, self._loop.time())
        )

    def spend_bytes(self, size: int) -> float:
        """Count bytes; return for how many seconds to stop reading."""
        wait_s = self.bytes.spend(size, self._loop.time())
        if wait_s:
            self.passed = settings.UPDATE_BYTES_PER_S.name
            self._connections.limit_counters.count(settings.UPDATE_BYTES_PER_S)
        return wait_s

    def bytes_debt_s(self) -> float:
        """Return for how many seconds to stop reading because of bytes that were counted before."""
        if self.bytes.tokens >= 0:
            return 0.0
        self.bytes.refill(self._loop.time())
        if self.bytes.tokens >= 0:
            return 0.0
        self.passed = settings.UPDATE_BYTES_PER_S.name
        return self.bytes.debt_s()

    def spend_work(self, seconds: float) -> bool:
        """Count the seconds that serving messages took; return whether to pause reading."""
        return self.work.spend(seconds, self._loop.time()) > 0

    def rest_s(self) -> float:
        """Return for how many seconds to stop reading, because of work for the client."""
        if self.work.tokens >= 0:
            return 0.0
        self.work.refill(self._loop.time())
        rest_s = min(self.work.debt_s(), _MAX_OVER_S)
        self._connections.slowed += bool(rest_s)
        return rest_s

    def owed_s(self) -> float:
        """Return the seconds until the debt of work is paid, if the client causes no more work."""
        return self.work.debt_s()

    def spend(self, cost: float = _OTHER_COST) -> bool:
        """Count a message, or by default a control frame; return whether it must wait."""
        messages = self.messages
        if messages.tokens < cost:
            messages.refill(self._loop.time())
        messages.tokens -= cost
        if messages.tokens < 0:
            self.count_reached()
            return True
        return False

    def count_reached(self) -> None:
        """Count that a client had to wait because of the limit on messages."""
        self.passed = settings.UPDATES_PER_S.name
        self._connections.limit_counters.count(settings.UPDATES_PER_S)

    def refill(self) -> None:
        """Add the tokens for messages that were gained since the last time."""
        self.messages.refill(self._loop.time())

    def slow_down(self, wait_s: float) -> float | None:
        """Count that a client has to wait; return for how many seconds.

        Returns None if the client was over its limit for too long.
        """
        # A client is slowed down before it is closed. Honest clients are too fast for a moment too:
        # after an hour offline, or when they paste. An example: waits from 0 to 2 s and from 2.5 to
        # 4 s count as one period over the limit, because the pause is under `_CALM_S`. If such
        # waits continue until 10 s, the client is closed.
        self._connections.slowed += 1
        now = self._loop.time()
        if now - self._over_until > _CALM_S:
            self._over_since = now
        wait_s = min(wait_s, _MAX_OVER_S)
        self._over_until = now + wait_s
        if now - self._over_since > _MAX_OVER_S:
            self._connections.too_fast += 1
            return None
        return wait_s
