"""Tests the checks of the handler of redactions.
tests/interop/test_redact.py tests the redactions themselves.
"""

import pytest

from crdt.history.redaction import MAX_SPAN
from tests.api import Api
from tests.handlers.clients import code_of


@pytest.mark.parametrize(
    ("first", "last", "words"),
    [
        (2, 1, "may not be less than from"),
        (1, 1 + MAX_SPAN, f"may be at most {MAX_SPAN - 1:,} more than from"),
    ],
)
async def test_redact_with_wrong_span_is_refused(
    ada: Api, first: int, last: int, words: str
) -> None:
    """The span of a redaction is bounded, because the server reads all of its updates again."""
    session_id = await ada.new_session(code="secret\n")

    answer = await ada.post(
        f"/code/{session_id}/redact", {"from": first, "to": last, "text": "secret"}
    )

    assert code_of(answer) == (422, "invalid")
    assert answer.body["errors"] == {"to": [words]}


async def test_redact_by_others_than_owner_is_refused(ada: Api, bob: Api) -> None:
    """An editor may not redact. A stranger does not learn that the session exists."""
    session_id = await ada.new_session(code="secret\n")
    body = {"from": 1, "to": 1, "text": "secret"}

    stranger = await bob.post(f"/code/{session_id}/redact", body)
    await bob.post(f"/session/{session_id}/join")
    editor = await bob.post(f"/code/{session_id}/redact", body)

    assert (code_of(stranger), code_of(editor)) == ((404, "not_found"), (403, "forbidden"))


async def test_redact_answers_with_counts_of_changes(ada: Api) -> None:
    """The answer counts the redacted characters, updates and versions."""
    session_id = await ada.new_session(code="a secret\n")
    await ada.post(f"/code/{session_id}/save")

    answer = await ada.post(f"/code/{session_id}/redact", {"from": 1, "to": 1, "text": "secret"})

    assert answer.status == 200
    assert answer.body == {
        "from": 1,
        "to": 1,
        "characters": 6,
        "updates": 1,
        "versions": 1,
        "runs": 0,
        "tests": 0,
    }
