"""Removes a text, such as a secret, from the tests of a session's programs."""

from contextlib import suppress
from dataclasses import replace

from crdt.history.redaction import RedactedRows
from crdt.reading.blanking import BLOCK
from crdt.reading.items import units
from storage.base import Store
from storage.errors import NotFound
from storage.program_tests.records import Wanted


async def redact_tests(store: Store, session_id: str, text: str) -> RedactedRows:
    """Remove a text from all tests of a session; return how many had it.

    Damaged tests are deleted, because it is not known whether they have the text. They do not
    count.
    """
    rows = open_rows = 0
    for test in await store.program_tests(session_id):
        if test.wanted is None:
            await store.delete_program_test(session_id, test.id)
            continue
        redacted = without_text(test.wanted, text)
        if redacted != test.wanted:
            # Somebody may delete the test meanwhile.
            with suppress(NotFound):
                await store.change_program_test(replace(test, wanted=redacted))
            rows += 1
            open_rows += not test.is_hidden
    return RedactedRows(rows, open_rows)


def without_text(wanted: Wanted, text: str) -> Wanted:
    """Return a test's content with a block for each code unit of a text."""
    blocks = BLOCK * len(units(text))
    names = ("name", "input", "expected", "source")
    return replace(wanted, **{name: getattr(wanted, name).replace(text, blocks) for name in names})
