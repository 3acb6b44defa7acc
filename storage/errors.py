"""The errors that a store raises.

A repeated call may succeed after a transient error, but not after a permanent error.

StoreError
 +-- StoreUnavailable   transient: unreachable, locked, out of space; repeating the call is safe
 |    +-- RowDamaged    permanent: the rows that the call is about cannot be read or written
 +-- NotFound           permanent: the row that the call is about does not exist
 +-- Conflict           permanent: another row has this unique value
 +-- LogConflict        permanent: a chunk does not fit the positions of its log
 +-- Outdated           permanent: a fact that was checked before the call has changed
 +-- NotOwner           permanent: the session belongs to another user
 +-- OwnerStays         permanent: a session would be left without its owner
 +-- LimitReached       permanent: one more row would exceed a limit
 |    +-- QuotaReached  permanent: a user's sessions have reached a limit on their number or size
 +-- TokenReused        permanent: an old refresh token was used again; its login was ended
"""

_MIB = 1 << 20


class StoreError(Exception):
    """Base of all errors that a store raises on purpose."""


class StoreUnavailable(StoreError):
    """The store cannot be used now; the same call may succeed later."""


class RowDamaged(StoreUnavailable):
    """Rows that the call needs differ from the written rows. Other rows can still be used."""


class NotFound(StoreError):
    """The row that the call is about does not exist."""


class Conflict(StoreError):
    """Another row has this unique value.

    field     name of the column
    is_alike  whether the two values differ and only look the same
    """

    def __init__(self, field: str, *, is_alike: bool = False) -> None:
        super().__init__(f"{field} is in use")
        self.field = field
        self.is_alike = is_alike


class LogConflict(StoreError):
    """A chunk does not fit the log of its session.

    A chunk fits if it continues the log, equals a stored chunk, or covers exactly some of them.
    """


class Outdated(StoreError):
    """A fact that was checked before the call has changed."""


class NotOwner(StoreError):
    """Only the owner of a session may do this, and the user no longer is the owner."""


class OwnerStays(StoreError):
    """The owner of a session stays its owner until they hand it over to another member."""


class LimitReached(StoreError):
    """A bound on the number of rows is reached."""


class QuotaReached(LimitReached):
    """A user has as many sessions, or their sessions take as many bytes, as the limit allows.

    message  a sentence for the user with the figures
    setting  name of the limit, for programs
    """

    def __init__(self, message: str, setting: str) -> None:
        super().__init__(message)
        self.setting = setting

    @classmethod
    def of_bytes(cls, setting: str, used: int, limit: int) -> "QuotaReached":
        """Return the error for a limit in bytes."""
        figures = f"{used / _MIB:,.1f} MiB of {limit / _MIB:,.1f} MiB are in use"
        return cls(f"the storage of the session's owner is full: {figures}", setting)

    @classmethod
    def of_sessions(cls, setting: str, used: int, limit: int) -> "QuotaReached":
        """Return the error for a limit on the number of sessions."""
        return cls(
            f"the session's owner has as many sessions as one user may: {used:,} of {limit:,}",
            setting,
        )


class TokenReused(StoreError):
    """A refresh token was used again after its retry window.

    Probably two parties have the token, so its login was ended.
    """
