"""Tests that variables are named by what they are. ESLint tests the web app for this."""

import ast
from collections.abc import Iterator

import pytest

from tests.repository import ROOT, SOURCES, files

PLACEHOLDERS = {"one", "found", "kept", "there", "it", "thing", "got"}
CHECKED = [
    *SOURCES,
    *(path for name in ("tests", "bench", "harness", "docs") for path in files(ROOT / name)),
]


def _names(node: ast.AST) -> Iterator[str]:
    """Yield the names of variables and parameters that a node itself binds."""
    if isinstance(node, ast.Assign):
        bound: list[ast.AST] = list(node.targets)
    elif isinstance(node, ast.AnnAssign | ast.NamedExpr | ast.AugAssign):
        bound = [node.target]
    elif isinstance(node, ast.Tuple | ast.arguments | ast.comprehension | ast.For | ast.withitem):
        bound = list(ast.iter_child_nodes(node))
    else:
        return
    for child in bound:
        if isinstance(child, ast.arg):
            yield child.arg
        elif isinstance(child, ast.Name) and isinstance(child.ctx, ast.Store):
            yield child.id


def _placeholders(source: str) -> list[str]:
    """Return the names in a source that say nothing.

    `one` is right next to `other`, where two values of a kind are compared.
    """
    placeholders = []
    for node in ast.walk(ast.parse(source)):
        names = list(_names(node))
        compared = {"one"} if "other" in names else set()
        placeholders += [name for name in names if name in PLACEHOLDERS - compared]
    return placeholders


@pytest.mark.parametrize(
    "source",
    [
        "found = f()",
        "for one in rows: pass",
        "for kept, row in rows: pass",
        "[it for it in rows]",
        "with f() as thing: pass",
        "if there := f(): pass",
        "def f(row, *, kept=0): pass",
        "lambda one, two: one",
    ],
)
def test_name_that_says_nothing_is_recognized_wherever_it_is_bound(source: str) -> None:
    assert len(_placeholders(source)) == 1


def test_one_next_to_other_is_a_name() -> None:
    assert _placeholders("for one, other in rows: pass\ndef f(one, other): pass") == []


def test_names_are_checked_in_tests_too() -> None:
    assert {ROOT / "tests" / "names.py", ROOT / "bench" / "run.py"} <= set(CHECKED)


def test_variables_are_named_by_what_they_are() -> None:
    """A variable has the noun as its name: `member` or `chunk`, not `one` or `found`."""
    nameless = {
        str(path.relative_to(ROOT)): names
        for path in CHECKED
        if path.suffix == ".py"
        if (names := _placeholders(path.read_text()))
    }

    assert nameless == {}
