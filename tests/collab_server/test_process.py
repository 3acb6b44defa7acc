"""One process that serves: with and without safeguards."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from tests.processes import ROOT

_PROGRAM = """
import sys
from collab_server.cli import main
code = main([sys.argv[1], "--port", "0", "--host", "127.0.0.1", "--supervisor", "off"])
print(sorted(name for name in sys.modules if name.startswith("collab_server.supervision.")))
sys.exit(code)
"""


@pytest.mark.parametrize(
    ("command", "imported"),
    [("serve", []), ("run", ["allocator", "memory", "safeguards", "supervisor", "watchdog"])],
)
async def test_command_imports_supervision_only_for_run(tmp_path: Path, command: str, imported: list[str]) -> None:
    """`serve` is a whole server that never imports the optional package; both end with 0 after SIGTERM."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _PROGRAM, command,
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout
    greeting = [await process.stdout.readline(), await process.stdout.readline()]
    process.send_signal(signal.SIGTERM)
    modules = (await process.stdout.read()).decode()

    assert b"runs on http://127.0.0.1:" in greeting[0]
    assert modules == f"{[f'collab_server.supervision.{name}' for name in imported]}\n"
    assert await process.wait() == 0
