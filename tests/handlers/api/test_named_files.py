"""Tests the names that a document's table of files gives, in all answers and exports."""

import io
import json
import zipfile
from typing import Any

import pycrdt
import pytest

from tests.api import Api
from tests.handlers.clients import code_of
from tests.handlers.naming_editor import Editor
from tests.raw_events import RawEvents


def names_in(body: dict[str, Any]) -> list[tuple[str, str, bool]]:
    return [(file["root"], file["name"], file["deleted"]) for file in body["names"]]


async def test_files_are_listed_by_the_table(ada: Api) -> None:
    """Names, order and empty files come from the table. Deleted files are listed if asked for."""
    session_id = await ada.new_session(language="python")
    editor = await Editor.of(ada, session_id)
    editor.type("f-1", "a")
    editor.type("f-2", "gone")
    editor.name("f-1", "src/a.py", 2)
    editor.name("f-2", "old.py", 3, deleted=True)
    editor.name("f-3", "empty.py", 1)
    await editor.send()

    listed = (await ada.get(f"/code/{session_id}/files")).body["files"]
    every = (await ada.get(f"/code/{session_id}/files?deleted=true")).body["files"]

    assert [(file["root"], file["name"], file["length"]) for file in listed] == [
        ("codemirror", "main.py", 0), ("f-3", "empty.py", 0), ("f-1", "src/a.py", 1),
    ]  # fmt: skip
    assert every[-1] == {
        "root": "f-2", "name": "old.py", "type": "text", "length": 4, "deleted": True,
    }  # fmt: skip
    assert every[:-1] == listed
    assert code_of(await ada.get(f"/code/{session_id}/files?deleted=perhaps")) == (422, "invalid")


async def test_blame_has_the_name_of_the_file(ada: Api) -> None:
    """The name comes from the table, or else from the root, also for a deleted file."""
    session_id = await ada.new_session(language="python")
    editor = await Editor.of(ada, session_id)
    for root in ("f-1", "f-2", "plain"):
        editor.type(root, "text\n")
    editor.name("f-1", "src/a.py")
    editor.name("f-2", "old.py", 2, deleted=True)
    await editor.send()

    path = f"/code/{session_id}/blame"
    answers = [await ada.get(f"{path}{root}") for root in ("", "?root=f-1", "?root=f-2")]
    plain = await ada.get(f"{path}?root=plain")

    assert [answer.body["name"] for answer in answers] == ["main.py", "src/a.py", "old.py"]
    assert (plain.body["root"], plain.body["name"]) == ("plain", "plain")


async def test_version_has_the_names_of_its_moment(ada: Api) -> None:
    """A version has the names of its own moment.

    Later names are in later versions and moments, and in the live document.
    """
    session_id = await ada.new_session(language="python")
    editor = await Editor.of(ada, session_id)
    editor.type("f-1", "text\n")
    editor.name("f-1", "a.py")
    early = await editor.send()
    first = (await ada.post(f"/code/{session_id}/save", {})).body
    editor.name("f-1", "src/b.py")
    await editor.send()
    second = (await ada.post(f"/code/{session_id}/save", {})).body

    main = ("codemirror", "main.py", False)
    old, new = [main, ("f-1", "a.py", False)], [main, ("f-1", "src/b.py", False)]
    assert (first["version"], second["version"]) == (1, 2)
    assert (names_in(first), names_in(second)) == (old, new)
    versions = (await ada.get(f"/code/{session_id}/versions")).body["versions"]
    assert [names_in(version) for version in versions] == [new, old]
    assert names_in((await ada.get(f"/code/{session_id}/versions/1")).body) == old
    assert names_in(await ada.live(session_id)) == new
    assert names_in((await ada.get(f"/code/{session_id}/at/{early}")).body) == old
    for body in (first, await ada.live(session_id)):
        assert body["documents"] == {}
    meta = (await ada.get(f"/code/{session_id}/versions?fields=meta")).body["versions"][0]
    assert "names" not in meta

    difference = (await ada.get(f"/code/{session_id}/diff?from=1&to=2")).body
    assert difference["renamed"] == [{"root": "f-1", "name": "src/b.py", "oldName": "a.py"}]
    assert (difference["files"], difference["others"]) == ([], [])


async def test_exports_have_the_names_and_folders_of_the_table(ada: Api) -> None:
    session_id = await ada.new_session(language="python")
    editor = await Editor.of(ada, session_id)
    editor.type("f-1", "text\n")
    editor.type("f-2", "gone\n")
    editor.name("f-1", "a.py")
    editor.name("f-2", "gone.py", 2)
    await editor.send()
    await ada.post(f"/code/{session_id}/save", {})
    editor.name("f-1", "src/b.py")
    editor.name("f-2", "gone.py", 2, deleted=True)
    await editor.send()

    packed = zipfile.ZipFile(io.BytesIO((await ada.get(f"/code/{session_id}/export")).body))
    page = (await ada.get(f"/code/{session_id}/export?format=replay")).body.decode()

    texts = {name for name in packed.namelist() if name.startswith(("live/", "versions/"))}
    assert texts == {
        "live/main.py", "live/src/b.py",
        "versions/0001-manual/main.py", "versions/0001-manual/a.py",
        "versions/0001-manual/gone.py",
    }  # fmt: skip
    assert packed.read("live/src/b.py") == b"text\n"
    assert '"f-1":"src/b.py"' in page
    assert '"others":[]' in page
    data = json.loads(page.partition('id="data">')[2].partition("</script>")[0])
    renames = [(rename["step"], names_in(rename)) for rename in data["renames"]]
    assert (-1, [("codemirror", "main.py", False)]) in renames
    assert renames[-1][1] == [("f-1", "src/b.py", False), ("f-2", "gone.py", True)]
    assert 0 <= renames[-1][0] == len(data["steps"]) - 1


