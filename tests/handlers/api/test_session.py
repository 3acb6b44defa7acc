"""Tests sessions: opening, listing, changing, deleting, joining, leaving, members and typed ids."""

import asyncio
import base64

import pytest

from handlers import ids
from tests.api import Api
from tests.handlers.clients import ID, RFC3339, UNKNOWN_ID, code_of, typed, typing_frame, walk
from tests.waiting import until

FORBIDDEN_FIELDS = [
    "role",
    "ownerId",
    "owner",
    "_id",
    "id",
    "members",
    "isAdmin",
    "mainRoot",
    "createdAt",
    "$set",
]


async def roles(api: Api, session_id: str) -> dict[str, str]:
    """Return {user name: role} of a session's members."""
    return {
        member["username"]: member["role"]
        for member in (await api.get(f"/session/{session_id}")).body["members"]
    }


# -- opening --------------------------------------------------------------------------------------


async def test_session_without_fields_has_working_defaults(ada: Api) -> None:
    """Every field has a working default, and the answer is the whole session."""
    answer = await ada.post("/session")

    assert answer.status == 201
    body = answer.body
    assert set(body) == {
        "id", "sessionId", "title", "language", "access", "joinRole", "runs", "status", "role",
        "owner", "members",
        "memberCount", "onlineCount", "unread", "createdAt", "updatedAt", "lastActivityAt",
        "documentSize", "excerpt",
    }  # fmt: skip
    assert ID.fullmatch(body["id"])
    assert body["sessionId"] == body["id"]
    assert body["title"]
    assert body["language"]
    assert body["runs"] == "editors"
    assert (body["access"], body["joinRole"], body["status"], body["role"]) == (
        "link",
        "editor",
        "open",
        "owner",
    )
    person = {"id": ada.user["id"], "username": "ada", "avatar": None, "guest": False}
    assert body["owner"] == person
    assert body["members"] == [
        {**person, "role": "owner", "joinedAt": body["createdAt"], "online": False}
    ]
    assert (body["memberCount"], body["onlineCount"], body["unread"]) == (1, 0, 0)
    assert body["lastActivityAt"] == body["updatedAt"]
    assert body["documentSize"] is None
    assert RFC3339.fullmatch(body["createdAt"])
    assert RFC3339.fullmatch(body["updatedAt"])
    assert (await ada.get(f"/session/{body['id']}")).body == body


async def test_session_with_all_fields_has_them_and_first_code(ada: Api) -> None:
    """All fields are taken from the request. The document immediately has the first code."""
    wishes = {"title": "Café ☕", "language": "c++", "access": "invite", "joinRole": "viewer"}
    wishes["runs"] = "all"

    answer = await ada.post("/session", {**wishes, "code": "int main() {}\r\n"})

    assert answer.status == 201
    assert {key: answer.body[key] for key in wishes} == wishes
    assert (await ada.live(answer.body["id"]))["code"] == "int main() {}\r\n"


@pytest.mark.parametrize("code", ["", "a" * (1 << 20), "\u0001" * (1 << 20), "😀" * (1 << 18)])
async def test_session_with_first_code_of_1_mib_is_created(ada: Api, code: str) -> None:
    """The limit of the first code counts bytes of UTF-8, not of its JSON."""
    session_id = await ada.new_session(code=code)

    assert (await ada.live(session_id))["code"] == code


@pytest.mark.parametrize(
    "code", ["a" * ((1 << 20) + 1), "é" * (1 << 19) + "a", "nul\0", 5, None, ["x"]]
)
async def test_session_with_first_code_over_1_mib_is_refused(ada: Api, code: object) -> None:
    """First code that is one byte too long is refused, and no session is made."""
    answer = await ada.post("/session", {"code": code})

    assert code_of(answer) == (422, "invalid")
    assert list(answer.body["errors"]) == ["code"]
    assert (await ada.get("/session")).body["items"] == []


