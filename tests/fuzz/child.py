"""The child process, which may die: it sends frames to rooms, and measures time and memory.

`python -m tests.fuzz.child FOLDER rooms FAULT SEED FIRST COUNT` makes inputs by a mutator.
`... FOLDER play FAULT FILE` sends the frames of a file. With `compare` instead of `play`,
all clients must also see the same texts.

FOLDER/results has one JSON line for each room and each finding, and counts. FOLDER/box has
the frames sent to the current room, which can be read after the process has died.
"""

import json
import resource
import signal
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

from crdt.errors import CrdtError
from tests.crdt.harness import EMPTY
from tests.fuzz import faults, sequences
from tests.fuzz.arena import CLOSED, DAMAGED, TAKEN, WRITERS, Arena, Finding, play
from tests.fuzz.mutations import Mutator
from tests.fuzz.sequences import Sent, Sequence

INPUTS_PER_ROOM = 250

_CPU_S = 0.05
_CPU_S_PER_BYTE = 2e-6
"""The CPU seconds that a frame may take for each byte. A large frame takes longer, but a thread
reads it."""

_HANG_CPU_S = 2
_MEMORY_KIB = 64 << 10
_RUNAWAY_BYTES = 128 << 20
_MAX_TAKEN = 150
_MAX_STATE_BYTES = 24 << 10
_MAX_FINDINGS = 10
_TAME = 0.25
_TAME_FRAMES = 40
"""The share of tame rooms (see `Arena`), and the number of frames after which such a room ends.

A tame room also ends as soon as it is no longer sensible.
"""


class Watch:
    """Sends frames to rooms, and records their outcomes, CPU time and memory."""

    def __init__(self, folder: Path, fault: str) -> None:
        self.counts: Counter[str] = Counter()
        self.findings = 0
        self._results = (folder / "results").open("w")
        self._box = (folder / "box").open("wb", buffering=0)
        self._fault = faults.FAULTS[fault]
        self._status = open("/proc/self/status", "rb", buffering=0)  # noqa: SIM115 - as long as the process
        self.name = ""
        self.number = 0
        self.slowest_s = 0.0
        _warm_up()
        self.start_kib = self._status_kib(b"VmHWM:")
        data = self._status_kib(b"VmData:") * 1024 + _RUNAWAY_BYTES
        resource.setrlimit(resource.RLIMIT_DATA, (data, data))

    def _status_kib(self, field: bytes) -> int:
        self._status.seek(0)
        status = self._status.read()
        return int(status[status.index(field) + len(field) :].split(None, 1)[0])

    def start(self, name: str) -> Arena:
        """Return a new room, and begin its history in FOLDER/box."""
        self.name = name
        self._box.seek(0)
        self._box.truncate()
        return Arena()

    def be_quick(self) -> None:
        """Give the code `_HANG_CPU_S` seconds of CPU time until the next call.

        If it takes longer, the kernel ends the process.
        """
        signal.setitimer(signal.ITIMER_PROF, _HANG_CPU_S)

    def send(self, arena: Arena, user: str, frame: bytes) -> str:
        """Send one frame, report it if it is slow or takes memory, and return its outcome."""
        self._box.write(sequences.line(self.name, Sent(user, frame)).encode())
        self.be_quick()
        sequence = [*arena.history, Sent(user, frame)]
        outcome, cost = self._timed(arena, user, frame, time.perf_counter)
        bound = _CPU_S + _CPU_S_PER_BYTE * len(frame)
        if cost > bound:
            cost = self._cost_again(sequence)
        self.slowest_s = max(self.slowest_s, cost)
        if cost > bound:
            self.finding(arena, "slow", f"{cost * 1e3:.0f} ms of CPU time")
        if (peak := self._status_kib(b"VmHWM:")) > self.start_kib + _MEMORY_KIB:
            self.finding(
                arena, "memory", f"{(peak - self.start_kib) >> 10} MiB more than at the start"
            )
            self.start_kib = peak
        return outcome

    def _timed(
        self, arena: Arena, user: str, frame: bytes, clock: Callable[[], float]
    ) -> tuple[str, float]:
        arena.clock = clock
        begun = clock()
        try:
            parsed = arena.scanned(frame)
        except CrdtError:
            return CLOSED, clock() - begun
        outcome = arena.send(user, frame, parsed)
        self._fault(frame)
        return outcome, clock() - begun - arena.gave_way_s

    def _cost_again(self, history: Sequence) -> float:
        """Return the shortest CPU time of the last input in four runs.

        Other processes on the machine can make a single run longer.
        """
        self.be_quick()
        return min(
            self._timed(play(history[:-1]), *history[-1], time.thread_time)[1] for _ in range(4)
        )

    def finding(self, arena: Arena, what: str, detail: str) -> None:
        self.findings += 1
        self.write(finding=what, detail=detail, arena=arena)

    def finish(self, arena: Arena) -> None:
        """Check the room a last time, and write its content to the results, for Yjs."""
        self.be_quick()
        dossier = arena.finish()
        self.counts["rooms"] += 1
        if dossier is None:
            self.counts["rooms damaged"] += 1
            return
        self.counts.update(dossier.notes)
        self.write(
            updates=[update.hex() for update in dossier.updates],
            states=[state.hex() for state in dossier.states],
            texts=dossier.texts,
            clocks=list(dossier.clocks.items()),
            isSensible=dossier.is_sensible,
            isTame=arena.is_tame,
            arena=arena,
        )

    def write(self, arena: Arena | None = None, **fields: Any) -> None:
        if arena:
            fields |= {"name": self.name, "number": self.number}
            fields["history"] = [(user, frame.hex()) for user, frame in arena.history]
        self._results.write(json.dumps(fields) + "\n")
        self._results.flush()

    def write_counts(self) -> None:
        """Write the counts since the last call, so that the death of the process loses few."""
        grown = self._status_kib(b"VmHWM:") - self.start_kib
        self.write(counts=self.counts, grown_kib=grown, slowest_s=self.slowest_s)
        self.counts.clear()


