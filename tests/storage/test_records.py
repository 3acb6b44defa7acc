"""Tests of the rules in the records themselves."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.records import EXCERPT_LINES, EXCERPT_WIDTH, Role
from tests.storage.rows import HOUR, NOW, guest, invite, user, version


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


@pytest.mark.parametrize(
    ("files", "excerpt"),
    [
        (None, ""),
        ({}, ""),
        ({"code": " \n\n"}, ""),
        ({"code": "a\nb\n\nc\nd\n  e\n\n"}, "b\nc\nd\n  e"),
        ({"code": "if x:\n\n    a\n    b\n\tc\n      d"}, "a\nb\nc\n  d"),
        ({"code": "main", "other": "a longer text"}, "main"),
        ({"code": "  ", "short": "a", "other": "the longest"}, "the longest"),
        ({"code": "a\x1b[31mb\u202e\ud83dc"}, "a[31mbc"),
        ({"code": "x" * 500}, "x" * EXCERPT_WIDTH),
    ],
)
def test_excerpt_is_last_lines_of_main_text(files: dict[str, str] | None, excerpt: str) -> None:
    """Blank lines and common indentation are left out, and so is what no screen can show."""
    assert version(files=files).excerpt() == excerpt


@pytest.mark.parametrize(
    ("table", "excerpt"),
    [
        ({}, "main"),
        ({"code": {"name": "a.py", "deleted": True}}, "other"),
        ({"code": {"name": "a.py", "deleted": 1}, "other": {"deleted": True}}, "main"),
        ({"code": {"deleted": True}, "other": {"deleted": True}}, ""),
        (["deleted"], "main"),
        ({"code": "deleted"}, "main"),
    ],
)
def test_excerpt_shows_no_deleted_files(table: object, excerpt: str) -> None:
    """Their texts stay in the document, but no list of files shows them."""
    documents = {"files": {"type": "map", "value": table}}
    shown = version(files={"code": "main", "other": "other"})

    assert replace(shown, documents=documents).excerpt() == excerpt


@given(st.text(st.characters()))
def test_excerpt_is_bounded_for_every_text(text: str) -> None:
    """Its lines fit, and it can be encoded."""
    lines = version(text).excerpt().split("\n")

    assert len(lines) <= EXCERPT_LINES
    assert all(len(line.encode()) <= 4 * EXCERPT_WIDTH for line in lines)
