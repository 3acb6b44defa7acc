"""Tests the views of versions and differences for clients."""

from dataclasses import replace

from crdt.text.hunks import compare
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


def test_version_without_its_texts_leaves_both_out() -> None:
    """Without its texts, a version has neither `code` nor `files`."""
    assert {"code", "files"}.isdisjoint(code.version(replace(VERSION, files=None), {}))


def test_author_without_record_keeps_stored_name() -> None:
    """An author without a record keeps the name that was stored with the version."""
    assert code.author("u9", {}, "eve") == {"id": "u9", "username": "eve"}


def test_file_differences_mark_changes_inside_lines() -> None:
    """Changes inside a line are marked. Lines that changed as a whole have no marks."""
    (shown,) = code.file_differences(compare({"a": "let x = 1\n"}, {"a": "let y = 1\nnew\n"}))

    assert shown["root"] == "a"
    assert shown["unified"].startswith("--- ")
    lines = {line["text"]: line for line in shown["hunks"][0]["lines"]}
    assert lines["let y = 1"]["marks"] == [(4, 5)]
    assert "marks" not in lines["new"]
