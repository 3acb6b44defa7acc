"""A soak test: half an hour of mixed load on a server with its usual limits.

python -m bench.soak --minutes 30
python -m bench.soak --minutes 2             a quick try, in which memory is shown but not judged

All load stops every two minutes, long enough for every room to close (COLLAB_IDLE_S=5). After each
pause there must be no room and no connection. At the end, the server must not have more
descriptors, tasks and memory than after the first pause. If it has, the exit code is 1.
"""

import argparse
import asyncio
import contextlib
import http.client
import multiprocessing
import os
import queue
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Coroutine
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from multiprocessing.context import ForkProcess
from multiprocessing.queues import Queue
from typing import Any

from bench import data, run
from bench.floods import FLOODS
from bench.servers import LOAD_CORE, Running, kinds, running
from bench.soak import hostile, people
from bench.soak.watch import Watch, table
from bench.trouble import PASSWORD, flooder, misbehave, post

_ENV = {"COLLAB_IDLE_S": "5", "COLLAB_LOG_LEVEL": "warning", "COLLAB_LOG_FORMAT": "json"}
"""No setting lifts a limit, because each person has an address and an account of their own."""

_LOAD_S, _PAUSE_S = 120.0, 15.0
_MIN_PHASES, _MAX_PHASES = 4, 200
_SAMPLE_S, _LOOK_S = 10.0, 0.2
_TYPISTS, _ROOMS = 2, 10
_TYPING = "--mode paced --clients 2 --writers 2 --rate 5 --warmup 1 --drain 10"
_SESSIONS = 6
_VANISHED_S = 60.0
_JOIN_S = 120.0
_SHOWN = 20

_fork = multiprocessing.get_context("fork")
Live = Callable[..., Coroutine[Any, Any, tuple["Counter[str]", list[str]]]]


class Phase:
    """One stretch of load: call `start`, ask `is_running`, then call `finish`."""

    def __init__(self, server: Running, number: int, seconds: float) -> None:
        self.did: Counter[str] = Counter()
        self.problems: list[str] = []
        self._server = server
        self._number = number
        self._seconds = seconds
        self._until = 0.0
        self._results: Queue[tuple[Counter[str], list[str]]] = _fork.Queue()
        self._processes: list[ForkProcess] = []
        self._pool = ThreadPoolExecutor(_TYPISTS)
        self._typing: list[Future[dict[str, Any]]] = []

    def start(self) -> None:
        token = self._account("owner")
        self._until = time.monotonic() + self._seconds
        sessions = tuple(replace(self._server, token=token).rooms(_SESSIONS))
        for live in (people.live, hostile.live):
            self._spawn(
                _live, live, self._results, self._server.port, self._number, sessions, self._until
            )
        turn_s = self._seconds / (len(FLOODS) + 1)
        self._spawn(
            _flood, self._results, self._server.port, self._number, sessions, self._until, turn_s
        )
        typists = [
            replace(self._server, token=self._account(f"typist-{number}"))
            for number in range(_TYPISTS)
        ]
        self._typing = [self._pool.submit(self._type, typist) for typist in typists]

    def _account(self, role: str) -> str:
        name = f"{role}-{self._number}"
        body = {"username": name, "email": f"{name}@example.com", "password": PASSWORD}
        return str(
            post(self._server.port, "/user/signup", body, address=f"127.{self._number + 1}.3.2")[
                "accessToken"
            ]
        )

    def _spawn(self, target: Callable[..., None], *arguments: Any) -> None:
        process = _fork.Process(target=target, args=arguments, daemon=True)
        process.start()
        self._processes.append(process)

    def _type(self, typist: Running) -> dict[str, Any]:
        with tempfile.NamedTemporaryFile("w", suffix=".txt") as rooms:
            rooms.write("\n".join(typist.rooms(_ROOMS)))
            rooms.flush()
            seconds = max(1.0, self._until - time.monotonic())
            options = [
                *_TYPING.split(),
                "--rooms",
                str(_ROOMS),
                "--rooms-file",
                rooms.name,
                "--duration",
                str(seconds),
            ]
            return run.load(typist, options)

    @property
    def is_running(self) -> bool:
        return any(process.is_alive() for process in self._processes) or not all(
            future.done() for future in self._typing
        )

    def finish(self) -> None:
        """Collect the results. A process that fails or does not end is noted as a problem."""
        with contextlib.suppress(queue.Empty):
            while True:
                did, problems = self._results.get(timeout=1)
                self.did += did
                self.problems += problems
        for process in self._processes:
            process.join(1)
            if process.exitcode != 0:
                self.problems.append(f"a client process ended with {process.exitcode}")
                process.kill()
        for typing in self._typing:
            self._take(typing)
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _take(self, typing: "Future[dict[str, Any]]") -> None:
        try:
            result = typing.result(1)
        except (Exception, SystemExit) as error:
            self.problems.append(f"typing: {type(error).__name__}: {error}")
            return
        self.did["typed"] += int(result["sent_per_s"] * self._seconds)
        bad = {
            name: result[name]
            for name in ("lost", "bad_rooms", "dropped", "unreadable")
            if result.get(name)
        }
        if bad:
            self.problems.append(f"typing: {bad}")


