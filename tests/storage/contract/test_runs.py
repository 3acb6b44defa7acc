"""Tests of `RunStore` on every store: what browsers reported about programs."""

import asyncio
from dataclasses import replace

import pytest

from storage.base import Store
from storage.errors import NotFound
from storage.runs.records import CaseResult, Outcome, Run
from tests.storage.rows import HOUR, MANY, NOW, Seed, family, odd_text, report, run


async def numbers(store: Store, session_id: str = "s1") -> list[int]:
    listed = await store.runs(session_id, None, MANY, with_reports=False)
    return [run.number for run in listed]


class TestRuns:
    async def test_run_comes_back_as_stored_with_next_number(
        self, store: Store, seed: Seed
    ) -> None:
        """Numbers count from 1 in each session, and the caller's number is ignored."""
        await seed.session()
        await seed.session("s2")

        first = await store.add_run(run("one", number=77), MANY)
        second = await store.add_run(run("two", outcome=Outcome.TIMEOUT), MANY)
        other = await store.add_run(run("one", "s2"), MANY)

        assert first == run("one", number=1)
        assert second == run("two", number=2, outcome=Outcome.TIMEOUT)
        assert other == run("one", "s2", number=1)
        assert await store.runs("s1", None, MANY, with_reports=True) == [second, first]
        assert await store.run("s1", 1) == first

    async def test_numbers_of_concurrent_runs_have_no_gaps(self, store: Store, seed: Seed) -> None:
        await seed.session()

        added = await asyncio.gather(
            *(store.add_run(run(f"output {number}"), MANY) for number in range(30))
        )

        assert sorted(run.number for run in added) == list(range(1, 31))
        assert len({run.id for run in added}) == 30

    async def test_repeated_run_is_stored_once(self, store: Store, seed: Seed) -> None:
        """A second call with the same id returns the stored run, even if other fields differ."""
        await seed.session()
        first = await store.add_run(run("one"), MANY)

        again = await store.add_run(run("other", id=first.id), MANY)

        assert again == first
        assert await numbers(store) == [1]

    async def test_oldest_runs_are_dropped(self, store: Store, seed: Seed) -> None:
        """A session keeps `limit` runs, also if the limit was higher before."""
        await seed.session()
        for number in range(1, 6):
            await store.add_run(run(f"output {number}"), 5)
        assert await numbers(store) == [5, 4, 3, 2, 1]

        await store.add_run(run("output 6"), 5)
        assert await numbers(store) == [6, 5, 4, 3, 2]
        await store.add_run(run("output 7"), 2)

        assert await numbers(store) == [7, 6]
        assert await store.run("s1", 5) is None

    async def test_runs_of_unknown_session_are_refused_or_empty(self, store: Store) -> None:
        with pytest.raises(NotFound):
            await store.add_run(run(), MANY)

        assert await numbers(store) == []
        assert await store.run("s1", 1) is None

    @pytest.mark.parametrize(
        ("before", "limit", "expected"),
        [(None, 3, [10, 9, 8]), (8, 3, [7, 6, 5]), (3, 10, [2, 1]), (1, 3, []), (100, 1, [10])],
    )
    async def test_runs_are_paged_newest_first(
        self, store: Store, seed: Seed, before: int | None, limit: int, expected: list[int]
    ) -> None:
        """Equal times and a clock that ran backwards do not change the order."""
        await seed.session()
        for number in range(1, 11):
            await store.add_run(run(f"output {number}", created_at=NOW - number % 3), MANY)

        runs = await store.runs("s1", before, limit, with_reports=True)

        assert [run.number for run in runs] == expected
        assert [run.report for run in runs] == [report(f"output {n}") for n in expected]

    async def test_runs_without_reports_have_their_descriptions(
        self, store: Store, seed: Seed
    ) -> None:
        await seed.session()
        added = await store.add_run(run(outcome=Outcome.FAILED), MANY)

        listed = await store.runs("s1", None, MANY, with_reports=False)

        assert listed == [replace(added, report=None)]

    @odd_text
    async def test_run_with_unusual_texts_comes_back_as_stored(
        self, store: Store, seed: Seed, text: str
    ) -> None:
        await seed.session()
        cases = (CaseResult(text, False, text, text),)
        odd = report(
            text, root=text, name=text, stdin=text, stderr=text, exit=None, ms=1 << 40, cases=cases
        )

        added = await store.add_run(run(report=odd), MANY)

        assert added.report == odd
        assert await store.run("s1", 1) == added

    async def test_run_changes_time_of_last_activity(self, store: Store, seed: Seed) -> None:
        await seed.session()

        await store.add_run(run(created_at=NOW + HOUR), MANY)

        session = await store.session("s1")
        assert session
        assert session.updated_at == NOW + HOUR


class TestEnds:
    async def test_deleted_session_has_no_runs(self, store: Store, seed: Seed) -> None:
        """A later session with the same id has no runs, and its runs count from 1."""
        await seed.session()
        await store.add_run(run(), MANY)

        await store.delete_session("s1")

        assert await numbers(store) == []
        await seed.session()
        assert (await store.add_run(run(), MANY)).number == 1

    async def test_runs_of_deleted_user_lose_the_name(self, store: Store, seed: Seed) -> None:
        """The runs stay, with the user's id, and a later run gets no name either."""
        await family(store, seed)
        for number in range(45):
            made = run(f"output {number}", user_id="u-bob", user_name="bob")
            await store.add_run(made, MANY)
        stored_run = await store.add_run(run("ada's"), MANY)

        await store.delete_user("u-bob", NOW, deletes_sessions=False)
        late = await store.add_run(run("late", user_id="u-bob", user_name="bob"), MANY)

        listed = await store.runs("s1", None, MANY, with_reports=True)
        assert listed[:2] == [late, stored_run]
        assert {(run.user_id, run.user_name) for run in listed[2:]} == {("u-bob", "")}
        assert (late.user_name, stored_run.user_name) == ("", "Ada")
        assert not any(run.is_damaged for run in listed)

    async def test_runs_of_swept_guest_keep_the_name(self, store: Store, seed: Seed) -> None:
        await seed.session()
        await seed.invite()
        await seed.guest()
        added = await store.add_run(run(user_id="u-gil", user_name="gil"), MANY)

        await store.sweep(NOW + 2 * HOUR, NOW + HOUR, MANY)

        assert await store.run("s1", 1) == added
        assert added.user_name == "gil"


class TestRedaction:
    async def test_redacted_run_has_new_report(self, store: Store, seed: Seed) -> None:
        """Only the report of this run changes; a repeated call changes nothing."""
        await seed.session()
        other = await store.add_run(run("other"), MANY)
        secret = await store.add_run(run("secret"), MANY)
        redacted = replace(secret, report=report("██████"))

        for _ in range(2):
            await store.redact_run(redacted)

        assert await store.runs("s1", None, MANY, with_reports=True) == [redacted, other]

    async def test_redacted_run_without_report_is_damaged(self, store: Store, seed: Seed) -> None:
        """The run keeps its description."""
        await seed.session()
        added = await store.add_run(run("secret"), MANY)

        await store.redact_run(replace(added, report=None, is_damaged=True))

        assert await store.run("s1", 1) == replace(added, report=None, is_damaged=True)

    async def test_redaction_of_dropped_run_has_no_effect(self, store: Store, seed: Seed) -> None:
        await seed.session()
        gone: Run = run("secret", number=3)

        await store.redact_run(gone)

        assert await numbers(store) == []
