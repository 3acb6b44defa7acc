"""Tests fifty simultaneous requests: no answer is 5xx, and names, numbers and owners are unique."""

import asyncio
import sqlite3
from collections import Counter
from collections.abc import Awaitable
from pathlib import Path

import pytest

from tests.api import PASSWORD, Answer, Api
from tests.handlers.clients import (
    account,
    code_of,
    guest_of,
    is_open,
    joined,
    new_invite,
    picture,
    upload,
)

pytestmark = pytest.mark.usefixtures("crowd")


@pytest.fixture
async def api(crowd: None, server) -> Api:
    """An anonymous client that may have many simultaneous requests."""
    return Api(server.url)


async def together(*work: Awaitable[Answer]) -> Counter[int]:
    """Send all requests together, and count the answers by status. Assert that none is 5xx."""
    answers = await asyncio.gather(*work)
    assert [answer for answer in answers if answer.status >= 500] == []
    return Counter(answer.status for answer in answers)


def check_owners(data_dir: Path) -> int:
    """Assert that every session has exactly one owner, who exists.

    Return the number of sessions.
    """
    db = sqlite3.connect(f"file:{data_dir / 'collab.db'}?mode=ro", uri=True)
    try:
        sessions = dict(db.execute("SELECT id, owner_id FROM sessions").fetchall())
        owners = db.execute(
            "SELECT session_id, user_id FROM members WHERE role = 'owner' AND NOT is_removed"
        ).fetchall()
        deleted = {
            row[0] for row in db.execute("SELECT id FROM users WHERE is_deleted OR is_guest")
        }
    finally:
        db.close()
    assert sorted(owners) == sorted(sessions.items())
    assert not deleted & set(sessions.values())
    return len(sessions)


# -- once only ------------------------------------------------------------------------------------


async def test_simultaneous_sign_ups_with_one_email_make_one_account(api: Api) -> None:
    """One of 50 simultaneous sign-ups gets the e-mail address, and the others get 409.

    Refused sign-ups do not reserve their user names.
    """
    counts = await together(
        *(api.post("/user/signup", account(f"user{n}", email="Ada@example.org")) for n in range(50))
    )

    assert counts == {201: 1, 409: 49}
    names = [await api.post("/user/signup", account(f"user{n}")) for n in range(50)]
    assert Counter(answer.status for answer in names) == {201: 49, 409: 1}


async def test_simultaneous_sign_ups_with_one_name_make_one_account(api: Api) -> None:
    """One of 50 sign-ups gets the user name, in any capitals, and the others get 409."""
    counts = await together(
        *(
            api.post("/user/signup", account("ADA" if n % 2 else "ada", email=f"{n}@example.org"))
            for n in range(50)
        )
    )

    assert counts == {201: 1, 409: 49}


async def test_simultaneous_renames_and_sign_ups_give_name_to_one(api: Api) -> None:
    """Only one of many simultaneous renames and sign-ups gets the name."""
    users = [await api.sign_up() for _ in range(25)]

    counts = await together(
        *(user.patch("/user/me", {"username": "Ada"}) for user in users),
        *(api.post("/user/signup", account("ada", email=f"{n}@example.org")) for n in range(25)),
    )

    assert counts[200] + counts[201] == 1
    assert counts[409] == 49


async def test_refreshes_during_logout_leave_no_login(api: Api) -> None:
    """A login that ends during refreshes stays ended, in any order of the requests."""
    ada = await api.sign_up("ada")

    counts = await together(
        *(api.post("/user/refresh", {"refreshToken": ada.refresh_token}) for _ in range(49)),
        ada.post("/user/logout"),
    )

    assert set(counts) <= {200, 401}
    assert (await ada.get("/user/me")).status == 401
    assert (await api.post("/user/refresh", {"refreshToken": ada.refresh_token})).status == 401


async def test_simultaneous_refreshes_have_one_working_successor(api: Api) -> None:
    """Simultaneous refreshes all get the same new token, and that token works."""
    ada = await api.sign_up("ada")

    answers = await asyncio.gather(
        *(api.post("/user/refresh", {"refreshToken": ada.refresh_token}) for _ in range(50))
    )

    (successor,) = {answer.body["refreshToken"] for answer in answers}
    assert (await api.post("/user/refresh", {"refreshToken": successor})).status == 200


async def test_simultaneous_saves_are_numbered_without_gaps(api: Api) -> None:
    """Simultaneous saves by two users get version numbers without gaps."""
    ada = await api.sign_up("ada")
    bob = await api.sign_up("bob")
    session_id = await ada.new_session()
    await bob.post(f"/session/{session_id}/join")

    counts = await together(
        *(
            (ada if n % 2 else bob).post(f"/code/{session_id}/save", {"code": f"{n}\n"})
            for n in range(50)
        )
    )

    assert counts[201] == 50
    versions = (await ada.get(f"/code/{session_id}/versions?fields=meta&limit=200")).body[
        "versions"
    ]
    assert [version["version"] for version in versions] == list(range(50, 0, -1))