async def test_replay_does_not_list_the_table_among_other_roots(ada: Api) -> None:
    session_id = await ada.new_session()
    editor = await Editor.of(ada, session_id)
    editor.type("f-1", "text")
    editor.name("f-1", "a.js")
    editor.doc.get("board", type=pycrdt.Map)["a"] = 1
    await editor.send()

    assert (await ada.get(f"/code/{session_id}/replay")).body["others"] == ["board"]


async def test_replay_and_timeline_have_names_of_each_moment(ada: Api) -> None:
    """A page begins with the names of its first moment, and says which update changed them."""
    session_id = await ada.new_session(language="python")
    editor = await Editor.of(ada, session_id)
    editor.name("f-1", "a.py", 1)
    editor.type("f-1", "text")
    made = await editor.send()
    editor.name("f-1", "src/b.py", 1)
    renamed = await editor.send()
    editor.name("f-1", "src/b.py", 1, deleted=True)
    deleted = await editor.send()

    page = (await ada.get(f"/code/{session_id}/replay")).body
    later = (await ada.get(f"/code/{session_id}/replay?from={renamed}")).body
    marks = (await ada.get(f"/code/{session_id}/timeline")).body["marks"]

    main = ("codemirror", "main.py", False)
    assert names_in(page) == [main]
    told = [(rename["step"] + 1, names_in(rename)) for rename in page["renames"]]
    assert told == [
        (made, [("f-1", "a.py", False)]), (renamed, [("f-1", "src/b.py", False)]),
        (deleted, [("f-1", "src/b.py", True)]),
    ]  # fmt: skip
    assert names_in(later) == [main, ("f-1", "src/b.py", False)]
    assert [rename["step"] for rename in later["renames"]] == [deleted - renamed - 1]
    assert [(mark["sequence"], mark["count"], mark["changes"]) for mark in marks] == [
        (made, 1, [_change("created", "a.py")]),
        (renamed, 1, [_change("renamed", "src/b.py", "a.py")]),
        (deleted, 1, [_change("deleted", "src/b.py")]),
    ]


async def test_replay_names_main_file_by_the_present_language(ada: Api) -> None:
    """The language is not part of the document.

    So after a change of the language, the server makes a new page instead of using a kept one.
    """
    session_id = await ada.new_session(language="python")
    editor = await Editor.of(ada, session_id)
    editor.type("codemirror", "x")
    await editor.send()

    first = (await ada.get(f"/code/{session_id}/replay")).body
    await ada.patch(f"/session/{session_id}", {"language": "go"})
    second = (await ada.get(f"/code/{session_id}/replay")).body

    names = [names_in(page)[0][1] for page in (first, second)]
    assert names == ["main.py", "main.go"]


def _change(change: str, name: str, old_name: str | None = None) -> dict[str, Any]:
    return {"change": change, "root": "f-1", "name": name, "oldName": old_name}


@pytest.mark.parametrize("entries", [{"theme": "dark"}, {"f-1": {"title": "a.py"}}])
async def test_map_of_an_application_is_listed_as_a_map(ada: Api, entries: dict[str, Any]) -> None:
    """A map `files` without a valid entry is the content of another application."""
    session_id = await ada.new_session()
    editor = await Editor.of(ada, session_id)
    for key, value in entries.items():
        editor.doc.get("files", type=pycrdt.Map)[key] = value
    await editor.send()

    listed = (await ada.get(f"/code/{session_id}/files")).body["files"]
    assert [(file["root"], file["name"], file["type"]) for file in listed] == [
        ("codemirror", "main.js", "text"), ("files", "files", "map"),
    ]  # fmt: skip
    assert (await ada.live(session_id))["documents"].keys() == {"files"}


async def test_large_table_is_read_in_a_worker(server, ada: Api) -> None:
    session_id = await ada.new_session()
    editor = await Editor.of(ada, session_id)
    for number in range(100):
        editor.name(f"f-{number}", "a.py", number)
    await editor.send()
    done = server.parts.services.workers.counts["done"]

    names = (await ada.live(session_id))["names"]

    assert [file["name"] for file in names[:3]] == ["main.js", "a.py", "a 2.py"]
    assert len(names) == 101
    assert server.parts.services.workers.counts["done"] > done


async def test_whole_text_for_main_root_that_is_no_text_is_refused(ada: Api) -> None:
    """The refusals of a save and of a Socket.IO event name the root and its type.

    Nothing changes.
    """
    session_id = await ada.new_session()
    editor = await Editor.of(ada, session_id)
    editor.doc.get("codemirror", type=pycrdt.XmlFragment).children.append(pycrdt.XmlElement("p"))
    await editor.send()
    before = await ada.live(session_id)

    answer = await ada.post(f"/code/{session_id}/save", {"code": "text"})
    raw = await RawEvents.joined(ada, session_id)
    told = await raw.ask("code-change", {"sessionId": session_id, "code": "text"})

    assert code_of(answer) == (422, "invalid")
    assert "'codemirror' (xml)" in json.dumps(answer.body["errors"])
    assert told["error"]["code"] == "invalid"
    assert "'codemirror' (xml)" in json.dumps(told["error"]["errors"])
    after = await ada.live(session_id)
    assert (after["sequence"], after["documents"]) == (before["sequence"], before["documents"])
