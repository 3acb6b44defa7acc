"""What documents, comments and docstrings point at is in the repository:
files, headings, modules and their names.
"""

import ast
import io
import re
import subprocess
import tokenize
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from collab_server.config import all_settings
from tests.processes import ROOT

_WITH_COMMENTS = {
    ".py",
    ".ts",
    ".tsx",
    ".js",
    ".mjs",
    ".css",
    ".cpp",
    ".h",
    ".sql",
    ".cfg",
    ".toml",
    ".yml",
    ".sh",
    "",
}

ELSEWHERE = {
    "a file of Yjs, lib0, y-protocols or y-websocket, named where we do the same": (
        "Item.js", "ContentString.js", "DeleteSet.js", "decoding.js", "encoding.js", "updates.js",
        "awareness.js",
        "y-websocket.js", "INTERNALS.md", "PROTOCOL.md",
    ),
    "a file in an export": (
        "members.json", "original-names.json", "name.json", "DAMAGED.txt", "con.txt", "_con.txt",
        "src/main.py", "main.py",
    ),
    "a file in DATA_DIR": ("quarantine.json", "collab.lock"),
    "a file that the reader of a sample makes": ("editor.mjs", "migrated.mjs", "rows.sql"),
}  # fmt: skip
"""Names of files that are not in the repository, by what they are;
folders before the name do not matter."""

_ENDINGS = "py|md|ts|tsx|js|mjs|sql|css|html|cfg|toml|cpp|json|lock|yml|yaml|conf|txt|png"
_FILE = re.compile(
    rf"(?<![\w/.:@$~<*{{%-])((?:\.\.?/)?(?:[\w.-]+/)*[\w-][\w.-]*\.(?:{_ENDINGS}))(?![\w/(*}}>-]|\.\w)"
)
_MODULE = re.compile(
    r"(?<![\w/.@-])((?:collab_server|handlers|crdt|storage|harness|tests|bench|docs)(?:\.\w+)+)(?![\w/(])"
)
_LINK = re.compile(r"\]\(([^)\s]+)\)|(?:src|srcset|href)=\"([^\"]+)\"")


@cache
def everything() -> tuple[Path, ...]:
    """Return all files of the repository, without what programs made or installed."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(
        command, cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.split("\0")
    paths = {ROOT / name for name in names if not name.startswith("static/dist/")}
    return tuple(sorted(path for path in paths if path.is_file()))


def ours(*endings: str) -> list[Path]:
    """Return the repository's files with one of these endings, "" for none."""
    return [path for path in everything() if path.suffix in endings]


DOCUMENTS = ours(".md")


@cache
def prose(path: Path) -> str:
    """Return what a file says to people, one part a line: see `_parts`."""
    return "\n".join(_parts(path))


def _parts(path: Path) -> Iterator[str]:
    """Yield what a file says to people: all of a document;
    of code the comments, and the docstrings of Python.
    """
    text = path.read_text()
    if path.suffix == ".md":
        yield text.replace("%2F", "/")
    elif path.suffix != ".py":
        yield from re.findall(
            r"/\*[\s\S]*?\*/|<!--[\s\S]*?-->|(?:(?<=\s)|^)(?://|#|--) .*", text, re.MULTILINE
        )
    else:
        yield from (part.string for part in _tokens(text) if part.type == tokenize.COMMENT)
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
                yield str(node.value.value)


def _tokens(text: str) -> Iterator[tokenize.TokenInfo]:
    return tokenize.generate_tokens(io.StringIO(text).readline)


@cache
def _names() -> set[str]:
    return {path.name for path in everything()}


def is_file_of_ours(path: Path, named: str) -> bool:
    """Whether a file names another one of the repository:
    from the top, from its own folder, or by the name alone.
    """
    if any((folder / named).exists() for folder in (ROOT, path.parent)):
        return True
    return "/" not in named and named in _names()


