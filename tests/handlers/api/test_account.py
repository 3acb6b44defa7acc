"""Tests a user's own account: password, logins, removal of the account, and name."""

import pytest

from tests.api import PASSWORD, Api
from tests.handlers.clients import (
    UNKNOWN_ID,
    Browser,
    account,
    code_of,
    guest_of,
    is_open,
    joined,
    log_in,
    new_invite,
    presence_frame,
    typing_frame,
)  # fmt: skip
from tests.waiting import until

NEW = "another good password"
WRONG = "not the password"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"


# -- the password ---------------------------------------------------------------------------------


async def test_password_change_ends_all_other_logins(ada: Api) -> None:
    """A changed password ends all other logins and closes their sockets with 4401.

    The login that changed the password continues.
    """
    session_id = await ada.new_session()
    others = [await log_in(ada.url, "ada") for _ in range(2)]
    own = await joined(ada, session_id)
    wires = [await joined(other, session_id) for other in others]

    answer = await ada.post("/user/password", {"currentPassword": PASSWORD, "newPassword": NEW})

    assert answer.status == 200
    assert answer.body["ended"] == 2
    assert [(await wire.until_closed())[0] for wire in wires] == [4401, 4401]
    for other in others:
        assert code_of(await other.get("/user/me")) == (401, "not_signed_in")
        refreshed = await Api(ada.url).post("/user/refresh", {"refreshToken": other.refresh_token})
        assert code_of(refreshed) == (401, "not_signed_in")
    assert await is_open(own)
    assert (await ada.get("/user/me")).status == 200
    assert (
        await Api(ada.url).post("/user/refresh", {"refreshToken": ada.refresh_token})
    ).status == 200
    old = await Api(ada.url).post("/user/login", {"username": "ada", "password": PASSWORD})
    assert code_of(old) == (401, "bad_credentials")
    assert (await log_in(ada.url, "ada", NEW)).token


@pytest.mark.parametrize(
    ("current", "new", "field"),
    [
        (WRONG, NEW, "currentPassword"), ("", NEW, "currentPassword"),
        (PASSWORD.upper(), NEW, "currentPassword"),
        (PASSWORD, "short", "newPassword"), (PASSWORD, "x" * 129, "newPassword"),
        (PASSWORD, "password123", "newPassword"), (PASSWORD, "ADA@example.org", "newPassword"),
        (PASSWORD, "aaaaaaaaaaaa", "newPassword"), (PASSWORD, None, "newPassword"),
        (None, NEW, "currentPassword"),
    ],
)  # fmt: skip
async def test_password_change_with_bad_fields_is_refused(
    ada: Api, current: str | None, new: str | None, field: str
) -> None:
    """A password change needs the right current password and a valid new one.

    A refused change leaves the old password and all logins as they are.
    """
    other = await log_in(ada.url, "ada")

    answer = await ada.post("/user/password", {"currentPassword": current, "newPassword": new})

    assert code_of(answer) == (422, "invalid")
    assert list(answer.body["errors"]) == [field]
    assert (await other.get("/user/me")).status == 200
    assert (await log_in(ada.url, "ada")).token


@pytest.mark.parametrize(("length", "status"), [(9, 422), (10, 200), (128, 200), (129, 422)])
async def test_password_change_accepts_10_to_128_characters(
    ada: Api, length: int, status: int
) -> None:
    """A new password has 10 to 128 characters, counted as characters and not as bytes."""
    new = ("é😀" * 65)[:length]

    answer = await ada.post("/user/password", {"currentPassword": PASSWORD, "newPassword": new})

    assert answer.status == status
    assert (await log_in(ada.url, "ada", new if status == 200 else PASSWORD)).token


async def test_password_change_by_guest_is_refused(ada: Api) -> None:
    """A guest has no password to change. Signing up is the way to get one."""
    guest = await guest_of(ada, await ada.new_session())

    answer = await guest.post("/user/password", {"currentPassword": PASSWORD, "newPassword": NEW})

    assert 400 <= answer.status < 500


# -- logins ---------------------------------------------------------------------------------------


