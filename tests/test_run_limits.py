"""Tests runs of pytest whose tests hang or leave processes.
Each run ends within its limit and leaves no process.
"""

import asyncio
import os
import signal
import subprocess
import sys
import uuid
from pathlib import Path

import pytest

from tests import leftovers
from tests.narrowing import required
from tests.processes import ROOT
from tests.waiting import until

_TESTS = """
import asyncio, os, subprocess, sys, time
from pathlib import Path
import pytest
from tests.processes import ServerProcess, free_port

STARTED = Path(__file__).with_name("started")


async def start(tmp_path):
    server = ServerProcess(tmp_path / "other", free_port(), COLLAB_SUPERVISOR="on")
    await server.start()


@pytest.mark.timeout(8)
async def test_coroutine_hangs(tmp_path, server, ada, peers):
    await run_everything(tmp_path, ada, peers)


@pytest.mark.timeout(100)
async def test_runs_on(tmp_path, server, ada, peers):
    await run_everything(tmp_path, ada, peers)


async def run_everything(tmp_path, ada, peers):
    room = await ada.new_session()
    await peers.do("connect", "one", url=ada.socket_url, room=room, token=ada.token)
    await start(tmp_path)
    STARTED.touch()
    await asyncio.sleep(1000)


@pytest.mark.timeout(8)
async def test_loop_hangs(tmp_path, server):
    await start(tmp_path)
    STARTED.touch()
    time.sleep(1000)


def test_process_left():
    os.posix_spawn(
        sys.executable, [sys.executable, "-c", "import time; time.sleep(1000)"], os.environ
    )


def test_grandchild_left():
    code = ("import subprocess; subprocess.Popen(['sleep', '1000'], stdout=subprocess.DEVNULL,"
            " start_new_session=True)")
    subprocess.run([sys.executable, "-c", code], check=True)


def test_passes():
    pass
"""


class Run:
    """A run of pytest in its own process. Its mark finds all its processes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.mark = uuid.uuid4().hex
        self._process: subprocess.Popen[str] | None = None
        (folder / "test_some.py").write_text(_TESTS)

    def start(self, names: str, *options: str) -> None:
        """Run the tests whose names match the expression."""
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "tests.conftest",
            "-p",
            "no:cacheprovider",
        ]
        command += [
            "-c",
            str(ROOT / "setup.cfg"),
            "--rootdir",
            str(self.folder),
            "-k",
            names,
            *options,
        ]
        self._process = subprocess.Popen(
            [*command, str(self.folder)], cwd=ROOT,
            env={**os.environ, leftovers.VARIABLE: self.mark},
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip

    async def ended(self) -> tuple[int, str]:
        """Wait until the run has ended. Return its exit code and its output."""
        process = required(self._process)
        output, _ = await asyncio.to_thread(process.communicate)
        return process.returncode, output

    async def killed(self) -> None:
        """Kill the run as soon as its test has started everything."""
        await until((self.folder / "started").exists)
        assert len(leftovers.marked(self.mark)) > 3
        required(self._process).send_signal(signal.SIGKILL)
        await self.ended()

    async def until_nothing_is_left(self) -> None:
        await until(lambda: not leftovers.marked(self.mark))


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run(tmp_path)


async def test_hanging_coroutine_with_server_fails_and_run_continues(run: Run) -> None:
    """A coroutine that hangs fails with the reason, and its servers and clients end.

    The next test passes.
    """
    run.start("coroutine_hangs or passes")

    code, output = await run.ended()

    assert code == 1, output
    assert "the test was not done after 6 s" in output
    assert "1 failed, 1 passed" in output
    await run.until_nothing_is_left()


@pytest.mark.parametrize("options", [(), ("-n", "1")])
async def test_hanging_event_loop_with_server_ends_the_process(
    run: Run, options: tuple[str, ...]
) -> None:
    """If the event loop hangs, no coroutine can be cancelled, so the process ends.

    It prints its stacks, and all processes that it started end too.
    """
    run.start("loop_hangs", *options)

    code, output = await run.ended()

    assert code != 0, output
    assert "Timeout (0:00:08)!" in output
    await run.until_nothing_is_left()


async def test_killed_run_leaves_no_process(run: Run) -> None:
    """A killed run leaves no process, because its watcher is another process."""
    run.start("runs_on")

    await run.killed()

    await run.until_nothing_is_left()


async def test_test_that_leaves_a_process_fails(run: Run) -> None:
    """A test that leaves a process fails, and its error has the command of the process."""
    run.start("process_left")

    code, output = await run.ended()

    assert code == 1, output
    assert "1 passed" in output
    assert "1 error" in output
    assert "import time; time.sleep(1000)" in output
    await run.until_nothing_is_left()


@pytest.mark.parametrize("options", [(), ("-n", "1")])
async def test_run_that_leaves_a_grandchild_process_fails(
    run: Run, options: tuple[str, ...]
) -> None:
    """A run that leaves a process without a living parent fails.

    No test can be named, because the process no longer belongs to one.
    """
    run.start("grandchild_left", *options)

    code, output = await run.ended()

    assert code == 1, output
    assert "a test left a process: sleep 1000" in output
    await run.until_nothing_is_left()