async def test_simultaneous_messages_are_numbered_without_gaps(api: Api) -> None:
    """Simultaneous messages get sequence numbers without gaps."""
    ada = await api.sign_up("ada")
    session_id = await ada.new_session()

    counts = await together(
        *(ada.post("/chat/send", {"sessionId": session_id, "message": f"{n}"}) for n in range(50))
    )

    assert counts == {201: 50}
    messages = (await ada.get(f"/chat/{session_id}?limit=200")).body["messages"]
    assert [message["sequence"] for message in messages] == list(range(1, 51))


async def test_invite_revoked_during_joins_admits_only_users_with_answer_200(api: Api) -> None:
    """Only users whose join was answered with 200 are members after the invite is revoked."""
    ada = await api.sign_up("ada")
    session_id = await ada.new_session(access="invite")
    invite = await new_invite(ada, session_id)
    users = [await api.sign_up() for _ in range(50)]

    counts = await together(
        *(user.post(f"/session/{session_id}/join", {"invite": invite["invite"]}) for user in users),
        ada.delete(f"/session/{session_id}/invites/{invite['id']}"),
    )

    assert set(counts) <= {200, 204, 404}
    assert len((await ada.get(f"/session/{session_id}")).body["members"]) == 1 + counts[200]


async def test_simultaneous_avatar_uploads_leave_one_picture(crowd: None, start_server) -> None:
    """After simultaneous uploads, one picture is shown at its own address."""
    server = await start_server(avatars_per_h=1_000)
    ada = await Api(server.url).sign_up("ada")

    answers = await asyncio.gather(
        *(upload(ada, picture("PNG", (8, 8 + n % 5))) for n in range(30)),
        *(ada.delete("/user/avatar") for _ in range(5)),
    )

    assert {answer.status for answer in answers} <= {200, 503}
    last = (await upload(ada, picture("GIF"))).body["avatar"]
    assert (await ada.get("/user/me")).body["avatar"] == last
    assert (await ada.get(last)).status == 200


async def test_simultaneous_password_changes_leave_one_password(api: Api) -> None:
    """In the end one of the simultaneous new passwords is valid, and one login remains."""
    ada = await api.sign_up("ada")
    logins = [
        await api.post("/user/login", {"username": "ada", "password": PASSWORD}) for _ in range(4)
    ]
    users = [ada, *(Api(ada.url, login.body["accessToken"]) for login in logins)]

    counts = await together(
        *(user.post("/user/password", {"currentPassword": PASSWORD,
                                       "newPassword": f"another good one {n}"})
          for n, user in enumerate(users))
    )  # fmt: skip

    assert counts[200] >= 1
    alive = [user for user in users if (await user.get("/user/me")).status == 200]
    assert len(alive) == 1
    assert code_of(await api.post("/user/login", {"username": "ada", "password": PASSWORD})) == (
        401,
        "bad_credentials",
    )


# -- owners ---------------------------------------------------------------------------------------


async def members(api: Api, count: int) -> list[Api]:
    return [await api.sign_up() for _ in range(count)]


async def test_simultaneous_handovers_give_session_to_one_user(api: Api, tmp_path: Path) -> None:
    """One of 50 members becomes the owner. The other handovers are refused."""
    ada = await api.sign_up("ada")
    session_id = await ada.new_session()
    successors = await members(api, 50)
    for successor in successors:
        await successor.post(f"/session/{session_id}/join")

    counts = await together(
        *(
            ada.patch(f"/session/{session_id}/members/{successor.user['id']}", {"role": "owner"})
            for successor in successors
        )
    )

    assert counts[200] == 1
    assert set(counts) <= {200, 403, 409}
    assert check_owners(tmp_path / "data") == 1
    owners = [
        successor
        for successor in successors
        if (await successor.get(f"/session/{session_id}")).body["role"] == "owner"
    ]
    assert len(owners) == 1
    assert (await ada.get(f"/session/{session_id}")).body["role"] == "editor"
    assert (await ada.post(f"/session/{session_id}/leave")).status == 204


