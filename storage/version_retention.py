"""Decides how many automatic versions a session drops. Versions that users made are kept."""

from storage.errors import LimitReached
from storage.records import VersionKind


def surplus(
    count: int, automatic: int, kind: VersionKind, limit: int, auto_limit: int | None
) -> int:
    """Return how many automatic versions to drop before a new version of this kind is stored.

    count, automatic   how many versions the session has, and how many of these are automatic
    limit              how many versions the session may have
    auto_limit         how many automatic versions it may have; None for any number

    Raises LimitReached if dropping all automatic versions would not make enough space.
    """
    is_automatic = kind is VersionKind.AUTO
    too_many = max(0, count + 1 - limit)
    if auto_limit is not None and is_automatic:
        too_many = max(too_many, automatic + 1 - auto_limit)
    if too_many > automatic:
        raise LimitReached(f"the session has {limit} versions that are kept")
    return too_many