def _warm_up() -> None:
    """Load modules and allocate memory that every room needs, before memory is measured."""
    for name in ("emoji", "xml"):
        play(sequences.recorded()[name]).finish()


def _guarded(watch: Watch, arena: Arena, step: Any, *arguments: Any) -> Any:
    """Run a step, and record any error as a finding.

    The panics of pycrdt are not instances of `Exception`. After a finding, the room counts as
    damaged.
    """
    try:
        return step(*arguments)
    except (KeyboardInterrupt, SystemExit):
        raise
    except Finding as finding:
        what, _, detail = str(finding).partition(": ")
        watch.finding(arena, what, detail)
        return DAMAGED
    except BaseException as error:
        place = traceback.extract_tb(error.__traceback__)[-1]
        watch.finding(
            arena, type(error).__name__, f"{error} ({Path(place.filename).name}:{place.lineno})"
        )
        return DAMAGED


def run_room(watch: Watch, mutator: Mutator, seed: str, room: int) -> None:
    """Send `INPUTS_PER_ROOM` inputs to a room.

    If the room is damaged or done, the next room gets the remaining inputs.
    """
    source = Random(f"{seed}/{room}")
    left = INPUTS_PER_ROOM
    part = 0
    is_tame = source.random() < _TAME
    while left and watch.findings < _MAX_FINDINGS:
        arena = watch.start(f"{seed}/{room}.{part}")
        arena.is_tame = is_tame
        outcome = _base(watch, arena, source)
        while left and outcome != DAMAGED:
            watch.number = room * INPUTS_PER_ROOM + INPUTS_PER_ROOM - left
            left -= 1
            user = source.choice(WRITERS) if source.random() < 0.98 else "eve"
            kind, frame = mutator.frame(source, arena.room, user, is_tame=is_tame)
            outcome = _guarded(watch, arena, watch.send, arena, user, frame)
            if outcome == TAKEN and kind != "honest":
                arena.is_sensible = False
            watch.counts.update((f"{kind}: sent", f"{kind}: {outcome}"))
            if _is_done(arena, is_tame=is_tame):
                break
        part += 1
        if outcome == DAMAGED:
            watch.counts.update(("rooms", "rooms damaged"))
        else:
            _guarded(watch, arena, watch.finish, arena)


def _is_done(arena: Arena, *, is_tame: bool) -> bool:
    if is_tame and (not arena.is_sensible or len(arena.history) >= _TAME_FRAMES):
        return True
    return arena.taken >= _MAX_TAKEN or arena.room.document.size > _MAX_STATE_BYTES


def _base(watch: Watch, arena: Arena, source: Random) -> str:
    """Fill a room with a recorded session of real clients, or leave it empty."""
    sessions = sequences.recorded()
    sessions[""] = []
    for sent in sessions[source.choice(sorted(sessions))]:
        if _guarded(watch, arena, watch.send, arena, *sent) == DAMAGED:
            return DAMAGED
    return EMPTY.hex()


def play_file(watch: Watch, path: Path, *, is_sensible: bool) -> None:
    """Send the frames of a file. Each name in the file has a room of its own."""
    for name, sequence in sequences.read(path).items():
        arena = watch.start(name)
        arena.is_sensible, arena.is_tame = is_sensible, True
        for sent in sequence:
            watch.number += 1
            outcome = _guarded(watch, arena, watch.send, arena, *sent)
            watch.counts.update(("played: sent", f"played: {outcome}"))
            if outcome == DAMAGED:
                watch.counts.update(("rooms", "rooms damaged"))
                break
        else:
            _guarded(watch, arena, watch.finish, arena)


def main(folder: str, what: str, fault: str, *arguments: str) -> None:
    watch = Watch(Path(folder), fault)
    if what in ("play", "compare"):
        play_file(watch, Path(arguments[0]), is_sensible=what == "compare")
    else:
        seed, first, count = arguments
        mutator = Mutator()
        for room in range(int(first), int(first) + int(count)):
            run_room(watch, mutator, seed, room)
            watch.write_counts()
    watch.write_counts()


if __name__ == "__main__":
    main(*sys.argv[1:])
