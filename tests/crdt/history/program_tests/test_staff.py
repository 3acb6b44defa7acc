"""Tests of the rule that tells which members are staff."""

import pytest

from crdt.history.program_tests.staff import is_staff, staff_of
from storage.records import Role
from tests.storage.rows import member


@pytest.mark.parametrize("role", Role)
def test_only_owner_is_staff(role: Role) -> None:
    assert is_staff(member(role=role)) is (role is Role.OWNER)


def test_staff_of_members_are_their_user_ids() -> None:
    members = [member("u-ada", role=Role.OWNER), member("u-bob", role=Role.EDITOR)]

    assert staff_of(members) == {"u-ada"}