@pytest.mark.parametrize(
    ("field", "good", "bad"),
    [
        (
            "title",
            ["x", "x" * 120, "😀" * 120, "\u2067שלום\u2069 \u200eabc\u200f", "علی\u200cرضا"],
            ["x" * 121, "two\nlines", "\u202etxet", "a\0b", None, 5],
        ),
        (
            "language",
            ["c", "objective-c", "c#", "f" * 32],
            ["", "f" * 33, "a b", "a\nb", "<script>", "é", None],
        ),
        ("access", ["link", "invite"], ["", "LINK", "public", ["link"], {"$ne": None}, None, True]),
        ("runs", ["nobody", "editors", "all"], ["owner", "", "viewers", ["all"], None, True]),
        ("joinRole", ["editor", "viewer"], ["owner", "", "admin", ["editor"], None, 1]),
    ],
)
async def test_session_fields_beyond_limits_are_refused(
    ada: Api, field: str, good: list, bad: list
) -> None:
    """Creating and changing a session have the same limits. The answer names the wrong field."""
    session_id = await ada.new_session()

    for value in good:
        created = await ada.post("/session", {field: value})
        changed = await ada.patch(f"/session/{session_id}", {field: value})
        assert (created.status, created.body[field]) == (201, value)
        assert (changed.status, changed.body[field]) == (200, value)
    before = (await ada.get(f"/session/{session_id}")).body
    for value in bad:
        for answer in (
            await ada.post("/session", {field: value}),
            await ada.patch(f"/session/{session_id}", {field: value}),
        ):
            assert code_of(answer) == (422, "invalid"), value
            assert list(answer.body["errors"]) == [field]
    assert (await ada.get(f"/session/{session_id}")).body == before


@pytest.mark.parametrize("field", FORBIDDEN_FIELDS)
async def test_session_requests_with_unknown_field_are_refused(
    ada: Api, bob: Api, field: str
) -> None:
    """All requests about sessions refuse fields that they do not know."""
    session_id = await ada.new_session()
    await bob.post(f"/session/{session_id}/join")
    member = f"/session/{session_id}/members/{bob.user['id']}"
    requests = [
        (ada, "POST", "/session", {}),
        (ada, "PATCH", f"/session/{session_id}", {"title": "taken"}),
        (bob, "POST", f"/session/{session_id}/join", {}),
        (bob, "POST", f"/session/{session_id}/leave", {}),
    ]
    if field != "role":
        requests.append((ada, "PATCH", member, {"role": "viewer"}))

    for api, method, path, body in requests:
        answer = await api.request(method, path, {**body, field: "owner"})
        assert code_of(answer) == (422, "invalid"), (method, path)
        assert list(answer.body["errors"]) == [field]

    assert await roles(ada, session_id) == {"ada": "owner", "bob": "editor"}
    assert (await ada.get(f"/session/{session_id}")).body["title"] != "taken"


# -- ids as people type them ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("abcd", "abcd"), ("ABCD", "abcd"), ("o0O", "000"), ("iIlL1", "11111"),
        ("ab-cd ef", "abcdef"), ("", ""),
        ("ÀB", "àb"), ("\0", "\0"),
    ],
)  # fmt: skip
def test_normalize_forgives_capitals_dashes_blanks_and_look_alikes(text: str, meant: str) -> None:
    """Capitals, dashes, blanks and similar letters are normalized. Other characters stay."""
    assert ids.normalize(text) == meant


def test_sortable_id_made_later_is_greater() -> None:
    """A later id is greater than an earlier one, with any random parts."""
    early = ids.new_sortable_id(lambda count: b"\xff" * count, 1_000)
    late = ids.new_sortable_id(lambda count: b"\x00" * count, 1_001)

    assert early < late
    assert len(early) == len(late) == 26


