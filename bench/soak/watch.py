"""Watches the server of the soak from outside: memory, descriptors, threads, /metrics, the log.

This module also decides whether the soak has failed.
"""

import contextlib
import json
import os
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

from bench.servers import Running

MAX_GROWTH = 0.05
"""The share by which memory may grow from the first to the last third of the pauses after the
warm-up."""

_MIN_PAUSES = 6
_CLOSE_S = 90.0
"""The longest wait until all rooms are closed. The server notices only after 45 s that a polling
client has vanished."""
_SETTLE_S = 30.0
"""The longest wait for descriptors and tasks to go. A heartbeat sleeps for 25 s, even if its client
has left."""
_SAMPLES, _APART_S, _LOOK_S = 5, 1.0, 0.25
_END_S = 60.0
_GREETINGS = ("collab-server ", "Next: ")
_LAG = "collab_event_loop_lag_seconds"


@dataclass(frozen=True)
class Sample:
    """The figures of the server at one time.

    For a pause, each is the median of several samples, or the least one if the figure should be 0.
    """

    minutes: float
    rss_kib: float
    descriptors: float
    threads: float
    tasks: float | None
    connections: float
    rooms: float
    unsaved: float
    lag_ms: float

    def line(self) -> str:
        tasks = "?" if self.tasks is None else f"{self.tasks:.0f}"
        return (
            f"{self.minutes:6.1f} min  {self.rss_kib / 1024:6.1f} MiB  {self.descriptors:4.0f} fds "
            f" {self.threads:2.0f} threads  "
            f"{tasks:>4} tasks  {self.connections:4.0f} connections  {self.rooms:3.0f} rooms  "
            f"{self.unsaved:7.0f} B unsaved  "
            f"{self.lag_ms:6.2f} ms lag"
        )


