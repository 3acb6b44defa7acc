"""Checks every store as a `ProgramTestStore`, which keeps the tests of a session's programs."""

from dataclasses import replace

import pytest

from storage.base import Store
from storage.errors import NotFound
from storage.mongo.store import MongoStore
from storage.program_tests.records import Kind, Wanted
from storage.sqlite.store import SqliteStore
from tests.storage.rows import ODD_TEXTS, Seed, program_test


async def names(store: Store, session_id: str = "s1") -> list[str]:
    tests = await store.program_tests(session_id)
    return [test.wanted.name if test.wanted else "damaged" for test in tests]


async def spoil(store: Store, test_id: str, column: str, value: object) -> None:
    """Overwrite a column of a stored test, as a fault of the disk would."""
    if isinstance(store, SqliteStore):
        sql = f"UPDATE program_tests SET {column} = ? WHERE id = ?"
        await store._engine.write(lambda db: db.execute(sql, (value, test_id)))
        return
    assert isinstance(store, MongoStore)
    key = {"id": test_id}
    await store._engine.db.program_tests.update_one(key, {"$set": {column: value}})


class TestProgramTests:
    async def test_tests_come_back_as_stored_in_the_order_of_adding(
        self, store: Store, seed: Seed
    ) -> None:
        """The caller's positions are ignored, and each session has tests of its own."""
        await seed.session()
        await seed.session("s2")
        text = "".join(ODD_TEXTS.values())
        odd = Wanted(Kind.FILE, text, "code", source=text)

        await store.add_program_test(program_test("b", position=9))
        await store.add_program_test(program_test("a", is_hidden=True, wanted=odd))
        await store.add_program_test(program_test("b", "s2"))

        assert await store.program_tests("s1") == [
            program_test("b"),
            program_test("a", position=2, is_hidden=True, wanted=odd),
        ]
        assert await store.program_tests("s2") == [program_test("b", "s2")]

    async def test_open_tests_can_be_read_without_the_hidden_ones(
        self, store: Store, seed: Seed
    ) -> None:
        """A test whose flag cannot be read counts as hidden."""
        await seed.session()
        for name in "abcd":
            await store.add_program_test(program_test(name, is_hidden=name == "b"))
        await spoil(store, "t-c", "is_hidden", b"x")

        open_tests = await store.program_tests("s1", with_hidden=False)

        assert [test.id for test in open_tests] == ["t-a", "t-d"]
        assert [test.position for test in open_tests] == [1, 4]

    async def test_repeated_test_is_stored_once(self, store: Store, seed: Seed) -> None:
        await seed.session()
        await store.add_program_test(program_test("a"))

        await store.add_program_test(program_test("b", id="t-a"))

        assert await names(store) == ["a"]

    async def test_test_of_unknown_session_is_refused(self, store: Store) -> None:
        with pytest.raises(NotFound):
            await store.add_program_test(program_test())

        assert await names(store) == []

    async def test_changed_test_keeps_its_place(self, store: Store, seed: Seed) -> None:
        """A change may set the texts and the flag of a test.

        A test that does not exist cannot be changed.
        """
        await seed.session()
        for name in "abc":
            await store.add_program_test(program_test(name))
        changed = program_test("b", is_hidden=True, wanted=Wanted(Kind.FILE, "new", "x"))

        await store.change_program_test(changed)

        assert await names(store) == ["a", "new", "c"]
        assert (await store.program_tests("s1"))[1] == replace(changed, position=2)
        with pytest.raises(NotFound):
            await store.change_program_test(program_test("d"))

    async def test_deleted_test_is_gone(self, store: Store, seed: Seed) -> None:
        """A repeated deletion has no effect. A test that is added later comes last."""
        await seed.session()
        for name in "abc":
            await store.add_program_test(program_test(name))

        for _ in range(2):
            await store.delete_program_test("s1", "t-b")
        await store.add_program_test(program_test("d"))

        assert await names(store) == ["a", "c", "d"]

    async def test_order_follows_new_positions(self, store: Store, seed: Seed) -> None:
        """Tests that are not named keep their positions, and unknown ones have no effect."""
        await seed.session()
        for name in "abcd":
            await store.add_program_test(program_test(name))

        await store.order_program_tests("s1", {"t-a": 3, "t-c": 1, "t-z": 2})
        await store.order_program_tests("s1", {})

        assert await names(store) == ["c", "b", "a", "d"]

    async def test_deleted_session_has_no_tests(self, store: Store, seed: Seed) -> None:
        await seed.session()
        await store.add_program_test(program_test())

        await store.delete_session("s1")
        await seed.session()

        assert await names(store) == []

    @pytest.mark.parametrize(
        ("column", "value"),
        [("content", b"rubbish"), ("content", "rubbish"), ("is_hidden", 1), ("is_hidden", b"x")],
    )
    async def test_damaged_test_keeps_its_place_and_has_no_content(
        self, store: Store, seed: Seed, column: str, value: object
    ) -> None:
        """A damaged test is returned in its place, without its content.

        A changed flag is damage too. If the flag cannot be read, the test counts as hidden.
        """
        await seed.session()
        for name in "abc":
            await store.add_program_test(program_test(name))

        await spoil(store, "t-b", column, value)

        assert await names(store) == ["a", "damaged", "c"]
        test = (await store.program_tests("s1"))[1]
        assert test.is_damaged
        assert test.is_hidden is (column == "is_hidden")

    async def test_hidden_test_whose_flag_is_damaged_has_no_content(
        self, store: Store, seed: Seed
    ) -> None:
        """If damage changes the flag of a hidden test, the content of the test stays secret."""
        await seed.session()
        await store.add_program_test(program_test("secret", is_hidden=True))

        await spoil(store, "t-secret", "is_hidden", False)

        assert [test.wanted for test in await store.program_tests("s1")] == [None]
