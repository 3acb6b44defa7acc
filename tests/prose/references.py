"""Checks the references in documents, comments and docstrings.

The files, headings, modules, names in modules, commands and variables must be in the repository.
Addresses of other sites are not checked.
"""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from collab_server.config import all_settings
from tests import repository
from tests.processes import ROOT
from tests.prose.rules import Finding

ELSEWHERE = {
    "a file of Yjs, lib0, y-protocols or y-websocket, named where we do the same": (
        "Item.js", "ContentString.js", "DeleteSet.js", "decoding.js", "encoding.js", "updates.js",
        "awareness.js",
        "y-websocket.js", "INTERNALS.md", "PROTOCOL.md",
    ),
    "a file in an export": (
        "members.json", "original-names.json", "name.json", "DAMAGED.txt", "con.txt", "_con.txt",
        "main.py", "runs.json", "runs.txt", "tests.json",
    ),
    "a file in DATA_DIR": ("quarantine.json", "collab.lock"),
    "a file that the reader of a sample makes": ("editor.mjs", "migrated.mjs", "rows.sql"),
}  # fmt: skip
"""{kind: names} of files that need not be in the repository. Folders before a name are ignored."""

_WITH_COMMENTS = {"", ".py", ".ts", ".tsx", ".js", ".mjs", ".css", ".cpp", ".h", ".sql"}
_WITH_COMMENTS |= {".cfg", ".toml", ".yml", ".sh"}
_WITH_MODULES = {".md", ".py", ".ts", ".tsx", ".cfg", ".toml"}

_ENDINGS = "py|md|ts|tsx|js|mjs|sql|css|html|cfg|toml|cpp|json|lock|yml|yaml|conf|txt|png"
_FILE = re.compile(
    rf"(?<![\w/.:@$~<*{{%-])((?:\.\.?/)?(?:[\w.-]+/)*[\w-][\w.-]*\.(?:{_ENDINGS}))(?![\w/(*}}>-]|\.\w)"
)
_MODULE = re.compile(
    r"(?<![\w/.@-])((?:collab_server|handlers|crdt|storage|harness|tests|bench|docs)(?:\.\w+)+)(?![\w/(])"
)
_LINK = re.compile(r"\]\(([^)\s]+)\)|(?:src|srcset|href)=\"([^\"]+)\"")
_TARGET = re.compile(r"`(?:\w+=\S+ )*make ([a-z][a-z-]*)")
_VARIABLE = re.compile(r"\bCOLLAB_\w*[A-Z0-9]\b")


def findings(path: Path) -> list[Finding]:
    """Return a finding for each broken reference of a file, in the order of its lines.

    The changelog may mention names that were removed, so only its files and links are checked.
    """
    is_history = path.name == "CHANGELOG.md"
    faults = set()
    for line, text in said(path):
        if path.suffix == ".md":
            faults |= {Finding(line, *wrong) for wrong in _broken_links(path, text)}
        if path.suffix == ".md" or path.suffix in _WITH_COMMENTS:
            faults |= {Finding(line, *wrong) for wrong in _unknown_files(path, text)}
        if path.suffix in _WITH_MODULES and not is_history:
            faults |= {Finding(line, *wrong) for wrong in _unknown_modules(text)}
        if path.suffix in (".md", ".py") and not is_history:
            faults |= {Finding(line, *wrong) for wrong in _unknown_commands(text)}
    return sorted(faults, key=lambda finding: (finding.line, finding.wrong))


@cache
def said(path: Path) -> list[tuple[int, str]]:
    """Return the lines of a file's prose with their numbers.

    Documents are prose as a whole. In code, comments and Python's docstrings are prose.
    """
    if path.suffix != ".md" and path.suffix not in _WITH_COMMENTS:
        return []
    return [
        (number, line)
        for first, part in _parts(path)
        for number, line in enumerate(part.splitlines(), first)
    ]


