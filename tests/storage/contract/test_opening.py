"""Tests of opening and closing every kind of store."""

from storage.base import Store
from tests.storage.conftest import Connect
from tests.storage.rows import (
    Seed,
    user,
)


class TestOpening:
    async def test_new_store_counts_as_cleanly_closed(self, connect: Connect) -> None:
        """A new store counts as cleanly closed, because its first run has nothing to recover."""
        store = connect()

        is_clean = await store.open()

        await store.close(is_clean=True)
        assert is_clean is True

    async def test_open_after_clean_close_reports_clean(self, connect: Connect) -> None:
        """Opening reports that the previous run wrote everything."""
        first, second = connect(), connect()
        await first.open()
        await first.close(is_clean=True)

        is_clean = await second.open()

        await second.close(is_clean=True)
        assert is_clean is True

    async def test_open_after_unclean_close_reports_unclean(self, connect: Connect) -> None:
        """Opening reports that the previous run may have lost data that it had in memory."""
        first, second = connect(), connect()
        await first.open()
        await first.close(is_clean=False)

        is_clean = await second.open()

        await second.close(is_clean=True)
        assert is_clean is False

    async def test_open_reports_unclean_close_until_next_clean_close(
        self, connect: Connect
    ) -> None:
        """Only the previous run counts, and no earlier run."""
        answers = []
        for is_clean in (False, False, True, True, False, True):
            store = connect()
            answers.append(await store.open())
            await store.close(is_clean=is_clean)

        assert answers == [True, False, False, True, True, False]

    async def test_rows_survive_unclean_close(self, connect: Connect) -> None:
        """An unclean close keeps every write that had returned."""
        first, second = connect(), connect()
        await first.open()
        await Seed(first).user("ada")
        await first.close(is_clean=False)

        await second.open()
        stored_user = await second.user("u-ada")

        await second.close(is_clean=True)
        assert stored_user == user("ada")

    async def test_ping_of_open_store_succeeds(self, store: Store) -> None:
        """A ping of an open store raises nothing."""
        await store.ping()
