"""Tests invites: making, using, listing and revoking them, their limits, and their secrecy."""

import asyncio
from pathlib import Path

import pytest

from handlers.http.views.times import rfc3339
from tests.api import PASSWORD, Answer, Api
from tests.clock import Seconds
from tests.handlers.clients import (
    ID,
    RFC3339,
    UNKNOWN_ID,
    account,
    code_of,
    guest_by,
    is_open,
    joined,
    new_invite,
    typed,
    walk,
)  # fmt: skip

DAY_S = 86_400
BAD_INVITE = (404, "not_found")


async def join(api: Api, session_id: str, invite: str) -> Answer:
    return await api.post(f"/session/{session_id}/join", {"invite": invite})


async def listed(owner: Api, session_id: str) -> dict:
    """Return the newest invite in the form that its owner sees."""
    return (await owner.get(f"/session/{session_id}/invites")).body["items"][0]


@pytest.fixture
async def session_id(ada: Api) -> str:
    """A session of Ada that can be joined only by invite."""
    return await ada.new_session(access="invite", joinRole="viewer", title="Café")


# -- making ---------------------------------------------------------------------------------------


async def test_invite_without_fields_has_defaults_and_shows_secret(
    clock, ada: Api, session_id: str
) -> None:
    """An invite is valid for a week, for any number of uses, in the session's join role.

    Its secret is shown only in this answer.
    """
    answer = await ada.post(f"/session/{session_id}/invites")

    assert answer.status == 201
    body = answer.body
    assert body["role"] == "viewer"
    assert body["expiresAt"] == rfc3339(clock() + 7 * DAY_S * 1000)
    assert (body["maxUses"], body["uses"], body["usesLeft"]) == (None, 0, None)
    assert (body["revoked"], body["usable"]) == (False, True)
    assert body["url"] == f"{ada.url}/join/{body['invite']}"
    assert len(body["invite"]) == 26
    item = await listed(ada, session_id)
    assert "invite" not in item
    assert "url" not in item
    assert item == {key: value for key, value in body.items() if key not in ("invite", "url")} | {
        "createdBy": {"id": ada.user["id"], "username": "ada", "avatar": None, "guest": False},
        "usedBy": [],
    }  # fmt: skip
    assert body["invite"] not in str((await ada.get(f"/session/{session_id}/invites")).body)


async def test_invite_secrets_and_ids_differ(ada: Api, session_id: str) -> None:
    """All secrets and ids of invites differ."""
    made = [await new_invite(ada, session_id) for _ in range(20)]

    assert len({body["invite"] for body in made} | {body["id"] for body in made}) == 40


@pytest.mark.parametrize(
    ("field", "good", "bad"),
    [
        ("role", ["editor", "viewer"], ["owner", "guest", "", None, 5]),
        ("expiresIn", [60, 365 * DAY_S], [59, 0, -1, 365 * DAY_S + 1, 60.5, "60", None, True]),
        ("maxUses", [1, 1_000], [0, -1, 1_001, 1.5, "1", None, True]),
    ],
)
async def test_invite_fields_beyond_limits_are_refused(
    ada: Api, session_id: str, field: str, good: list, bad: list
) -> None:
    """Each field is accepted at its limits and refused beyond them."""
    for value in good:
        assert (await ada.post(f"/session/{session_id}/invites", {field: value})).status == 201
    for value in bad:
        answer = await ada.post(f"/session/{session_id}/invites", {field: value})
        assert code_of(answer) == (422, "invalid"), value
        assert list(answer.body["errors"]) == [field]


async def test_invites_over_100_open_ones_are_refused(ada: Api, session_id: str) -> None:
    """A session has at most 100 usable invites. Used, expired and revoked invites do not count."""
    made = [await new_invite(ada, session_id) for _ in range(100)]

    refused = await ada.post(f"/session/{session_id}/invites")
    await ada.delete(f"/session/{session_id}/invites/{made[-1]['id']}")

    assert code_of(refused) == (409, "limit_reached")
    assert (await ada.post(f"/session/{session_id}/invites")).status == 201
    pages = await walk(ada, f"/session/{session_id}/invites?limit=40", "items")
    assert [len(page) for page in pages] == [40, 40, 21]
    ids = [item["id"] for page in pages for item in page]
    assert ids == sorted(set(ids), reverse=True)


