"""Measures the delay of keystrokes in a separate room, where one person types and another reads.

As a program (python -m bench.worst.bystander), it reads a line of JSON with the two people, and
writes a line when the typing has begun. Each further line that it reads has two times of the
monotonic clock. Its answer has the delays of the keystrokes between these times.
"""

import itertools
import json
import random
import select
import statistics
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from typing import Any

from bench.servers import ROOT
from bench.trouble import frame
from bench.worst.people import SAYS_S, Editor, Person
from crdt.wire import y_protocol
from crdt.wire.lib0 import write_var_uint

PER_S = 40
_PATIENCE_S = 45.0
"""Seconds after which a keystroke counts as lost. The watchdog waits 30 s, so a server that hangs
is restarted before that."""


@dataclass(frozen=True, slots=True)
class Felt:
    """The delays of keystrokes in milliseconds, and the numbers of lost and of all keystrokes."""

    p50: float
    p99: float
    worst: float
    lost: int
    count: int


class Bystander:
    """Types in a separate process, so that the work of other clients does not slow it.

    Call `felt` for delays, and `stop` at the end.
    """

    def __init__(self, writer: Person, reader: Person, session_id: str) -> None:
        command = (sys.executable, "-m", "bench.worst.bystander")
        self._process = subprocess.Popen(
            command, cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        who = (
            writer.port,
            session_id,
            (writer.token, writer.address),
            (reader.token, reader.address),
        )
        if self._ask(who) != "types":
            raise SystemExit("the bystander does not type")

    def felt(self, since: float, until: float) -> Felt:
        """Return the delays of the keystrokes that were sent between two times.

        since, until  seconds of the monotonic clock
        """
        delays: list[float]
        delays, lost = self._ask((since, until))
        if not delays:
            return Felt(0, 0, 0, lost, lost)
        cuts = (
            statistics.quantiles(delays, n=100, method="inclusive")
            if len(delays) > 1
            else delays * 99
        )
        return Felt(statistics.median(delays), cuts[98], max(delays), lost, len(delays) + lost)

    def stop(self) -> None:
        self._process.terminate()
        self._process.communicate()

    def _ask(self, question: Any) -> Any:
        """Write a line, and read the answer.

        The other process always answers within `_PATIENCE_S`.
        """
        questions, answers = self._process.stdin, self._process.stdout
        if not questions or not answers:
            raise SystemExit("the bystander has no pipes")
        questions.write(json.dumps(question) + "\n")
        questions.flush()
        return json.loads(answers.readline() or "null")


class _Clock:
    """The times when each keystroke was sent and received."""

    def __init__(self) -> None:
        self.sent: dict[int, float] = {}
        self.came: dict[int, float] = {}


def _type() -> None:
    """Type in the session that the first line of the input names, and answer the other lines."""
    port, session_id, writer, reader = json.loads(sys.stdin.readline())
    clock = _Clock()
    threading.Thread(
        target=_write_for_ever, args=(port, session_id, writer, clock), daemon=True
    ).start()
    threading.Thread(
        target=_read_for_ever, args=(port, session_id, reader, clock), daemon=True
    ).start()
    give_up = time.monotonic() + _PATIENCE_S
    while not clock.came and time.monotonic() < give_up:
        time.sleep(0.05)
    print(json.dumps("types" if clock.came else "nothing comes"), flush=True)
    for line in sys.stdin:
        since, until = json.loads(line)
        give_up = time.monotonic() + _PATIENCE_S
        sent = [number for number, at in list(clock.sent.items()) if since <= at <= until]
        while any(number not in clock.came for number in sent) and time.monotonic() < give_up:
            time.sleep(0.02)
        delays = [
            1000 * (clock.came[number] - clock.sent[number])
            for number in sent
            if number in clock.came
        ]
        print(json.dumps((delays, len(sent) - len(delays))), flush=True)


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
        place = (
            b"\x84" + write_var_uint(client) + write_var_uint(typed - 1)
            if typed
            else b"\x04\x01\x0acodemirror"
        )
        update = (
            b"\x01\x01"
            + write_var_uint(client)
            + write_var_uint(typed)
            + place
            + b"\x08"
            + text
            + b"\x00"
        )
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
    """Note the time at which each number arrives.

    A number is sent as `k` with seven digits. `editor.read` may return only the first part of it.
    """
    rest, said = b"", time.monotonic()
    while True:
        if select.select([editor.socket], [], [], SAYS_S)[0]:
            rest += editor.read()
        now = time.monotonic()
        *whole, rest = rest.split(b"k")
        for piece in whole:
            _note(piece, now, clock)
        if len(rest) >= 7:
            _note(rest, now, clock)
        if now - said > SAYS_S:
            editor.say_something()
            said = now


def _note(piece: bytes, now: float, clock: _Clock) -> None:
    if len(piece) >= 7 and piece[:7].isdigit():
        clock.came.setdefault(int(piece[:7]), now)


if __name__ == "__main__":
    _type()
