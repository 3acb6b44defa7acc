"""Tests the views of users and logins, for the user and for other people."""

from dataclasses import replace

from handlers.http.rules import text_rules
from handlers.http.views import people
from storage.logins.records import Login
from storage.records import User

ADA = User("u1", "ada", "ada@example.org", "hash", "Ada L.", "/user/u1/avatar", False, 0)
GUEST = User("u2", "gus", None, None, "", None, True, 1_500, guest_of="s1")


def test_user_view_has_no_password_hash() -> None:
    """The view of a user does not contain the hash of the password."""
    assert people.user(ADA) == {
        "id": "u1", "username": "ada", "email": "ada@example.org", "fullname": "Ada L.",
        "avatar": "/user/u1/avatar",
        "guest": False, "createdAt": "1970-01-01T00:00:00.000Z",
    }  # fmt: skip


def test_user_view_of_guest_names_its_session() -> None:
    """The view of a guest has `guestOf`, the guest's session."""
    shown = people.user(GUEST)

    assert (shown["guest"], shown["guestOf"], shown["email"]) == (True, "s1", None)
    assert shown["createdAt"] == "1970-01-01T00:00:01.500Z"


def test_person_view_has_name_and_picture_only() -> None:
    """Other people see only the id, name, picture and whether the person is a guest."""
    assert people.person("u1", {"u1": ADA}) == {
        "id": "u1", "username": "ada", "avatar": "/user/u1/avatar", "guest": False,
    }  # fmt: skip


def test_person_without_record_keeps_stored_name() -> None:
    """A person without a record keeps the stored name.

    Without a name, the person is shown as a deleted user.
    """
    nameless = replace(ADA, username="")

    assert people.person("u9", {}, "eve")["username"] == "eve"
    assert people.person("u9", {})["username"] == text_rules.DELETED_NAME
    assert people.person("u1", {"u1": nameless})["username"] == text_rules.DELETED_NAME


def test_participant_colour_depends_on_id_only() -> None:
    """The colour of a participant depends only on the id. Guests are marked."""
    shown = people.participant(ADA)

    assert shown["color"] == people.participant(replace(ADA, username="x"))["color"]
    assert shown["colorLight"] == shown["color"] + "33"
    assert "guest" not in shown
    assert people.participant(GUEST)["guest"] is True


def test_login_view_marks_current_login_without_hashes() -> None:
    """The view of a login contains no hashes of its tokens, and marks the current login."""
    record = Login("l1", "u1", "hash", None, 0, 1_000, 1_000, 3_000, 4_000, "Firefox", 2_000)

    assert people.login(record, "l1") == {
        "id": "l1", "device": "Firefox", "createdAt": "1970-01-01T00:00:01.000Z",
        "lastUsedAt": "1970-01-01T00:00:02.000Z", "expiresAt": "1970-01-01T00:00:03.000Z",
        "current": True,
    }  # fmt: skip
    assert people.login(record, "l2")["current"] is False
