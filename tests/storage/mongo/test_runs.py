"""Tests of runs in MongoDB after a call that was interrupted."""

from storage.mongo import rows
from storage.mongo.store import MongoStore
from storage.runs.records import Runners
from tests import mongod
from tests.storage.rows import Seed, run


async def test_repeated_run_drops_older_runs_that_the_first_call_left(mongo_uri: str) -> None:
    """A call that stored its run, but ended before it dropped older ones, can be repeated."""
    async with mongod.database(mongo_uri) as name:
        store = MongoStore(mongo_uri + name)
        await store.open()
        await Seed(store).session()
        await store.add_run(run("one"), 10)
        newest = run("two", number=2)
        await store._engine.db.runs.insert_one(rows.run_document(newest))

        again = await store.add_run(run("two"), 1)

        assert again == newest
        assert await store.runs("s1", None, 10, with_reports=True) == [newest]
        await store.close(is_clean=True)


async def test_session_of_earlier_release_has_default_rule(mongo_uri: str) -> None:
    """The document of such a session does not say who may run programs.

    A session that is read from it has the default rule, and so has a copy.
    """
    async with mongod.database(mongo_uri) as name:
        store = MongoStore(mongo_uri + name)
        await store.open()
        await Seed(store).session()
        await store._engine.db.sessions.update_one({"_id": "s1"}, {"$unset": {"runs": ""}})

        session = await store.session("s1")
        copied, _ = await store.page("sessions", "", 10)

        assert session
        assert (session.runs, copied[0]["runs"]) == (Runners.EDITORS, "editors")
        await store.close(is_clean=True)
