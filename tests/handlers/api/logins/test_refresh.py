"""Tests of staying signed in: refresh tokens, their reuse, and how long a login lasts."""

import asyncio
import shutil
from pathlib import Path

import pytest

from tests.api import PASSWORD, Answer, Api
from tests.handlers.clients import (
    Browser,
    code_of,
    new_invite,
)
from tests.narrowing import required

DAY_S = 86_400


async def test_refresh_answers_with_new_tokens_for_same_user(ada: Api) -> None:
    """A refresh token is exchanged for new tokens of the same user."""
    answer = await Api(ada.url).post("/user/refresh", {"refreshToken": ada.refresh_token})

    assert answer.status == 200
    assert set(answer.body) == {"user", "accessToken", "refreshToken", "expiresIn"}
    assert answer.body["user"] == ada.user
    assert answer.body["refreshToken"] != ada.refresh_token
    assert (await Api(ada.url, answer.body["accessToken"]).get("/user/me")).status == 200
    assert (await ada.get("/user/me")).status == 200, (
        "the earlier access token of the same login still works"
    )
    again = await Api(ada.url).post("/user/refresh", {"refreshToken": answer.body["refreshToken"]})
    assert again.status == 200


async def test_refresh_by_cookie_alone_renews_access_cookie(browser: Browser) -> None:
    """A page without an access cookie gets a new one with its refresh cookie alone."""
    await browser.enter("ada")
    before = browser.jar.pop("accessToken")
    refresh = browser.jar["refreshToken"].value

    answer = await browser.post("/user/refresh")

    assert answer.status == 200
    assert browser.jar["refreshToken"].value == answer.body["refreshToken"] != refresh
    assert browser.jar["accessToken"].value != before.value
    assert (await browser.get("/user/me")).status == 200


async def test_refresh_cookie_on_other_routes_is_ignored(browser: Browser) -> None:
    """Only /user/refresh accepts the refresh cookie."""
    await browser.enter("ada")
    cookie = {"Cookie": f"refreshToken={browser.jar['refreshToken'].value}"}

    answer = await Api(browser.url).get("/user/me", headers=cookie)

    assert code_of(answer) == (401, "not_signed_in")


async def test_refresh_retried_within_20_s_has_same_successor(clock, ada: Api) -> None:
    """A client that got no answer may repeat its refresh within 20 s, and gets the same token."""
    first = await Api(ada.url).post("/user/refresh", {"refreshToken": ada.refresh_token})
    clock.advance(20)

    retry = await Api(ada.url).post("/user/refresh", {"refreshToken": ada.refresh_token})

    assert retry.status == 200
    assert retry.body["refreshToken"] == first.body["refreshToken"]
    assert (await Api(ada.url, retry.body["accessToken"]).get("/user/me")).status == 200
    assert (
        await Api(ada.url).post("/user/refresh", {"refreshToken": retry.body["refreshToken"]})
    ).status == 200


async def test_refresh_token_reused_after_20_s_ends_its_login(clock, ada: Api) -> None:
    """Reuse of a refresh token after 20 s ends its login, with all access tokens and sockets.

    Other logins of the user continue.
    """
    other = await Api(ada.url).post("/user/login", {"username": "ada", "password": PASSWORD})
    first = await Api(ada.url).post("/user/refresh", {"refreshToken": ada.refresh_token})
    session_id = await ada.new_session()
    wire = await ada.connect(session_id)
    await wire.receive()
    clock.advance(20.001)

    reuse = await Api(ada.url).post("/user/refresh", {"refreshToken": ada.refresh_token})

    assert code_of(reuse) == (401, "not_signed_in")
    for token in (ada.token, first.body["accessToken"]):
        assert code_of(await Api(ada.url, token).get("/user/me")) == (401, "not_signed_in")
    successor = await Api(ada.url).post(
        "/user/refresh", {"refreshToken": first.body["refreshToken"]}
    )
    assert code_of(successor) == (401, "not_signed_in")
    assert (await wire.until_closed())[0] == 4401
    assert (await Api(ada.url, other.body["accessToken"]).get("/user/me")).status == 200
    assert (
        await Api(ada.url).post("/user/refresh", {"refreshToken": other.body["refreshToken"]})
    ).status == 200


