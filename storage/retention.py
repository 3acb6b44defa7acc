"""Which versions a session keeps: people's own for good, automatic ones while there is capacity."""

from storage.errors import LimitReached
from storage.records import VersionKind


def surplus(count: int, automatic: int, kind: VersionKind, limit: int, auto_limit: int | None) -> int:
    """Return how many automatic versions must go for a new one of this kind; the others are as in `add_version`.

    Raises LimitReached if that would not make room.
    """
    is_automatic = kind is VersionKind.AUTO
    too_many = max(0, count + 1 - limit)
    if auto_limit is not None and is_automatic:
        too_many = max(too_many, automatic + 1 - auto_limit)
    if too_many > automatic:
        raise LimitReached(f"the session has {limit} versions that are kept")
    return too_many
