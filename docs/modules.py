"""Makes docs/modules.md, which lists every module with the first sentence of its docstring."""

import ast
import re
from pathlib import Path

PACKAGES = ("collab_server", "handlers", "crdt", "storage")

_HEAD = """# Modules

<!-- Made by `make format` from the docstrings of the modules; edit there. -->

Every module of the server. The four packages are in the order of the layers: each imports only those below it on this
page. The folders inside a package are in alphabetical order. [ARCHITECTURE.md](../ARCHITECTURE.md) has the layers of
these folders, and shows how an update and a request pass through them.
"""  # noqa: E501  # lines of docs/modules.md


def module_map(root: Path) -> str:
    """Return docs/modules.md for the checkout in `root`."""
    folders = [folder for package in PACKAGES for folder in _folders(root / package)]
    return _HEAD + "".join(_section(root, folder) for folder in folders)


def _folders(folder: Path) -> list[Path]:
    """Return a package and its sub-packages, parents first."""
    inner = sorted(path for path in folder.iterdir() if (path / "__init__.py").exists())
    return [folder, *(nested for path in inner for nested in _folders(path))]


def _section(root: Path, folder: Path) -> str:
    modules = sorted(path for path in folder.glob("*.py") if path.name != "__init__.py")
    rows = "".join(
        f"| [`{path.name}`](../{path.relative_to(root)}) | {_sentence(path)} |\n"
        for path in modules
    )
    title = f"\n## `{folder.relative_to(root)}/`\n\n{_sentence(folder / '__init__.py')}\n"
    return title + (f"\n| module | what it holds |\n|---|---|\n{rows}" if rows else "")


def _sentence(path: Path) -> str:
    """Return the first sentence of a module's docstring, on one line."""
    paragraph = " ".join(
        (ast.get_docstring(ast.parse(path.read_text())) or "").partition("\n\n")[0].split()
    )
    sentence = re.split(r"(?<=[.?])\s", paragraph, maxsplit=1)[0]
    return sentence.replace("|", "\\|")
