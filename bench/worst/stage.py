"""Starts a server and a bystander, does a work, and measures its effect on both.

The server runs in its own process. It has its usual limits, unless the `Form` changes them.
"""

import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from bench.servers import Running, kinds, running
from bench.soak.watch import tree
from bench.worst.bystander import Bystander, Felt
from bench.worst.people import Person, sign_up
from bench.worst.probe import holds

_CLOSED_S = 90.0
_ENV = {
    "COLLAB_LOG_LEVEL": "warning",
    "COLLAB_LOG_FORMAT": "json",
    "COLLAB_ACCESS_TOKEN_S": "86400",
}
"""Settings of the server. All limits are the usual ones. Tokens last long, because no client here
renews its token."""


@dataclass(frozen=True)
class Form:
    """The amount of each work.

    seconds   duration of works that do not end by themselves
    part      factor for the sizes of texts, lists and documents
    pauses    factor for pauses, which keep the preparation within the usual rates
    settle_s  seconds to watch after a work, because later effects also count: commits, checkpoints,
              and answers for which no client waits
    env       settings that differ from the usual ones
    """

    seconds: float = 8.0
    part: float = 1.0
    pauses: float = 1.0
    settle_s: float = 1.0
    env: Mapping[str, str] = field(default_factory=dict)


FULL = Form()
SHORT = Form(
    seconds=0.4,
    part=0.25,
    pauses=0.0,
    settle_s=0.15,
    env={
        "COLLAB_UPDATE_BYTES_PER_S": str(1 << 30),
        "COLLAB_SAVES_PER_S": "1000",
        "COLLAB_RUNS_PER_10S": "10000",
        "COLLAB_REQUESTS_PER_5MIN": "1000000",
        "COLLAB_SIGNUPS_PER_H": "100000",
        "COLLAB_IDLE_S": "1",
        "COLLAB_BCRYPT_COST": "4",
    },
)
"""Settings with which all works take less than a minute. Rate limits are very high, because low
limits would only make the preparation longer."""