# -- using ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ["viewer", "editor"])
async def test_invite_joins_in_its_role_and_shows_use_to_owner(
    clock, ada: Api, bob: Api, session_id: str, role: str
) -> None:
    """A member gets the invite's role, and not the session's role for joining.

    The owner sees who used the invite and when.
    """
    invite = await new_invite(ada, session_id, role=role, maxUses=5)
    clock.advance(60)

    answer = await join(bob, session_id, invite["invite"])
    guest = await guest_by(ada.url, invite["invite"], "Gus")

    assert (answer.status, answer.body["role"], answer.body["session"]["id"]) == (
        200,
        role,
        session_id,
    )
    assert (await guest.get(f"/session/{session_id}")).body["role"] == role
    item = await listed(ada, session_id)
    assert (item["uses"], item["usesLeft"], item["maxUses"]) == (2, 3, 5)
    assert {(user["username"], user["guest"]) for user in item["usedBy"]} == {
        ("bob", False),
        ("Gus", True),
    }
    assert all(set(user) == {"id", "username", "avatar", "guest", "at"} for user in item["usedBy"])
    assert {user["at"] for user in item["usedBy"]} == {rfc3339(clock())}


async def test_invite_secret_and_id_are_accepted_as_typed(
    ada: Api, bob: Api, session_id: str
) -> None:
    """All routes accept a secret or id typed with capitals, dashes or similar letters."""
    invite = await new_invite(ada, session_id)
    text = typed(invite["invite"])
    assert text != invite["invite"]

    assert (await Api(ada.url).get(f"/invite/{text}")).body["session"]["id"] == session_id
    assert (await join(bob, typed(session_id), text)).status == 200
    assert (await guest_by(ada.url, text)).user["guestOf"] == session_id
    assert (await ada.delete(f"/session/{session_id}/invites/{typed(invite['id'])}")).status == 204


async def test_used_up_invite_is_refused(ada: Api, bob: Api, session_id: str) -> None:
    """A used-up invite admits nobody else. Its user stays, and joining again uses nothing."""
    invite = (await new_invite(ada, session_id, maxUses=1))["invite"]
    assert (await join(bob, session_id, invite)).status == 200

    again = await join(bob, session_id, invite)
    other = await join(await ada.sign_up("carol"), session_id, invite)
    guest = await Api(ada.url).post("/user/guest", {"name": "Gus", "invite": invite})

    assert (again.status, again.body["role"]) == (200, "viewer")
    assert code_of(other) == code_of(guest) == BAD_INVITE
    item = await listed(ada, session_id)
    assert (item["uses"], item["usesLeft"], item["usable"]) == (1, 0, False)


async def test_simultaneous_joins_use_invite_up_to_its_limit(
    crowd: None, ada: Api, server, session_id: str
) -> None:
    """An invite for five uses admits exactly five members and guests.

    Refused guests leave no user in the store.
    """
    invite = (await new_invite(ada, session_id, maxUses=5, role="editor"))["invite"]
    users = [await ada.sign_up() for _ in range(25)]

    answers = await asyncio.gather(
        *(join(user, session_id, invite) for user in users),
        *(
            Api(ada.url).post("/user/guest", {"name": f"g{number}", "invite": invite})
            for number in range(25)
        ),
    )

    entered = [answer for answer in answers if answer.status in (200, 201)]
    assert len(entered) == 5
    assert {code_of(answer) for answer in answers if answer not in entered} == {BAD_INVITE}
    item = await listed(ada, session_id)
    assert (item["uses"], item["usesLeft"], len(item["usedBy"])) == (5, 0, 5)
    members = (await ada.get(f"/session/{session_id}")).body["members"]
    assert len(members) == 6
    assert {user["id"] for user in item["usedBy"]} == {
        member["id"] for member in members if member["role"] == "editor"
    }
    idle = await server.parts.services.store.sweep(0, 1 << 60, 1_000)
    assert len(idle) == sum(member["guest"] for member in members)


