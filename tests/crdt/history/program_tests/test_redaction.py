"""Tests of removing a text from tests of programs."""

from dataclasses import replace

from crdt.history.program_tests.redaction import redact_tests, without_text
from crdt.history.redaction import RedactedRows
from crdt.reading.blanking import BLOCK
from storage.program_tests.records import Kind, Wanted
from tests.crdt.world import World
from tests.storage.rows import program_test

BLOCKS = BLOCK * 6


def test_redaction_of_a_test_changes_all_its_fields() -> None:
    said = Wanted(Kind.FILE, "a secret", "code", "secret", "secret secret", "x secret")

    assert without_text(said, "secret") == Wanted(
        Kind.FILE, f"a {BLOCKS}", "code", BLOCKS, f"{BLOCKS} {BLOCKS}", f"x {BLOCKS}"
    )


async def test_redaction_changes_and_counts_only_tests_with_the_text(world: World) -> None:
    """Hidden tests lose the text too. A damaged test is deleted, because it may have the text."""
    await world.session()
    damaged = replace(program_test("damaged", "one"), wanted=None)
    given = [
        program_test("other", "one"),
        program_test("secret", "one"),
        damaged,
        program_test("too secret", "one", is_hidden=True),
    ]
    for test in given:
        await world.store.add_program_test(test)

    redacted = RedactedRows()
    await redact_tests(world.store, "one", "secret", redacted)
    assert (redacted.rows, redacted.open_rows) == (2, 1)

    left = [test.wanted.name for test in await world.store.program_tests("one")]
    assert left == ["other", BLOCKS, f"too {BLOCKS}"]
    await redact_tests(world.store, "one", "secret", redacted)
    assert redacted.rows == 2