def _live(
    live: Live,
    results: "Queue[Any]",
    port: int,
    phase: int,
    sessions: tuple[str, ...],
    until: float,
) -> None:
    """Run `live` in its own process.

    Some actions take the server a while to notice, so these do not begin near the end.
    """
    os.sched_setaffinity(0, {LOAD_CORE})
    late = until - (_VANISHED_S if live is people.live else hostile.SLOW_S)
    results.put(asyncio.run(live(port, phase, sessions, until, late)))


def _flood(
    results: "Queue[Any]",
    port: int,
    phase: int,
    rooms: tuple[str, ...],
    until: float,
    turn_s: float,
) -> None:
    """Run one flood after another, in its own process.

    The order is the same in all phases, so that pauses can be compared.
    """
    did: Counter[str] = Counter()
    for number, (name, flood) in enumerate(FLOODS.items()):
        if time.monotonic() >= until:
            break
        address = f"127.{phase + 1}.2.{number + 2}"
        target = flooder(port, rooms, f"flood-{name}-{phase}", time.monotonic() + _JOIN_S, address)
        if flood.prepare:
            flood.prepare(target)
        misbehave(flood, replace(target, until=min(until, time.monotonic() + turn_s)))
        did[f"{name} flooded"] += int(target.sent.value)
    results.put((did, []))


def soak(server: Running, minutes: float) -> int:
    """Run the soak; return the exit code."""
    watch = Watch(server)
    did: Counter[str] = Counter()
    try:
        _run_phases(server, watch, did, minutes)
        watch.judge()
    except (OSError, http.client.HTTPException, SystemExit) as error:
        watch.problems.append(f"the soak could not go on: {type(error).__name__}: {error}")
    watch.end()
    return _report(watch, did)


def _run_phases(server: Running, watch: Watch, did: "Counter[str]", minutes: float) -> None:
    phases = min(_MAX_PHASES, max(_MIN_PHASES, round(60 * minutes / (_LOAD_S + _PAUSE_S))))
    load_s = max(_PAUSE_S, 60 * minutes / phases - _PAUSE_S)
    for number in range(phases):
        phase = Phase(server, number, load_s)
        phase.start()
        _sample(watch, phase, time.monotonic() + load_s + _JOIN_S)
        phase.finish()
        did += phase.did
        watch.problems += [f"phase {number}: {problem}" for problem in phase.problems]
        print(f"pause {number:2}: {watch.pause().line()}", flush=True)


def _sample(watch: Watch, phase: Phase, until: float) -> None:
    """Print a line every ten seconds while the load runs."""
    due = time.monotonic() + _SAMPLE_S / 2
    while phase.is_running and time.monotonic() < until:
        time.sleep(_LOOK_S)
        if time.monotonic() >= due:
            print(f"          {watch.look().line()}", flush=True)
            due += _SAMPLE_S


def _report(watch: Watch, did: "Counter[str]") -> int:
    if len(watch.pauses) >= _MIN_PHASES:
        print("\n" + table(watch))
    print("done: " + ", ".join(f"{count:,} {what}" for what, count in sorted(did.items())))
    for problem in watch.problems[:_SHOWN]:
        print(f"WRONG: {problem}")
    if len(watch.problems) > _SHOWN:
        print(f"WRONG: and {len(watch.problems) - _SHOWN} more")
    print("failed" if watch.problems else "nothing leaked")
    return 1 if watch.problems else 0


def main() -> int:
    """Run the load for the given time; return 1 if there was a leak or a failure."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=30)
    options = parser.parse_args()
    data.prepare(with_peers=False)
    with running(replace(kinds()["ours"], env=_ENV)) as server:
        return soak(server, options.minutes)


if __name__ == "__main__":
    sys.exit(main())
