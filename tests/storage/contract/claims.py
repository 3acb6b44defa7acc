"""The accounts of guests who have signed up, and their logins."""

from typing import Any

from storage.logins.records import Login
from storage.records import User
from tests.storage.rows import HOUR, NOW, login, user


def claimed(name: str = "gil", **fields: Any) -> User:
    """Return the account that guest `name` gets by signing up.

    `fields` replace its usual values.
    """
    return user(name, **{"full_name": f"{name.title()} Full", **fields})


def new_login(name: str = "gil", **fields: Any) -> Login:
    """Return the login l-<name>-1 in the form that it has after the claim."""
    return login(
        name,
        **{"token_hash": "hash-new", "rotated_at": NOW + 9, "expires_at": NOW + 9 * HOUR, **fields},
    )