async def test_session_id_as_typed_works_on_every_route(ada: Api, bob: Api) -> None:
    """An id typed from paper works on every route, in the path and in the body."""
    session_id = ""
    while not {"0", "1"} <= set(session_id):
        session_id = await ada.new_session(code="x")
    text = typed(session_id)
    assert text != session_id

    joined = await bob.post(f"/session/{text}/join")
    role = await ada.patch(f"/session/{text}/members/{typed(bob.user['id'])}", {"role": "viewer"})
    sent = await bob.post("/chat/send", {"sessionId": text, "message": "hi"})
    saved = await ada.post(f"/code/{text}/save")
    wire = await bob.connect(text)

    assert joined.body["session"]["id"] == session_id
    assert (role.status, role.body["id"], role.body["role"]) == (200, bob.user["id"], "viewer")
    assert (sent.status, sent.body["sessionId"]) == (201, session_id)
    assert (saved.status, saved.body["sessionId"]) == (201, session_id)
    for path in ("/session/{}", "/chat/{}", "/code/{}/latest", "/code/{}/latest?live=true",
                 "/code/{}/files", "/code/{}/versions", "/code/{}/versions/1"):  # fmt: skip
        answer = await ada.get(path.format(text))
        assert answer.status == 200
        assert answer.body.get("sessionId", session_id) == session_id
    await wire.send(b"\x00\x00\x01\x00")
    assert await wire.receive_until(b"\x00\x01")
    with_blanks = await ada.get(f"/session/{text.replace('-', '%20')}")
    assert with_blanks.body["id"] == session_id
    assert (await bob.post(f"/session/{text}/leave")).status == 204


# -- listing --------------------------------------------------------------------------------------


async def test_session_list_is_sorted_by_latest_activity(clock, ada: Api, bob: Api) -> None:
    """Chatting, saving, typing and changing move a session to the top of its members' lists."""
    first, second, third = [
        await ada.new_session(title=name) for name in ("first", "second", "third")
    ]
    await bob.new_session(title="not ada's")

    async def order() -> list[str]:
        return [item["id"] for item in (await ada.get("/session")).body["items"]]

    clock.advance(5)
    await ada.post("/chat/send", {"sessionId": first, "message": "hi"})
    assert (await order())[0] == first
    clock.advance(5)
    await ada.patch(f"/session/{second}", {"title": "renamed"})
    assert (await order())[:2] == [second, first]
    clock.advance(5)
    await ada.post(f"/code/{third}/save", {"code": "x"})
    assert await order() == [third, second, first]
    clock.advance(5)
    wire = await ada.connect(first)
    await wire.send(typing_frame("typed"))
    await until(order, lambda ids: ids == [first, third, second])

    answer = await ada.get("/session")

    assert answer.body["next"] is None
    assert [item["role"] for item in answer.body["items"]] == ["owner"] * 3
    assert answer.body["items"][0] == (await ada.get(f"/session/{first}")).body


async def test_session_list_contains_sessions_of_current_membership(ada: Api, bob: Api) -> None:
    """The list has joined sessions with the role in them.

    It has no sessions that the user left, was removed from, or that were deleted.
    """
    joined, left, removed, deleted = [await ada.new_session(joinRole="viewer") for _ in range(4)]
    for session_id in (joined, left, removed, deleted):
        await bob.post(f"/session/{session_id}/join")

    await bob.post(f"/session/{left}/leave")
    await ada.delete(f"/session/{removed}/members/{bob.user['id']}")
    await ada.delete(f"/session/{deleted}")

    items = (await bob.get("/session")).body["items"]
    assert [(item["id"], item["role"]) for item in items] == [(joined, "viewer")]
    assert {item["id"] for item in (await ada.get("/session")).body["items"]} == {
        joined,
        left,
        removed,
    }


