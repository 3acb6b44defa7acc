"""Tests that the watchdog ends a process whose event loop is blocked, and no other process."""

import signal
import subprocess
import sys

import pytest

from tests.processes import ROOT

_PROGRAM = """
import asyncio, sys, time
from collab_server.supervision.watchdog import Watchdog

async def main():
    with Watchdog(1):
        if sys.argv[1] == "inside":
            time.sleep(60)
        await asyncio.sleep(0)
    if sys.argv[1] == "after":
        time.sleep(1.5)

asyncio.run(main())
"""


@pytest.mark.parametrize(("where", "code"), [("inside", -signal.SIGALRM), ("after", 0)])
def test_watchdog_ends_process_with_blocked_event_loop(where: str, code: int) -> None:
    """Inside the context, SIGALRM ends a blocked process and prints the blocked function.

    After the context, the watchdog does not end a blocked process.
    """
    process = subprocess.run(
        [sys.executable, "-c", _PROGRAM, where],
        cwd=ROOT,
        timeout=50,
        capture_output=True,
        text=True,
        check=False,
    )

    assert process.returncode == code
    assert ("in main" in process.stderr) is (code != 0)
