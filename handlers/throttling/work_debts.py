"""Counts the seconds of work that each user causes, even after their connections have ended."""

from collections import OrderedDict
from weakref import WeakValueDictionary

from handlers.throttling.rates import Bucket

_MAX_KEPT = 10_000
"""How many of the most recent users keep their bucket after their connections have ended."""


class WorkDebts:
    """One bucket of seconds for each user, which all connections of the user share.

    A debt stays when the connections end. Otherwise a user could lose the debt by connecting again.
    """

    def __init__(self, per_s: float, burst_s: float) -> None:
        """Set the seconds of work that a user may cause.

        per_s    in each second
        burst_s  without a pause, after a quiet time
        """
        self._per_s = per_s
        self._burst_s = burst_s
        self._used: WeakValueDictionary[str, Bucket] = WeakValueDictionary()
        self._latest: OrderedDict[str, Bucket] = OrderedDict()

    def of(self, user_id: str, now: float) -> Bucket:
        """Return the bucket of a user; `now` in seconds of a monotonic clock."""
        bucket = self._used.get(user_id)
        if bucket is None:
            bucket = self._used[user_id] = Bucket(self._per_s, self._burst_s, now)
        self._latest[user_id] = bucket
        self._latest.move_to_end(user_id)
        if len(self._latest) > _MAX_KEPT:
            self._latest.popitem(last=False)
        return bucket