@pytest.mark.parametrize("limit", [1, 3, 7, 8])
async def test_session_pages_show_each_session_one_time(clock, ada: Api, limit: int) -> None:
    """Following `next` shows each session once, even if several are of the same millisecond."""
    made = [await ada.new_session() for _ in range(7)]

    pages = await walk(ada, f"/session?limit={limit}", "items")

    assert [len(page) for page in pages] == [limit] * (7 // limit) + (
        [7 % limit] if 7 % limit else []
    )
    assert sorted(item["id"] for page in pages for item in page) == sorted(made)


@pytest.mark.parametrize(
    "limit", ["0", "201", "-1", "abc", "1.5", "1e2", "９", "9" * 30, "0" * 19 + "1" * 30]
)
async def test_list_with_bad_limit_names_the_field(ada: Api, limit: str) -> None:
    """A malformed or too large limit is refused on every list, and the answer names `limit`."""
    session_id = await ada.new_session()

    for path in ("/session", f"/chat/{session_id}", f"/code/{session_id}/versions"):
        answer = await ada.get(f"{path}?limit={limit}")
        assert code_of(answer) == (422, "invalid"), path
        assert list(answer.body["errors"]) == ["limit"]


@pytest.mark.parametrize("limit", ["1", "50", "200", "", "007"])
async def test_list_with_limit_of_1_to_200_is_accepted(ada: Api, limit: str) -> None:
    """A limit from 1 to 200 is accepted. An empty limit means the default."""
    session_id = await ada.new_session()

    for path in ("/session", f"/chat/{session_id}", f"/code/{session_id}/versions"):
        assert (await ada.get(f"{path}?limit={limit}")).status == 200


@pytest.mark.parametrize(
    "cursor",
    ["abc", "!!!!", "%F0%9F%98%80", "=", "a", "Li4u"]
    + [base64.urlsafe_b64encode(text).decode() for text in (b"x.y", b".", b"9" * 30 + b".x",
                                                            b"\xff.x", b"1e3.x",
                                                            b"9" * 5000 + b".x")],
)  # fmt: skip
async def test_session_list_with_bad_cursor_names_the_field(ada: Api, cursor: str) -> None:
    """A malformed cursor is refused, and the answer names `before`."""
    await ada.new_session()

    answer = await ada.get(f"/session?before={cursor}")

    assert code_of(answer) == (422, "invalid")
    assert list(answer.body["errors"]) == ["before"]


@pytest.mark.parametrize(
    "cursor",
    [
        "0",
        "-1",
        "abc",
        "1.5",
        "9" * 30,
        "0" * 19 + "1" * 30,
        "0" * 19 + "1" * 5000,
        "１",
        "0x10",
        "a" * 9000,
    ],
)
@pytest.mark.parametrize("path", ["/chat/{}", "/code/{}/versions"])
async def test_message_and_version_lists_with_bad_cursor_name_the_field(
    ada: Api, path: str, cursor: str
) -> None:
    """The lists of messages and versions refuse a malformed cursor, and name `before`."""
    session_id = await ada.new_session()

    answer = await ada.get(f"{path.format(session_id)}?before={cursor}")

    assert code_of(answer) == (422, "invalid")
    assert list(answer.body["errors"]) == ["before"]


# -- changing and deleting ------------------------------------------------------------------------


async def test_session_change_keeps_fields_left_out(ada: Api, bob: Api) -> None:
    """Fields that a change leaves out keep their values, even if the body is empty."""
    session_id = await ada.new_session(
        title="old", language="python", access="link", joinRole="viewer"
    )
    before = (await ada.get(f"/session/{session_id}")).body

    answer = await ada.patch(f"/session/{session_id}", {"title": "new"})
    nothing = await ada.patch(f"/session/{session_id}", {})

    assert answer.status == nothing.status == 200
    moved = {"updatedAt": "", "lastActivityAt": ""}
    assert {**answer.body, **moved} == {**before, "title": "new", **moved}
    assert {**nothing.body, **moved} == {**answer.body, **moved}


