"""Removes a text, such as a secret, from the tests of a session's programs."""

from contextlib import suppress
from dataclasses import replace

from crdt.history.redaction import RedactedRows
from crdt.reading.blanking import BLOCK
from crdt.reading.items import units
from storage.base import Store
from storage.errors import NotFound
from storage.program_tests.records import Wanted


async def redact_tests(store: Store, session_id: str, text: str, redacted: RedactedRows) -> None:
    """Remove a text from all tests of a session, and count those that had it in `redacted`.

    Damaged tests are deleted, because it is not known whether they have the text. They do not
    count.
    """
    for test in await store.program_tests(session_id):
        if test.wanted is None:
            await store.delete_program_test(session_id, test.id)
            continue
        wanted = without_text(test.wanted, text)
        if wanted != test.wanted:
            redacted.count(is_open=not test.is_hidden)
            # Somebody may delete the test meanwhile.
            with suppress(NotFound):
                await store.change_program_test(replace(test, wanted=wanted))


def without_text(wanted: Wanted, text: str) -> Wanted:
    """Return a test's content with a block for each code unit of a text."""
    blocks = BLOCK * len(units(text))
    names = ("name", "input", "expected", "source")
    return replace(wanted, **{name: getattr(wanted, name).replace(text, blocks) for name in names})
