"""Tests that modules do not import each other in a circle.

The contracts in `setup.cfg` say which layers a package has. This test also checks packages that
have no contract of their own.
"""

import ast
import graphlib
from pathlib import Path

from tests.repository import ROOT, SOURCES


def _name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _imports(source: str, modules: set[str]) -> set[str]:
    """Return those of `modules` that a source imports, also for its types or inside a function.

    `from a import b` imports the module `a.b` if there is one, else a name of the module `a`.
    """
    names = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports are not used in this project"
            for alias in node.names:
                member = f"{node.module}.{alias.name}"
                names.add(member if member in modules else str(node.module))
    return names & modules


def _circle(graph: dict[str, set[str]]) -> list[str]:
    """Return modules that import each other in a circle; none is an empty list."""
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        return list(error.args[1])
    return []


def test_circle_of_three_modules_is_found() -> None:
    """The search itself finds a circle, also through imports of two forms."""
    sources = {
        "a.one": "from a import two",
        "a.two": "if x:\n    import a.three",
        "a.three": "from a.one import f",
    }
    graph = {name: _imports(source, set(sources)) for name, source in sources.items()}

    assert set(_circle(graph)) == set(sources)


def test_modules_do_not_import_each_other_in_a_circle() -> None:
    modules = {_name(path): path for path in SOURCES}
    graph = {name: _imports(path.read_text(), set(modules)) for name, path in modules.items()}

    assert sum(map(len, graph.values())) > len(modules)
    assert _circle(graph) == []
