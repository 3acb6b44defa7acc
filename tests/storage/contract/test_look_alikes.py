"""Tests of names that look like another user's name, new ones and old ones."""

import asyncio
from typing import Any

import pytest

from storage.base import Store
from storage.copying import copy
from storage.errors import Conflict
from storage.mongo.store import MongoStore
from storage.sqlite.store import SqliteStore
from tests.storage.conftest import Connect
from tests.storage.rows import NOW, Seed, guest, login, user

LOOKS_LIKE_VICTIM = ["ｖｉｃｔｉｍ", "vi\u0441tim", "v\u0131ctim", "victim\ufe0f", "\u03bdICTIM"]
alike = pytest.mark.parametrize("name", LOOKS_LIKE_VICTIM, ids=ascii)


async def make_older(store: Any, name: str, username: str) -> None:
    """Give a user a look-alike name, as an earlier release would have accepted it."""
    keys = {"username": username}
    if isinstance(store, SqliteStore):
        row = next(
            row for row in (await store.page("users", "", 100))[0] if row["id"] == f"u-{name}"
        )
        await store.put("users", [{**row, **keys}])
    else:
        assert isinstance(store, MongoStore)
        row = next(
            row for row in (await store.page("users", "", 100))[0] if row["id"] == f"u-{name}"
        )
        await store.put("users", [{**row, **keys}])


@alike
async def test_new_name_that_looks_like_another_is_refused(
    store: Store, seed: Seed, name: str
) -> None:
    """A look-alike name is refused at sign-up, in a rename and in a claim.

    The error says that the name is a look-alike.
    """
    await seed.user("ada", username="Victim")
    await seed.user("bob")
    await seed.session()
    await seed.invite()
    await seed.guest("gil")

    for attempt in (
        store.add_user(user("eve", username=name), login("eve")),
        store.rename_user("u-bob", name),
        store.claim_guest(user("gil", username=name), login("gil")),
    ):
        with pytest.raises(Conflict) as caught:
            await attempt
        assert (caught.value.field, caught.value.is_alike) == ("username", True)
    assert await store.user("u-eve") is None
    assert (await store.user("u-bob")) == user("bob")


async def test_equal_name_is_in_use_and_not_a_look_alike(store: Store, seed: Seed) -> None:
    await seed.user("ada", username="v\u0131ctim")

    with pytest.raises(Conflict) as caught:
        await store.add_user(user("eve", username="V\u0131CTIM"), login("eve"))

    assert not caught.value.is_alike


async def test_users_change_their_own_name_to_a_look_alike(store: Store, seed: Seed) -> None:
    await seed.user("ada", username="victim")

    renamed = await store.rename_user("u-ada", "vi\u0441tim")

    assert renamed.username == "vi\u0441tim"
    with pytest.raises(Conflict):
        await store.add_user(user("eve", username="victim"), login("eve"))


async def test_similar_names_of_ascii_are_accepted(store: Store, seed: Seed) -> None:
    await seed.user("ada", username="anna1")

    await store.add_user(user("eve", username="annal"), login("eve"))

    assert await store.user_by_name("annal") == user("eve", username="annal")


async def test_guest_may_look_like_anybody(store: Store, seed: Seed) -> None:
    """Guests are shown as guests, and their names are not unique."""
    await seed.user("ada", username="victim")
    await seed.session()
    await seed.invite()

    made = await seed.guest("gil", username="vi\u0441tim")

    assert await store.user("u-gil") == guest("gil", username="vi\u0441tim") == made


async def test_name_of_deleted_account_is_free_for_look_alikes(store: Store, seed: Seed) -> None:
    await seed.user("ada", username="victim")

    await store.delete_user("u-ada", NOW, deletes_sessions=True)

    await store.add_user(user("eve", username="vi\u0441tim"), login("eve"))


async def test_one_of_many_look_alikes_together_gets_the_name(store: Store) -> None:
    names = ["victim", *LOOKS_LIKE_VICTIM]

    results = await asyncio.gather(
        *(
            store.add_user(user(f"n{i}", username=name), login(f"n{i}"))
            for i, name in enumerate(names)
        ),
        return_exceptions=True,
    )

    assert [type(result) for result in results if result].count(Conflict) == len(names) - 1


class TestOlderNames:
    """Accounts from before the rule may look alike, and keep their names."""

    async def test_both_sign_in_by_their_exact_names_and_keep_them(
        self, store: Store, seed: Seed
    ) -> None:
        await seed.user("ada", username="victim")
        await seed.user("bob")
        await make_older(store, "bob", "vi\u0441tim")

        ada, bob = await store.user_by_name("VICTIM"), await store.user_by_name("vi\u0441tim")

        assert (ada.id if ada else "", bob.id if bob else "") == ("u-ada", "u-bob")
        assert (await store.rename_user("u-bob", "Vi\u0441tim")).username == "Vi\u0441tim"
        with pytest.raises(Conflict):
            await store.rename_user("u-bob", "v\u0131ctim")
        assert (await store.rename_user("u-bob", "bob")).username == "bob"

    async def test_both_are_copied_to_another_store(
        self, store: Store, seed: Seed, connect: Connect, tmp_path
    ) -> None:
        await seed.user("ada", username="victim")
        await seed.user("bob")
        await make_older(store, "bob", "victim\ufe0f")
        target = SqliteStore(tmp_path / "target" / "copy.db")
        await target.open()

        await copy(store, target, "source", NOW)  # type: ignore[arg-type]

        account = await target.user_by_name("victim\ufe0f")
        assert (account.id if account else "") == "u-bob"
        with pytest.raises(Conflict):
            await target.add_user(user("eve", username="vi\u0441tim"), login("eve"))
        await target.close(is_clean=True)

    async def test_name_of_earlier_release_is_guarded_after_next_start(
        self, connect: Connect
    ) -> None:
        """The row of an earlier release has no skeleton before the next start."""
        store = connect()
        await store.open()
        await Seed(store).user("ada", username="victim")
        if isinstance(store, MongoStore):
            await store._engine.db.users.update_many({}, {"$unset": {"name_skeleton": ""}})
        else:
            assert isinstance(store, SqliteStore)
            await store._engine.write(_forget_skeletons)
        await store.close(is_clean=True)

        again = connect()
        await again.open()

        with pytest.raises(Conflict):
            await again.add_user(user("eve", username="vi\u0441tim"), login("eve"))
        await again.close(is_clean=True)


def _forget_skeletons(db: Any) -> None:
    """Change the file to the schema of the release before look-alikes were refused."""
    for (trigger,) in db.execute(
        "SELECT name FROM sqlite_master WHERE type = 'trigger'"
    ).fetchall():
        db.execute(f"DROP TRIGGER {trigger}")
    db.execute("ALTER TABLE sessions DROP COLUMN excerpt")
    db.execute("DROP TABLE program_tests")
    db.execute("DROP TABLE runs")
    db.execute("ALTER TABLE sessions DROP COLUMN runs")
    db.execute("DROP TABLE password_resets")
    db.execute("DROP TABLE usage")
    db.execute("DROP INDEX users_by_skeleton")
    db.execute("ALTER TABLE users DROP COLUMN username_skeleton")
    db.execute("PRAGMA user_version=5")
