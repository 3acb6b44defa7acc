"""Two people who type in a room of their own, and how long each keystroke takes from one to the other."""

import itertools
import multiprocessing
import random
import select
import statistics
import threading
import time
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

from bench.trouble import frame
from bench.worst.people import Editor, Person
from crdt.wire import y_protocol
from crdt.wire.lib0 import write_var_uint

PER_S = 40
_PATIENCE_S = 45.0
"""Longer than the watchdog waits: a keystroke that takes this long counts as lost."""
_ASKS_S = 4.0
"""Between two questions to the server, which closes connections that send nothing for long."""


@dataclass(frozen=True, slots=True)
class Felt:
    """What the bystander felt in a while: milliseconds, and keystrokes that never came."""

    p50: float
    p99: float
    worst: float
    lost: int
    count: int


class Bystander:
    """Types in a process of its own, so that what the others make of updates does not slow it: `felt`, `stop`."""

    def __init__(self, writer: Person, reader: Person, session_id: str) -> None:
        spawn = multiprocessing.get_context("spawn")
        self._ours, theirs = spawn.Pipe()
        arguments = (writer.port, session_id, (writer.token, writer.address), (reader.token, reader.address), theirs)
        self._process = spawn.Process(target=_type, args=arguments, daemon=True)
        self._process.start()
        if not self._ours.poll(_PATIENCE_S) or self._ours.recv() != "types":
            raise SystemExit("the bystander does not type")

    def felt(self, since: float, until: float) -> Felt:
        """Return what those keystrokes took that were sent between two times of the monotonic clock."""
        self._ours.send((since, until))
        found: list[float]
        found, lost = self._ours.recv()
        if not found:
            return Felt(0, 0, 0, lost, lost)
        cuts = statistics.quantiles(found, n=100, method="inclusive") if len(found) > 1 else found * 99
        return Felt(statistics.median(found), cuts[98], max(found), lost, len(found) + lost)

    def stop(self) -> None:
        self._process.terminate()
        self._process.join()


class _Clock:
    """When each keystroke was sent, and when it came."""

    def __init__(self) -> None:
        self.sent: dict[int, float] = {}
        self.came: dict[int, float] = {}


def _type(
    port: int, session_id: str, writer: tuple[str, str], reader: tuple[str, str], answers: "Connection[Any, Any]"
) -> None:
    clock = _Clock()
    threading.Thread(target=_write_for_ever, args=(port, session_id, writer, clock), daemon=True).start()
    threading.Thread(target=_read_for_ever, args=(port, session_id, reader, clock), daemon=True).start()
    while not clock.came:
        time.sleep(0.05)
    answers.send("types")
    while True:
        since, until = answers.recv()
        give_up = time.monotonic() + _PATIENCE_S
        wanted = [number for number, at in list(clock.sent.items()) if since <= at <= until]
        while any(number not in clock.came for number in wanted) and time.monotonic() < give_up:
            time.sleep(0.02)
        found = [1000 * (clock.came[number] - clock.sent[number]) for number in wanted if number in clock.came]
        answers.send((found, len(wanted) - len(found)))


def _write_for_ever(port: int, session_id: str, writer: tuple[str, str], clock: _Clock) -> None:
    numbers = itertools.count()
    while True:
        try:
            with Editor(port, session_id, *writer) as editor:
                _write(editor, numbers, clock)
        except OSError:
            time.sleep(0.1)


def _write(editor: Editor, numbers: "itertools.count[int]", clock: _Clock) -> None:
    client, typed = random.randrange(1, 1 << 31), 0
    due = time.monotonic()
    while True:
        number = next(numbers)
        text = b"k%07d" % number
        place = b"\x84" + write_var_uint(client) + write_var_uint(typed - 1) if typed else b"\x04\x01\x0acodemirror"
        update = b"\x01\x01" + write_var_uint(client) + write_var_uint(typed) + place + b"\x08" + text + b"\x00"
        typed += len(text)
        clock.sent[number] = time.monotonic()
        editor.send(frame(y_protocol.sync_update(update)))
        due = max(due + 1 / PER_S, time.monotonic() - 1)
        time.sleep(max(0.0, due - time.monotonic()))


def _read_for_ever(port: int, session_id: str, reader: tuple[str, str], clock: _Clock) -> None:
    while True:
        try:
            with Editor(port, session_id, *reader) as editor:
                _read(editor, clock)
        except OSError:
            time.sleep(0.1)


def _read(editor: Editor, clock: _Clock) -> None:
    """Note when each number comes; `k` and seven digits may be cut by the end of a read."""
    rest, asked = b"", time.monotonic()
    while True:
        if select.select([editor.socket], [], [], _ASKS_S)[0]:
            rest += editor.read()
        now = time.monotonic()
        *whole, rest = rest.split(b"k")
        for piece in whole:
            _note(piece, now, clock)
        if len(rest) >= 7:
            _note(rest, now, clock)
        if now - asked > _ASKS_S:
            editor.send(frame(bytes((y_protocol.QUERY_AWARENESS,))))
            asked = now


def _note(piece: bytes, now: float, clock: _Clock) -> None:
    if len(piece) >= 7 and piece[:7].isdigit():
        clock.came.setdefault(int(piece[:7]), now)
