"""Runs the child processes. It collects their findings, and asks real Yjs about their rooms."""

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.node import PROGRAMS, node_command
from tests.fuzz import sequences
from tests.fuzz.child import INPUTS_PER_ROOM
from tests.fuzz.sequences import Sent, Sequence

ROOT = Path(__file__).parent.parent.parent
ROOMS_PER_CHILD = 40
_CHILD_S = 240
_YJS_S = 120
_MAX_DEATHS = 5


@dataclass(frozen=True, slots=True)
class Finding:
    """An event that must never happen.

    what      the kind of the finding, in one or a few words
    name      "seed/room.part", or the name of the sequence
    number    the number of the input, counted over the whole run
    sequence  all frames sent to the room. The last one is the cause, unless Yjs found the problem
    """

    what: str
    detail: str
    name: str
    number: int
    sequence: Sequence

    @property
    def needs_yjs(self) -> bool:
        """Whether the finding is about the text that clients see."""
        return self.what.startswith(("Yjs", "a newcomer")) or "text" in self.what

    def __str__(self) -> str:
        head = (
            f"# {self.what}: {self.detail}\n# at input {self.number} of {self.name}; "
            f"{len(self.sequence)} frames:\n"
        )
        return head + "".join(
            sequences.line(self.what.replace(" ", "-"), sent) for sent in self.sequence
        )


@dataclass(slots=True)
class Report:
    """The outcomes and findings of some inputs."""

    counts: Counter[str] = field(default_factory=Counter)
    findings: list[Finding] = field(default_factory=list)
    grown_kib: int = 0
    slowest_s: float = 0

    def add(self, other: "Report") -> None:
        self.counts += other.counts
        self.findings += other.findings
        self.grown_kib = max(self.grown_kib, other.grown_kib)
        self.slowest_s = max(self.slowest_s, other.slowest_s)

    def total(self, outcome: str) -> int:
        """Return the number of inputs with an outcome. The outcome `sent` counts them all."""
        return sum(count for key, count in self.counts.items() if key.endswith(f": {outcome}"))


def run(
    count: int, seed: str, jobs: int = 1, heard: Callable[[Report], None] = lambda _: None
) -> Report:
    """Send at least `count` inputs. `heard` is called with each child's report."""
    rooms = -(-count // INPUTS_PER_ROOM)
    starts = range(0, rooms, ROOMS_PER_CHILD)
    report = Report()
    with ThreadPoolExecutor(jobs) as pool:
        for part in pool.map(
            lambda first: run_rooms(seed, first, min(ROOMS_PER_CHILD, rooms - first)), starts
        ):
            report.add(part)
            heard(part)
    return report


def run_rooms(seed: str, first: int, count: int) -> Report:
    """Run some rooms in a child. If it dies, another child continues after the fatal room."""
    report = Report()
    end = first + count
    for _ in range(_MAX_DEATHS):
        part, last = _child("rooms", "none", seed, str(first), str(end - first))
        report.add(part)
        if last is None:
            break
        first = int(last.rpartition("/")[2].partition(".")[0]) + 1
    return report


def play(named: dict[str, Sequence], fault: str = "none", *, compare: bool = False) -> Report:
    """Send each sequence to a room of its own.

    compare  all clients must also see the same texts
    """
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        lines = (
            sequences.line(name, sent) for name, sequence in named.items() for sent in sequence
        )
        Path(file.name).write_text("".join(lines))
        return _child("compare" if compare else "play", fault, file.name)[0]


def _child(what: str, fault: str, *arguments: str) -> tuple[Report, str | None]:
    """Return a child's report, and the name of the room in which it died, or None."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        command = [sys.executable, "-m", "tests.fuzz.child", name, what, fault, *arguments]
        with (folder / "errors").open("wb") as errors:
            try:
                code = subprocess.run(
                    command,
                    cwd=ROOT,
                    env=_environment(),
                    stderr=errors,
                    timeout=_CHILD_S,
                    check=False,
                ).returncode
            except subprocess.TimeoutExpired:
                code = -signal.SIGKILL
        results = [json.loads(line) for line in (folder / "results").read_text().splitlines()]
        report = _read(results)
        died_in = None
        if code:
            box = sequences.read(folder / "box")
            died_in, sequence = next(iter(box.items()), ("the start", []))
            said = (folder / "errors").read_text(errors="replace")[-500:]
            report.findings.append(
                Finding(_death(code), f"exit code {code}: {said}", died_in, 0, sequence)
            )
        return report, died_in


def _environment() -> dict[str, str]:
    """Return the environment of a child.

    It has no coverage in subprocesses and no traces of pycrdt's panics, because both cost more than
    the code that is measured. glibc overwrites freed memory. So code that still uses freed memory
    crashes each time, and not only once in two hundred runs.
    """
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")
    }
    return {**environment, "RUST_BACKTRACE": "0", "MALLOC_PERTURB_": "165"}


def _death(code: int) -> str:
    if code == -signal.SIGPROF:
        return "hang"
    return "death" if code < 0 else "failure"


def _read(results: list[dict[str, Any]]) -> Report:
    report = Report()
    rooms = [result for result in results if "updates" in result]
    for result in results:
        if "finding" in result:
            report.findings.append(_finding(result, result["finding"], result["detail"]))
        elif "counts" in result:
            report.counts.update(result["counts"])
            report.grown_kib = max(report.grown_kib, result["grown_kib"])
            report.slowest_s = max(report.slowest_s, result["slowest_s"])
    report.counts["rooms shown to Yjs"] += len(rooms)
    report.counts["sensible rooms shown to Yjs"] += sum(room["isSensible"] for room in rooms)
    for room, problem in problems(rooms):
        what, _, detail = problem.partition(": ")
        if room["isSensible"] or (room["isTame"] and not what.endswith("text")):
            report.findings.append(_finding(room, what, detail))
        else:
            report.counts[f"rooms with {what}"] += 1
    return report


def _finding(result: dict[str, Any], what: str, detail: str) -> Finding:
    sequence = [Sent(user, bytes.fromhex(frame)) for user, frame in result["history"]]
    return Finding(what, detail, result["name"], result["number"], sequence)


def problems(rooms: list[dict[str, Any]]) -> Iterator[tuple[dict[str, Any], str]]:
    """Yield each room in which real Yjs finds a problem, with the problem."""
    fields = ("updates", "states", "texts", "clocks")
    lines = "".join(json.dumps({key: room[key] for key in fields}) + "\n" for room in rooms)
    command = [node_command(), "--no-warnings", "accepts.mjs"]
    try:
        done = subprocess.run(
            command,
            cwd=PROGRAMS,
            input=lines,
            capture_output=True,
            text=True,
            timeout=_YJS_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        done = None
    if done is None or done.returncode:
        if len(rooms) == 1:
            yield rooms[0], f"Yjs fails: {done.stderr[-500:] if done else 'it hangs'}"
        else:
            for room in rooms:
                yield from problems([room])
        return
    for room, line in zip(rooms, done.stdout.splitlines(), strict=True):
        if problem := json.loads(line).get("problem"):
            yield room, problem