class Watch:
    """Watches one server over time.

    pauses    a sample of each pause, in which all load had stopped
    problems  descriptions of what went wrong
    """

    def __init__(self, server: Running) -> None:
        self.pauses: list[Sample] = []
        self.problems: list[str] = []
        self._server = server
        self._log = Path(f"/proc/{server.pid}/fd/2").readlink()
        self._began = time.monotonic()
        self._lag = (0.0, 0.0)
        self._pids = _servers(server.pid)

    def look(self) -> Sample:
        pids = tree(self._server.pid)
        # Descriptors are counted before the request for metrics adds one.
        descriptors = sum(sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir()) for pid in pids)
        metrics = self._server.metrics()
        total, count = metrics[_LAG + "_sum"], metrics[_LAG + "_count"]
        late, times = total - self._lag[0], count - self._lag[1]
        self._lag = (total, count)
        return Sample(
            minutes=(time.monotonic() - self._began) / 60,
            rss_kib=max(
                _status(pid, "VmRSS") for pid in pids
            ),  # a supervisor shares most of its memory
            descriptors=descriptors,
            threads=sum(_status(pid, "Threads") for pid in pids),
            tasks=metrics.get("collab_tasks"),
            connections=metrics["collab_connections"],
            rooms=metrics["collab_rooms"],
            unsaved=metrics["collab_unsaved_bytes"],
            lag_ms=1000 * late / times if times else 0.0,
        )

    def pause(self) -> Sample:
        """Wait until no room and no connection is open, and take a sample.

        Ones that stay open are a problem.
        """
        began = time.monotonic()
        while not self._is_back(sample := self.look(), time.monotonic() - began):
            time.sleep(_LOOK_S)
        if sample.rooms or sample.connections:
            self.problems.append(
                f"{sample.rooms:.0f} rooms and {sample.connections:.0f} connections are left after a "
                f"pause of {_CLOSE_S:.0f} s"
            )
        if _servers(self._server.pid) != self._pids:
            self.problems.append("the server's processes are not those that were started")
        seen = []
        for _ in range(_SAMPLES):
            time.sleep(_APART_S)
            seen.append(self.look())
        self.pauses.append(_summary(seen))
        return self.pauses[-1]

    def _is_back(self, sample: Sample, waited_s: float) -> bool:
        """Whether the figures are back at those after the warm-up, or the time for that is over."""
        if sample.rooms or sample.connections:
            return waited_s > _CLOSE_S
        if waited_s > _SETTLE_S or not self.pauses:
            return waited_s > _SETTLE_S
        warm = self.pauses[0]
        return sample.descriptors <= warm.descriptors and (sample.tasks or 0) <= (warm.tasks or 0)

    def end(self) -> None:
        """Stop the server as an operator does, and read its log."""
        pid = self._server.pid
        os.kill(pid, 15)
        until = time.monotonic() + _END_S
        flags = os.WEXITED | os.WNOWAIT | os.WNOHANG
        while (ended := os.waitid(os.P_PID, pid, flags)) is None and time.monotonic() < until:
            time.sleep(_LOOK_S)
        if ended is None or ended.si_status:
            self.problems.append(f"the server did not stop as it should: {ended}")
        self.problems += [f"the server logged: {line}" for line in loud(self._log.read_text())]

    def growth(self) -> tuple[float, float]:
        """Return how much memory grows in the pauses after the warm-up.

        Returns (KiB an hour, share of growth from the first to the last third).
        """
        warm = self.pauses[1:]
        first, second = _halves(warm)
        hours = (_median(second, "minutes") - _median(first, "minutes")) / 60
        third = max(1, len(warm) // 3)
        ratio = _median(warm[-third:], "rss_kib") / _median(warm[:third], "rss_kib") - 1
        return (_median(second, "rss_kib") - _median(first, "rss_kib")) / hours, ratio

    def judge(self) -> None:
        """Compare the pauses, and add each leak to the problems."""
        warm, last = self.pauses[0], self.pauses[-1]
        for name in ("rooms", "connections", "unsaved"):
            if left := getattr(last, name):
                self.problems.append(f"{name}: {left:.0f} in the end")
        for name in ("descriptors", "tasks"):
            before, after = getattr(warm, name), getattr(last, name)
            if after is not None and after > before:
                self.problems.append(
                    f"{name}: {before:.0f} after the warm-up, {after:.0f} in the end"
                )
        if len(self.pauses) > _MIN_PAUSES and self.growth()[1] > MAX_GROWTH:
            self.problems.append(f"memory grew by {self.growth()[1]:.1%}")


def table(watch: Watch) -> str:
    """Return a table of the pauses, one a line, and their summary."""
    lines = [f"pause {number:2}: {pause.line()}" for number, pause in enumerate(watch.pauses)]
    if watch.pauses[0].tasks is None:
        lines.append(
            "/metrics has no gauge for asyncio's tasks (collab_tasks): they were not looked at"
        )
    per_hour, ratio = watch.growth()
    lines.append(
        f"memory in pauses: {per_hour:+,.0f} KiB an hour, {ratio:+.1%} from the first to the last "
        "third"
    )
    if len(watch.pauses) <= _MIN_PAUSES:
        lines.append(f"({len(watch.pauses)} pauses are too few to judge memory by)")
    return "\n".join(lines)


def tree(pid: int) -> list[int]:
    """Return the ids of a process and all its descendants."""
    pids = [pid]
    for parent in pids:
        with contextlib.suppress(FileNotFoundError):
            for task in Path(f"/proc/{parent}/task").iterdir():
                pids += map(int, (task / "children").read_text().split())
    return pids


def _servers(pid: int) -> list[int]:
    """Return the ids of the supervisor and the serving process; workers come and go."""
    return tree(pid)[:2]


def loud(log: str) -> list[str]:
    """Return the lines of the log that are warnings, errors, or not in the log's format."""
    lines = []
    for line in log.splitlines():
        if line.startswith(_GREETINGS):
            continue
        try:
            level = json.loads(line)["level"]
        except (ValueError, KeyError, TypeError):
            level = "unknown"
        if level not in ("debug", "info"):
            lines.append(line[:500])
    return lines


def _status(pid: int, name: str) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(name + ":"):
            return int(line.split()[1])
    raise KeyError(name)


def _summary(seen: Sequence[Sample]) -> Sample:
    figures: dict[str, float | None] = {}
    for field in fields(Sample):
        values = [value for sample in seen if (value := getattr(sample, field.name)) is not None]
        choose = statistics.median if field.name in ("minutes", "rss_kib", "lag_ms") else min
        figures[field.name] = choose(values) if values else None
    return Sample(**figures)  # type: ignore[arg-type]


def _halves(pauses: Sequence[Sample]) -> tuple[Sequence[Sample], Sequence[Sample]]:
    middle = len(pauses) // 2
    return pauses[:middle], pauses[len(pauses) - middle :]


def _median(pauses: Sequence[Sample], name: str) -> float:
    return statistics.median(getattr(pause, name) for pause in pauses)
