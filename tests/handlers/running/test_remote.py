"""Tests of programs that a service on another machine runs."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from crdt.history.runs import MAX_OUTPUT_BYTES
from handlers.running import remote
from tests.api import Api
from tests.conftest import StartServer
from tests.handlers.clients import code_of, joined, texts_frame
from tests.handlers.naming_editor import Editor
from tests.processes import free_port
from tests.runner_service import runner_service
from tests.waiting import until


@pytest.fixture
async def ada(start_server: StartServer) -> AsyncIterator[Api]:
    """The owner on a server that knows a service."""
    async with runner_service() as address:
        yield await Api((await start_server(runner_url=address)).url).sign_up("ada")


async def ran(ada: Api, code: str, **fields: str) -> dict:
    """Let the service run a program, and return the run."""
    session_id = await ada.new_session(language="python", code=code)
    body = {"root": "codemirror", "language": "python", **fields}
    answer = await ada.post(f"/session/{session_id}/runs/remote", body)
    assert answer.status == 201, answer
    listed = await ada.get(f"/session/{session_id}/runs")
    assert [run["stdout"] for run in listed.body["runs"]] == [answer.body["run"]["stdout"]]
    return answer.body["run"]


async def test_program_gets_its_input_and_its_output_is_stored(ada: Api) -> None:
    shown = await ran(ada, "import sys\nprint(int(input()) + 1)\nsys.exit(3)\n", stdin="41\n")

    assert (shown["stdout"], shown["stderr"], shown["stdin"]) == ("42\n", "", "41\n")
    assert (shown["exit"], shown["outcome"], shown["isCut"]) == (3, "failed", False)
    assert (shown["name"], shown["sequence"], shown["number"]) == ("main.py", 1, 1)
    assert (await ada.get("/features")).body["remoteRuns"] is True


async def test_languages_of_the_service_are_listed_by_all_their_names(
    start_server: StartServer, ada: Api, tmp_path: Path
) -> None:
    """All names are listed. If the service cannot be reached, the answer is 503."""
    nowhere = await start_server(
        runner_url=f"http://127.0.0.1:{free_port()}/", data_dir=str(tmp_path / "away")
    )
    bob = await Api(nowhere.url).sign_up("bob")

    answers = [
        await api.get(f"/session/{await api.new_session()}/runs/remote") for api in (ada, ada, bob)
    ]

    names = ["bash", "broken", "py", "python", "python3", "sh"]
    assert answers[0].body == answers[1].body == {"languages": names}
    assert code_of(answers[2]) == (503, "unavailable")


async def test_program_that_ends_well_is_done_and_an_error_is_shown(ada: Api) -> None:
    done = await ran(ada, "print('ü😀\\0')\n")
    failed = await ran(ada, "print(1 / 0)\n")

    assert (done["stdout"], done["outcome"], done["exit"]) == ("ü😀\u2400\n", "done", 0)
    assert (failed["outcome"], failed["exit"]) == ("failed", 1)
    assert "ZeroDivisionError" in failed["stderr"]


async def test_empty_files_are_files_of_the_program_too(ada: Api) -> None:
    """An empty `__init__.py` can be needed, for example."""
    session_id = await ada.new_session(
        language="python", code="import os\nprint(sorted(os.listdir()))\n"
    )
    editor = await Editor.of(ada, session_id)
    editor.name("f-empty", "empty.py")
    await editor.send()
    answer = await ada.post(
        f"/session/{session_id}/runs/remote", {"root": "codemirror", "language": "python"}
    )

    assert answer.body["run"]["stdout"] == "['empty.py', 'main.py']\n"


async def test_refusal_of_the_service_is_logged_and_does_not_name_the_language(
    ada: Api, expect_log: Callable[[str], None]
) -> None:
    expect_log("the service that runs programs answered 400: .*configured limit")
    session_id = await ada.new_session(language="python", code="print(1)\n")
    body = {"root": "codemirror", "language": "python", "stdin": "1" * 12_000}

    answer = await ada.post(f"/session/{session_id}/runs/remote", body)

    assert code_of(answer) == (503, "unavailable")


async def test_endless_program_is_ended_by_the_service(ada: Api) -> None:
    shown = await ran(ada, "print('begun', flush=True)\nwhile True: pass\n")

    assert (shown["outcome"], shown["exit"], shown["stdout"]) == ("timeout", None, "begun\n")


async def test_program_that_takes_much_memory_fails_alone(ada: Api) -> None:
    shown = await ran(ada, "x = bytearray(1 << 30)\n")

    assert "MemoryError" in shown["stderr"]
    assert shown["outcome"] == "failed"


async def test_long_output_is_cut_and_the_error_is_kept(ada: Api) -> None:
    shown = await ran(ada, "print('é' * 100_000)\nraise ValueError('why')\n")

    assert shown["isCut"] is True
    assert "ValueError: why" in shown["stderr"]
    size = len(shown["stdout"].encode()) + len(shown["stderr"].encode())
    assert MAX_OUTPUT_BYTES - 2 < size <= MAX_OUTPUT_BYTES


async def test_program_may_import_other_files_of_the_session(ada: Api) -> None:
    """Python looks for modules in the entry's folder, if it is told to."""
    session_id = await ada.new_session(language="python")
    wire = await joined(ada, session_id)
    program = "import sys\nsys.path.insert(0, '.')\nimport helper\nprint(helper.answer)\n"
    await wire.send(texts_frame({"codemirror": program, "helper.py": "answer = 42\n"}))
    await until(lambda: ada.live(session_id), lambda live: "helper.py" in live["files"])

    body = {"root": "codemirror", "language": "python"}
    answer = await ada.post(f"/session/{session_id}/runs/remote", body)

    assert answer.body["run"]["stdout"] == "42\n"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"root": "codemirror", "language": "cobol"}, "language"),
        ({"root": "nothing", "language": "python"}, "root"),
    ],
)
async def test_unknown_language_or_text_is_422(ada: Api, body: dict, field: str) -> None:
    session_id = await ada.new_session(code="x")

    answer = await ada.post(f"/session/{session_id}/runs/remote", body)

    assert code_of(answer) == (422, "invalid")
    assert list(answer.body["errors"]) == [field]


