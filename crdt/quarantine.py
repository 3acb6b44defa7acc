"""Sessions and users whose edits the process died of.

The sessions are set aside for a while, and the users are slowed.

Without this a hostile edit would end the server again as soon as its sender is back.
`crdt.crashmark` names the session and user that native code worked for. If the process ended by its
own fault, they are noted after the first time. If nobody knows why it ended (a power cut,
`kill -9`), they are noted when they are named twice within a day.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

_MINUTE_MS = 60_000
_DAY_MS = 86_400_000
_FIRST_MS = 10 * _MINUTE_MS
_LONGEST_MS = _DAY_MS
_TIMES_LONGER = 6
_FORGOTTEN_MS = 7 * _DAY_MS
_MAX_ENTRIES = 1_000


@dataclass(slots=True)
class Record:
    """The deaths for one session or user. Times are milliseconds since 1970.

    crashes    deaths of the process that it caused
    suspicions deaths that it may have caused
    last       time of the last death of either kind
    until      set aside or slowed until this time
    """

    crashes: int = 0
    suspicions: int = 0
    last: int = 0
    until: int = 0

    def note(self, now: int, *, is_sure: bool) -> None:
        """Count a death; from the first sure one or the second suspicion on, set aside,
        longer each time.
        """
        if not is_sure:
            self.suspicions = self.suspicions + 1 if now - self.last <= _DAY_MS else 1
        self.last = now
        if is_sure or self.suspicions > 1:
            self.crashes += 1
            # Ten minutes, one hour, six hours, then a day: a session that ended the server once may
            # have been unlucky, one that does it each time must not end it each hour.
            self.until = now + min(_FIRST_MS * _TIMES_LONGER ** (self.crashes - 1), _LONGEST_MS)


class Quarantine:
    """The sessions and users that are set aside.

    The time is ten minutes, six times as long after each further crash within a week,
    and a day at most.
    """

    def __init__(self, stored: Mapping[str, Any] | None = None) -> None:
        """stored: what `as_stored` returned; entries that are wrong are left out."""
        self._sessions = _records((stored or {}).get("sessions"))
        self._users = _records((stored or {}).get("users"))

    def note(self, named: Iterable[tuple[str, str]], now: int, *, is_sure: bool) -> None:
        """Take in the sessions and users that were named when the process died.

        named    (session id, user id or "")
        is_sure  it died by its own fault
        """
        for session_id, user_id in named:
            self._sessions.setdefault(session_id, Record()).note(now, is_sure=is_sure)
            # A user is slowed, not shut out: they may only have been there when somebody else's
            # edit did it.
            if user_id:
                self._users.setdefault(user_id, Record()).note(now, is_sure=is_sure)
        for records in (self._sessions, self._users):
            for key in [
                key for key, record in records.items() if now - record.last > _FORGOTTEN_MS
            ]:
                del records[key]

    def release(self, session_id: str) -> bool:
        """Forget a session, and say whether it was known."""
        return self._sessions.pop(session_id, None) is not None

    def wait_ms(self, session_id: str, now: int) -> int:
        """Return for how long a session stays set aside, 0 for one that is not."""
        record = self._sessions.get(session_id)
        return max(0, record.until - now) if record else 0

    def has_killed(self, session_id: str) -> bool:
        """Whether the process died for a session lately;
        such a session is tried in a worker before it is opened.
        """
        record = self._sessions.get(session_id)
        # Also after its time is over: a document that has ended the server is first opened in a
        # worker process.
        return record is not None and record.crashes > 0

    def is_slowed(self, user_id: str, now: int) -> bool:
        """Whether a user's connections are slowed."""
        record = self._users.get(user_id)
        return record is not None and record.until > now

    def set_aside(self, now: int) -> list[str]:
        """Return the sessions that are set aside."""
        return [session_id for session_id, record in self._sessions.items() if record.until > now]

    def as_stored(self) -> dict[str, Any]:
        """Return what is known of sessions and users, as values that JSON has."""
        return {
            name: {
                key: [record.crashes, record.suspicions, record.last, record.until]
                for key, record in records.items()
            }
            for name, records in (("sessions", self._sessions), ("users", self._users))
        }


def _records(stored: object) -> dict[str, Record]:
    if not isinstance(stored, dict):
        return {}
    rows = [(key, row) for key, row in stored.items() if isinstance(row, list) and len(row) == 4]
    return {
        str(key): Record(*row)
        for key, row in rows[-_MAX_ENTRIES:]
        # The file may be damaged, or edited by hand. A wrong entry must not keep the server from
        # starting.
        if all(type(number) is int and number >= 0 for number in row)
    }