async def test_revoked_invite_is_refused_and_keeps_members(
    ada: Api, bob: Api, session_id: str
) -> None:
    """A revoked invite admits nobody, and members who came by it stay.

    Revoking it again succeeds.
    """
    invite = await new_invite(ada, session_id)
    await join(bob, session_id, invite["invite"])
    wire = await joined(bob, session_id)

    answers = [await ada.delete(f"/session/{session_id}/invites/{invite['id']}") for _ in range(2)]

    assert [answer.status for answer in answers] == [204, 204]
    carol = await ada.sign_up("carol")
    assert code_of(await join(carol, session_id, invite["invite"])) == BAD_INVITE
    assert (
        code_of(await carol.post("/user/guest", {"name": "x", "invite": invite["invite"]}))
        == BAD_INVITE
    )
    assert code_of(await carol.get(f"/invite/{invite['invite']}")) == BAD_INVITE
    item = await listed(ada, session_id)
    assert (item["revoked"], item["usable"]) == (True, False)
    assert await is_open(wire)


async def test_expired_invite_is_refused(clock, ada: Api, bob: Api, session_id: str) -> None:
    """An invite is valid until its last millisecond, and not in the next one."""
    invite = (await new_invite(ada, session_id, expiresIn=60))["invite"]
    clock.advance(59.999)
    assert (await Api(ada.url).get(f"/invite/{invite}")).status == 200
    assert (await join(bob, session_id, invite)).status == 200
    clock.advance(0.001)

    assert code_of(await Api(ada.url).get(f"/invite/{invite}")) == BAD_INVITE
    assert code_of(await join(await ada.sign_up("carol"), session_id, invite)) == BAD_INVITE
    assert (
        code_of(await Api(ada.url).post("/user/guest", {"name": "x", "invite": invite}))
        == BAD_INVITE
    )
    assert (await listed(ada, session_id))["usable"] is False


# -- what an invite does not do -------------------------------------------------------------------


async def test_invite_of_other_session_is_refused_and_not_counted(
    ada: Api, bob: Api, session_id: str
) -> None:
    """An invite opens only its own session, and a refused use is not counted.

    This holds even for a session that is open to everybody by link.
    """
    other = await ada.new_session(access="invite")
    open_one = await ada.new_session()
    invite = (await new_invite(ada, other))["invite"]

    assert code_of(await join(bob, session_id, invite)) == BAD_INVITE
    assert code_of(await join(bob, open_one, invite)) == BAD_INVITE
    assert code_of(await bob.get(f"/session/{session_id}")) == (404, "not_found")
    assert (await listed(ada, other))["uses"] == 0


@pytest.mark.parametrize("invite", ["x", UNKNOWN_ID, "0" * 26, "é", "\0", "' OR 1=1; --"])
async def test_invite_with_bad_secret_is_unknown(
    ada: Api, bob: Api, session_id: str, invite: str
) -> None:
    """A malformed secret is answered like an unknown invite."""
    assert code_of(await join(bob, session_id, invite)) == BAD_INVITE
    assert (
        code_of(await Api(ada.url).post("/user/guest", {"name": "x", "invite": invite}))
        == BAD_INVITE
    )


async def test_invite_id_as_secret_is_refused(ada: Api, bob: Api, session_id: str) -> None:
    """The id of an invite does not work as its secret, because all members see the id."""
    invite = await new_invite(ada, session_id)

    assert code_of(await join(bob, session_id, invite["id"])) == BAD_INVITE
    assert code_of(await bob.get(f"/invite/{invite['id']}")) == BAD_INVITE


async def test_invite_for_removed_member_is_refused(ada: Api, bob: Api, session_id: str) -> None:
    """No invite, old or new, admits a removed member."""
    invite = (await new_invite(ada, session_id))["invite"]
    await join(bob, session_id, invite)
    await ada.delete(f"/session/{session_id}/members/{bob.user['id']}")
    newer = (await new_invite(ada, session_id))["invite"]

    for secret in (invite, newer):
        assert code_of(await join(bob, session_id, secret)) == (403, "forbidden")

    assert code_of(await bob.get(f"/session/{session_id}")) == (404, "not_found")
    assert (await listed(ada, session_id))["uses"] == 0


