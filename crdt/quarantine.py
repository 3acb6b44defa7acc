"""Sets sessions aside, and slows users, if the process died while it worked on their edits.

Without this a hostile edit would end the server again as soon as its sender is back.
`crdt.crashmark` names the session and user that native code worked for. If the process ended by its
own fault, the session is set aside after the first time.

Often the cause is unknown: a power cut, `kill -9` by an operator, or the kernel for lack of memory.
Then the named session is most likely honest. A session whose users type all day is named at some of
these deaths by chance. But a session that causes them is named each time, because its clients
connect again and bring the same edit. So the session is set aside if it is named at three deaths in
a row, or again and again at more than every third death.
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
_MORE_SUSPECT, _LESS_SUSPECT, _TOO_SUSPECT = 2, 1, 6
"""What a death of unknown cause adds to the suspicion of a session that it names, what a start of
the server takes from that of every other session, and the suspicion from which a session is set
aside. Two hostile sessions that end the server in turns are set aside at the tenth death, a session
that is named at every third death by chance never is."""


@dataclass(slots=True)
class Record:
    """The deaths of the process for one session or user. Times are milliseconds since 1970.

    crashes    deaths that it caused
    suspicion  grows with deaths that it may have caused, see `_TOO_SUSPECT`
    last       time of the last death of either kind
    until      set aside or slowed until this time
    """

    crashes: int = 0
    suspicion: int = 0
    last: int = 0
    until: int = 0

    def note(self, now: int, *, is_sure: bool) -> None:
        """Count a death, and set aside after a sure one, or if the suspicion is too large.

        Each further time lasts longer than the time before.
        """
        if not is_sure:
            before = self.suspicion if now - self.last <= _DAY_MS else 0
            self.suspicion = min(before + _MORE_SUSPECT, _TOO_SUSPECT)
        self.last = now
        if is_sure or self.suspicion >= _TOO_SUSPECT:
            self.crashes += 1
            # The times are ten minutes, one hour, six hours, then a day. A session that ended the
            # server once may have been unlucky. One that does it each time must not end it hourly.
            self.until = now + min(_FIRST_MS * _TIMES_LONGER ** (self.crashes - 1), _LONGEST_MS)


class Quarantine:
    """The sessions and users that are set aside or slowed.

    The first time lasts ten minutes. After each further crash within a week, the time is six times
    as long, up to a day.
    """

    def __init__(self, stored: Mapping[str, Any] | None = None) -> None:
        """stored: a result of `as_stored`; wrong entries are ignored."""
        self._sessions = _records((stored or {}).get("sessions"))
        self._users = _records((stored or {}).get("users"))

    def note(self, named: Iterable[tuple[str, str]], now: int, *, is_sure: bool) -> None:
        """Note the sessions and users that were named when the process died.

        named    (session id, user id or "")
        is_sure  the process died by its own fault
        """
        for session_id, user_id in named:
            self._sessions.setdefault(session_id, Record()).note(now, is_sure=is_sure)
            # A user is slowed, not shut out: the fatal edit may have come from another user of the
            # session.
            if user_id:
                self._users.setdefault(user_id, Record()).note(now, is_sure=is_sure)
        for records in (self._sessions, self._users):
            for key in [
                key for key, record in records.items() if now - record.last > _FORGOTTEN_MS
            ]:
                del records[key]

    def relieve(self, named: Iterable[tuple[str, str]]) -> bool:
        """Lessen the suspicion of those whom the previous process did not name at its end.

        Returns whether anything has changed.
        """
        pairs = set(named)
        changed = False
        for records, spared in (
            (self._sessions, {session_id for session_id, _ in pairs}),
            (self._users, {user_id for _, user_id in pairs}),
        ):
            for key, record in records.items():
                if record.suspicion and key not in spared:
                    record.suspicion -= _LESS_SUSPECT
                    changed = True
        return changed

    def release(self, session_id: str) -> bool:
        """Forget a session; return whether it was noted."""
        return self._sessions.pop(session_id, None) is not None

    def wait_ms(self, session_id: str, now: int) -> int:
        """Return the milliseconds for which a session stays set aside; 0 if it is not."""
        record = self._sessions.get(session_id)
        return max(0, record.until - now) if record else 0

    def has_killed(self, session_id: str) -> bool:
        """Whether the process died while it worked for a session in the last days.

        Such a session is tried in a worker before the server opens it.
        """
        record = self._sessions.get(session_id)
        # The result is True even after the session's time is over, so that a worker process opens
        # the document first.
        return record is not None and record.crashes > 0

    def is_slowed(self, user_id: str, now: int) -> bool:
        """Whether a user's connections are slowed."""
        record = self._users.get(user_id)
        return record is not None and record.until > now

    def set_aside(self, now: int) -> list[str]:
        """Return the sessions that are set aside."""
        return [session_id for session_id, record in self._sessions.items() if record.until > now]

    def as_stored(self) -> dict[str, Any]:
        """Return the records of sessions and users, as values for JSON."""
        return {
            name: {
                key: [record.crashes, record.suspicion, record.last, record.until]
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
        # The file may be damaged, or edited by hand. A wrong entry must not prevent the server from
        # starting.
        if all(type(number) is int and number >= 0 for number in row)
    }