async def test_late_refresh_with_replaced_token_gets_newest_token(clock, browser: Browser) -> None:
    """A late refresh sends a token that other tabs have already replaced.

    It gets the newest token.
    """
    chain = [(await browser.enter("ada")).body["refreshToken"]]
    for _ in range(4):
        chain.append((await browser.post("/user/refresh")).body["refreshToken"])
        clock.advance(4)

    late = [
        await Api(browser.url).post("/user/refresh", {"refreshToken": token})
        for token in chain[:-1]
    ]

    assert [answer.status for answer in late] == [200] * 4
    assert {answer.body["refreshToken"] for answer in late} == {chain[-1]}
    assert (await Api(browser.url, late[0].body["accessToken"]).get("/user/me")).status == 200
    assert (await browser.get("/user/me")).status == 200
    assert (await browser.post("/user/refresh")).status == 200


async def test_replaced_refresh_token_used_20_s_ago_ends_its_login(clock, ada: Api) -> None:
    """The 20 s of a token begin with its own first use, even after a newer exchange."""
    second = await Api(ada.url).post("/user/refresh", {"refreshToken": ada.refresh_token})
    clock.advance(19)
    third = await Api(ada.url).post("/user/refresh", {"refreshToken": second.body["refreshToken"]})
    clock.advance(1.001)

    reuse = await Api(ada.url).post("/user/refresh", {"refreshToken": ada.refresh_token})

    assert code_of(reuse) == (401, "not_signed_in")
    assert (await Api(ada.url, third.body["accessToken"]).get("/user/me")).status == 401


async def test_late_refresh_after_restart_keeps_its_login(start_server) -> None:
    """A late refresh after a restart does not end the login: the store keeps recent exchanges."""
    server = await start_server()
    ada = await Api(server.url).sign_up("ada")
    second = await Api(server.url).post("/user/refresh", {"refreshToken": ada.refresh_token})
    third = await Api(server.url).post(
        "/user/refresh", {"refreshToken": second.body["refreshToken"]}
    )
    await server.stop()
    server = await start_server()

    late = await Api(server.url).post("/user/refresh", {"refreshToken": ada.refresh_token})

    assert (late.status, late.body["refreshToken"]) == (200, third.body["refreshToken"])
    assert (await Api(server.url, third.body["accessToken"]).get("/user/me")).status == 200


async def test_guest_and_user_stay_signed_in_after_restored_backup(
    start_server, tmp_path: Path, expect_log
) -> None:
    """The backup has the data folder with the secret and the epoch.

    Tokens that are newer than the backup still work.
    """
    expect_log("WARNING handlers.security.refreshing: the database is older than a login of user")
    data, backup = tmp_path / "data", tmp_path / "backup"
    server = await start_server()
    ada = await Api(server.url).sign_up("ada")
    invite = await new_invite(ada, await ada.new_session())
    answer = await Api(server.url).post("/user/guest", {"name": "Zoe", "invite": invite["invite"]})
    zoe = answer.body["user"]
    tokens = [ada.refresh_token, answer.body["refreshToken"]]
    await server.stop()
    shutil.copytree(data, backup)

    async def refresh() -> list[Answer]:
        """Refresh both logins on a server that then stops."""
        server = await start_server()
        answers = [
            await Api(server.url).post("/user/refresh", {"refreshToken": token}) for token in tokens
        ]
        tokens[:] = [answer.body["refreshToken"] for answer in answers]
        await server.stop()
        return answers

    for _ in range(3):
        await refresh()
    shutil.rmtree(data)
    shutil.copytree(backup, data)
    answers = await refresh()

    assert [answer.status for answer in answers] == [200, 200]
    assert [answer.body["user"]["id"] for answer in answers] == [
        required(ada.user)["id"],
        zoe["id"],
    ]
    assert [answer.status for answer in await refresh()] == [200, 200]


