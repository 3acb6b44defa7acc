"""Tests of worker processes: results, errors, deadlines, deaths, memory, cancelling.

No process may be left behind, however its job or the server ends.
"""

import asyncio
import math
import os
import signal
import sys
import textwrap
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from crdt.errors import WorkerDied, WorkersBusy, WorkTooLarge
from crdt.processes import worker
from crdt.processes.worker_process import cpu_s
from crdt.workers import Workers, WorkersSettings
from tests.crdt import work
from tests.processes import ROOT
from tests.waiting import until

LONG_S = 120.0
"""A deadline, in seconds, that no job of these tests reaches on any machine."""


@pytest.fixture
async def workers() -> AsyncIterator[Workers]:
    made = Workers(WorkersSettings(processes=2))
    yield made
    await made.close()


async def started(path: Path) -> int:
    """Wait until a job has written the id of its process, and return the id."""
    return int(await until(lambda: path.read_text() if path.exists() else ""))


async def gone(pid: int) -> None:
    """Wait until a process has ended; its parent may not have read its exit code yet."""

    def look() -> bool:
        try:
            return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
        except OSError:
            return True

    await until(look)


async def test_run_returns_result_and_keeps_the_process(workers: Workers) -> None:
    assert await workers.run(work.add, 2, 3, key="ada", deadline_s=LONG_S) == 5
    first = await workers.run(work.process_id, key="ada", deadline_s=LONG_S)
    second = await workers.run(work.process_id, key="bob", deadline_s=LONG_S)
    assert first == second != os.getpid()
    assert (workers.processes, workers.counts["done"]) == (1, 3)


async def test_run_cancelled_during_the_start_keeps_the_process(workers: Workers) -> None:
    """A process whose job is cancelled during the start does the next job, and is not lost."""
    with pytest.raises(WorkersBusy):
        # The deadline passes in the next turn of the event loop.
        await workers.run(work.add, 2, 3, key="ada", deadline_s=0)
    await until(lambda: workers.processes == 1)

    assert await workers.run(work.add, 2, 3, key="ada", deadline_s=LONG_S) == 5
    assert workers.processes == 1


async def test_close_while_a_process_starts_ends_it() -> None:
    workers = Workers(WorkersSettings(processes=1))
    with pytest.raises(WorkersBusy):
        # The deadline passes in the next turn of the event loop.
        await workers.run(work.add, 2, 3, key="ada", deadline_s=0)
    await workers.close()
    assert workers.processes == 1  # the killed process may still be counted


async def test_run_large_argument_and_result_are_whole(workers: Workers) -> None:
    """Megabytes pass in both directions, although a pipe holds far less."""
    large = os.urandom(1 << 20)
    assert await workers.run(bytes.__mul__, large, 5, key="ada", deadline_s=LONG_S) == large * 5


async def test_run_imports_nothing_of_the_server(workers: Workers) -> None:
    """A process imports no module of the server, so that it starts fast and stays small.

    It imports only the modules that its job needs.
    """
    names = set(await workers.run(work.modules, key="ada", deadline_s=LONG_S))
    assert "tests.crdt.work" in names
    assert not names & {
        "tornado",
        "pycrdt",
        "asyncio",
        "multiprocessing",
        "crdt.workers",
        "collab_server",
    }


async def test_run_raises_what_the_function_raises(workers: Workers) -> None:
    with pytest.raises(ValueError, match="bad"):
        await workers.run(work.fail_portably, key="ada", deadline_s=LONG_S)
    with pytest.raises(RuntimeError, match="Unportable: quite bad"):
        await workers.run(work.fail_unportably, key="ada", deadline_s=LONG_S)
    assert (workers.processes, workers.counts["failed"]) == (1, 2)


async def test_run_function_that_prints_returns_its_result(workers: Workers) -> None:
    assert await workers.run(work.talk, key="ada", deadline_s=LONG_S) == "result"


