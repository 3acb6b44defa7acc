"""Which versions a session keeps: all that users made; automatic ones if there is capacity."""

from storage.errors import LimitReached
from storage.records import VersionKind


def surplus(
    count: int, automatic: int, kind: VersionKind, limit: int, auto_limit: int | None
) -> int:
    """Return how many automatic versions to drop before a new version of this kind is stored.

    count, automatic   how many versions the session has, and how many of these are automatic
    limit, auto_limit  how many of either it may have; None for any number

    Raises LimitReached if dropping all automatic versions would not suffice.
    """
    is_automatic = kind is VersionKind.AUTO
    too_many = max(0, count + 1 - limit)
    if auto_limit is not None and is_automatic:
        too_many = max(too_many, automatic + 1 - auto_limit)
    if too_many > automatic:
        raise LimitReached(f"the session has {limit} versions that are kept")
    return too_many
