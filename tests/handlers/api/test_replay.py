"""Tests the checks of the handlers of timelines, replays and blame.
tests/interop/test_past.py tests the content of their answers.
"""

import json
from datetime import datetime

import pytest

from handlers.http.views import timeline
from tests.api import PASSWORD, Api
from tests.clock import Clock
from tests.conftest import StartServer
from tests.handlers.clients import code_of


@pytest.mark.parametrize(
    ("query", "field"), [("from=3&to=3", "to"), ("from=3&to=2", "to"), ("from=x", "from")]
)
async def test_replay_with_ends_in_wrong_order_names_the_field(
    ada: Api, query: str, field: str
) -> None:
    """The answer names the field that is wrong."""
    answer = await ada.get(f"/code/{await ada.new_session()}/replay?{query}")

    assert code_of(answer) == (422, "invalid")
    assert list(answer.body["errors"]) == [field]


async def test_timeline_with_many_stretches_comes_in_pages(
    ada: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`next` leads to further stretches. Totals and marks of a page are those of all stretches."""
    monkeypatch.setattr(timeline, "MAX_STRETCHES", 1)
    bob = await ada.sign_up("bob")
    session_id = await ada.new_session(code="one\n")
    await bob.post(f"/session/{session_id}/join")
    await bob.post(f"/code/{session_id}/save", {"code": "two\n"})

    first = (await ada.get(f"/code/{session_id}/timeline")).body
    second = (await ada.get(f"/code/{session_id}/timeline?after={first['next']}")).body

    assert [entry["author"] for entry in first["entries"]] == [ada.user["id"]]
    assert [entry["author"] for entry in second["entries"]] == [bob.user["id"]]
    assert (len(first["authors"]), second["next"]) == (2, None)


async def test_times_never_decrease_when_the_clock_was_set(
    clock: Clock, start_server: StartServer
) -> None:
    """Times never decrease, even if the wall clock was set forward or back by an hour or a year.

    Steps, entries, marks and the exported replay agree.
    """
    server = await start_server()
    ada = await Api(server.url).sign_up("ada")
    session_id = await ada.new_session()
    for number, hours in enumerate((0, 1, -2, 0.5, 8_760, -8_760, 2)):
        clock.advance(hours * 3_600)
        login = await ada.post("/user/login", {"username": "ada", "password": PASSWORD})
        ada.token = login.body["accessToken"]
        await ada.post(f"/code/{session_id}/save", {"code": "x" * (number + 1)})
        await ada.post("/chat/send", {"sessionId": session_id, "message": "hi"})

    timeline = (await ada.get(f"/code/{session_id}/timeline")).body
    replay = (await ada.get(f"/code/{session_id}/replay")).body
    page = (await ada.get(f"/code/{session_id}/export?format=replay")).body.decode()

    first, last = (datetime.fromisoformat(timeline[end]).timestamp() for end in ("first", "last"))
    assert (
        timeline["duration"]
        == round((last - first) * 1_000)
        == sum(step[0] for step in replay["steps"])
    )
    assert min(step[0] for step in replay["steps"]) == 0
    times = [time for entry in timeline["entries"] for time in (entry["at"], entry["until"])]
    assert times == sorted(times)
    assert max(entry.get("pause", 0) for entry in timeline["entries"]) <= timeline["duration"]
    marked = [mark["at"] for mark in timeline["marks"]]
    assert marked == sorted(marked)
    assert (marked[0], marked[-1]) == (timeline["first"], timeline["last"])
    assert [mark["version"] for mark in timeline["marks"] if mark["kind"] == "manual"] == [
        1,
        2,
        3,
        4,
        5,
        6,
        7,
    ]
    exported = json.loads(page.partition('id="data">')[2].partition("</script>")[0])
    assert exported["steps"] == replay["steps"]
    assert [message[0] for message in exported["chat"]] == sorted(
        message[0] for message in exported["chat"]
    )


@pytest.mark.parametrize("sequence", ["9" * 16, "9" * 17, "9" * 400])
async def test_moment_after_all_updates_is_not_found(ada: Api, sequence: str) -> None:
    """A sequence number beyond all updates is not found, even if it has many digits."""
    assert code_of(await ada.get(f"/code/{await ada.new_session()}/at/{sequence}")) == (
        404,
        "not_found",
    )


async def test_blame_of_unknown_text_is_not_found(ada: Api) -> None:
    """Blame of an unknown text is not found, even if its name is empty."""
    session_id = await ada.new_session(code="one\n")

    assert code_of(await ada.get(f"/code/{session_id}/blame?root=other")) == (404, "not_found")
    assert code_of(await ada.get(f"/code/{session_id}/blame?root=")) == (404, "not_found")
    assert (await ada.get(f"/code/{session_id}/blame")).status == 200