async def test_login_list_shows_own_logins_without_secrets(clock, ada: Api) -> None:
    """The list has the user's own logins, with device and times, but without secrets.

    It marks the current one.
    """
    await ada.sign_up("bob")
    clock.advance(60)
    browser = await log_in(ada.url, "ada", headers={"User-Agent": FIREFOX})

    answer = await browser.get("/user/logins")

    assert answer.status == 200
    assert answer.body["next"] is None
    first, second = answer.body["items"]
    assert set(first) == {"id", "device", "createdAt", "lastUsedAt", "expiresAt", "current"}
    assert (first["device"], first["current"], second["current"]) == (
        "Firefox on Linux",
        True,
        False,
    )
    assert first["createdAt"] > second["createdAt"]
    assert browser.refresh_token.partition(".")[2] not in str(answer.body)
    currents = [item["current"] for item in (await ada.get("/user/logins")).body["items"]]
    assert currents == [False, True]


async def test_login_list_shows_last_use_and_is_sorted_by_it(clock, server, ada: Api) -> None:
    """A refresh and other requests update `lastUsedAt`, once the store has noted them.

    The login that was used last comes first.
    """
    old = (await ada.get("/user/logins")).body["items"][0]
    clock.advance(3_600)
    other = await log_in(ada.url, "ada")
    clock.advance(3_600)
    refreshed = await Api(ada.url).post("/user/refresh", {"refreshToken": ada.refresh_token})
    ada.token = refreshed.body["accessToken"]
    clock.advance(600)
    await ada.get("/user/me")

    await server.housekeeping.note_logins()

    items = (await ada.get("/user/logins")).body["items"]
    assert items[0]["id"] == old["id"]
    assert items[0]["lastUsedAt"] > items[1]["lastUsedAt"] > old["lastUsedAt"]
    assert items[0]["createdAt"] == old["createdAt"]
    assert other.token


async def test_login_list_leaves_out_expired_logins(clock, ada: Api) -> None:
    """A login that was not used for 14 days has expired and is not listed."""
    clock.advance(15 * 86_400)
    again = await log_in(ada.url, "ada")

    assert len((await again.get("/user/logins")).body["items"]) == 1


async def test_login_removal_ends_that_login_only(ada: Api) -> None:
    """Removing a login closes only its sockets, with 4401. A second removal finds no login."""
    session_id = await ada.new_session()
    other = await log_in(ada.url, "ada")
    wires = [await joined(api, session_id) for api in (ada, other)]
    (login_id,) = [
        item["id"] for item in (await ada.get("/user/logins")).body["items"] if not item["current"]
    ]

    answers = [await ada.delete(f"/user/logins/{login_id}") for _ in range(2)]

    assert [answer.status for answer in answers] == [204, 404]
    assert (await wires[1].until_closed())[0] == 4401
    assert code_of(await other.get("/user/me")) == (401, "not_signed_in")
    assert await is_open(wires[0])


async def test_removal_of_own_login_clears_cookies(browser: Browser) -> None:
    """Removing one's own login also clears its cookies."""
    await browser.enter("ada")
    (login,) = (await browser.get("/user/logins")).body["items"]

    answer = await browser.delete(f"/user/logins/{login['id']}")

    assert answer.status == 204
    assert browser.jar.keys() == {"device"}


async def test_login_removal_for_login_of_other_user_is_not_found(ada: Api, bob: Api) -> None:
    """The login of another user is not found, and stays valid."""
    (login,) = (await bob.get("/user/logins")).body["items"]

    for login_id in (login["id"], UNKNOWN_ID, "%00", "x" * 3_000):
        assert code_of(await ada.delete(f"/user/logins/{login_id}")) == (404, "not_found")

    assert (await bob.get("/user/me")).status == 200


