"""Builds the web app: `python -m tests.web` from static/src into static/dist.

`--check` checks format, lint and types, and runs the app's tests. It fails if static/dist differs
from a build of the sources, or static/src/types.ts from the API's description.
`--format` lets Prettier and ESLint correct the sources, and makes types.ts.
`--dev` serves the sources with live reload until it is interrupted. All other requests go to the
server at SERVER.
"""

import contextlib
import gzip
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from handlers.http.api_docs import openapi
from tests import set_up

DIST = set_up.WEB / "dist"
TYPES = set_up.WEB / "src" / "types.ts"
DEV_URL = "http://localhost:5173"
_PROGRAMS = set_up.WEB / "node_modules"

_TYPES_HEAD = """// Made by `make format` of the API's description (handlers/http/views): edit there.

"""  # noqa: E501  # lines of TypeScript
_TYPES_TAIL = """
// What the app calls some of them.

export type Me = User
/** An invite of the list, or the new one with its secret. */
export type Invite = Omit<ListedInvite, "createdBy" | "usedBy"> & Partial<NewInvite>
"""


def main() -> int:
    set_up.install_web()
    if "--format" in sys.argv:
        TYPES.write_text(_types())  # the types come first, because the linter reads them
        _node("eslint/bin/eslint.js", "--fix", "src")
        _node("prettier/bin/prettier.cjs", "--log-level", "warn", "--write", ".")
        return 0
    if "--dev" in sys.argv:
        _serve(*sys.argv[sys.argv.index("--dev") + 1 :])
        return 0
    if "--check" not in sys.argv:
        _build(DIST)
        return 0
    if TYPES.read_text() != _types():
        print(
            "static/src/types.ts is not what the API's description says: run `make format`",
            file=sys.stderr,
        )
        return 1
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


def _types() -> str:
    """Return the text of static/src/types.ts: the API's schemas by their names.

    The description's paths would be three quarters of the file. They are left out, because the app
    does not use them.
    """
    with tempfile.TemporaryDirectory() as folder:
        description, types = Path(folder, "openapi.json"), Path(folder, "types.ts")
        document = openapi.document("")
        schemas = document["components"]["schemas"]
        description.write_text(
            json.dumps({**document, "paths": {}, "components": {"schemas": schemas}})
        )
        options: tuple[str, ...] = (
            "--root-types",
            "--root-types-no-schema-prefix",
            "--output",
            str(types),
        )
        _node("openapi-typescript/bin/cli.js", str(description), *options, quiet=True)
        made = types.read_text()
        types.write_text(_TYPES_HEAD + made[made.index("export ") :] + _TYPES_TAIL)
        options = (
            "--config",
            str(set_up.WEB / ".prettierrc.json"),
            "--log-level",
            "warn",
            "--write",
            str(types),
        )
        _node("prettier/bin/prettier.cjs", *options)
        return types.read_text()


def _build(folder: Path) -> None:
    """Build the app, and then the files that run programs.

    The app comes first, because its build empties the folder.
    """
    build = ("vite/bin/vite.js", "build", "--logLevel", "warn")
    _node(*build, OUT_DIR=str(folder))
    _node(*build, "--config", "vite.run.config.ts", OUT_DIR=str(folder / "run"))


def _serve(*options: str) -> None:
    """Serve the sources until the program is interrupted."""
    print(f"static/src with live reload: {DEV_URL}, its server: {os.environ['SERVER']}", flush=True)
    with contextlib.suppress(KeyboardInterrupt, subprocess.CalledProcessError):
        _node("vite/bin/vite.js", "--clearScreen", "false", "--logLevel", "warn", *options)


def _node(program: str, *arguments: str, quiet: bool = False, **variables: str) -> None:
    command = ["node", str(_PROGRAMS / program), *arguments]
    environment = {**set_up.node_environment(), **variables}
    subprocess.run(command, cwd=set_up.WEB, check=True, env=environment, capture_output=quiet)


def _content(folder: Path) -> dict[str, bytes]:
    """Return the files of a folder by name, decompressed: versions of Node compress differently."""
    return {
        str(path.relative_to(folder)): gzip.decompress(path.read_bytes())
        if path.suffix == ".gz"
        else path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


if __name__ == "__main__":
    sys.exit(main())
