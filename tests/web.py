"""Builds the web app: `python -m tests.web` from static/src into static/dist.

`--check` checks format, lint and types, runs its tests, and fails if static/dist is not what the sources build.
`--format` lets Prettier and ESLint rewrite the sources as far as they can.
`--dev` serves the sources with live reload until it is interrupted; everything else comes from the server at SERVER.
"""

import contextlib
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests import set_up

DIST = set_up.WEB / "dist"
DEV_URL = "http://localhost:5173"
_PROGRAMS = set_up.WEB / "node_modules"


def main() -> int:
    set_up.install_web()
    if "--format" in sys.argv:
        _node("eslint/bin/eslint.js", "--fix", "src")
        _node("prettier/bin/prettier.cjs", "--log-level", "warn", "--write", ".")
        return 0
    if "--dev" in sys.argv:
        _serve(*sys.argv[sys.argv.index("--dev") + 1 :])
        return 0
    if "--check" not in sys.argv:
        _build(DIST)
        return 0
    _node("prettier/bin/prettier.cjs", "--log-level", "warn", "--check", ".")
    _node("eslint/bin/eslint.js", "--max-warnings", "0", "src")
    _node("typescript/bin/tsc", "--noEmit")
    _node("vitest/vitest.mjs", "run", "--silent", "--reporter=dot")
    with tempfile.TemporaryDirectory() as folder:
        _build(Path(folder))
        if _content(Path(folder)) != _content(DIST):
            print("static/dist is not what static/src builds: run `make web`", file=sys.stderr)
            return 1
    return 0


def _build(folder: Path) -> None:
    _node("vite/bin/vite.js", "build", "--logLevel", "warn", OUT_DIR=str(folder))


def _serve(*options: str) -> None:
    """Serve the sources until it is interrupted."""
    print(f"static/src with live reload: {DEV_URL}, its server: {os.environ['SERVER']}", flush=True)
    with contextlib.suppress(KeyboardInterrupt, subprocess.CalledProcessError):
        _node("vite/bin/vite.js", "--clearScreen", "false", "--logLevel", "warn", *options)


def _node(program: str, *arguments: str, **variables: str) -> None:
    command = ["node", str(_PROGRAMS / program), *arguments]
    subprocess.run(command, cwd=set_up.WEB, check=True, env={**set_up.node_environment(), **variables})


def _content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


if __name__ == "__main__":
    sys.exit(main())
