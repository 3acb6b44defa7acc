"""Limits rates and amounts by key: token buckets, growing waits, budgets and slots.

The number of keys is bounded.

The configured numbers are in `handlers.settings`. Times are seconds of a monotonic clock.
"""

import math
from collections import OrderedDict
from collections.abc import Callable
from typing import TypeVar

_MAX_KEYS = 10_000
_FORGOTTEN_PER_NEW_KEY = 2
"""Most old keys that are removed for each new key. The number is more than one, so that expired
keys become fewer without a task that searches for them."""

_FIRST_WAIT_S = 15
_LONGEST_WAIT_S = 30 * 60
_DOUBLINGS = 7
"""Most doublings of a wait: 15 s doubled seven times is 32 minutes, above the longest wait."""
_FAILURES_KEPT_S = 60 * 60
"""Seconds without a failure after which a key's failures are forgotten. With five free failures, no
pattern of pauses allows more than ten tries an hour."""

_T = TypeVar("_T")


def _ignore() -> None:
    """Do nothing; the default for callers that do not count refusals."""


class Bucket:
    """A token bucket: holds up to `burst` tokens, gains `rate` of them a second, may be in debt.

    A debt is possible because a message is counted after it has arrived. It can no longer be
    refused, but the next message can wait. An example with a rate of 10 a second and 2 tokens left:
    a message that counts as 7 leaves -5 tokens, and nothing more is read for 0.5 s. Tokens are
    added only when a method is called, so no bucket needs a timer.

    tokens  tokens left. Code that spends often may subtract from it directly,
            and call `refill` if it seems empty
    """

    __slots__ = ("__weakref__", "_burst", "_rate", "_updated", "tokens")

    def __init__(self, rate: float, burst: float, now: float) -> None:
        self._rate = rate
        self._burst = burst
        self.tokens = burst
        self._updated = now

    def spend(self, tokens: float, now: float) -> float:
        """Take tokens; return the seconds until the debt is paid, 0 if there is none."""
        self.refill(now)
        self.tokens -= tokens
        return self.debt_s()

    def refill(self, now: float) -> None:
        """Add the tokens that were gained since the last call."""
        self.tokens = min(self._burst, self.tokens + (now - self._updated) * self._rate)
        self._updated = now

    def debt_s(self) -> float:
        """Return the seconds until the debt is paid, 0 if there is none."""
        return -self.tokens / self._rate if self.tokens < 0 else 0.0

    def refund(self, tokens: float) -> None:
        """Give tokens back that were not used."""
        self.tokens += tokens

    def is_full(self, now: float) -> bool:
        """Whether the bucket has all its tokens, like a new bucket."""
        return self.tokens + (now - self._updated) * self._rate >= self._burst


def _forget_old(keys: OrderedDict[str, _T], is_over: Callable[[_T], bool]) -> None:
    """Remove a few keys before a new key is added; the first key is the least recently used.

    A key is removed if `is_over` is true for its value, or if there are `_MAX_KEYS` keys. So an
    attacker with many addresses costs a bounded amount of memory. But then the oldest keys are
    forgotten too early.
    """
    for _ in range(_FORGOTTEN_PER_NEW_KEY):
        if keys and (len(keys) >= _MAX_KEYS or is_over(next(iter(keys.values())))):
            keys.popitem(last=False)


class RateLimiter:
    """A bucket for each key.

    Full buckets are forgotten. Beyond ten thousand keys, the least recently used ones are forgotten
    too.
    """

    def __init__(
        self,
        rate: float,
        burst: float,
        monotonic: Callable[[], float],
        on_refused: Callable[[], None] = _ignore,
    ) -> None:
        """on_refused: called each time that a request is refused."""
        self._on_refused = on_refused
        self._rate = rate
        self._burst = burst
        self._monotonic = monotonic
        self._buckets: OrderedDict[str, Bucket] = OrderedDict()

    def wait_s(self, key: str) -> int:
        """Take one token and return 0.

        If there is no token, return the whole seconds to wait before the next try.
        """
        now = self._monotonic()
        bucket = self._buckets.get(key)
        if bucket is None:
            _forget_old(self._buckets, lambda old: old.is_full(now))
            bucket = self._buckets[key] = Bucket(self._rate, self._burst, now)
        self._buckets.move_to_end(key)
        wait = bucket.spend(1, now)
        if wait:
            bucket.refund(1)
            self._on_refused()
        return math.ceil(wait)

    def refund(self, key: str) -> None:
        """Give back a token that was taken for a request that does not count."""
        if bucket := self._buckets.get(key):
            bucket.refund(1)