async def test_run_past_deadline_kills_that_process_alone(
    workers: Workers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A deadline ends one process: other jobs go on, and the next job of its key is done."""
    # On a busy machine the job may get less than half of its time. An infinite CPU
    # time, the value for an unknown time, makes it count as too large.
    monkeypatch.setattr(worker, "cpu_s", lambda _: math.inf)
    release, late = tmp_path / "release", tmp_path / "late"
    other = asyncio.create_task(
        workers.run(work.wait_for, str(release), key="bob", deadline_s=LONG_S)
    )
    deadline_s = 1
    while not late.exists():  # the job may need longer to begin
        deadline_s *= 2
        with pytest.raises(WorkTooLarge, match=f"the work took longer than {deadline_s} seconds"):
            await workers.run(work.spin, str(late), key="ada", deadline_s=deadline_s)
    await gone(await started(late))
    assert await workers.run(work.add, 2, 3, key="ada", deadline_s=LONG_S) == 5
    release.touch()
    await other
    assert (workers.counts["done"], workers.counts["died"]) == (2, 0)


def test_cpu_time_of_a_process_is_measured() -> None:
    before = time.process_time()
    told = cpu_s(os.getpid())
    # The system counts CPU time in hundredths of a second.
    assert before - 0.02 <= told <= time.process_time() + 0.02
    assert cpu_s(2**31) == math.inf


async def test_run_without_processor_time_has_three_times_the_deadline(
    workers: Workers, tmp_path: Path
) -> None:
    """A job that gets no processor time is not too large.

    The job here sleeps, because a sleeping job gets no processor time.
    """
    path = tmp_path / "pid"
    began = time.monotonic()
    with pytest.raises(WorkersBusy, match="3 seconds were not enough"):
        await workers.run(work.sleep, str(path), key="ada", deadline_s=1)
    assert time.monotonic() - began >= 3
    await gone(await started(path))
    assert workers.counts == {"late": 1}


async def test_run_that_gets_processor_time_late_returns_result(
    workers: Workers, tmp_path: Path
) -> None:
    """A job that can work only after its deadline still returns, within three times that time."""
    release = tmp_path / "release"
    waiting = asyncio.create_task(workers.run(work.wait_for, str(release), key="ada", deadline_s=2))
    await asyncio.sleep(2.5)
    release.touch()
    await waiting


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGABRT])
async def test_run_process_that_dies_raises_and_is_replaced(workers: Workers, number: int) -> None:
    with pytest.raises(WorkerDied, match=f"-{number:d}"):
        await workers.run(work.die, int(number), key="ada", deadline_s=LONG_S)
    assert await workers.run(work.add, 2, 3, key="ada", deadline_s=LONG_S) == 5


async def test_run_process_killed_while_idle_is_replaced(workers: Workers) -> None:
    """A process that the kernel ends while it is idle is replaced, too."""
    pid = await workers.run(work.process_id, key="ada", deadline_s=LONG_S)
    os.kill(pid, signal.SIGKILL)
    await gone(pid)
    await until(lambda: not any(worker.is_alive for worker in workers._idle))
    assert await workers.run(work.add, 2, 3, key="ada", deadline_s=LONG_S) == 5


async def test_run_out_of_memory_raises_and_is_replaced() -> None:
    workers = Workers(WorkersSettings(processes=1, memory_mb=64))
    with pytest.raises(WorkTooLarge, match="memory"):
        await workers.run(work.fill, key="ada", deadline_s=LONG_S)
    assert await workers.run(work.add, 2, 3, key="ada", deadline_s=LONG_S) == 5
    await workers.close()


async def test_run_cancelled_kills_the_process(workers: Workers, tmp_path: Path) -> None:
    job = asyncio.create_task(
        workers.run(work.spin, str(tmp_path / "pid"), key="ada", deadline_s=LONG_S)
    )
    pid = await started(tmp_path / "pid")
    job.cancel()
    with pytest.raises(asyncio.CancelledError):
        await job
    await gone(pid)
    assert (workers.processes, workers.counts) == (0, {"cancelled": 1})


async def test_run_many_jobs_of_one_key_let_others_take_turns(tmp_path: Path) -> None:
    workers = Workers(WorkersSettings(processes=1))
    order = str(tmp_path / "order")
    jobs = [
        workers.run(work.note, order, name, key=name[0], deadline_s=LONG_S)
        for name in ("a1", "a2", "a3", "b1")
    ]
    await asyncio.gather(*jobs)
    await workers.close()
    assert (tmp_path / "order").read_text() == "a1b1a2a3"


async def test_run_with_too_many_waiting_is_refused(tmp_path: Path) -> None:
    workers = Workers(WorkersSettings(processes=1, waiting_per_key=1))
    jobs = [
        asyncio.create_task(
            workers.run(work.sleep, str(tmp_path / name), key="ada", deadline_s=LONG_S)
        )
        for name in ("first", "second")
    ]
    await started(tmp_path / "first")
    with pytest.raises(WorkersBusy):
        await workers.run(work.add, 2, 3, key="ada", deadline_s=LONG_S)
    assert (workers.waiting, workers.counts["busy"]) == (1, 1)
    for job in jobs:
        job.cancel()
    await asyncio.gather(*jobs, return_exceptions=True)
    await workers.close()


async def test_workers_without_work_end_their_processes() -> None:
    workers = Workers(WorkersSettings(processes=1, idle_s=0.01))
    pid = await workers.run(work.process_id, key="ada", deadline_s=LONG_S)
    await gone(pid)
    assert workers.processes == 0
    assert await workers.run(work.add, 2, 3, key="ada", deadline_s=LONG_S) == 5
    await workers.close()


async def test_close_ends_running_jobs_and_refuses_others(tmp_path: Path) -> None:
    workers = Workers(WorkersSettings(processes=1))
    jobs = [
        asyncio.create_task(
            workers.run(work.spin, str(tmp_path / name), key=name, deadline_s=LONG_S)
        )
        for name in ("first", "second")
    ]
    pid = await started(tmp_path / "first")
    await workers.close()
    await gone(pid)
    ended = await asyncio.gather(*jobs, return_exceptions=True)
    assert [type(error) for error in ended] == [WorkerDied, WorkersBusy]
    assert workers.processes == 0


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
@pytest.mark.parametrize("job", ["sleep", "spin"])
async def test_process_whose_parent_is_killed_ends(tmp_path: Path, number: int, job: str) -> None:
    """A worker process ends after its server is killed, both in a sleeping and in a busy job."""
    program = f"""
        import asyncio
        from crdt.workers import Workers
        from tests.crdt import work
        path = {str(tmp_path / "pid")!r}
        asyncio.run(Workers().run(work.{job}, path, key="ada", deadline_s=1_000))
    """
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", textwrap.dedent(program), cwd=ROOT
    )
    pid = await started(tmp_path / "pid")
    parent.send_signal(number)
    await parent.wait()
    await gone(pid)


async def test_process_ignores_signals_to_the_whole_group(workers: Workers) -> None:
    """A worker ignores signals to its group, because the server decides when its work ends.

    Ctrl-C in a terminal and systemd send a signal to all processes of the server.
    """
    pid = await workers.run(work.process_id, key="ada", deadline_s=LONG_S)
    os.kill(pid, signal.SIGINT)
    os.kill(pid, signal.SIGTERM)
    assert await workers.run(work.process_id, key="ada", deadline_s=LONG_S) == pid