async def test_removal_of_other_logins_keeps_current_login(ada: Api, bob: Api) -> None:
    """All logins of the user end except the current one. Logins of other users stay valid."""
    session_id = await ada.new_session()
    others = [await log_in(ada.url, "ada") for _ in range(3)]
    wires = [await joined(other, session_id) for other in others]

    answer = await ada.delete("/user/logins")

    assert (answer.status, answer.body) == (204, b"")
    assert [(await wire.until_closed())[0] for wire in wires] == [4401] * 3
    assert [item["current"] for item in (await ada.get("/user/logins")).body["items"]] == [True]
    assert (await bob.get("/user/me")).status == 200


# -- the end of an account ------------------------------------------------------------------------


async def test_account_removal_replaces_name_and_frees_it(ada: Api, bob: Api) -> None:
    """Messages, versions and edits of a removed user stay, under the name "deleted user".

    Another person can then take the user name and e-mail address.
    """
    session_id = await ada.new_session(code="x")
    await bob.post(f"/session/{session_id}/join")
    wire = await joined(bob, session_id)
    await wire.send(typing_frame("typed by bob "))
    await until(lambda: ada.live(session_id), lambda live: "bob" in live["code"])
    await bob.post("/chat/send", {"sessionId": session_id, "message": "hi"})
    await bob.post(f"/code/{session_id}/save")

    answer = await bob.delete("/user/me", body={"password": PASSWORD})

    assert (answer.status, answer.body) == (204, b"")
    assert (await wire.until_closed())[0] == 4401
    gone = {"id": bob.user["id"], "username": "deleted user"}
    message = (await ada.get(f"/chat/{session_id}")).body["messages"][0]
    version = (await ada.get(f"/code/{session_id}/latest")).body
    assert message["sender"] == {**gone, "avatar": None, "guest": False}
    assert (message["message"], version["author"]) == ("hi", gone)
    assert gone in version["contributors"]
    members = (await ada.get(f"/session/{session_id}")).body["members"]
    assert [member["username"] for member in members] == ["ada"]
    assert "bob" not in str([message, version["author"], version["contributors"], members])
    assert code_of(await bob.get("/user/me")) == (401, "not_signed_in")
    for body in (
        {"username": "bob", "password": PASSWORD},
        {"email": "bob@example.org", "password": PASSWORD},
    ):
        assert code_of(await Api(ada.url).post("/user/login", body)) == (401, "bad_credentials")
    again = await ada.sign_up("bob")
    assert again.user["id"] != bob.user["id"]
    assert code_of(await again.get(f"/session/{session_id}")) == (404, "not_found")


async def test_account_removal_passes_sessions_to_eldest_editor(clock, ada: Api) -> None:
    """The editor who joined first becomes the owner, with the owner's rights immediately.

    Viewers, guests and removed members do not become owners.
    """
    names = ("viewer", "removed", "elder", "younger")
    people = {name: await ada.sign_up(name) for name in names}
    session_id = await ada.new_session()
    guest = await guest_of(ada, session_id)
    for name in names:
        clock.advance(1)
        await people[name].post(f"/session/{session_id}/join")
    await ada.patch(
        f"/session/{session_id}/members/{people['viewer'].user['id']}", {"role": "viewer"}
    )
    await ada.delete(f"/session/{session_id}/members/{people['removed'].user['id']}")
    wire = await joined(people["elder"], session_id)

    assert (await ada.delete("/user/me", body={"password": PASSWORD})).status == 204

    session = (await people["elder"].get(f"/session/{session_id}")).body
    assert (session["role"], session["owner"]["username"]) == ("owner", "elder")
    assert sorted(member["role"] for member in session["members"]) == [
        "editor",
        "editor",
        "owner",
        "viewer",
    ]
    assert (await people["elder"].patch(f"/session/{session_id}", {"title": "mine"})).status == 200
    assert (await guest.get(f"/session/{session_id}")).body["role"] == "editor"
    assert await is_open(wire)


