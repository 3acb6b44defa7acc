"""Tests of the files of runs in an archive."""

import io
import json
import zipfile

from handlers.export.run_files import as_text
from storage.checksums import damaged_run
from tests.api import Api
from tests.handlers.clients import report
from tests.storage.rows import report as report_row
from tests.storage.rows import run, user

PEOPLE = {"u-ada": user(username="Ada")}


async def archive(api: Api, session_id: str) -> zipfile.ZipFile:
    return zipfile.ZipFile(io.BytesIO((await api.get(f"/code/{session_id}/export")).body))


async def test_archive_has_all_runs_as_json_and_as_text(ada: Api) -> None:
    """The files have more runs than one read returns. The newest run is first, as in the API."""
    session_id = await ada.new_session(code="print(1)\n")
    for number in range(7):
        await ada.post(f"/session/{session_id}/runs", report(f"é {number}\n", name="main.py"))

    archived = await archive(ada, session_id)

    listed = json.loads(archived.read("runs.json"))
    assert listed == (await ada.get(f"/session/{session_id}/runs")).body["runs"]
    text = archived.read("runs.txt").decode()
    assert text.count("== run ") == 7
    assert text.index("é 6\n") < text.index("é 0\n")


async def test_archive_without_runs_has_empty_files(ada: Api) -> None:
    archived = await archive(ada, await ada.new_session())

    assert json.loads(archived.read("runs.json")) == []
    assert archived.read("runs.txt") == b""


def test_text_of_run_has_its_parts_in_order() -> None:
    assert as_text(run("1\n2", number=3), PEOPLE, for_staff=False) == (
        "== run 3: main.py (python), Ada, 2096-10-02T07:06:40.000Z: done, exit 0, 12 ms ==\n"
        "-- input --\n5\n-- output --\n1\n2\n-- errors --\nwarning\n-- the output was longer --\n"
        "-- passed: adds\n-- failed: fails\n"
    )


def test_text_of_run_without_texts_is_one_line() -> None:
    empty = report_row(
        "", name="", stdin="", stderr="", exit=None, is_cut=False, cases=(), hidden=()
    )

    assert as_text(run(number=3, report=empty), PEOPLE, for_staff=True) == (
        "== run 3: code (python), Ada, 2096-10-02T07:06:40.000Z: done, 12 ms ==\n"
    )


def test_text_of_damaged_run_says_that_it_is_damaged() -> None:
    assert (
        as_text(damaged_run("s1", 3), PEOPLE, for_staff=False)
        == "== run 3: damaged in the store ==\n"
    )