def is_module_of_ours(dotted: str) -> bool:
    """Whether a dotted name leads to a package, to a module,
    or to what a module defines or imports.
    """
    at, parts = ROOT, dotted.split(".")
    while parts and (at / parts[0]).is_dir():
        at = at / parts.pop(0)
    module = (
        at / f"{parts[0]}.py" if parts and (at / f"{parts[0]}.py").exists() else at / "__init__.py"
    )
    rest = parts[1:] if module.stem != "__init__" else parts
    if not rest:
        return True
    text = module.read_text() if module.exists() else ""
    return all(_is_defined(name, text) for name in rest)


def _is_defined(name: str, text: str) -> bool:
    """Whether a module's text defines a name (also inside a class) or imports it."""
    defined = rf"^\s*(?:async )?(?:def|class) {name}\b|^\s*{name} *[:=]"
    return bool(
        re.search(rf"{defined}|^(?:from|import) .*\b{name}\b|^    {name},$", text, re.MULTILINE)
    )


def anchors(document: Path) -> set[str]:
    """Return the fragments that GitHub makes of a document's headings."""
    titles = re.findall(r"^#+ (.*)$", document.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_of_document_lead_to_files_and_headings(path: Path) -> None:
    """Links and pictures; addresses of other sites are not asked."""
    broken = []
    for link in (markdown or html for markdown, html in _LINK.findall(path.read_text())):
        target, _, fragment = link.partition("#")
        found = path.parent / target if target else path
        if re.match(r"[a-z]+:", link):
            continue
        if not found.exists() or (
            fragment and found.suffix == ".md" and fragment not in anchors(found)
        ):
            broken.append(link)

    assert broken == []


def test_files_named_in_prose_exist() -> None:
    """In documents, comments and docstrings: a reader must be able to
    open what they are sent to.
    """
    elsewhere = {name for names in ELSEWHERE.values() for name in names}
    named = {
        (str(path.relative_to(ROOT)), name)
        for path in ours(".md", *_WITH_COMMENTS)
        for name in _FILE.findall(prose(path))
        if not {name, name.rpartition("/")[2]} & elsewhere and not is_file_of_ours(path, name)
    }

    assert sorted(named) == []


def test_modules_named_in_prose_exist() -> None:
    """`package.module`, and `package.module.name`;
    the changelog also tells of names that are gone.
    """
    named = {
        (str(path.relative_to(ROOT)), name)
        for path in ours(".md", ".py", ".ts", ".tsx", ".cfg", ".toml")
        if path.name != "CHANGELOG.md"
        for name in _MODULE.findall(prose(path))
        if not _FILE.fullmatch(name)
        and not name.endswith((".org", ".db"))
        and not is_module_of_ours(name)
    }

    assert sorted(named) == []


def test_names_of_files_elsewhere_are_used() -> None:
    """An exception that nothing needs any more is taken away."""
    said = "\n".join(prose(path) for path in ours(".md", *_WITH_COMMENTS) if path != Path(__file__))

    assert [name for names in ELSEWHERE.values() for name in names if name not in said] == []


def test_commands_and_variables_named_in_prose_exist() -> None:
    """`make check` is a target; `COLLAB_IDLE_S` is a setting,
    or a variable of the tests that Python code reads.
    """
    targets = set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    variables = {setting.variable for setting in all_settings()}
    code = "\n".join(path.read_text() for path in ours(".py"))
    variables |= set(re.findall(r"environ(?:\.get\(|\[)\"(COLLAB_\w+)\"", code))
    texts = {path: prose(path) for path in ours(".md", ".py") if path.name != "CHANGELOG.md"}

    unknown = {
        (str(path.relative_to(ROOT)), name)
        for path, text in texts.items()
        for name in re.findall(r"`(?:\w+=\S+ )*make ([a-z][a-z-]*)", text)
        if name not in targets
    } | {
        (str(path.relative_to(ROOT)), name)
        for path, text in texts.items()
        for name in re.findall(r"\bCOLLAB_\w*[A-Z0-9]\b", text)
        if name not in variables
    }
    assert sorted(unknown) == []