class Backoff:
    """Counts failures by key, and makes tries wait after them.

    Some failures are free. After them, each try waits twice as long as the previous try.

    An example with five free failures: the sixth try waits for 15 s after the fifth failure, the
    seventh for 30 s after the sixth, and so on up to 30 minutes.
    """

    def __init__(
        self, free: int, monotonic: Callable[[], float], on_refused: Callable[[], None] = _ignore
    ) -> None:
        """free: failures without a wait; on_refused: called whenever a try has to wait."""
        self._on_refused = on_refused
        self._free = free
        self._monotonic = monotonic
        self._failures: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def note(self, key: str) -> None:
        """Record a failure, or a try that may become one."""
        now = self._monotonic()
        count = self._count(key, now)
        if not count:
            _forget_old(self._failures, lambda old: old[1] + _FAILURES_KEPT_S <= now)
        self._failures[key] = count + 1, now
        self._failures.move_to_end(key)

    def take_back(self, key: str) -> None:
        """Remove the newest failure, because the try that it was noted for has succeeded."""
        count, noted_at = self._failures.get(key, (0, 0.0))
        if count > 1:
            self._failures[key] = count - 1, noted_at
        else:
            self._failures.pop(key, None)

    def forget(self, key: str) -> None:
        """Remove all failures of a key."""
        self._failures.pop(key, None)

    def wait_s(self, key: str) -> int:
        """Return the whole seconds to wait before the next try, 0 for none."""
        now = self._monotonic()
        over = self._count(key, now) - self._free
        if over < 0:
            return 0
        wait_s = min(_LONGEST_WAIT_S, _FIRST_WAIT_S << min(over, _DOUBLINGS))
        left_s = max(0, math.ceil(self._failures[key][1] + wait_s - now))
        if left_s:
            self._on_refused()
        return left_s

    def _count(self, key: str, now: float) -> int:
        count, noted_at = self._failures.get(key, (0, now))
        return count if now < noted_at + _FAILURES_KEPT_S else 0


class Recent:
    """Remembers each key for a time after its last `note`.

    Beyond ten thousand keys, the key with the oldest `note` is forgotten.
    """

    def __init__(self, kept_s: float, monotonic: Callable[[], float]) -> None:
        self._kept_s = kept_s
        self._monotonic = monotonic
        self._noted: OrderedDict[str, float] = OrderedDict()

    def note(self, key: str) -> None:
        """Remember a key from now on."""
        now = self._monotonic()
        if key not in self._noted:
            _forget_old(self._noted, lambda noted_at: noted_at + self._kept_s <= now)
        self._noted[key] = now
        self._noted.move_to_end(key)

    def has(self, key: str) -> bool:
        """Whether a key was noted less than `kept_s` seconds ago."""
        noted_at = self._noted.get(key)
        return noted_at is not None and self._monotonic() < noted_at + self._kept_s


class Budget:
    """Counts bytes in memory, with a limit for each key and one for all keys together."""

    def __init__(self, each: int, in_all: int) -> None:
        self._each = each
        self._in_all = in_all
        self._held: dict[str, int] = {}
        self.total = 0

    def take(self, key: str, size: int) -> bool:
        """Count bytes and return True.

        If they would exceed a limit, count nothing and return False.
        """
        held = self._held.get(key, 0) + size
        if held > self._each or self.total + size > self._in_all:
            return False
        self._held[key] = held
        self.total += size
        return True

    def give_back(self, key: str, size: int) -> None:
        """Stop counting bytes that `take` has counted."""
        left = self._held.get(key, 0) - size
        self.total -= size
        if left > 0:
            self._held[key] = left
        else:
            self._held.pop(key, None)


class SlotCounter:
    """Counts the slots that each key uses, and knows the limit for one key."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._counts: dict[object, int] = {}

    def has_capacity(self, key: object) -> bool:
        """Whether a key uses fewer slots than the limit."""
        return self._counts.get(key, 0) < self._limit

    def add(self, key: object) -> None:
        """Count one more slot, even beyond the limit."""
        self._counts[key] = self._counts.get(key, 0) + 1

    def remove(self, key: object) -> None:
        """Count one slot less; the key must have one."""
        left = self._counts[key] - 1
        if left:
            self._counts[key] = left
        else:
            del self._counts[key]
