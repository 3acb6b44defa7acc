"""Tests the views of versions and of files for clients."""

from dataclasses import replace

from crdt.history.snapshot import Outline
from crdt.reading.file_table import File
from crdt.reading.roots import Root
from handlers.http.views import code
from storage.records import User, Version, VersionKind

ADA = User("u1", "ada", None, None, "", None, False, 0)
VERSION = Version(
    "s1", 2, 7, {"codemirror": "a\n", "notes": "b"}, "codemirror", "done", VersionKind.MANUAL,
    "u1", "ada", ("u1", "u2"), 0,
)  # fmt: skip


def test_version_has_code_of_its_main_root() -> None:
    """`code` is the text of the version's main root. `files` has all texts by their roots."""
    shown = code.version(VERSION, {"u1": ADA})

    assert (shown["version"], shown["code"], shown["files"]) == (
        2,
        "a\n",
        {"codemirror": "a\n", "notes": "b"},
    )
    assert [author["username"] for author in shown["contributors"]] == ["ada", "deleted user"]


def test_version_without_its_texts_has_neither_code_nor_files() -> None:
    """Without its texts, a version has neither `code` nor `files`."""
    assert {"code", "files"}.isdisjoint(code.version(replace(VERSION, files=None), {}))


def test_author_without_record_keeps_stored_name() -> None:
    """An author without a record keeps the name that was stored with the version."""
    assert code.author("u9", {}, "eve") == {"id": "u9", "username": "eve"}


def test_version_has_names_of_its_files_without_the_table_among_its_documents() -> None:
    board = {"type": "map", "value": {"a": 1}, "leftOut": None}
    table = {"type": "map", "value": {"notes": {"name": "n.txt"}}, "leftOut": None}
    record = replace(VERSION, documents={"board": board, "files": table})

    shown = code.version(record, {}, [File("codemirror", "main.py"), File("notes", "n.txt")])

    assert shown["names"] == [
        {"root": "codemirror", "name": "main.py", "deleted": False},
        {"root": "notes", "name": "n.txt", "deleted": False},
    ]
    assert shown["documents"].keys() == {"board"}


def test_listed_files_are_in_order_with_types_and_without_deleted_ones() -> None:
    """A file whose text is still empty has the length 0. Roots that are no files come last."""
    outline = Outline(
        {"codemirror": 4, "gone": 9},
        {"page": Root("xml", 2), "": Root("array", 1)},
        (
            File("f-1", "a.py"), File("page", "letter"), File("codemirror", "main.py"),
            File("gone", "old.py", is_deleted=True),
        ),
    )  # fmt: skip

    def listed(*, with_deleted: bool) -> list[tuple[object, ...]]:
        files = code.listed_files(outline, with_deleted=with_deleted)
        return [tuple(file.values()) for file in files]

    shown = [
        ("f-1", "a.py", "text", 0, False),
        ("page", "letter", "xml", 2, False),
        ("codemirror", "main.py", "text", 4, False),
    ]
    last = ("", "(no name)", "array", 1, False)
    assert listed(with_deleted=False) == [*shown, last]
    assert listed(with_deleted=True) == [*shown, ("gone", "old.py", "text", 9, True), last]