async def test_refresh_retried_after_change_of_secret_is_401_and_keeps_its_login(
    start_server,
) -> None:
    """After a change of the secret, a repeated refresh is refused, but its login continues.

    The server cannot compute the successor of the token with another secret.
    """
    server = await start_server(jwt_secret="a" * 40)
    ada = await Api(server.url).sign_up("ada")
    second = await Api(server.url).post("/user/refresh", {"refreshToken": ada.refresh_token})
    await server.stop()
    server = await start_server(jwt_secret="b" * 40)

    retry = await Api(server.url).post("/user/refresh", {"refreshToken": ada.refresh_token})

    assert code_of(retry) == (401, "not_signed_in")
    assert (
        await Api(server.url).post("/user/refresh", {"refreshToken": second.body["refreshToken"]})
    ).status == 200


async def test_simultaneous_refreshes_have_one_successor(crowd: None, ada: Api) -> None:
    """Fifty tabs that refresh together all get the same new token and stay signed in."""
    anyone = Api(ada.url)

    answers = await asyncio.gather(
        *(anyone.post("/user/refresh", {"refreshToken": ada.refresh_token}) for _ in range(50))
    )

    assert {answer.status for answer in answers} == {200}
    assert len({answer.body["refreshToken"] for answer in answers}) == 1
    assert (
        await anyone.post("/user/refresh", {"refreshToken": answers[0].body["refreshToken"]})
    ).status == 200


async def test_login_unused_for_14_days_ends(clock, ada: Api, bob: Api) -> None:
    """A login that was unused for 14 days cannot be refreshed. One second earlier it can."""
    clock.advance(14 * DAY_S - 1)
    in_time = await Api(ada.url).post("/user/refresh", {"refreshToken": ada.refresh_token})
    clock.advance(1)
    late = await Api(bob.url).post("/user/refresh", {"refreshToken": bob.refresh_token})

    assert in_time.status == 200
    assert code_of(late) == (401, "not_signed_in")


async def test_login_in_use_ends_after_30_days(clock, ada: Api) -> None:
    """A login ends 30 days after it began, even if it is refreshed often."""
    token = ada.refresh_token
    for _ in range(2):
        clock.advance(13 * DAY_S)
        token = (await Api(ada.url).post("/user/refresh", {"refreshToken": token})).body[
            "refreshToken"
        ]

    clock.advance(4 * DAY_S)
    answer = await Api(ada.url).post("/user/refresh", {"refreshToken": token})

    assert code_of(answer) == (401, "not_signed_in")


async def test_access_token_after_15_minutes_is_refused_as_expired(clock, ada: Api) -> None:
    """An expired access token has its own error code, so that clients know to refresh."""
    clock.advance(898)
    in_time = await ada.get("/user/me")
    clock.advance(2)
    late = await ada.get("/user/me")

    assert in_time.status == 200
    assert code_of(late) == (401, "token_expired")
    assert (
        await Api(ada.url).post("/user/refresh", {"refreshToken": ada.refresh_token})
    ).status == 200


@pytest.mark.parametrize(
    "token",
    [
        "",
        ".",
        "a.",
        ".b",
        "a.b",
        "a.b.c",
        "x" * 200,
        "\0.\0",
        "é.ü",
        "{login}.",
        "{access}",
        "💥.💥",
    ],
)
async def test_refresh_with_garbage_is_401_and_ends_no_login(ada: Api, token: str) -> None:
    """A malformed refresh token is answered with 401 and ends no login."""
    token = token.format(
        login=ada.refresh_token.partition(".")[0], access=required(ada.token)[:200]
    )

    by_body = await Api(ada.url).post("/user/refresh", {"refreshToken": token})
    plain = token.encode("ascii", "replace").decode().replace("\0", "")
    by_cookie = await Api(ada.url).post(
        "/user/refresh", headers={"Cookie": f"refreshToken={plain}", "Origin": ada.url}
    )

    assert code_of(by_body) == (401, "not_signed_in")
    assert code_of(by_cookie) == (401, "not_signed_in")
    assert (await ada.get("/user/me")).status == 200


async def test_refresh_without_token_is_401(browser: Browser) -> None:
    """A refresh without any token is answered with 401, not with 422."""
    answer = await browser.post("/user/refresh")

    assert code_of(answer) == (401, "not_signed_in")
