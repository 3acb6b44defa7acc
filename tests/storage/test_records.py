"""Tests of the rules in the records themselves."""

from typing import Any

import pytest

from storage.records import Role
from tests.storage.rows import HOUR, NOW, guest, invite, user


@pytest.mark.parametrize("needed", Role)
@pytest.mark.parametrize("role", Role)
def test_role_allows_itself_and_lower_roles(role: Role, needed: Role) -> None:
    """A viewer is below an editor, and an editor is below the owner."""
    order = [Role.VIEWER, Role.EDITOR, Role.OWNER]

    assert role.allows(needed) is (order.index(role) >= order.index(needed))


def test_user_may_enter_any_session_and_guest_only_the_invited_one() -> None:
    """A guest may enter only the session to which they were invited."""
    gil = guest("gil")

    assert gil.guest_of
    assert [gil.may_enter(gil.guest_of), gil.may_enter("another")] == [True, False]
    assert user("ada").may_enter("another")


def test_invite_is_usable_until_expired_revoked_or_used_up() -> None:
    """An invite is usable until it expires, is revoked, or has no uses left."""
    good: dict[str, Any] = {"expires_at": NOW + HOUR, "max_uses": 2, "uses": 1}

    assert invite(**good).is_usable(NOW)
    assert not invite(**good).is_usable(NOW + HOUR)
    assert not invite(**good, is_revoked=True).is_usable(NOW)
    assert not invite(**good | {"uses": 2}).is_usable(NOW)
    assert invite(**good | {"uses": 2, "max_uses": None}).is_usable(NOW)