async def test_invite_of_member_keeps_role_and_is_not_counted(
    ada: Api, bob: Api, session_id: str
) -> None:
    """A member who uses an invite keeps the present role, and the use is not counted."""
    await join(bob, session_id, (await new_invite(ada, session_id, role="viewer"))["invite"])
    invite = (await new_invite(ada, session_id, role="editor"))["invite"]

    assert (await join(bob, session_id, invite)).body["role"] == "viewer"
    assert (await join(ada, session_id, invite)).body["role"] == "owner"
    assert code_of(await bob.post(f"/code/{session_id}/save", {"code": "x"})) == (403, "forbidden")
    assert (await listed(ada, session_id))["uses"] == 0


async def test_invite_reused_after_leaving_joins_again(ada: Api, bob: Api, session_id: str) -> None:
    """A member who left can join again by the same invite, and is listed once."""
    invite = (await new_invite(ada, session_id))["invite"]
    await join(bob, session_id, invite)
    await bob.post(f"/session/{session_id}/leave")

    assert (await join(bob, session_id, invite)).status == 200

    assert [user["username"] for user in (await listed(ada, session_id))["usedBy"]] == ["bob"]


async def test_invite_to_full_session_is_refused_and_not_used(start_server) -> None:
    """An invite to a full session is refused, and the attempt is not counted as a use."""
    server = await start_server(members=2)
    ada = await Api(server.url).sign_up("ada")
    session_id = await ada.new_session(access="invite")
    invite = (await new_invite(ada, session_id, maxUses=5))["invite"]
    await guest_by(ada.url, invite)

    answers = [
        await join(await ada.sign_up("bob"), session_id, invite),
        await Api(ada.url).post("/user/guest", {"name": "x", "invite": invite}),
    ]

    assert {code_of(answer) for answer in answers} == {(409, "limit_reached")}
    assert (await listed(ada, session_id))["uses"] == 1


async def test_invites_of_ended_session_work_and_of_deleted_session_do_not(
    ada: Api, session_id: str
) -> None:
    """An invite to an ended session lets people join and read. A deleted session has no invites."""
    invite = (await new_invite(ada, session_id))["invite"]
    await ada.patch(f"/session/{session_id}", {"status": "ended"})
    assert (await Api(ada.url).get(f"/invite/{invite}")).body["session"]["status"] == "ended"
    assert (await (await guest_by(ada.url, invite)).get(f"/chat/{session_id}")).status == 200

    await ada.delete(f"/session/{session_id}")

    assert code_of(await Api(ada.url).get(f"/invite/{invite}")) == BAD_INVITE
    assert (
        code_of(await Api(ada.url).post("/user/guest", {"name": "x", "invite": invite}))
        == BAD_INVITE
    )


async def test_revoking_invite_of_other_session_is_not_found(
    ada: Api, bob: Api, session_id: str
) -> None:
    """An owner cannot revoke an invite of another session."""
    invite = await new_invite(ada, session_id)
    own = await bob.new_session()

    for path in (f"/session/{own}/invites/{invite['id']}", f"/session/{own}/invites/{UNKNOWN_ID}"):
        assert code_of(await bob.delete(path)) == (404, "not_found")

    assert (await listed(ada, session_id))["usable"] is True


# -- looking --------------------------------------------------------------------------------------


async def test_invite_preview_tells_strangers_only_what_is_needed(
    ada: Api, session_id: str
) -> None:
    """The preview of an invite shows strangers only what they need for their decision."""
    invite = (await new_invite(ada, session_id, role="editor"))["invite"]

    answer = await Api(ada.url).get(f"/invite/{invite}")

    assert answer.status == 200
    assert RFC3339.fullmatch(answer.body["expiresAt"])
    assert {**answer.body, "expiresAt": ""} == {
        "session": {"id": session_id, "title": "Café", "language": "javascript", "status": "open"},
        "role": "editor",
        "invitedBy": {"id": ada.user["id"], "username": "ada", "avatar": None, "guest": False},
        "expiresAt": "",
    }
    assert ID.fullmatch(answer.body["session"]["id"])
    assert answer.headers["Cache-Control"] == "no-store"


