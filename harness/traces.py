"""Editing sessions by name.

They are simulated sessions, and recordings of people if this machine has them. Simulated sessions
are made when they are needed, and are not in the repository. The longest takes four seconds, the
others less than one. Files of several hundred kilobytes could not be reviewed.
`harness.simulator.dice` makes the result of a seed constant, and digests in
`tests/harness/test_simulator.py` check it.

Recordings are four files of github.com/josephg/editing-traces, in the folder that `COLLAB_TRACES`
names, or in a folder `shared/traces` next to the checkout. No program requires them.
"""

import os
from collections.abc import Callable
from pathlib import Path

from harness.simulator.alone import alone
from harness.simulator.person import AUTHOR, CORRESPONDENT, PROGRAMMER
from harness.simulator.together import Participant, together
from harness.simulator.trace import Trace, write

PAPER = "simulated-paper"

SIMULATED: dict[str, Callable[[], Trace]] = {
    PAPER: lambda: alone(1, 260_000, AUTHOR, is_by_character=True),
    "simulated-code": lambda: alone(2, 12_000, PROGRAMMER),
    "simulated-letters": lambda: alone(3, 8_000, CORRESPONDENT),
    "simulated-pair": lambda: together(
        4, 12_000, (Participant(AUTHOR, 500), Participant(AUTHOR, 400))
    ),
    "simulated-group": lambda: together(
        5,
        8_000,
        (
            Participant(CORRESPONDENT, 300),
            Participant(PROGRAMMER, 50),
            Participant(AUTHOR, 30),
            Participant(CORRESPONDENT, 800, losses_per_mille=5),
        ),
    ),
}
"""The paper has a quarter of a million edits of one character each.
The pair and the group have several people."""

RECORDED = {
    "automerge-paper": PAPER,
    "rustcode": "simulated-code",
    "sveltecomponent": "simulated-letters",
    "friendsforever": "simulated-pair",
}
"""The recordings. Each has a simulated session that replaces it if it is missing."""


def folder() -> Path:
    """Return the folder for recordings.

    Raises NotADirectoryError if `COLLAB_TRACES` does not name a folder.
    """
    named = os.environ.get("COLLAB_TRACES")
    if named and not Path(named).is_dir():
        raise NotADirectoryError(f"COLLAB_TRACES is {named!r}, which is no folder")
    return Path(named) if named else Path(__file__).parents[2] / "shared" / "traces"


def recorded(*names: str) -> list[str]:
    """Return the names of the given recordings that exist."""
    return [name for name in names if _recording(name).exists()]


def preferred(name: str) -> str:
    """Return the name of a recording if it exists, otherwise that of its simulated replacement."""
    return name if recorded(name) else RECORDED[name]


def file(name: str, made_in: Path) -> Path:
    """Return the file of a session.

    Write a simulated session to the folder `made_in`, unless it is there already.
    """
    if name in RECORDED:
        return _recording(name)
    path = made_in / f"{name}.json.gz"
    if not path.exists():
        part = path.with_suffix(".part")
        write(SIMULATED[name](), part)
        part.rename(path)
    return path


def _recording(name: str) -> Path:
    return folder() / f"{name}.json.gz"