async def test_join_by_link_follows_access_and_join_role(ada: Api) -> None:
    """A changed join role applies only to later members. Access `invite` closes the link."""
    session_id = await ada.new_session()
    early, late, outside = (
        await ada.sign_up("early"),
        await ada.sign_up("late"),
        await ada.sign_up("outside"),
    )

    await early.post(f"/session/{session_id}/join")
    await ada.patch(f"/session/{session_id}", {"joinRole": "viewer"})
    await late.post(f"/session/{session_id}/join")
    await ada.patch(f"/session/{session_id}", {"access": "invite"})
    refused = await outside.post(f"/session/{session_id}/join")
    member = await early.post(f"/session/{session_id}/join")

    assert await roles(ada, session_id) == {"ada": "owner", "early": "editor", "late": "viewer"}
    assert code_of(refused) == (404, "not_found")
    assert (member.status, member.body["role"]) == (200, "editor")


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "/join"), ("POST", "/leave"),
     ("PATCH", "/members/{user}"),
     ("DELETE", "/members/{user}")],
)  # fmt: skip
async def test_closed_session_is_not_found_for_strangers(
    ada: Api, bob: Api, method: str, path: str
) -> None:
    """A stranger gets the same answer for a closed session as for an unknown id."""
    session_id = await ada.new_session(access="invite")
    path = path.format(user=ada.user["id"])
    body = None if method in ("GET", "DELETE") else {"role": "viewer"} if "members" in path else {}

    closed = await bob.request(method, f"/session/{session_id}{path}", body)
    unknown = await bob.request(method, f"/session/{UNKNOWN_ID}{path}", body)

    assert code_of(closed) == (404, "not_found")
    assert {**closed.body, "requestId": ""} == {**unknown.body, "requestId": ""}


@pytest.mark.parametrize(
    "session_id", ["x", "%00", "'%20OR%201=1--", "%2e%2e%2f", "%F0%9F%98%80", "a" * 5000, "{}", "*"]
)
async def test_session_with_malformed_id_is_not_found(ada: Api, session_id: str) -> None:
    """A malformed id is answered like an unknown one."""
    for path in (
        "/session/{}",
        "/chat/{}",
        "/code/{}/latest",
        "/code/{}/latest?live=1",
        "/code/{}/files",
        "/code/{}/versions/1",
    ):
        assert code_of(await ada.get(path.replace("{}", session_id))) == (404, "not_found")
    assert code_of(await ada.post(f"/session/{session_id}/join")) == (404, "not_found")


async def test_deleted_session_is_not_found(ada: Api, bob: Api) -> None:
    """Nothing of a deleted session is left for anybody. Deleting it again is answered with 404."""
    session_id = await ada.new_session(code="x")
    await bob.post(f"/session/{session_id}/join")
    await ada.post(f"/code/{session_id}/save")
    await ada.post("/chat/send", {"sessionId": session_id, "message": "hi"})
    wire = await bob.connect(session_id)
    await wire.receive()

    answer = await ada.delete(f"/session/{session_id}")

    assert (answer.status, answer.body) == (204, b"")
    assert (await wire.until_closed())[0] == 4410
    for api in (ada, bob):
        for path in (
            "/session/{}",
            "/chat/{}",
            "/code/{}/latest",
            "/code/{}/latest?live=true",
            "/code/{}/files",
            "/code/{}/versions",
        ):
            assert code_of(await api.get(path.format(session_id))) == (404, "not_found")
        assert code_of(await api.delete(f"/session/{session_id}")) == (404, "not_found")
        assert code_of(await api.post(f"/session/{session_id}/join")) == (404, "not_found")
        assert code_of(await api.post(f"/code/{session_id}/save")) == (404, "not_found")
        sent = await api.post("/chat/send", {"sessionId": session_id, "message": "hi"})
        assert code_of(sent) == (404, "not_found")


# -- the end and the reopening --------------------------------------------------------------------