async def test_link_preview_tells_strangers_only_what_is_needed(ada: Api) -> None:
    """The preview of a link shows the owner and the role of people who join, but no members."""
    session_id = await ada.new_session(access="link", joinRole="viewer", title="Café")

    answer = await Api(ada.url).get(f"/session/{typed(session_id)}/preview")

    assert (answer.status, answer.body) == (
        200,
        {
            "session": {
                "id": session_id,
                "title": "Café",
                "language": "javascript",
                "status": "open",
            },
            "role": "viewer",
            "owner": {"id": ada.user["id"], "username": "ada", "avatar": None, "guest": False},
        },
    )
    assert answer.headers["Cache-Control"] == "no-store"


async def test_link_preview_of_session_by_invitation_equals_that_of_unknown_session(
    ada: Api, session_id: str
) -> None:
    """The preview of a session by invitation is the same as that of an unknown session.

    Even its owner gets this answer.
    """
    closed, unknown = [
        await Api(ada.url).get(f"/session/{an_id}/preview") for an_id in (session_id, UNKNOWN_ID)
    ]
    own = await ada.get(f"/session/{session_id}/preview")

    assert code_of(closed) == code_of(unknown) == code_of(own) == (404, "not_found")
    assert closed.body["message"] == unknown.body["message"]


async def test_invite_page_has_strict_policy_and_no_referrer(ada: Api, session_id: str) -> None:
    """The page of an invite runs only its own script, has no data, and sends no referrer."""
    invite = (await new_invite(ada, session_id))["invite"]

    answers = [
        await Api(ada.url).get(f"/join/{text}")
        for text in (invite, "x", "%3Cscript%3Ealert(1)%3C%2Fscript%3E")
    ]

    assert [answer.status for answer in answers] == [200] * 3
    assert len({answer.body for answer in answers}) == 1
    assert b"Caf\xc3\xa9" not in answers[0].body
    policy = answers[0].headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert answers[0].headers["Referrer-Policy"] == "no-referrer"


# -- secrets --------------------------------------------------------------------------------------


async def test_invite_secret_is_stored_as_hash_only(
    ada: Api, tmp_path: Path, session_id: str
) -> None:
    """The store's files contain only hashes of the secrets of invites and tickets."""
    invite = (await new_invite(ada, session_id))["invite"]
    ticket = (await ada.post(f"/session/{session_id}/ticket")).body["ticket"]
    await guest_by(ada.url, invite)

    files = b"".join(path.read_bytes() for path in (tmp_path / "data").iterdir())

    assert session_id.encode() in files
    for secret in (invite, ticket):
        assert secret.encode() not in files
        assert secret.upper().encode() not in files
    assert PASSWORD.encode() not in files


@pytest.mark.parametrize(
    "path",
    ["/invite/{}", "/join/{}", "/invite/{}?x=1", "/join/{}/", "/invite/{}/", "/join/{}/x",
     "/invite/{}%ff",
     "//join/{}", "/join//{}", "/Join/{}"],
)  # fmt: skip
async def test_invite_secret_is_not_logged(ada: Api, session_id: str, path: str, caplog) -> None:
    """The secret of an invite is never logged, by any method and even for a mistyped address."""
    caplog.set_level("DEBUG")
    invite = (await new_invite(ada, session_id))["invite"]

    for method in ("GET", "HEAD", "POST", "DELETE"):
        await Api(ada.url).request(method, path.format(invite), {} if method == "POST" else None)
    await Api(ada.url).get(path.format(invite.upper()))
    await guest_by(ada.url, invite)
    await Api(ada.url).post("/user/guest", {"name": "", "invite": invite})
    await join(await ada.sign_up("carol"), session_id, invite)

    assert f"/session/{session_id}/join" in caplog.text
    assert invite not in caplog.text.lower()


# -- rates of guests and of wrong invites ---------------------------------------------------------

FROM = "X-Forwarded-For"


async def as_guest(url: str, invite: str, address: str = "192.0.2.1") -> tuple[int, str | None]:
    return code_of(
        await Api(url).post(
            "/user/guest", {"name": "Gus", "invite": invite}, headers={FROM: address}
        )
    )