@dataclass
class Stage:
    """One server, a bystander, and the sessions and people that works have prepared.

    did       the result of the work, for the table
    prepared  what works have prepared, by name
    """

    server: Running
    notes: Path
    bystander: Bystander
    form: Form
    did: str = ""
    prepared: dict[str, Any] = field(default_factory=dict)

    @property
    def port(self) -> int:
        return self.server.port

    def memory_mib(self) -> float:
        """Return the MiB of memory of the process that serves. Workers are not included."""
        serving = tree(self.server.pid)[:2][-1]
        for line in Path(f"/proc/{serving}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
        return 0.0

    def person(self) -> Person:
        """Return a new person."""
        return sign_up(self.port)

    def people(self, session_id: str, count: int) -> list[Person]:
        """Return new people who have joined a session."""
        people = [self.person() for _ in range(count)]
        for person in people:
            person.join(session_id)
        return people

    def until(self) -> float:
        """Return the time at which a work must stop if it does not end by itself."""
        return time.monotonic() + self.form.seconds

    def few(self, count: int) -> int:
        """Return a count, reduced for this form."""
        return max(1, round(count * self.form.part))

    def pause(self, seconds: float) -> float:
        """Return a pause in seconds, adapted to this form."""
        return seconds * self.form.pauses


@dataclass(frozen=True)
class Work:
    """An expensive work that a person may request.

    prepare   makes the objects that `act` needs; it is not measured.
              If several works need the same objects, `once` makes a `prepare` that prepares
              them only for the first of these works
    act       the measured work
    """

    name: str
    about: str
    act: Callable[[Stage], None]
    prepare: Callable[[Stage], None] | None = None


def once(key: str, prepare: Callable[[Stage], None]) -> Callable[[Stage], None]:
    """Return a function that calls `prepare` unless `prepared` has an object of this name."""

    def prepare_once(here: Stage) -> None:
        if key not in here.prepared:
            prepare(here)

    return prepare_once


def get(here: Stage, path: str, key: str) -> None:
    """Make one request about the session that is kept under a key."""
    person, session_id = here.prepared[key]
    began = time.monotonic()
    answer = person.request("GET", path.format(session_id))
    took_s = time.monotonic() - began
    here.did = f"{answer.status} after {took_s:.2f} s, {len(answer.body):,} bytes"


def again_and_again(here: Stage, path: str, key: str, accepted: str = "") -> None:
    """Make requests over four connections until the work's time is over."""
    person, session_id = here.prepared[key]
    until = here.until()
    statuses: Counter[int] = Counter()

    def ask() -> None:
        while time.monotonic() < until:
            answer = person.request("GET", path.format(session_id), accepted=accepted)
            statuses[answer.status] += 1

    together([ask] * 4)
    tell(here, statuses)


def together(acts: Sequence[Callable[[], object]]) -> None:
    """Do things at the same time, each in a thread."""
    with ThreadPoolExecutor(len(acts)) as pool:
        for done in [pool.submit(act) for act in acts]:
            done.result()


def tell(here: Stage, statuses: "Counter[int]") -> None:
    """Set the work's result: the number of answers with each status."""
    here.did = ", ".join(
        f"{count} × {status or 'cut'}" for status, count in sorted(statuses.items())
    )


def await_closed(here: Stage) -> None:
    """Wait until only the bystander's room is open."""
    until = time.monotonic() + _CLOSED_S
    while here.server.metrics()["collab_rooms"] > 1 and time.monotonic() < until:
        time.sleep(0.5)


@dataclass(frozen=True, slots=True)
class Found:
    """The effect of a work on the server and the bystander; the names have the units."""

    name: str
    held_ms: float
    late_ms: float
    felt: Felt
    took_s: float
    did: str
    died: bool


@contextmanager
def stage(form: Form) -> Iterator[Stage]:
    """Start a server with a probe in it, and a bystander who types."""
    with tempfile.TemporaryDirectory() as folder:
        notes = Path(folder) / "holds"
        notes.touch()
        kind = replace(
            kinds()["ours"],
            command=(sys.executable, "-m", "bench.worst.probed", str(notes)),
            env={**_ENV, **form.env},
        )
        with running(replace(kind, is_pinned=False)) as server:
            writer, reader = sign_up(server.port), sign_up(server.port)
            session_id = writer.session()
            reader.join(session_id)
            bystander = Bystander(writer, reader, session_id)
            try:
                yield Stage(server, notes, bystander, form)
            finally:
                bystander.stop()


def measure(here: Stage, work: Work) -> Found:
    """Do a work, and return its effect on the server and the bystander.

    Raises OSError if a connection closes while the work is prepared.
    """
    here.did = ""
    pids = tree(here.server.pid)[:2]
    if work.prepare:
        work.prepare(here)
        time.sleep(here.form.settle_s)
    began = time.monotonic()
    try:
        work.act(here)
    # A closed or refused client is a result, too.
    except (OSError, ValueError, KeyError, SystemExit) as error:
        here.did = f"{type(error).__name__}: {error}"[:100]
    took_s = time.monotonic() - began
    time.sleep(here.form.settle_s)
    until = time.monotonic()
    felt = here.bystander.felt(began, until)
    seen = list(holds(here.notes, began, until))
    return Found(
        name=work.name,
        held_ms=1000 * max((hold.held_s for hold in seen), default=0.0),
        late_ms=1000 * max((hold.late_s for hold in seen), default=0.0),
        felt=felt,
        took_s=took_s,
        did=here.did,
        died=tree(here.server.pid)[:2] != pids,
    )


def quiet(seconds: float) -> Work:
    """Return a work that does nothing, to measure the bystander with an idle server."""
    return Work("quiet", "nothing but the bystander", lambda _: time.sleep(seconds))
