"""Tests the views of sessions, members and invites for clients."""

from dataclasses import replace

from crdt.document.quota import Fill
from handlers.http.views import sessions
from storage.records import (
    Access,
    Invite,
    InviteUse,
    Member,
    Role,
    Session,
    SessionListing,
    Status,
    User,
)

ADA = User("u1", "ada", "ada@example.org", "hash", "", None, False, 0)
BOB = User("u2", "bob", "bob@example.org", "hash", "", None, False, 0)
PEOPLE = {"u1": ADA, "u2": BOB}
SESSION = Session(
    "s1", "Talk", "python", "u1", Access.LINK, Role.VIEWER, Status.OPEN, "codemirror", 1_000, 2_000
)
MEMBERS = [Member("s1", "u1", Role.OWNER, 1_000), Member("s1", "u2", Role.EDITOR, 1_500)]
INVITE = Invite("i1", "s1", "hash", Role.EDITOR, "u1", 1_000, 5_000, 3, 1)


def test_session_view_has_role_and_unread_count_of_member() -> None:
    """The view has the member's own role and unread count.

    All members who are connected are counted, even if the view does not list them.
    """
    listing = SessionListing(replace(SESSION, excerpt="return 1"), MEMBERS[1], 4)

    shown = sessions.session(
        listing, MEMBERS[:1], 2, PEOPLE, {"u1", "u2"}, Fill(9, 16, is_half_full=True)
    )

    assert (shown["id"], shown["sessionId"], shown["role"], shown["unread"]) == (
        "s1",
        "s1",
        "editor",
        4,
    )
    assert (shown["memberCount"], shown["onlineCount"], len(shown["members"])) == (2, 2, 1)
    assert shown["owner"]["username"] == "ada"
    assert shown["documentSize"] == {"bytes": 9, "limit": 16, "isHalfFull": True}
    assert shown["excerpt"] == "return 1"
    assert shown["lastActivityAt"] == shown["updatedAt"] == "1970-01-01T00:00:02.000Z"


def test_member_is_online_when_connected() -> None:
    """A member's view has the person, the role, the time of joining, and the online state."""
    assert sessions.member(MEMBERS[1], PEOPLE, {"u1"}) == {
        "id": "u2", "username": "bob", "avatar": None, "guest": False, "role": "editor",
        "joinedAt": "1970-01-01T00:00:01.500Z", "online": False,
    }  # fmt: skip


def test_invite_view_has_uses_left_and_no_secret() -> None:
    """The view of an invite has the number of uses left, and no hash of its secret."""
    shown = sessions.invite(INVITE, now=2_000)

    assert "hash" not in str(shown)
    assert (shown["uses"], shown["usesLeft"], shown["usable"]) == (1, 2, True)
    assert sessions.invite(INVITE, now=5_000)["usable"] is False


def test_listed_invite_names_its_maker_and_uses() -> None:
    """A listed invite names its maker, and each use with its user and time."""
    shown = sessions.listed_invite(INVITE, [InviteUse("u2", 3_000)], PEOPLE, now=4_000)

    assert shown["createdBy"]["username"] == "ada"
    assert [(use["username"], use["at"]) for use in shown["usedBy"]] == [
        ("bob", "1970-01-01T00:00:03.000Z")
    ]


def test_session_preview_does_not_show_members() -> None:
    """The preview of a session does not show its members."""
    shown = sessions.preview(INVITE, SESSION, PEOPLE)

    assert shown["session"] == {"id": "s1", "title": "Talk", "language": "python", "status": "open"}
    assert (shown["role"], shown["invitedBy"]["username"]) == ("editor", "ada")