async def test_guests_over_hourly_rate_of_invite_are_refused_by_that_invite_only(
    start_server,
) -> None:
    """An invite admits a limited number of guests per hour, counted over all addresses.

    Another invite of the same session has its own count.
    """
    server = await start_server(guests_per_h=2, trust_proxy=1)
    ada = await Api(server.url).sign_up("ada")
    session_id = await ada.new_session()
    first, second = [(await new_invite(ada, session_id))["invite"] for _ in range(2)]

    by_first = [await as_guest(server.url, first, f"192.0.2.{n}") for n in range(3)]
    refused = await Api(server.url).post("/user/guest", {"name": "x", "invite": first})

    assert by_first == [(201, None), (201, None), (429, "rate_limited")]
    assert "Try again in 30 minutes." in refused.body["message"]
    assert 1_700 <= int(refused.headers["Retry-After"]) <= 1_800
    assert await as_guest(server.url, second) == (201, None)


async def test_one_address_may_use_only_its_share_of_an_invite(start_server) -> None:
    """One address may use only its share of an invite, with guests and accounts counted together.

    A refused request does not reduce the share of other addresses.
    """
    server = await start_server(guests_per_h=3, invite_share_per_h=2, trust_proxy=1)
    ada = await Api(server.url).sign_up("ada")
    invite = (await new_invite(ada, await ada.new_session()))["invite"]

    greedy = [await as_guest(server.url, invite) for _ in range(5)]
    refused = await Api(server.url).post(
        "/user/signup", account("greedy", invite=invite), headers={FROM: "192.0.2.1"}
    )

    assert greedy == [(201, None)] * 2 + [(429, "rate_limited")] * 3
    assert code_of(refused) == (429, "rate_limited")
    assert refused.body["message"].startswith(
        "Too many people came by this invite from your network. Try again in"
    )
    assert await as_guest(server.url, invite, "192.0.2.2") == (201, None)
    assert await as_guest(server.url, invite, "192.0.2.3") == (429, "rate_limited")


async def test_guests_of_one_address_are_bounded_over_all_invites(start_server) -> None:
    """The bound of guests per address counts over all invites. Other addresses are not affected."""
    server = await start_server(address_guests_per_h=3, trust_proxy=1)
    ada = await Api(server.url).sign_up("ada")
    session_id = await ada.new_session()
    invites = [(await new_invite(ada, session_id))["invite"] for _ in range(5)]

    answers = [await as_guest(server.url, invite) for invite in invites]

    assert answers == [(201, None)] * 3 + [(429, "rate_limited")] * 2
    assert await as_guest(server.url, invites[0], "192.0.2.2") == (201, None)


async def test_refused_sign_up_does_not_use_its_invite(start_server) -> None:
    server = await start_server(invited_signups_per_h=1, guests_per_h=2, trust_proxy=1)
    owner = await Api(server.url).sign_up("owner")
    invite = (await new_invite(owner, await owner.new_session()))["invite"]

    async def sign_up(name: str) -> tuple[int, str | None]:
        body = account(name, invite=invite)
        return code_of(
            await Api(server.url).post("/user/signup", body, headers={FROM: "192.0.2.1"})
        )

    assert [await sign_up(f"one{n}") for n in range(4)] == [(201, None)] + [
        (429, "rate_limited")
    ] * 3
    assert await as_guest(server.url, invite, "192.0.2.2") == (201, None)


async def test_sign_up_with_invite_counts_for_invite_and_wider_bound_of_address(
    start_server,
) -> None:
    """A sign-up by invite counts for the invite, and for a wider bound of the address.

    The narrower bound for sign-ups without an invite does not apply, so a class can sign up.
    """
    server = await start_server(
        signups_per_h=1, invited_signups_per_h=3, guests_per_h=2, trust_proxy=1
    )
    owner = await Api(server.url).sign_up("owner")
    session_id = await owner.new_session()
    invites = [(await new_invite(owner, session_id))["invite"] for _ in range(2)]

    async def sign_up(name: str, invite: str) -> tuple[int, str | None]:
        body = account(name, invite=invite)
        return code_of(
            await Api(server.url).post("/user/signup", body, headers={FROM: "192.0.2.1"})
        )

    by_first = [await sign_up(f"one{n}", invites[0]) for n in range(3)]
    by_second = [await sign_up(f"two{n}", invites[1]) for n in range(2)]

    assert by_first == [(201, None), (201, None), (429, "rate_limited")], "two by the first invite"
    assert by_second == [(201, None), (429, "rate_limited")], "three came by invites"


