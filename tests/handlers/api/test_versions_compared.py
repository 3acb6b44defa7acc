"""Tests the comparison of versions."""

import pytest

from tests.api import Api
from tests.handlers.clients import UNKNOWN_ID, code_of, joined, save, typing_frame
from tests.waiting import until


async def test_compare_of_two_versions_returns_differences(ada: Api) -> None:
    session_id = await ada.new_session()
    await save(ada, session_id, "a\nb\nc\n")
    await save(ada, session_id, "a\nb two\nc\n")

    answer = await ada.get(f"/code/{session_id}/diff?from=1&to=2")

    assert answer.status == 200
    assert answer.body == {
        "from": 1,
        "to": 2,
        "others": [],
        "files": [
            {
                "root": "codemirror",
                "name": "main.js",
                "oldName": "main.js",
                "hunks": [
                    {
                        "oldStart": 1,
                        "oldLines": 3,
                        "newStart": 1,
                        "newLines": 3,
                        "lines": [
                            {"kind": " ", "text": "a"},
                            {"kind": "-", "text": "b"},
                            {"kind": "+", "text": "b two", "marks": [[1, 5]]},
                            {"kind": " ", "text": "c"},
                        ],
                    }
                ],
                "unified": "--- a/main.js\n+++ b/main.js\n@@ -1,3 +1,3 @@\n a\n-b\n+b two\n c\n",
            }
        ],
        "renamed": [],
    }


@pytest.mark.parametrize(
    ("query", "ends", "changed"),
    [
        ("from=2&to=1", (2, 1), True),
        ("from=1&to=1", (1, 1), False),
        ("from=2&to=live", (2, "live"), True),
        ("from=2", (2, "live"), True),
        ("", (2, "live"), True),
        ("to=2", (1, 2), True),
        ("to=1", (0, 1), True),
        ("from=0&to=2", (0, 2), True),
    ],
)
async def test_compare_with_omitted_or_live_end_uses_expected_texts(
    ada: Api, query: str, ends: tuple, changed: bool
) -> None:
    session_id = await ada.new_session()
    await save(ada, session_id, "one\n")
    await save(ada, session_id, "two\n")
    wire = await joined(ada, session_id)
    await wire.send(typing_frame("live "))
    await until(lambda: ada.live(session_id), lambda live: "live" in live["code"])

    body = (await ada.get(f"/code/{session_id}/diff?{query}")).body

    assert (body["from"], body["to"]) == ends
    assert bool(body["files"]) == changed


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("from=9&to=1", 404, "not_found"),
        ("from=1&to=9", 404, "not_found"),
        ("from=x", 422, "invalid"),
        ("from=-1", 422, "invalid"),
        ("from=1&to=latest", 422, "invalid"),
        ("from=99999999999999999999", 422, "invalid"),
    ],
)
async def test_compare_with_unknown_or_bad_version_is_refused(
    ada: Api, query: str, status: int, code: str
) -> None:
    session_id = await ada.new_session()
    await save(ada, session_id, "one\n")

    assert code_of(await ada.get(f"/code/{session_id}/diff?{query}")) == (status, code)
    assert code_of(await ada.get(f"/code/{UNKNOWN_ID}/diff?from=1")) == (404, "not_found")


async def test_compare_of_large_texts_does_not_block_event_loop(ada: Api) -> None:
    """Two texts of about a megabyte are compared outside the event loop."""
    session_id = await ada.new_session()
    lines = [f"line {number} of a large file\n" for number in range(30_000)]
    await save(ada, session_id, "".join(lines))
    lines[15_000] = "another line\n"
    await save(ada, session_id, "".join(lines))

    (file,) = (await ada.get(f"/code/{session_id}/diff?from=1&to=2")).body["files"]

    assert [len(hunk["lines"]) for hunk in file["hunks"]] == [8]
