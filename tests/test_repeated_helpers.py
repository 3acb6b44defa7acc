"""Tests that no helper of the tests is written twice.

If there were two copies, a change of one would forget the other. Shared helpers are in the nearest
module without `test_` in its name, or in a `conftest.py`.
"""

import ast
from collections import defaultdict
from pathlib import Path

from tests.repository import ROOT

STATEMENTS = 3
"""The least statements of a function that may not be repeated. Two equal lines are easier to read
in both places than to look up."""

Function = ast.FunctionDef | ast.AsyncFunctionDef


class _Renamer(ast.NodeTransformer):
    """Gives a function's own variables names by their order, so that copies look alike."""

    def __init__(self, own: set[str]) -> None:
        self._own = own
        self._names: dict[str, str] = {}

    def visit_Name(self, node: ast.Name) -> ast.Name:
        if node.id in self._own:
            node.id = self._names.setdefault(node.id, f"variable {len(self._names)}")
        return node


def body_of(function: Function) -> list[ast.stmt]:
    """Return the statements of a function without its docstring."""
    return function.body[ast.get_docstring(function) is not None :]


def form_of(function: Function) -> str:
    """Return the syntax tree of a function's body, equal for copies with other variables."""
    own = {node.arg for node in ast.walk(function.args) if isinstance(node, ast.arg)}
    for node in ast.walk(function):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            own.add(node.id)
    renamer = _Renamer(own)
    return "\n".join(ast.dump(renamer.visit(statement)) for statement in body_of(function))


def repeated(sources: dict[str, str]) -> list[list[str]]:
    """Return the places of functions with the same body, for each body that is repeated."""
    places: dict[str, list[str]] = defaultdict(list)
    for path, source in sources.items():
        for node in ast.walk(ast.parse(source)):
            if not isinstance(node, Function):
                continue
            statements = [
                part for part in ast.walk(node) if isinstance(part, ast.stmt) and part is not node
            ]
            if len(statements) - (ast.get_docstring(node) is not None) >= STATEMENTS:
                places[form_of(node)].append(f"{path}::{node.name}")
    return [copies for copies in places.values() if len(copies) > 1]


def test_function_of_tests_is_written_once() -> None:
    """No function of three or more statements occurs twice in the tests."""
    paths = [
        path for path in Path(ROOT / "tests").rglob("*.py") if "node_modules" not in path.parts
    ]

    assert repeated({str(path.relative_to(ROOT)): path.read_text() for path in paths}) == []


def test_copy_with_other_names_is_found() -> None:
    """A copy is found even if its own name, its variables and its docstring are different."""
    first = 'def a(x):\n    """A."""\n    y = x + 1\n    print(y)\n    return y\n'
    second = "async def b(place):\n    found = place + 1\n    print(found)\n    return found\n"
    other = "def c(x):\n    y = x + 2\n    print(y)\n    return y\n"

    assert repeated({"one": first, "two": second, "three": other}) == [["one::a", "two::b"]]
