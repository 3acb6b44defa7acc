"""Tests rules of this project that no linter checks."""

import ast
import re
import sys
from collections import Counter
from pathlib import Path

import pytest

from collab_server.config import Config
from handlers.connections import SocketLimits
from handlers.http.views import code, runs, sessions
from handlers.services import Limiters, Services
from storage import records
from tests.conftest import HOT_PATH
from tests.repository import PACKAGES, ROOT, SOURCES

DESIGN_PAGES = sorted((ROOT / "docs" / "design").glob("*.md"))

OURS = {*PACKAGES, "static"}
ANYWHERE = {"tornado"}
"""The framework of `handlers` and `collab_server`. import-linter keeps it out of other packages."""


def imported(path: Path) -> set[str]:
    """Return the top-level names of everything that a file imports."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.partition(".")[0])
    return names


def test_third_party_library_is_imported_in_documented_folder_only() -> None:
    """A third-party library is imported only in or below the folder that ARCHITECTURE.md names."""
    doors: dict[str, set[str]] = {}
    for path in SOURCES:
        for library in imported(path) - OURS - ANYWHERE - sys.stdlib_module_names | imported(
            path
        ) & {"sqlite3"}:
            doors.setdefault(library, set()).add(f"{path.parent.relative_to(ROOT)}/")
    rows = re.findall(
        r"^\| ([\w, ]+) \| `([\w/]+/)` \|$", (ROOT / "ARCHITECTURE.md").read_text(), re.MULTILINE
    )
    table = {library: door for libraries, door in rows for library in libraries.split(", ")}

    assert doors.keys() == table.keys()
    assert [
        name
        for name, folders in doors.items()
        if not all(at.startswith(table[name]) for at in folders)
    ] == []


def test_folders_have_at_most_a_dozen_modules() -> None:
    """A folder has at most twelve modules, so that a reader sees its contents quickly.

    `__init__` and `__main__` do not count.
    """
    folders = Counter(path.parent for path in SOURCES if not path.name.startswith("__"))

    assert [
        str(folder.relative_to(ROOT)) for folder, modules in folders.items() if modules > 12
    ] == []


@pytest.mark.parametrize("folder", ["bench", "harness"])
def test_benchmarks_and_harness_import_no_tests(folder: str) -> None:
    """`harness` imports neither tests nor `bench`, and `bench` imports no tests.

    Code that tests and benchmarks share is in `harness`.
    """
    forbidden = {"tests", "bench"} - {folder}

    assert [path.name for path in (ROOT / folder).rglob("*.py") if imported(path) & forbidden] == []


def test_test_modules_import_no_test_modules() -> None:
    """A test module imports no other test module. Shared code is in modules without that name."""
    tests = [path for path in (ROOT / "tests").rglob("*.py") if "node_modules" not in path.parts]

    assert [
        path.name
        for path in tests
        if re.search(r"^from tests\S*\.test_", path.read_text(), re.MULTILINE)
    ] == []


def test_files_of_hot_path_exist() -> None:
    """Each file that `HOT_PATH` names exists, so a renamed file keeps its tests on asyncio."""
    files = {path.name for path in (ROOT / "tests").rglob("test_*.py")}

    assert [name for name in HOT_PATH if name not in files] == []


def test_rules_of_rooms_are_synchronous() -> None:
    """Rooms and the modules below them have no coroutines.

    Coroutines are in the modules that load, commit, look back, count and run workers.
    """
    awaiting = {
        path.parent.name
        for path in (ROOT / "crdt").rglob("*.py")
        if "async def" in path.read_text()
    }

    assert awaiting == {
        "changing", "lifecycle", "stepwise", "history", "program_tests", "processes", "crdt",
    }  # fmt: skip
    top = {path.name for path in (ROOT / "crdt").glob("*.py") if "async def" in path.read_text()}
    assert top == {"fair_queue.py", "keyed_locks.py", "storage_quota.py", "workers.py"}


def test_work_belongs_to_users() -> None:
    """Each job and each use of a room belongs to a user, not to a session.

    In a queue by session, a user with many sessions would have many turns.
    """
    calls = [
        (path.name, node)
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    ]
    uses = [(name, call) for name, call in calls if ast.unparse(call.func).endswith("rooms.use")]
    keys = [
        (name, word.value) for name, call in calls for word in call.keywords if word.arg == "key"
    ]

    assert len(uses) >= 10
    assert [name for name, call in uses if len(call.args) != 2] == []
    assert len(keys) >= 10
    assert [(name, ast.unparse(key)) for name, key in keys if "session" in ast.unparse(key)] == []


def test_errors_of_background_tasks_are_logged() -> None:
    """`start_task` makes background tasks and logs their errors.

    The code that makes any other task awaits it or reads its error.
    """
    made = Counter(
        path.name
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute)
        and node.attr in ("create_task", "ensure_future", "TaskGroup")
    )

    assert made == {
        "background.py": 1,
        "workers.py": 1,
        "loading.py": 1,
        "piston.py": 1,  # awaited by all users who share it
        "engine.py": 1,
        "long_work.py": 1,
    }


def test_crdt_package_reads_no_wall_clock() -> None:
    """The package `crdt` reads no clock. Times are arguments."""
    assert [
        path.name for path in (ROOT / "crdt").rglob("*.py") if imported(path) & {"time", "datetime"}
    ] == []


def test_source_files_are_small() -> None:
    """No source file has more than 330 lines. The aim is 300."""
    long = {
        str(path): lines for path in SOURCES if (lines := len(path.read_text().splitlines())) > 330
    }

    assert long == {}


MAX_ATTRIBUTES = 12

RECORDS = {
    Config: "every setting of the process",
    SocketLimits: "every setting of a connection",
    code.Version: "the fields of an answer",
    runs.Run: "the fields of an answer",
    sessions.Session: "the fields of an answer",
    Limiters: "one limiter for each limit",
    Services: "every part of the server that a request handler is given",
    records.Version: "the columns of a row",
}
"""{class: what each of its fields stands for}. These classes may have more attributes,
because their fields do not change."""


def attributes(node: ast.ClassDef) -> set[str]:
    """Return the attributes that a class's own body names.

    They are its slots, its fields, and attributes that its methods assign.
    """
    names = set()
    for child in ast.walk(node):
        if (
            isinstance(child, ast.Attribute)
            and isinstance(child.ctx, ast.Store)
            and ast.unparse(child.value) == "self"
        ):
            names.add(child.attr)
    for line in node.body:
        if isinstance(line, ast.AnnAssign) and not re.match(
            "ClassVar|InitVar", ast.unparse(line.annotation)
        ):
            names.add(ast.unparse(line.target))
        elif isinstance(line, ast.Assign) and ast.unparse(line.targets[0]) == "__slots__":
            names.update(ast.literal_eval(line.value))
    return names


def module_of(path: str) -> str:
    """Return the name by which the module of a file is imported."""
    return path.removesuffix(".py").replace("/", ".")


def test_classes_have_at_most_a_dozen_attributes() -> None:
    """A class has at most twelve attributes, with those of its base classes.

    A larger one is split.
    """
    classes: dict[str, list[tuple[str, ast.ClassDef]]] = {}
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef):
                classes.setdefault(node.name, []).append((str(path.relative_to(ROOT)), node))

    def inherited(node: ast.ClassDef) -> set[str]:
        names = attributes(node)
        for base in node.bases:
            bases = classes.get(ast.unparse(base).partition("[")[0].rpartition(".")[2], [])
            if len(bases) == 1 and bases[0][1] is not node:
                names |= inherited(bases[0][1])
        return names

    large = [
        f"{module_of(path)}.{name}"
        for name, definitions in classes.items() for path, node in definitions
        if len(inherited(node)) > MAX_ATTRIBUTES
    ]  # fmt: skip

    assert sorted(large) == sorted(f"{record.__module__}.{record.__name__}" for record in RECORDS)


@pytest.mark.parametrize("page", DESIGN_PAGES, ids=lambda page: page.name)
def test_design_pages_name_existing_code(page: Path) -> None:
    """Each path in a page leads to a file. For `name` in `path`, the file contains the name."""
    text = page.read_text()
    paths = re.findall(
        r"`((?:collab_server|handlers|crdt|storage|static|tests|bench|harness)/[\w/.]*)`", text
    )
    named = re.findall(r"`([\w.]+)` (?:in|of) `([\w/]+\.(?:py|sql))`", text)

    assert [path for path in paths if not (ROOT / path).exists()] == []
    assert [
        (name, path)
        for name, path in named
        for part in name.split(".")
        if not re.search(rf"\b{part}\b", (ROOT / path).read_text())
    ] == []


@pytest.mark.parametrize("page", DESIGN_PAGES, ids=lambda page: page.name)
def test_links_of_design_pages_lead_to_headings(page: Path) -> None:
    """Every relative link leads to a file, and to a heading in it."""
    for target, heading in re.findall(r"\]\(([^)#:]*)#?([^)]*)\)", page.read_text()):
        path = page.parent / target if target else page
        assert path.exists(), target
        assert not heading or heading in headings(path), f"{target}#{heading}"


def headings(path: Path) -> set[str]:
    """Return the anchors of a page, in the form that GitHub makes."""
    titles = re.findall(r"^#+ (.*)$", path.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def test_design_pages_named_in_modules_exist() -> None:
    """Each design page that a docstring names exists."""
    named = {
        name for path in SOURCES for name in re.findall(r"docs/design/[\w./]*\w", path.read_text())
    }

    assert len(named) > 5
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []


_MAPS = ("ARCHITECTURE.md", "docs/design/where.md")


def test_architecture_names_existing_files() -> None:
    """Every path in ARCHITECTURE.md and docs/design/where.md exists, also in drawings."""
    text = "".join((ROOT / page).read_text() for page in _MAPS)

    named = re.findall(
        r"\b((?:collab_server|handlers|crdt|storage|static|tests|docs)/[\w/]*(?:\.\w+)?)", text
    )

    assert len(named) > 50
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_architecture_names_each_sub_package() -> None:
    """The table of sub-packages has every sub-package."""
    text = (ROOT / "ARCHITECTURE.md").read_text()
    folders = {
        f"{path.parent.relative_to(ROOT)}/" for path in SOURCES if path.name == "__init__.py"
    }

    part = {"handlers/http/views/"}  # belongs to its parent

    assert {folder for folder in folders - part if f"| `{folder}` |" not in text} == set()


def test_architecture_names_code_in_defining_file() -> None:
    """For `path` (`name`) in a page, the file defines the name."""
    text = "".join((ROOT / page).read_text() for page in _MAPS)
    pairs = re.findall(r"`([\w/]+\.py)` \(`([\w.]+)`\)", text)

    missing = [
        (path, name)
        for path, name in pairs
        for part in name.split(".")
        if not re.search(
            rf"^\s*(?:async )?(?:def|class) {part}\b", (ROOT / path).read_text(), re.MULTILINE
        )
    ]
    assert len(pairs) > 30
    assert missing == []


def test_documented_routes_match_openapi() -> None:
    """docs/api.md and the OpenAPI description name the same routes."""
    from handlers.http.api_docs.operations import OPERATIONS

    text = (ROOT / "docs" / "api.md").read_text()
    documented = {
        (method, re.sub(r":\w+", "{}", path))
        for method, path in re.findall(r"`(GET|POST|PATCH|DELETE) (/[\w/:]+)`", text)
    }
    described = {
        (operation.method, re.sub(r"{\w+}", "{}", operation.path)) for operation in OPERATIONS
    }

    assert documented == {
        route
        for route in described
        if not route[1].startswith(("/sync", "/healthz", "/readyz", "/metrics"))
    }


def test_tests_named_in_security_document_exist() -> None:
    """Each test that docs/security.md names as evidence exists."""
    named = set(
        re.findall(
            r"`((?:tests|bench)/[\w/]+\.py)(?:::(\w+))?`",
            (ROOT / "docs" / "security.md").read_text(),
        )
    )

    assert len(named) > 30
    missing = [
        (path, test)
        for path, test in named
        if not (ROOT / path).exists() or (test and f"def {test}(" not in (ROOT / path).read_text())
    ]
    assert missing == []