@pytest.mark.parametrize("who", ["nobody", "viewer", "guest"])
async def test_account_removal_without_successor_deletes_sessions(
    ada: Api, bob: Api, who: str
) -> None:
    """A session without a possible new owner is deleted, because nobody could manage it.

    Connected clients are closed with 4410.
    """
    session_id = await ada.new_session(joinRole="viewer")
    wire = None
    if who != "nobody":
        api = bob if who == "viewer" else await guest_of(ada, session_id)
        await api.post(f"/session/{session_id}/join")
        wire = await joined(api, session_id)

    assert (
        await ada.delete("/user/me", body={"password": PASSWORD, "sessions": "transfer"})
    ).status == 204

    assert wire is None or (await wire.until_closed())[0] == 4410
    assert code_of(await bob.get(f"/session/{session_id}")) == (404, "not_found")
    assert code_of(await bob.post(f"/session/{session_id}/join")) == (404, "not_found")


async def test_account_removal_with_delete_choice_deletes_own_sessions(ada: Api, bob: Api) -> None:
    """With "sessions": "delete", only sessions that the user owns are deleted."""
    own, others = await ada.new_session(), await bob.new_session()
    await bob.post(f"/session/{own}/join")
    await ada.post(f"/session/{others}/join")
    wire = await joined(bob, own)

    assert (
        await ada.delete("/user/me", body={"password": PASSWORD, "sessions": "delete"})
    ).status == 204

    assert (await wire.until_closed())[0] == 4410
    assert [item["id"] for item in (await bob.get("/session")).body["items"]] == [others]


@pytest.mark.parametrize(
    "body", [None, {}, {"password": WRONG}, {"password": ""}, {"sessions": "delete"}]
)
async def test_account_removal_without_right_password_is_refused(
    ada: Api, body: dict | None
) -> None:
    """An account cannot be removed without its password, for example from an unlocked browser."""
    answer = await ada.delete("/user/me", body=body)

    assert code_of(answer) == (422, "invalid")
    assert list(answer.body["errors"]) == ["password"]
    assert (await ada.get("/user/me")).status == 200


async def test_guest_account_removal_needs_no_password(ada: Api) -> None:
    """A guest has no password, so none is asked for. The guest's name is removed from messages."""
    session_id = await ada.new_session()
    guest = await guest_of(ada, session_id, "Gus")
    await guest.post("/chat/send", {"sessionId": session_id, "message": "hi"})

    assert (await guest.delete("/user/me")).status == 204

    (message,) = (await ada.get(f"/chat/{session_id}")).body["messages"]
    assert message["sender"]["username"] == "deleted user"
    assert code_of(await guest.get("/user/me")) == (401, "not_signed_in")


async def test_account_removal_keeps_invites_by_deleted_user(ada: Api, bob: Api) -> None:
    """An invite by a removed user stays valid, and shows the name "deleted user"."""
    session_id = await ada.new_session()
    await bob.post(f"/session/{session_id}/join")
    invite = await new_invite(ada, session_id)
    await ada.delete("/user/me", body={"password": PASSWORD})

    preview = await Api(bob.url).get(f"/invite/{invite['invite']}")

    assert preview.body["invitedBy"]["username"] == "deleted user"
    assert [
        item["id"] for item in (await bob.get(f"/session/{session_id}/invites")).body["items"]
    ] == [invite["id"]]


# -- the name -------------------------------------------------------------------------------------


async def test_rename_shows_in_chat_members_and_presence_immediately(ada: Api, bob: Api) -> None:
    """A new name appears immediately in the chat, the member list and the presence of open sockets.

    Another user can then take the old name.
    """
    session_id = await ada.new_session()
    await bob.post(f"/session/{session_id}/join")
    await bob.post("/chat/send", {"sessionId": session_id, "message": "hi"})
    wire = await joined(bob, session_id)
    await wire.send(presence_frame(7, 1, "{}"))
    watcher = await joined(ada, session_id)

    await bob.patch("/user/me", {"username": "robert"})

    frame = b""
    while b'"robert"' not in frame:
        frame = await watcher.receive_until(b"\x01")
    assert (await ada.get(f"/session/{session_id}")).body["members"][1]["username"] == "robert"
    assert (await ada.get(f"/chat/{session_id}")).body["messages"][0]["sender"][
        "username"
    ] == "robert"
    assert (
        await Api(ada.url).post("/user/signup", account("bob", email="b@example.org"))
    ).status == 201
