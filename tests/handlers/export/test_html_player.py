"""Tests the export of a session's replay as one HTML page."""

import json
from typing import Any

import pytest

import crdt.history.playback.replay
from collab_server.server import Server
from tests.api import Api
from tests.handlers.clients import report


async def test_html_player_contains_all_history_escaped(
    ada: Api, bob: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page contains all updates, authors, times, versions and messages.

    All texts are escaped, so that none can end the element that contains it.
    """
    monkeypatch.setattr(crdt.history.playback.replay, "MAX_EDITS", 0)  # one part for each update
    session_id = await ada.new_session(code="</script><b>", title="</script>")
    await bob.post(f"/session/{session_id}/join")
    for number, api in enumerate((ada, bob, ada, bob)):
        await api.post(
            f"/code/{session_id}/save", {"code": f"</script>{'x' * number}", "label": f"v{number}"}
        )
    await bob.post("/chat/send", {"sessionId": session_id, "message": "<!-- hi"})

    answer = await ada.get(f"/code/{session_id}/export?format=replay")

    assert answer.headers["Content-Type"] == "text/html; charset=UTF-8"
    assert answer.headers["Content-Disposition"].endswith("UTF-8''%253C%252Fscript%253E.html")
    page = answer.body.decode() if isinstance(answer.body, bytes) else answer.body
    assert page.count("</script>") == 2
    data = json.loads(page.partition('id="data">')[2].partition("</script>")[0])
    monkeypatch.undo()
    whole = (await ada.get(f"/code/{session_id}/replay")).body
    assert data["steps"] == whole["steps"]
    assert (data["roots"], data["files"]) == (whole["roots"], whole["files"])
    assert data["authors"] == [author["username"] for author in whole["authors"]]
    assert [version["label"] for version in data["versions"]] == ["v0", "v1", "v2", "v3"]
    assert [message[1:] for message in data["chat"]] == [["bob", "<!-- hi"]]
    assert data["title"] == "</script>"


async def test_html_player_of_empty_session_has_no_steps(ada: Api) -> None:
    session_id = await ada.new_session()

    page = (await ada.get(f"/code/{session_id}/export?format=replay")).body.decode()

    data = json.loads(page.partition('id="data">')[2].partition("</script>")[0])
    assert (data["steps"], data["files"], data["chat"]) == ([], {"codemirror": ""}, [])
    assert data["names"] == {"codemirror": "main.js"}


async def test_html_player_has_runs_with_the_end_of_their_output(ada: Api) -> None:
    """Runs are listed oldest first, and a long output is cut at its beginning."""
    session_id = await ada.new_session(code="print(1)\n")
    path = f"/session/{session_id}/runs"
    await ada.post(path, report("a" * 5_000, stderr="</script>", name="main.py", sequence=0))
    tests = [{"name": "one", "passed": True, "expected": "1", "actual": "1"},
             {"name": "two", "passed": False, "expected": "2", "actual": "b" * 600}]  # fmt: skip
    await ada.post(path, report("2\n", outcome="failed", exit=3, ms=13, tests=tests))

    page = (await ada.get(f"/code/{session_id}/export?format=replay")).body.decode()

    data = json.loads(page.partition('id="data">')[2].partition("</script>")[0])
    assert data["runs"] == [
        {
            "number": 1, "outcome": "done", "sequence": 0, "user": ada.user["username"],
            "file": "main.py", "output": f"…{'a' * 3_991}</script>",
            "exit": 0, "ms": 12, "cases": [],
        },
        {
            "number": 2, "outcome": "failed", "sequence": 1, "user": ada.user["username"],
            "file": "codemirror", "output": "2\n",
            "exit": 3, "ms": 13, "cases": [
                {"name": "one", "passed": True, "expected": None, "actual": None},
                {"name": "two", "passed": False, "expected": "2", "actual": f"…{'b' * 500}"},
            ],
        },
    ]  # fmt: skip


async def test_html_player_has_values_of_ten_failed_tests_and_no_hidden_ones(ada: Api) -> None:
    """A page with 100 runs of 100 tests would be too large otherwise. Anybody may get the page."""
    session_id = await ada.new_session(code="print(1)\n")
    failed = [
        {"name": f"test {number}", "passed": False, "expected": "1", "actual": "2"}
        for number in range(12)
    ]
    hidden = {"name": "secret", "passed": False, "actual": "secret", "isHidden": True}
    await ada.post(f"/session/{session_id}/runs", report(tests=[*failed, hidden]))

    page = (await ada.get(f"/code/{session_id}/export?format=replay")).body.decode()

    data = json.loads(page.partition('id="data">')[2].partition("</script>")[0])
    cases = data["runs"][0]["cases"]
    assert [case["name"] for case in cases] == [f"test {number}" for number in range(12)]
    assert [case["actual"] for case in cases] == ["2"] * 10 + [None] * 2
    assert "secret" not in page


async def test_html_player_gets_its_steps_encoded_by_the_worker(
    ada: Api, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Text beyond ASCII is in the page as UTF-8, byte for byte as the worker encoded it."""
    session_id = await ada.new_session(code="é😀\u2028<b>\n", title="Ü")
    await ada.post(f"/code/{session_id}/save", {"code": "日本\n" * 100})
    reader, encoded = server.parts.services.history_reader, list[bytes]()
    replay = reader.replay

    async def noted(*arguments: Any) -> Any:
        rows, following = await replay(*arguments)
        encoded.extend((rows.text, rows.files))
        return rows, following

    monkeypatch.setattr(reader, "replay", noted)
    page = (await ada.get(f"/code/{session_id}/export?format=replay")).body

    text, files = encoded
    assert text.count("é😀\u2028\\u003cb>\\n".encode()) == 1
    assert "日本\\n".encode() in text
    assert b'{"steps":[' + text + b'],"files":' + files + b',"title":"\xc3\x9c"' in page
    data = json.loads(page.decode().partition('id="data">')[2].partition("</script>")[0])
    assert data["steps"] == (await ada.get(f"/code/{session_id}/replay")).body["steps"]