def _parts(path: Path) -> Iterator[tuple[int, str]]:
    text = path.read_text()
    if path.suffix == ".md":
        yield 1, text.replace("%2F", "/")
    elif path.suffix != ".py":
        comment = r"/\*[\s\S]*?\*/|<!--[\s\S]*?-->|(?:(?<=\s)|^)(?://|#|--) .*"
        for match in re.finditer(comment, text, re.MULTILINE):
            yield text.count("\n", 0, match.start()) + 1, match[0]
    else:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type == tokenize.COMMENT:
                yield token.start[0], token.string
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
                yield node.lineno, str(node.value.value)


def _broken_links(path: Path, text: str) -> Iterator[tuple[str, str]]:
    for link in (markdown or html for markdown, html in _LINK.findall(text)):
        target, _, fragment = link.partition("#")
        file = path.parent / target if target else path
        if re.match(r"[a-z]+:", link):
            continue
        if not file.exists():
            yield f"“{link}” leads to no file", "the path of a file, from this document"
        elif fragment and file.suffix == ".md" and fragment not in anchors(file):
            yield f"“{link}” leads to no heading", "the words of the heading, with dashes"


def _unknown_files(path: Path, text: str) -> Iterator[tuple[str, str]]:
    """Yield names of files that do not exist."""
    elsewhere = {name for names in ELSEWHERE.values() for name in names}
    for name in _FILE.findall(text):
        if not {name, name.rpartition("/")[2]} & elsewhere and not _is_file(path, name):
            yield (
                f"“{name}” is not in the repository",
                "a file that is; if it is somebody else's: ELSEWHERE of tests/prose/references.py",
            )


def _unknown_modules(text: str) -> Iterator[tuple[str, str]]:
    """Yield `package.module` and `package.module.name` that do not exist."""
    for name in _MODULE.findall(text):
        if _FILE.fullmatch(name) or name.endswith((".org", ".db")) or _is_module(name):
            continue
        yield f"“{name}” is no module, nor a name in one", "the name that it has in the code"


def _unknown_commands(text: str) -> Iterator[tuple[str, str]]:
    """Yield targets of the Makefile, and variables, that do not exist."""
    for name in _TARGET.findall(text):
        if name not in _targets():
            yield f"“make {name}” is not in the Makefile", "a target that `make help` lists"
    for name in _VARIABLE.findall(text):
        if name not in _variables():
            yield f"“{name}” is not read", "a setting, or a variable that tests read"


def _is_file(path: Path, named: str) -> bool:
    """Whether a name leads to a file: from the top, from the folder of `path`, or by its name."""
    if any((folder / named).exists() for folder in (ROOT, path.parent)):
        return True
    return "/" not in named and named in _file_names()


def _is_module(dotted: str) -> bool:
    """Whether a dotted name is a package, a module, or a name that a module has."""
    at, parts = ROOT, dotted.split(".")
    while parts and (at / parts[0]).is_dir():
        at = at / parts.pop(0)
    if parts and (at / f"{parts[0]}.py").exists():
        module, names = at / f"{parts[0]}.py", parts[1:]
    else:
        module, names = at / "__init__.py", parts
    text = module.read_text() if module.exists() else ""
    return all(_is_defined(name, text) for name in names)


def _is_defined(name: str, text: str) -> bool:
    """Whether a module's text defines a name (also inside a class) or imports it."""
    defined = rf"^\s*(?:async )?(?:def|class) {name}\b|^\s*{name} *[:=]"
    imported = rf"^(?:from|import) .*\b{name}\b|^    {name},$"
    return bool(re.search(f"{defined}|{imported}", text, re.MULTILINE))


def anchors(document: Path) -> set[str]:
    """Return the fragments that GitHub makes from a document's headings."""
    titles = re.findall(r"^#+ (.*)$", document.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@cache
def _file_names() -> set[str]:
    return {path.name for path in repository.files(ROOT)}


@cache
def _targets() -> set[str]:
    return set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))


@cache
def _variables() -> set[str]:
    """Return the variables of all settings, and other variables that Python code reads."""
    code = (path.read_text() for path in repository.files(ROOT) if path.suffix == ".py")
    read = re.findall(r"environ(?:\.get\(|\[)\"(COLLAB_\w+)\"", "\n".join(code))
    return {setting.variable for setting in all_settings()} | set(read)
