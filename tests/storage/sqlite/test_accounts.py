"""Tests of lists with a row on a malformed page.

Tests for all kinds of stores are in `tests/storage/contract`.
"""

from pathlib import Path

import pytest

from storage.sqlite.store import SqliteStore
from tests.storage.faults import break_page
from tests.storage.rows import MANY, NOW, Seed, invite, login, member

_COUNT = 60
_LONG = "x" * 400


@pytest.fixture
async def path(tmp_path: Path) -> Path:
    """A closed file with enough long rows of each kind to fill several pages."""
    file = tmp_path / "collab.db"
    store = SqliteStore(file)
    await store.open()
    seed = Seed(store)
    for number in range(_COUNT):
        await seed.user(f"bob{number:02}", full_name=f"<user {number:02}>{_LONG}")
    await seed.user("ada")
    for number in range(_COUNT):
        await seed.session(
            f"s{number:02}", title=f"<session {number:02}>{_LONG}", updated_at=NOW + number
        )
        await store.add_invite(
            invite(number, "s00", secret_hash=f"<invite {number:02}>{_LONG}"), MANY
        )
        await store.add_login(login("ada", number + 10, device=f"<login {number:02}>{_LONG}"))
        await store.join(member(f"u-bob{number:02}", "s00"), MANY)
    await store.close(is_clean=True)
    return file


@pytest.mark.parametrize("table", ["session", "user", "login", "invite"])
async def test_row_on_malformed_page_fails_no_list(path: Path, table: str) -> None:
    """Each list has all rows, except that users on the malformed page are left out.

    Other rows on that page have only their keys.
    """
    break_page(path, f"<{table} 30>".encode())
    store = SqliteStore(path)
    await store.open()

    sessions = [listing.session for listing in await store.sessions_of("u-ada", None, MANY)]
    users = await store.users([f"u-bob{number:02}" for number in range(_COUNT)])
    logins = await store.logins("u-ada", 1)
    invites = [invite for invite, _ in await store.invites("s00", None, MANY, 5)]

    readable = {
        "session": sum(bool(session.title) for session in sessions),
        "user": len(users),
        "login": sum(bool(login.device) for login in logins)
        - 1,  # the first login has another device
        "invite": sum(bool(invite.secret_hash) for invite in invites),
    }
    assert {session.id for session in sessions} == {f"s{number:02}" for number in range(_COUNT)}
    assert (len(logins), len(invites)) == (_COUNT + 1, _COUNT)
    assert len(await store.members("s00")) == _COUNT + 1
    assert {name for name, count in readable.items() if count < _COUNT} == {table}
    assert readable[table] > _COUNT // 2
    await store.close(is_clean=True)


async def test_pages_continue_after_sessions_on_malformed_page(path: Path) -> None:
    break_page(path, b"<session 30>")
    store = SqliteStore(path)
    await store.open()

    ids: list[str] = []
    before = None
    while listed := await store.sessions_of("u-ada", before, 7):
        ids += [listing.session.id for listing in listed]
        before = (listed[-1].session.updated_at, listed[-1].session.id)

    assert len(ids) == len(set(ids)) == _COUNT
    await store.close(is_clean=True)


async def test_members_on_malformed_page_are_listed_as_viewers(path: Path) -> None:
    break_page(path, b"s00u-bob30")
    store = SqliteStore(path)
    await store.open()

    members = await store.members("s00")

    assert {member.user_id for member in members} == {
        "u-ada",
        *(f"u-bob{number:02}" for number in range(_COUNT)),
    }
    assert {
        session_id: len(rows) for session_id, rows in (await store.members_of(["s00"])).items()
    } == {"s00": _COUNT + 1}
    await store.close(is_clean=True)