async def test_code_of_an_earlier_moment_is_run_again(ada: Api) -> None:
    """The service gets all texts as they were at the log position, and the run has that position.

    The log has no position in the future.
    """
    session_id = await ada.new_session(language="python", code="print('first')\n")
    await ada.post(f"/code/{session_id}/save", {"code": "print('second')\n"})
    body = {"root": "codemirror", "language": "python"}
    path = f"/session/{session_id}/runs/remote"

    answers = [await ada.post(path, {**body, **more}) for more in ({}, {"sequence": 1})]
    nowhere = await ada.post(path, {**body, "sequence": 99})

    shown = [answer.body["run"] for answer in answers]
    assert [(run["stdout"], run["sequence"]) for run in shown] == [("second\n", 2), ("first\n", 1)]
    assert code_of(nowhere) == (404, "not_found")


async def test_answer_has_the_memory_that_the_service_measured(ada: Api) -> None:
    session_id = await ada.new_session(language="python", code="x = bytearray(50_000_000)\n")

    answer = await ada.post(
        f"/session/{session_id}/runs/remote", {"root": "codemirror", "language": "python"}
    )

    assert answer.body["memoryBytes"] > 50_000_000
    assert "memoryBytes" not in answer.body["run"]


async def test_texts_over_the_limit_are_not_sent(ada: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """All texts of the session count, in bytes of UTF-8."""
    monkeypatch.setattr(remote, "_MAX_FILES_BYTES", 5)
    fits, over = [await ada.new_session(code=code) for code in ("# éé"[:3], "# ééé")]

    body = {"root": "codemirror", "language": "python"}
    answers = [await ada.post(f"/session/{target}/runs/remote", body) for target in (fits, over)]

    assert [code_of(answer) for answer in answers] == [(201, None), (413, "too_large")]


async def test_unavailable_or_broken_service_is_503(
    start_server: StartServer, ada: Api, tmp_path: Path
) -> None:
    """In that case, no run is stored."""
    nowhere = f"http://127.0.0.1:{free_port()}/"
    away = await start_server(runner_url=nowhere, data_dir=str(tmp_path / "away"))
    bob = await Api(away.url).sign_up("bob")

    answers = []
    for api, language in ((bob, "python"), (ada, "broken")):
        session_id = await api.new_session(code="x")
        body = {"root": "codemirror", "language": language}
        answers.append(await api.post(f"/session/{session_id}/runs/remote", body))
        assert (await api.get(f"/session/{session_id}/runs")).body["runs"] == []

    assert [code_of(answer) for answer in answers] == [(503, "unavailable")] * 2


async def test_member_who_may_not_run_is_refused(ada: Api) -> None:
    session_id = await ada.new_session(code="x", runs="nobody")

    body = {"root": "codemirror", "language": "python"}
    answer = await ada.post(f"/session/{session_id}/runs/remote", body)

    assert code_of(answer) == (403, "may_not_run")
