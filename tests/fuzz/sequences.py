"""Frames in files. A line has a name, the sender and the frame in hex.

The corpus, the findings and the box of a child process (child.py) all use this format.
"""

from pathlib import Path
from typing import NamedTuple

from crdt.wire import y_protocol
from crdt.wire.lib0 import write_var_bytes
from harness.hostile import CORPUS, STATE_VECTORS

FOLDER = Path(__file__).parent / "corpus"


class Sent(NamedTuple):
    """One frame and its sender."""

    user: str
    frame: bytes


Sequence = list[Sent]


def read(path: Path) -> dict[str, Sequence]:
    """Return the sequences of a file.

    A last line that is incomplete, because its writer died, is left out.
    """
    sequences: dict[str, Sequence] = {}
    for line in path.read_text().splitlines(keepends=True):
        fields = line.partition("#")[0].split()
        if fields and line.endswith("\n"):
            name, user, frame = fields
            sequences.setdefault(name, []).append(
                Sent(user, b"" if frame == "-" else bytes.fromhex(frame))
            )
    return sequences


def line(name: str, sent: Sent) -> str:
    return f"{name} {sent.user} {sent.frame.hex() or '-'}\n"


def recorded() -> dict[str, Sequence]:
    """Return sessions of real Yjs clients."""
    return read(FOLDER / "recorded.txt")


def found() -> dict[str, Sequence]:
    """Return sequences that failed once."""
    return read(FOLDER / "found.txt")


def hostile() -> dict[str, Sequence]:
    """Return the attacks of `harness.hostile` as frames: first the document, then the attack.

    Attacks that take about a second are left out.
    """
    sequences = {}
    for number, case in enumerate(case for case in CORPUS if case.outcome != "slow"):
        base = [Sent("ada", y_protocol.sync_update(case.base))] if case.base else []
        sequences[f"{number} {case.name}"] = [
            *base,
            Sent("ada", y_protocol.sync_update(case.update)),
        ]
    for number, vector in enumerate(STATE_VECTORS):
        sequences[f"state vector {number}"] = [Sent("ada", b"\x00\x00" + write_var_bytes(vector))]
    return sequences