async def test_ended_session_is_read_only_until_reopened(ada: Api, bob: Api) -> None:
    """An ended session refuses messages and saves with the reason, but can still be read.

    Its owner may open it again.
    """
    session_id = await ada.new_session(code="text")
    await bob.post(f"/session/{session_id}/join")
    await ada.post(f"/code/{session_id}/save", {"code": "saved"})
    await bob.post("/chat/send", {"sessionId": session_id, "message": "hi"})

    ended = await ada.patch(f"/session/{session_id}", {"status": "ended"})

    assert (ended.status, ended.body["status"]) == (200, "ended")
    for api in (ada, bob):
        for body in ({}, {"code": "changed"}, {"label": "final"}):
            assert code_of(await api.post(f"/code/{session_id}/save", body)) == (
                409,
                "session_ended",
            )
        sent = await api.post("/chat/send", {"sessionId": session_id, "message": "more"})
        assert code_of(sent) == (409, "session_ended")
        assert (await api.live(session_id))["code"] == "saved"
        assert (await api.get(f"/session/{session_id}")).body["status"] == "ended"
        assert (await api.get(f"/code/{session_id}/latest")).body["version"] == 1
        assert len((await api.get(f"/chat/{session_id}")).body["messages"]) == 1
    assert code_of(await bob.patch(f"/session/{session_id}", {"status": "open"})) == (
        403,
        "forbidden",
    )

    reopened = await ada.patch(f"/session/{session_id}", {"status": "open"})

    assert (reopened.status, reopened.body["status"]) == (200, "open")
    assert (await bob.post(f"/code/{session_id}/save", {"code": "again"})).body["version"] == 2
    assert (
        await bob.post("/chat/send", {"sessionId": session_id, "message": "more"})
    ).status == 201


@pytest.mark.parametrize("status", ["closed", "", "OPEN", None, True, ["open"], {"$ne": None}])
async def test_session_state_other_than_open_or_ended_is_refused(ada: Api, status: object) -> None:
    """The status of a session can only be `open` or `ended`. A new session takes no status."""
    session_id = await ada.new_session()

    answer = await ada.patch(f"/session/{session_id}", {"status": status})

    assert code_of(answer) == (422, "invalid")
    assert code_of(await ada.post("/session", {"status": "open"})) == (422, "invalid")


async def test_ended_session_can_be_joined_and_left(ada: Api, bob: Api) -> None:
    """People with the link may still join, read and leave an ended session."""
    session_id = await ada.new_session(code="text")
    await ada.patch(f"/session/{session_id}", {"status": "ended"})

    joined = await bob.post(f"/session/{session_id}/join")

    assert joined.status == 200
    assert (await bob.live(session_id))["code"] == "text"
    assert (await bob.post(f"/session/{session_id}/leave")).status == 204


# -- members --------------------------------------------------------------------------------------


async def test_join_repeated_makes_one_member_with_same_role(
    crowd: None, ada: Api, bob: Api
) -> None:
    """Simultaneous joins of one user make one member, and later joins keep the member's role."""
    session_id = await ada.new_session(joinRole="viewer")

    answers = await asyncio.gather(*(bob.post(f"/session/{session_id}/join") for _ in range(20)))
    await ada.patch(f"/session/{session_id}", {"joinRole": "editor"})
    again = await bob.post(f"/session/{session_id}/join")
    owner = await ada.post(f"/session/{session_id}/join")

    assert {(answer.status, answer.body["role"]) for answer in answers} == {(200, "viewer")}
    assert set(answers[0].body) == {"session", "role"}
    assert (again.status, again.body["role"], again.body["session"]["role"]) == (
        200,
        "viewer",
        "viewer",
    )
    assert (owner.status, owner.body["role"]) == (200, "owner")
    assert await roles(ada, session_id) == {"ada": "owner", "bob": "viewer"}


