"""Tests of mending rows.

An invalid value becomes the value with the fewest rights. A valid value stays unchanged.
"""

from dataclasses import asdict, replace
from typing import Any

import pytest

from storage.logins.records import Login
from storage.mending import LAST_MS, is_time, readable, restored
from storage.records import Access, Invite, Member, Role, Session, Status, User
from tests.storage.rows import NOW, guest, invite, login, member, session, user

RECORDS = [user(), guest(), login(), session(), member(), invite(max_uses=3)]
ODD: tuple[Any, ...] = (None, "nonsense", b"\xff", 1.5, -1, 1 << 62, [], {})


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: type(record).__name__)
def test_sound_row_is_restored_as_it_was(record: Any) -> None:
    assert restored(type(record), asdict(record)) == record


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: type(record).__name__)
@pytest.mark.parametrize("odd", ODD)
def test_invalid_value_changes_only_its_field(record: Any, odd: object) -> None:
    row = asdict(record)
    for name in row:
        fields = asdict(restored(type(record), {**row, name: odd}))
        assert {key: value for key, value in fields.items() if key != name} == {
            k: v for k, v in row.items() if k != name
        }


@pytest.mark.parametrize(
    ("record", "name", "least"),
    [
        (session(), "access", Access.INVITE),
        (session(), "join_role", Role.VIEWER),
        (session(), "status", Status.ENDED),
        (session(), "title", ""),
        (member(role=Role.OWNER), "role", Role.VIEWER),
        (member(), "is_removed", True),
        (invite(), "is_revoked", True),
        (invite(), "expires_at", 0),
        (invite(), "max_uses", 0),
        (user(), "is_deleted", True),
        (user(), "password_hash", None),
        (login(), "expires_at", 0),
    ],
)
def test_unreadable_value_becomes_value_with_fewest_rights(
    record: Any, name: str, least: object
) -> None:
    assert getattr(restored(type(record), {**asdict(record), name: b"\xff"}), name) == least


def test_field_that_a_row_lacks_has_its_default() -> None:
    """A missing field gets its default, because rows of earlier releases lack some fields."""
    row = asdict(user())
    del row["is_deleted"], row["guest_of"]
    assert restored(User, row) == user()
    assert restored(Session, {"id": "s1"}) == replace(
        session(), title="", language="", owner_id="", access=Access.INVITE, join_role=Role.VIEWER,
        status=Status.ENDED,
        main_root="", created_at=0, updated_at=0,
    )  # fmt: skip
    assert restored(Member, {}).role is Role.VIEWER
    assert not restored(Invite, {}).is_usable(NOW)
    assert restored(Login, {}).expires_at == 0


@pytest.mark.parametrize(
    ("text", "shown"),
    [("plain", "plain"), ("😀é", "😀é"), ("a\udcffb", "a\ufffdb"), (b"x", ""), (None, "")],
)
def test_readable_text_is_unicode(text: object, shown: str) -> None:
    assert readable(text) == shown


def test_mended_time_can_be_shown_as_a_date() -> None:
    assert [is_time(value) for value in (0, LAST_MS, -1, LAST_MS + 1, "1", None)] == [
        True,
        True,
        False,
        False,
        False,
        False,
    ]
