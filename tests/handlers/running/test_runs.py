"""Tests of the handlers of runs."""

from typing import Any

import pytest

from crdt.history.runs import MAX_OUTPUT_BYTES
from tests.api import Api
from tests.handlers.clients import RFC3339, code_of, report, walk


async def told(api: Api, session_id: str, **fields: Any) -> dict[str, Any]:
    """Report a run; return it as the server shows it."""
    answer = await api.post(f"/session/{session_id}/runs", report(**fields))
    assert answer.status == 201, answer
    return answer.body["run"]


async def test_reported_run_is_shown_to_all_members(ada: Api, bob: Api) -> None:
    """The answer, the list and the run itself have the same form."""
    session_id = await ada.new_session(code="print(1)\n")
    await bob.post(f"/session/{session_id}/join")
    tests = [
        {"name": "adds", "passed": True, "expected": "3", "actual": "3"},
        {"name": "fails", "passed": False},
    ]

    shown = await told(
        ada, session_id, name="main.py", stdin="5\n", stderr="oh\n", isCut=True, tests=tests
    )

    assert RFC3339.fullmatch(shown.pop("at"))
    assert shown == {
        "number": 1,
        "user": {
            "id": ada.user["id"],
            "username": ada.user["username"],
            "avatar": None,
            "guest": False,
        },
        "root": "codemirror",
        "name": "main.py",
        "language": "python",
        "stdin": "5\n",
        "stdout": "1\n",
        "stderr": "oh\n",
        "exit": 0,
        "outcome": "done",
        "ms": 12,
        "isCut": True,
        "tests": tests,
        "sequence": 1,
    }
    listed = (await bob.get(f"/session/{session_id}/runs")).body
    body = (await bob.get(f"/session/{session_id}/runs/1")).body
    assert (listed["next"], listed["runs"]) == (None, [body["run"]])
    assert {**body["run"], "at": None} == {**shown, "at": None}


async def test_fields_that_may_be_missing_have_defaults(ada: Api) -> None:
    shown = await told(ada, await ada.new_session(), exit=None, outcome="timeout")

    assert (shown["name"], shown["stdin"], shown["tests"], shown["isCut"]) == ("", "", [], False)
    assert (shown["exit"], shown["outcome"], shown["sequence"]) == (None, "timeout", 0)


async def test_runs_come_in_pages_newest_first(ada: Api) -> None:
    session_id = await ada.new_session()
    for number in range(5):
        await told(ada, session_id, stdout=f"{number}")

    pages = await walk(ada, f"/session/{session_id}/runs?limit=2", "runs")

    assert [[run["number"] for run in page] for page in pages] == [[5, 4], [3, 2], [1]]
    assert code_of(await ada.get(f"/session/{session_id}/runs?limit=51")) == (422, "invalid")


async def test_owner_chooses_who_may_run(ada: Api, bob: Api) -> None:
    """At first, editors may run programs.

    A changed rule holds from the next report on, also for the owner.
    """
    session_id = await ada.new_session(joinRole="viewer")
    await bob.post(f"/session/{session_id}/join")
    path = f"/session/{session_id}"
    assert (await ada.get(path)).body["runs"] == "editors"
    seen = {}

    for rule in ("editors", "all", "nobody"):
        changed = await ada.patch(path, {"runs": rule})
        assert changed.body["runs"] == rule
        answers = [await api.post(f"{path}/runs", report()) for api in (ada, bob)]
        seen[rule] = [code_of(answer) for answer in answers]

    assert seen == {
        "editors": [(201, None), (403, "may_not_run")],
        "all": [(201, None), (201, None)],
        "nobody": [(403, "may_not_run"), (403, "may_not_run")],
    }
    assert code_of(await bob.patch(path, {"runs": "all"})) == (403, "forbidden")
    assert code_of(await ada.patch(path, {"runs": "owner"})) == (422, "invalid")


async def test_refusal_says_who_may_run(ada: Api) -> None:
    session_id = await ada.new_session(runs="nobody")

    answer = await ada.post(f"/session/{session_id}/runs", report())

    assert answer.body["message"] == "The owner of this session lets nobody run programs here."


@pytest.mark.parametrize("field", ["stdin", "stdout", "stderr"])
async def test_too_large_text_is_413_with_its_name(ada: Api, field: str) -> None:
    session_id = await ada.new_session()
    body = {**report(""), field: "x" * (MAX_OUTPUT_BYTES + 1)}

    answer = await ada.post(f"/session/{session_id}/runs", body)

    assert code_of(answer) == (413, "too_large")
    assert list(answer.body["errors"]) == [field]


async def test_largest_report_of_control_characters_is_stored(ada: Api) -> None:
    """In JSON, each of these characters takes six bytes."""
    session_id = await ada.new_session()
    output = "\x01" * MAX_OUTPUT_BYTES

    assert (await told(ada, session_id, stdout=output))["stdout"] == output


async def test_nul_is_shown_as_its_picture(ada: Api) -> None:
    shown = await told(ada, await ada.new_session(), stdout="a\0b")

    assert shown["stdout"] == "a\u2400b"


async def test_runs_of_one_user_are_slowed_in_all_sessions(start_server) -> None:
    """After three runs without a pause, the next ones have to wait for two seconds each."""
    server = await start_server(runs_per_10s=5.0)
    ada = await Api(server.url).sign_up("ada")
    bob = await ada.sign_up("bob")
    sessions = [await ada.new_session() for _ in range(2)]
    for number in range(3):
        await told(ada, sessions[number % 2])

    answer = await ada.post(f"/session/{sessions[1]}/runs", report())

    assert code_of(answer) == (429, "rate_limited")
    assert 1 <= int(answer.headers["Retry-After"]) <= 2
    await bob.post(f"/session/{sessions[0]}/join")
    await told(bob, sessions[0])


@pytest.mark.parametrize("number", ["2", "0", "9" * 30])
async def test_unknown_run_is_404(ada: Api, number: str) -> None:
    session_id = await ada.new_session()
    await told(ada, session_id)

    assert code_of(await ada.get(f"/session/{session_id}/runs/{number}")) == (404, "not_found")


async def test_damaged_run_keeps_its_place_and_cannot_be_read(server, ada: Api) -> None:
    """A damaged run has no mark on the timeline, because its time is not known for certain."""
    session_id = await ada.new_session()
    for output in ("one", "two"):
        await told(ada, session_id, stdout=output)
    await server.parts.services.store._engine.write(
        lambda db: db.execute("UPDATE runs SET outcome = 'failed' WHERE number = 1")
    )

    listed = (await ada.get(f"/session/{session_id}/runs")).body["runs"]

    assert [(run["stdout"], run.get("damaged", False)) for run in listed] == [
        ("two", False), ("", True),
    ]  # fmt: skip
    assert code_of(await ada.get(f"/session/{session_id}/runs/1")) == (409, "damaged")
    timeline = (await ada.get(f"/code/{session_id}/timeline")).body
    assert [mark["number"] for mark in timeline["marks"] if mark["kind"] == "run"] == [2]
