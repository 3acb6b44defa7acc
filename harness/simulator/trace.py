"""The two formats of github.com/josephg/editing-traces, as Python sees their JSON.

A patch is `[position, deleted, inserted]`. The position and the number of deleted characters count
Unicode code points. The patches of a transaction apply one after another. The positions of a
concurrent transaction belong to the text that has all its ancestors and nothing else.
"""

import gzip
import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypedDict

Patch = tuple[int, int, str]

_START = datetime(2024, 1, 1, tzinfo=UTC)


class Transaction(TypedDict):
    """The patches of one moment."""

    time: str
    patches: list[Patch]


class SequentialTrace(TypedDict):
    """The recording of one author, or of several authors who took turns."""

    startContent: str
    endContent: str
    txns: list[Transaction]


class ConcurrentTransaction(TypedDict):
    """The patches that one agent made after all of the transactions `parents`."""

    parents: list[int]
    numChildren: int
    agent: int
    time: str
    patches: list[Patch]


class ConcurrentTrace(TypedDict):
    """The recording of agents who typed at the same time."""

    kind: str
    endContent: str
    numAgents: int
    txns: list[ConcurrentTransaction]


Trace = SequentialTrace | ConcurrentTrace


def time_text(ms: int) -> str:
    """Return the time `ms` milliseconds after the start of a session, in ISO 8601."""
    return (
        (_START + timedelta(milliseconds=ms))
        .isoformat(timespec="milliseconds")
        .replace("+00:00", "Z")
    )


def apply(text: str, patches: Iterable[Patch]) -> str:
    """Return the text after patches, which apply one after another."""
    for at, deleted, inserted in patches:
        text = text[:at] + inserted + text[at + deleted :]
    return text


def single_edits(patch: Patch) -> list[Patch]:
    """Split a patch into edits of one character each: first backspaces, then insertions."""
    at, deleted, inserted = patch
    backspaces: list[Patch] = [(at + left, 1, "") for left in reversed(range(deleted))]
    return backspaces + [(at + offset, 0, character) for offset, character in enumerate(inserted)]


def encode(trace: Trace) -> bytes:
    """Return the JSON of a session; equal sessions give equal bytes."""
    return json.dumps(trace, separators=(",", ":")).encode()


def write(trace: Trace, path: Path) -> None:
    """Write a session in the form of the recordings: JSON, compressed by gzip."""
    path.write_bytes(gzip.compress(encode(trace), compresslevel=6, mtime=0))