@pytest.mark.parametrize("attempt", range(3))
async def test_handover_during_other_changes_leaves_one_owner(
    api: Api, tmp_path: Path, attempt: int
) -> None:
    """A handover together with another change leaves one owner in every remaining session.

    The other changes are: deleting the session or an account, leaving, removing, demoting.
    """
    ada, bob = await api.sign_up("ada"), await api.sign_up("bob")
    sessions = [await ada.new_session() for _ in range(8)]
    for session_id in sessions:
        await bob.post(f"/session/{session_id}/join")
    password = {"password": PASSWORD}

    def work(number: int, session_id: str) -> list[Awaitable[Answer]]:
        member = f"/session/{session_id}/members/{bob.user['id']}"
        others = [
            ada.delete(f"/session/{session_id}"),
            bob.post(f"/session/{session_id}/leave"),
            ada.delete(member),
            ada.patch(member, {"role": "viewer"}),
            ada.post(f"/session/{session_id}/leave"),
            bob.patch(f"/session/{session_id}/members/{ada.user['id']}", {"role": "owner"}),
            bob.delete(f"/session/{session_id}"),
            ada.patch(f"/session/{session_id}", {"status": "ended"}),
        ]
        for index, other in enumerate(others):
            if index != number:
                other.close()
        hand_over = ada.patch(member, {"role": "owner"})
        return [hand_over, others[number]] if attempt % 2 else [others[number], hand_over]

    requests = [
        task for number, session_id in enumerate(sessions) for task in work(number, session_id)
    ]

    await together(*requests)
    check_owners(tmp_path / "data")
    await together(
        *(ada.patch(f"/session/{s}/members/{bob.user['id']}", {"role": "owner"}) for s in sessions),
        (ada, bob)[attempt % 2].delete("/user/me", body=password),
        *(bob.patch(f"/session/{s}/members/{ada.user['id']}", {"role": "owner"}) for s in sessions),
    )
    check_owners(tmp_path / "data")
    await together(*(person.delete("/user/me", body=password) for person in (ada, bob, ada, bob)))
    assert check_owners(tmp_path / "data") == 0


async def test_account_removal_during_joins_passes_or_deletes_session(
    api: Api, tmp_path: Path
) -> None:
    """When the owner's account is removed, a member who joined in time becomes the owner.

    Without such a member the session is deleted.
    """
    ada = await api.sign_up("ada")
    session_id = await ada.new_session()
    users = await members(api, 50)

    counts = await together(
        *(user.post(f"/session/{session_id}/join") for user in users[:25]),
        ada.delete("/user/me", body={"password": PASSWORD}),
        *(user.post(f"/session/{session_id}/join") for user in users[25:]),
    )

    assert set(counts) <= {200, 204, 404}
    assert check_owners(tmp_path / "data") in (0, 1)


async def test_requests_during_account_removal_are_done_or_refused(
    api: Api, tmp_path: Path
) -> None:
    """Each request during an account's removal is either done before the removal or refused.

    It leaves no session, membership or picture of the removed user.
    """
    ada, bob = await api.sign_up("ada"), await api.sign_up("bob")
    others = await bob.new_session()

    await together(
        *(ada.post("/session", {"code": "x"}) for _ in range(10)),
        *(ada.post(f"/session/{others}/join") for _ in range(5)),
        ada.delete("/user/me", body={"password": PASSWORD}),
        *(ada.post("/session") for _ in range(10)),
        *(ada.post("/chat/send", {"sessionId": others, "message": "x"}) for _ in range(5)),
        *(api.post("/user/login", {"username": "ada", "password": PASSWORD}) for _ in range(5)),
        *(api.post("/user/refresh", {"refreshToken": ada.refresh_token}) for _ in range(5)),
        *(ada.post(f"/session/{others}/ticket") for _ in range(5)),
        *(upload(ada, picture()) for _ in range(3)),
    )

    assert (await ada.get("/user/me")).status == 401
    assert check_owners(tmp_path / "data") == 1
    people = (await bob.get(f"/session/{others}")).body["members"]
    assert [member["username"] for member in people] == ["bob"]
    assert (await api.get(f"/user/{ada.user['id']}/avatar")).status == 404


async def test_guest_sign_up_during_removal_makes_user_outside_session(api: Api) -> None:
    """A guest who signs up while being removed becomes a user, but is not in the session."""
    ada = await api.sign_up("ada")
    session_id = await ada.new_session(access="invite")
    guest = await guest_of(ada, session_id)
    wire = await joined(guest, session_id)
    assert await is_open(wire)

    claimed, removed = await asyncio.gather(
        guest.post("/user/signup", account("gustav")),
        ada.delete(f"/session/{session_id}/members/{guest.user['id']}"),
    )

    assert (claimed.status, removed.status) == (201, 204)
    guest.token = claimed.body["accessToken"]
    assert (await wire.until_closed())[0] == 4403
    assert code_of(await guest.get(f"/session/{session_id}")) == (404, "not_found")
    assert (await guest.get("/user/me")).body["guest"] is False