async def test_sign_up_after_reading_valid_invite_has_wider_bound_of_address(
    rate_clock: Seconds, start_server
) -> None:
    """An address that opened an invite's page has the wider bound of sign-ups for an hour.

    Another address does not.
    """
    server = await start_server(signups_per_h=1, invited_signups_per_h=10, trust_proxy=1)
    owner = await Api(server.url).sign_up("owner")
    invite = (await new_invite(owner, await owner.new_session()))["invite"]

    async def sign_up(name: str, address: str = "192.0.2.1") -> int:
        return (
            await Api(server.url).post("/user/signup", account(name), headers={FROM: address})
        ).status

    assert [await sign_up(f"before{n}") for n in range(2)] == [201, 429]
    assert (
        await Api(server.url).get(f"/invite/{invite}", headers={FROM: "192.0.2.1"})
    ).status == 200
    assert [await sign_up(f"invited{n}") for n in range(4)] == [201] * 4
    assert [await sign_up(f"elsewhere{n}", "192.0.2.2") for n in range(2)] == [201, 429]
    rate_clock.advance(3_600)
    assert [await sign_up(f"after{n}") for n in range(2)] == [201, 429]


@pytest.mark.parametrize("invite", ["0" * 26, "x", "the class"])
async def test_sign_up_with_wrong_invite_counts_like_one_without(start_server, invite: str) -> None:
    """A sign-up with an ended or mistyped invite counts like a sign-up without an invite."""
    server = await start_server(signups_per_h=2)

    answers = [
        await Api(server.url).post("/user/signup", account(f"one{n}", invite=invite))
        for n in range(3)
    ]

    assert [answer.status for answer in answers] == [201, 201, 429]


@pytest.mark.parametrize("way", ["preview", "guest", "join"])
async def test_guesses_of_invites_are_refused_after_sixty(start_server, way: str) -> None:
    """The first 60 of 200 guesses from one address are answered as wrong, the later ones with 429.

    People with a valid invite are still admitted at that address.
    """
    server = await start_server(refusal_hold_s=0, trust_proxy=1)
    ada = await Api(server.url).sign_up("ada")
    bob = await ada.sign_up("bob")
    session_id = await ada.new_session(access="invite")
    invite = (await new_invite(ada, session_id))["invite"]
    here = {FROM: "192.0.2.1"}

    async def guess(number: int) -> tuple[int, str | None]:
        secret = f"{number:026}"
        if way == "preview":
            return code_of(await Api(server.url).get(f"/invite/{secret}", headers=here))
        if way == "guest":
            return await as_guest(server.url, secret)
        return code_of(
            await bob.post(f"/session/{session_id}/join", {"invite": secret}, headers=here)
        )

    answers = [await guess(number) for number in range(200)]

    assert answers == [(404, "not_found")] * 60 + [(429, "rate_limited")] * 140
    assert await as_guest(server.url, invite) == (201, None), (
        "a valid invite is not counted for the address"
    )
    assert await as_guest(server.url, "1" * 26, "192.0.2.2") == (404, "not_found"), (
        "each address by itself"
    )


async def test_refusal_of_many_wrong_invites_names_the_wait(
    rate_clock: Seconds, start_server
) -> None:
    """The refusal says when to try again: in seconds in the header, in words in the message."""
    server = await start_server(invite_failures=1)

    first = await Api(server.url).get(f"/invite/{'0' * 26}")
    answer = await Api(server.url).get(f"/invite/{'0' * 26}")

    assert (first.status, answer.status) == (404, 429)
    assert answer.headers["Retry-After"] == "900"
    assert (
        answer.body["message"]
        == "Too many invites from your network were wrong. Try again in 15 minutes."
    )
    rate_clock.advance(900)
    assert (await Api(server.url).get(f"/invite/{'0' * 26}")).status == 404
