"""Tests that a watchdog which ends a server of a test is noticed.

A fixture of `tests.conftest` checks this after every test.
"""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from tests import watchdogs
from tests.processes import ROOT

_PROGRAM = """
import faulthandler, signal, sys, threading, time

faulthandler.enable()
faulthandler.register(signal.SIGALRM, chain=True)
threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
print('{"level": "info"}', file=sys.stderr, flush=True)
if sys.argv[1] == "time limit":
    faulthandler.dump_traceback_later(0.01, exit=True)
    time.sleep(60)
signal.raise_signal(getattr(signal, sys.argv[1]))
"""

_TESTS = """
import asyncio, contextlib
import pytest
from tests.api import Api
from tests.collab_server.failing import TRIGGER
from tests.handlers.clients import joined, typing_frame
from tests.processes import ServerProcess, free_port

async def hang(data, supervisor):
    server = ServerProcess(data, free_port(), module=("tests.collab_server.failing", "hang"),
                           COLLAB_SUPERVISOR=supervisor, COLLAB_WATCHDOG_S=1)
    await server.start()
    ada = await Api(server.url).sign_up()
    wire = await joined(ada, await ada.new_session())
    await wire.send(typing_frame(TRIGGER.decode()))
    with contextlib.suppress(EOFError, OSError):
        await wire.until_closed()
    if supervisor == "on":
        server.signal(15)
    await server.wait()

async def test_supervised(tmp_path): await hang(tmp_path / "data", "on")
async def test_alone(tmp_path): await hang(tmp_path / "data", "off")
@pytest.mark.watchdog_ends_a_server
async def test_announced_only(): pass
"""


@pytest.mark.parametrize(
    ("how", "count"), [("SIGALRM", 1), ("SIGSEGV", 0), ("SIGABRT", 0), ("time limit", 0)]
)
def test_only_stacks_of_a_watchdog_are_found(how: str, count: int) -> None:
    """Stacks that native failures and time limits write do not count."""
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM, how],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode != 0
    assert "most recent call first" in done.stderr
    stacks = watchdogs.stacks(done.stderr)
    assert len(stacks) == count, done.stderr
    assert all("File " in stack for stack in stacks)


async def test_test_whose_server_is_ended_by_its_watchdog_fails(tmp_path: Path) -> None:
    """A test fails even if a supervisor starts the next process, unless a mark announces it.

    A test that announces it fails if no watchdog ends a server.
    """
    (tmp_path / "test_some.py").write_text(_TESTS)
    command = [sys.executable, "-m", "pytest", "-q", "-n", "0", "-p", "tests.conftest"]
    options = ["-p", "no:cacheprovider", "-c", str(ROOT / "setup.cfg"), "--rootdir", str(tmp_path)]

    process = await asyncio.create_subprocess_exec(
        *command, *options, str(tmp_path), cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    output = (await process.communicate())[0].decode()

    assert process.returncode == 1, output
    assert "3 passed, 3 errors" in output
    assert output.count("in hang\n") >= 2, output
    assert "no watchdog ended a server" in output