async def test_join_after_leaving_gives_current_join_role(ada: Api, bob: Api) -> None:
    """A member who left may join again by the link, with the join role of that time."""
    session_id = await ada.new_session()
    await bob.post(f"/session/{session_id}/join")
    wire = await bob.connect(session_id)
    await wire.receive()

    answer = await bob.post(f"/session/{session_id}/leave")

    assert (answer.status, answer.body) == (204, b"")
    assert (await wire.until_closed())[0] == 4403
    assert code_of(await bob.get(f"/session/{session_id}")) == (404, "not_found")
    assert code_of(await bob.post(f"/session/{session_id}/leave")) == (404, "not_found")
    await ada.patch(f"/session/{session_id}", {"joinRole": "viewer"})
    assert (await bob.post(f"/session/{session_id}/join")).body["role"] == "viewer"


async def test_leave_by_owner_is_refused(ada: Api, bob: Api) -> None:
    """The owner cannot leave a session, so a session always has an owner."""
    session_id = await ada.new_session()
    await bob.post(f"/session/{session_id}/join")

    answer = await ada.post(f"/session/{session_id}/leave")

    assert code_of(answer) == (409, "conflict")
    assert await roles(ada, session_id) == {"ada": "owner", "bob": "editor"}


async def test_join_by_removed_member_is_refused_until_readmitted(ada: Api, bob: Api) -> None:
    """A removed member cannot come back by the link. The owner can admit the member again.

    The removal holds for REST and for WebSocket.
    """
    session_id = await ada.new_session(code="secret")
    await bob.post(f"/session/{session_id}/join")
    member = f"/session/{session_id}/members/{bob.user['id']}"

    removed = await ada.delete(member)

    assert (removed.status, removed.body) == (204, b"")
    assert code_of(await bob.post(f"/session/{session_id}/join")) == (403, "forbidden")
    assert code_of(await bob.get(f"/session/{session_id}")) == (404, "not_found")
    assert code_of(await bob.post(f"/session/{session_id}/leave")) == (404, "not_found")
    assert code_of(await bob.post(f"/session/{session_id}/join")) == (403, "forbidden"), (
        "leaving washed it off"
    )
    assert (await (await bob.connect(session_id)).until_closed())[0] == 4403
    assert await roles(ada, session_id) == {"ada": "owner"}
    assert code_of(await ada.delete(member)) == (404, "not_found")
    assert (await ada.patch(member, {"role": "viewer"})).status == 200
    assert (await bob.live(session_id))["code"] == "secret"


async def test_role_change_applies_to_next_request(ada: Api, bob: Api) -> None:
    """A changed role applies to the member's next request."""
    session_id = await ada.new_session(joinRole="viewer")
    await bob.post(f"/session/{session_id}/join")
    member = f"/session/{session_id}/members/{bob.user['id']}"
    assert code_of(await bob.post(f"/code/{session_id}/save", {"code": "x"})) == (403, "forbidden")

    promoted = await ada.patch(member, {"role": "editor"})
    saved = await bob.post(f"/code/{session_id}/save", {"code": "x"})
    await ada.patch(member, {"role": "viewer"})
    refused = await bob.post(f"/code/{session_id}/save", {"code": "y"})

    assert promoted.status == 200
    assert promoted.body["role"] == "editor"
    assert promoted.body["id"] == bob.user["id"]
    assert saved.status == 201
    assert code_of(refused) == (403, "forbidden")
    assert (await ada.live(session_id))["code"] == "x"


@pytest.mark.parametrize(
    "body", [{}, {"role": "guest"}, {"role": ""}, {"role": None}, {"role": ["viewer"]}, {"role": 1}]
)
async def test_role_change_to_unknown_role_is_refused(ada: Api, bob: Api, body: dict) -> None:
    """Only the roles owner, editor and viewer can be given."""
    session_id = await ada.new_session()
    await bob.post(f"/session/{session_id}/join")

    answer = await ada.patch(f"/session/{session_id}/members/{bob.user['id']}", body)

    assert code_of(answer) == (422, "invalid")
    assert list(answer.body["errors"]) == ["role"]
    assert await roles(ada, session_id) == {"ada": "owner", "bob": "editor"}


