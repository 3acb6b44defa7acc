"""Tests of the table of files: names, their order, and values that our app never writes."""

import json
from pathlib import Path
from typing import Any

import pytest

from crdt.reading.file_table import (
    MAX_ENTRIES,
    File,
    Naming,
    is_table,
    read_files,
    repaired,
    table_in,
    without_table,
)

_CASES = json.loads((Path(__file__).parents[2] / "cases/file_names.json").read_text("utf-8"))

_NAMING = Naming("codemirror", "py")


def _named(name: str, order: float = 1) -> dict[str, Any]:
    return {"name": name, "order": order}


@pytest.mark.parametrize("case", _CASES, ids=[case["about"] for case in _CASES])
def test_files_of_each_case_are_those_of_web_app(case: dict[str, Any]) -> None:
    files = read_files(case["entries"], case["roots"], Naming(case["main"], case["suffix"]))
    assert [[file.root, file.name] for file in files if not file.is_deleted] == case["shown"]
    assert [[file.root, file.name] for file in files if file.is_deleted] == case["deleted"]


@pytest.mark.parametrize("case", _CASES, ids=[case["about"] for case in _CASES])
def test_shown_names_of_each_case_are_unique_and_valid(case: dict[str, Any]) -> None:
    files = read_files(case["entries"], case["roots"], Naming(case["main"], case["suffix"]))
    names = [file.name for file in files if not file.is_deleted]
    assert len({name.lower() for name in names}) == len(names)
    for name in names:
        assert all(part not in ("", ".", "..") for part in name.split("/"))
        assert not any(other.lower().startswith(f"{name.lower()}/") for other in names)


def test_only_first_entries_by_key_are_read() -> None:
    entries = {f"f-{number:05}": _named(f"{number}.py", number) for number in range(6_000)}
    files = read_files(dict(reversed(entries.items())), (), _NAMING)
    assert len(files) == MAX_ENTRIES
    assert files[-1] == File("f-04999", "4999.py")


def test_many_equal_names_get_numbers_in_order() -> None:
    entries = {f"f-{number:05}": _named("a.py", number) for number in range(MAX_ENTRIES)}
    files = read_files(entries, (), _NAMING)
    assert [file.name for file in files[:3]] == ["a.py", "a 2.py", "a 3.py"]
    assert files[-1].name == "a 5000.py"


def test_order_that_javascript_cannot_hold_is_no_order() -> None:
    entries = {
        "f-1": _named("a.py", 10**400),
        "f-2": _named("b.py", float("nan")),
        "f-3": _named("c.py", 1e300),
        "f-4": _named("d.py", float("-inf")),
    }
    files = read_files(entries, (), _NAMING)
    assert [file.name for file in files] == ["c.py", "a.py", "b.py", "d.py"]


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        (None, False),
        ([], False),
        ({}, False),
        ({"a": {"name": 1}, "b": {}}, False),
        ({"a": 5, "b": {"name": ""}}, True),
    ],
)
def test_map_counts_as_table_if_it_has_an_entry(entries: object, expected: bool) -> None:
    assert is_table(entries) is expected


def test_repaired_name_stays_equal_when_repaired_again() -> None:
    for case in _CASES:
        if isinstance(case["entries"], dict):
            for entry in case["entries"].values():
                if isinstance(entry, dict) and isinstance(entry.get("name"), str):
                    name = repaired(entry["name"])
                    assert repaired(name) == name


def test_table_of_files_is_no_other_root() -> None:
    table = {"type": "map", "value": {"f-1": _named("a.py")}, "leftOut": None}
    board: dict[str, Any] = {"type": "map", "value": {"files": {}}, "leftOut": None}
    assert table_in({"files": table, "board": board}) == {"f-1": _named("a.py")}
    assert without_table({"files": table, "board": board}) == {"board": board}
    others: list[dict[str, Any]] = [
        {},
        {"board": board},
        {"files": board},
        {"files": {"type": "map", "value": None, "leftOut": "too_deep"}},
        {"files": {"type": "array", "value": [_named("a.py")], "leftOut": None}},
    ]
    for other in others:
        assert table_in(other) is None
        assert without_table(other) == other
