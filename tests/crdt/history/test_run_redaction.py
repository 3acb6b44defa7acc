"""Tests of removing a text from runs."""

from dataclasses import replace
from typing import Any

import pytest

from crdt.history.redaction import Passage, RedactedPrograms, RedactedRows
from crdt.history.redactor import Redaction
from crdt.history.run_redaction import redact_runs, without_text
from crdt.reading.blanking import BLOCK
from storage.errors import NotFound
from storage.runs.records import CaseResult
from tests.crdt.world import World
from tests.narrowing import required
from tests.storage.rows import report, run


async def allowed() -> None:
    """Pass the check of the user's right to redact."""


async def counts(store: Any) -> tuple[int, int]:
    """Remove the text "secret" from all runs; return the numbers of (runs, open runs) with it."""
    redacted = RedactedRows()
    await redact_runs(store, "one", "secret", redacted)
    return redacted.rows, redacted.open_rows


async def with_runs(world: World, *outputs: str) -> Any:
    await world.session()
    for number, output in enumerate(outputs):
        await world.store.add_run(run(output, "one", id=f"r{number}"), 100)
    return world.store


@pytest.mark.parametrize(
    ("text", "blocks"), [("secret", BLOCK * 6), ("key \U0001f511", BLOCK * 6), ("ключ", BLOCK * 4)]
)
def test_redaction_of_a_run_changes_all_fields_of_its_report(text: str, blocks: str) -> None:
    """There is one block for each UTF-16 code unit, as in the document."""
    said = f"<{text}> <{text}>"
    shown = f"<{blocks}> <{blocks}>"
    cases = (CaseResult(said, True, said, said), CaseResult("other", False))
    given = report(said, name=said, stdin=said, stderr=said, cases=cases, hidden=cases)
    redacted = CaseResult(shown, True, shown, shown), CaseResult("other", False)

    assert without_text(given, text) == report(
        shown, name=shown, stdin=shown, stderr=shown,
        cases=redacted, hidden=redacted,
    )  # fmt: skip


async def test_redaction_changes_and_counts_only_runs_with_the_text(world: World) -> None:
    """All pages of runs are searched."""
    outputs = ["a secret", *["nothing"] * 6, "secret too"]
    store = await with_runs(world, *outputs)
    before = await store.runs("one", None, 100, with_reports=True)

    assert await counts(store) == (2, 2)

    after = await store.runs("one", None, 100, with_reports=True)
    assert [required(run.report).stdout for run in after] == [
        f"{BLOCK * 6} too", *["nothing"] * 6, f"a {BLOCK * 6}",
    ]  # fmt: skip
    assert after[1:-1] == before[1:-1]
    assert await counts(store) == (0, 0)


async def test_report_of_damaged_run_is_dropped(world: World) -> None:
    """The report may have the text, and nobody can read a damaged report."""
    store = await with_runs(world, "a secret")
    stored = await store.run("one", 1)
    await store.redact_run(replace(stored, report=None))

    assert await counts(store) == (0, 0)

    assert (await store.run("one", 1)).is_damaged


async def test_redaction_finds_text_that_only_a_program_printed(world: World) -> None:
    """The text is not in the log, so only runs change."""
    store = await with_runs(world, "a secret")
    await world.versions.save("one", "ada", "Ada", code="print(join(parts))")

    done = await world.redactor.redact(
        "one", "ada", Passage(1, 1, "secret"), allowed, RedactedPrograms()
    )

    assert done == Redaction(0, 0, 0, runs=1, tests=0)
    assert required((await store.run("one", 1)).report).stdout == f"a {BLOCK * 6}"
    with pytest.raises(NotFound):
        await world.redactor.redact(
            "one", "ada", Passage(1, 1, "secret"), allowed, RedactedPrograms()
        )


async def test_redaction_of_typed_text_changes_runs_too(world: World) -> None:
    store = await with_runs(world, "a secret")
    await world.versions.save("one", "ada", "Ada", code="key = 'secret'")

    done = await world.redactor.redact(
        "one", "ada", Passage(1, 1, "secret"), allowed, RedactedPrograms()
    )

    assert (done.characters, done.updates, done.versions, done.runs) == (6, 1, 1, 1)
    assert required((await store.run("one", 1)).report).stdout == f"a {BLOCK * 6}"