async def test_owner_demoting_or_removing_themselves_is_refused(ada: Api) -> None:
    """Owners can neither demote nor remove themselves."""
    session_id = await ada.new_session()
    member = f"/session/{session_id}/members/{ada.user['id']}"

    assert code_of(await ada.patch(member, {"role": "viewer"})) == (409, "conflict")
    assert code_of(await ada.delete(member)) == (409, "conflict")
    assert await roles(ada, session_id) == {"ada": "owner"}


async def test_member_change_for_non_member_is_not_found(ada: Api, bob: Api) -> None:
    """Changing or removing a user who never joined is answered with 404, and admits nobody."""
    session_id = await ada.new_session(access="invite")
    for user_id in (bob.user["id"], UNKNOWN_ID, "%00", "x" * 3000):
        member = f"/session/{session_id}/members/{user_id}"
        assert code_of(await ada.patch(member, {"role": "editor"})) == (404, "not_found")
        assert code_of(await ada.delete(member)) == (404, "not_found")

    assert code_of(await bob.get(f"/session/{session_id}")) == (404, "not_found")


async def test_join_of_full_session_is_refused_until_member_is_removed(start_server) -> None:
    """A join beyond the limit of members is refused with a reason. A removed member makes room."""
    server = await start_server(members=3)
    ada = await Api(server.url).sign_up("ada")
    bob, carol, dan = [await ada.sign_up(name) for name in ("bob", "carol", "dan")]
    session_id = await ada.new_session()

    assert (await bob.post(f"/session/{session_id}/join")).status == 200
    assert (await carol.post(f"/session/{session_id}/join")).status == 200
    full = await dan.post(f"/session/{session_id}/join")
    await ada.delete(f"/session/{session_id}/members/{bob.user['id']}")
    after = await dan.post(f"/session/{session_id}/join")

    assert code_of(full) == (409, "limit_reached")
    assert after.status == 200
    assert await roles(ada, session_id) == {"ada": "owner", "carol": "editor", "dan": "editor"}


async def test_session_shows_no_private_fields_of_members(ada: Api, bob: Api) -> None:
    """A session does not show e-mail addresses or full names of its members."""
    session_id = await ada.new_session()

    answer = await bob.post(f"/session/{session_id}/join")

    assert "example.org" not in str(answer.body)
    assert {frozenset(member) for member in answer.body["session"]["members"]} == {
        frozenset({"id", "username", "avatar", "guest", "role", "joinedAt", "online"})
    }


# -- compacting -----------------------------------------------------------------------------------


async def test_compact_by_others_than_owner_is_refused(ada: Api, bob: Api) -> None:
    """An editor may not compact a session. A stranger does not learn that the session exists."""
    session_id = await ada.new_session(code="text")

    stranger = await bob.post(f"/session/{session_id}/compact")
    await bob.post(f"/session/{session_id}/join")
    editor = await bob.post(f"/session/{session_id}/compact")

    assert (code_of(stranger), code_of(editor)) == ((404, "not_found"), (403, "forbidden"))


async def test_compact_removes_deleted_content_and_a_second_one_must_wait(ada: Api) -> None:
    """Compacting also removes deleted content that is too small for a checkpoint to remove.

    It is expensive, so a second request must wait.
    """
    session_id = await ada.new_session(code="x" * 10_000)
    await ada.post(f"/code/{session_id}/save", {"code": "y"})

    answer = await ada.post(f"/session/{session_id}/compact")
    again = await ada.post(f"/session/{session_id}/compact")

    assert answer.status == 200
    assert answer.body["before"] > 10_000
    assert answer.body["bytes"] < 200
    assert (answer.body["limit"], answer.body["isHalfFull"]) == (8 << 20, False)
    assert code_of(again) == (429, "rate_limited")
    assert (await ada.live(session_id))["code"] == "y"
