"""Tests the export of a session's replay as one HTML page."""

import json

import pytest

import crdt.history.playback.replay
from tests.api import Api


async def test_html_player_contains_all_history_escaped(
    ada: Api, bob: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page contains all updates, authors, times, versions and messages.

    All of them are escaped, so that no text can end the element that contains it.
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
    assert data["authors"] == [one["username"] for one in whole["authors"]]
    assert [one["label"] for one in data["versions"]] == ["v0", "v1", "v2", "v3"]
    assert [one[1:] for one in data["chat"]] == [["bob", "<!-- hi"]]
    assert data["title"] == "</script>"


async def test_html_player_of_empty_session_has_no_steps(ada: Api) -> None:
    session_id = await ada.new_session()

    page = (await ada.get(f"/code/{session_id}/export?format=replay")).body.decode()

    data = json.loads(page.partition('id="data">')[2].partition("</script>")[0])
    assert (data["steps"], data["files"], data["chat"]) == ([], {"codemirror": ""}, [])
    assert data["names"] == {"codemirror": "main.js"}
