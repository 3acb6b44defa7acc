"""Tests of copying everything from one store to another."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import cast

import pytest

from storage.copying import TABLES, CopyRefused, PortableStore, Row, copy
from storage.errors import StoreUnavailable
from storage.program_tests.records import Kind, Wanted
from storage.records import Role
from tests.narrowing import required
from tests.storage.conftest import PLACES, Connect
from tests.storage.rows import (
    DAY,
    HOUR,
    NOW,
    ODD_TEXTS,
    Seed,
    avatar,
    checkpoint,
    chunk,
    login,
    member,
    message,
    program_test,
    run,
    user,
    version,
)


@pytest.fixture
async def places(
    request: pytest.FixtureRequest, tmp_path: Path
) -> AsyncIterator[dict[str, Connect]]:
    """Two empty places of each kind: sqlite, mongo, sqlite 2, mongo 2."""
    async with AsyncExitStack() as stack:
        made = {}
        for kind, place in PLACES.items():
            made[kind] = await stack.enter_async_context(place(request))
        from storage.sqlite.store import SqliteStore

        made["sqlite 2"] = lambda: SqliteStore(tmp_path / "second" / "collab.db")
        made["mongo 2"] = await stack.enter_async_context(PLACES["mongo"](request))
        yield made


async def furnish(store: PortableStore) -> None:
    """Put rows into every table: odd texts, a guest, a deleted user and a removed member.

    Some tables get more rows than one batch holds.
    """
    seed = Seed(store)
    for name in ("ada", "bob", "dan"):
        await seed.user(name)
    for number, text in enumerate(ODD_TEXTS.values()):
        await store.add_user(user(f"odd{number}", full_name=text), login(f"odd{number}"))
    await seed.session("s1")
    await seed.session("s2", chunk(1, 1, session_id="s2"), owner_id="u-bob")
    await store.join(member("u-bob"), 10)
    await store.join(member("u-dan"), 10)
    await store.remove_member("s1", "u-dan")
    await seed.invite()
    await seed.guest("gil")
    await store.set_avatar("u-ada", "/url", "key", avatar())
    for number in range(450):
        await store.add_message(message(f"m{number}"))
    for number in range(1, 46):
        await store.append_chunks([chunk(number, number, bytes([number]) * number)])
    await store.put_checkpoint(checkpoint(40))
    for text in [*ODD_TEXTS.values(), "plain"] * 2:
        await store.add_version(version(text, files={"a.b$c": text, "": "x", "ß": text}), 100)
    for number, text in enumerate(ODD_TEXTS.values()):
        await store.add_run(run(text, id=f"r{number}", user_id="u-dan"), 10)
    for number, text in enumerate(ODD_TEXTS.values()):
        said = Wanted(Kind.FILE, text, "code", text, text, text)
        hides = number % 2 == 0
        await store.add_program_test(program_test(id=f"t{number}", is_hidden=hides, wanted=said))
    await store.delete_user("u-dan", NOW, deletes_sessions=True)
    await store.add_login(login("ada", 2, expires_at=NOW + 5))


async def opened(connect: Connect) -> PortableStore:
    store = cast("PortableStore", connect())
    await store.open()
    return store


async def everything(store: PortableStore) -> dict[str, list[Row]]:
    """Return all rows of a store by table, in a fixed order."""
    tables = {}
    for table in TABLES:
        rows, cursor = await store.page(table, "", 10_000)
        tables[table] = sorted(rows, key=lambda row: repr(sorted(row.items())))
        assert await store.page(table, cursor, 10) == ([], cursor)
    return tables


@pytest.mark.parametrize(
    "way", [("sqlite", "mongo", "sqlite 2"), ("mongo", "sqlite", "mongo 2")], ids="-".join
)
async def test_copy_there_and_back_keeps_every_table(
    places: dict[str, Connect], way: tuple[str, str, str]
) -> None:
    """The first store, its copy and the copy of the copy have the same rows in every table."""
    stores = [await opened(places[name]) for name in way]
    await furnish(stores[0])

    for source, target in ((stores[0], stores[1]), (stores[1], stores[2])):
        sums = await copy(source, target, "there", NOW - 1)
        assert sums.keys() == TABLES.keys()
        assert all(table.rows for table in sums.values())

    assert await everything(stores[0]) == await everything(stores[1]) == await everything(stores[2])
    for store in stores:
        assert {member.user_id: member.role for member in await store.members("s1")}[
            "u-ada"
        ] is Role.OWNER
        assert (await store.versions("s1", None, 1, with_files=True))[0].files == {
            "a.b$c": "plain",
            "": "x",
            "ß": "plain",
        }
        await store.append_chunks([chunk(46, 46)])
        assert (await store.add_message(message("next"))).sequence == 451
        assert (await store.add_run(run("next"), 10)).number == len(ODD_TEXTS) + 1
        await store.close(is_clean=True)


async def test_copy_leaves_out_expired_rows(places: dict[str, Connect]) -> None:
    """An expired login must not be valid again in the copy."""
    source, target = await opened(places["sqlite"]), await opened(places["sqlite 2"])
    await Seed(source).user("ada")

    await copy(source, target, "x", NOW + DAY)

    assert await target.logins("u-ada", NOW) == []
    assert await target.user("u-ada") == user("ada")
    for store in (source, target):
        await store.close(is_clean=True)


@pytest.mark.parametrize(
    "way", [("sqlite", "sqlite 2"), ("sqlite", "mongo"), ("mongo", "sqlite")], ids="-".join
)
@pytest.mark.parametrize(
    ("later", "uses"), [(2 * HOUR, 1), (32 * DAY, 0)], ids=["expired", "forgotten"]
)
async def test_copy_keeps_expired_invites_while_they_are_listed(
    places: dict[str, Connect], way: tuple[str, str], later: int, uses: int
) -> None:
    """An expired invite is copied with its uses as long as it is listed.

    Later, neither the invite nor its uses are copied, so that no use refers to a missing invite.
    """
    source, target = [await opened(places[name]) for name in way]
    seed = Seed(source)
    await seed.user("ada")
    await seed.user("bob")
    await seed.session("s1")
    await seed.invite()
    await source.use_invite("s1-secret-1", member("u-bob"), 10)

    sums = await copy(source, target, "x", NOW + later)

    assert (sums["invites"].rows, sums["invite_uses"].rows) == (uses, uses)
    assert [len(used) for _, used in await target.invites("s1", None, 10, 10)] == [1] * uses
    assert required(await target.member("s1", "u-bob")).role is Role.EDITOR
    for store in (source, target):
        await store.close(is_clean=True)


async def test_copy_into_store_with_rows_is_refused_unless_forced(
    places: dict[str, Connect],
) -> None:
    """A target with rows is refused, and the error names their tables.

    A forced copy replaces rows with the same keys.
    """
    source, target = await opened(places["sqlite"]), await opened(places["mongo"])
    await furnish(source)
    await Seed(target).user("zoe")
    await Seed(target).user("ada", full_name="Another Ada")

    with pytest.raises(CopyRefused, match=r"not empty \(users, refresh_tokens"):
        await copy(source, target, "x", NOW)
    await copy(source, target, "x", NOW, into_existing=True)

    assert required(await target.user("u-zoe")).username == "zoe"
    assert required(await target.user("u-ada")).full_name == "Ada"
    for store in (source, target):
        await store.close(is_clean=True)


@pytest.mark.parametrize("target", ["mongo", "sqlite 2"])
async def test_interrupted_copy_continues_from_same_source(
    places: dict[str, Connect], monkeypatch, target: str
) -> None:
    """The next copy continues at the place where the copy stopped, without writing rows again.

    A copy from another source is refused.
    """
    source = await opened(places["sqlite"])
    await furnish(source)
    store = await opened(places[target])
    batches: list[str] = []
    put = store.put
    stops = (3, 9, 12)

    async def stopping(table: str, rows: list[Row]) -> None:
        batches.append(table)
        if len(batches) in stops:
            raise StoreUnavailable("pulled the plug")
        await put(table, rows)

    monkeypatch.setattr(store, "put", stopping)
    for _ in stops:
        with pytest.raises(StoreUnavailable):
            await copy(source, store, "x", NOW)
    with pytest.raises(CopyRefused, match="part of a copy of x"):
        await copy(source, store, "y", NOW)

    await copy(source, store, "x", NOW)

    assert len(batches) < 40
    assert await everything(source) == await everything(store)
    for end in (source, store):
        await end.close(is_clean=True)


async def test_copy_with_changed_row_fails_naming_table(
    places: dict[str, Connect], monkeypatch
) -> None:
    """A row that changes on its way makes the copy fail, with the table's name."""
    source, target = await opened(places["sqlite"]), await opened(places["mongo"])
    await furnish(source)
    put = target.put

    async def forging(table: str, rows: list[dict[str, object]]) -> None:
        await put(
            table, [{**row, "text": "forged"} if row.get("text") == "m7" else row for row in rows]
        )

    monkeypatch.setattr(target, "put", forging)

    with pytest.raises(CopyRefused, match="messages: the source has 450 rows, the target 450"):
        await copy(source, target, "x", NOW)
    for store in (source, target):
        await store.close(is_clean=True)


async def test_copy_progress_ends_each_table_with_all_rows(places: dict[str, Connect]) -> None:
    """The last report of progress for each table counts all rows of the table."""
    source, target = await opened(places["sqlite"]), await opened(places["sqlite 2"])
    await furnish(source)
    seen: dict[str, tuple[int, int]] = {}

    def note(table: str, done: int, total: int) -> None:
        seen[table] = (done, total)

    await copy(source, target, "x", NOW + HOUR // 2, on_progress=note)

    assert seen.keys() == TABLES.keys()
    assert all(done == total > 0 for done, total in seen.values())
    for store in (source, target):
        await store.close(is_clean=True)
