"""Several people use all functions of the server in random order, for the given time.

python -m bench.stress --minutes 60
python -m bench.stress --minutes 1 --seed 7 --people 4

The routes come from the table of operations, and the events from the table of Socket.IO events. So
new routes and events are used without a change here.

The run fails if the event loop is held for more than 100 ms, or if the server's memory grows by
more than 300 MiB. An answer 5xx (except 503 with Retry-After), the server's death and a logged
error are failures, too. Each failure is printed with the actions that ran at that time. With the
same seed, each person repeats the same actions, as long as the answers are the same.
"""

import argparse
import random
import sys
import threading
import time
from collections import Counter, deque
from dataclasses import dataclass, field, replace
from pathlib import Path

from bench.soak.watch import loud, tree
from bench.stress import routes, sockets
from bench.stress.mails import taken
from bench.stress.routes import Known
from bench.worst.people import Person, sign_up
from bench.worst.probe import holds
from bench.worst.stage import FULL, Stage, stage

MAX_HOLD_S = 0.1
MAX_GROWTH_MIB = 300
_PAUSE_S = 0.3
"""Average seconds between two actions, because a user may make only three requests a second."""
_SOCKETS = 0.15
_EVENTS = 0.1
_TIMEOUT_S = 60.0
_LOOK_S = 5.0
_REMEMBERED = 4_000
_SHOWN = 40
_WARM_S = 5.0


@dataclass(frozen=True, slots=True)
class Done:
    """One action of a person. Its times are seconds of the monotonic clock."""

    who: int
    number: int
    began: float
    ended: float
    about: str


@dataclass
class Watch:
    """The recent actions, and the failures; several threads use it."""

    seed: int
    done: "deque[Done]" = field(default_factory=lambda: deque(maxlen=_REMEMBERED))
    doing: dict[int, Done] = field(default_factory=dict)
    counts: "Counter[str]" = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def begin(self, who: int, number: int, about: str) -> None:
        self.doing[who] = Done(who, number, time.monotonic(), 0.0, about)

    def end(self, who: int, about: str = "") -> None:
        act = self.doing.pop(who)
        self.done.append(Done(who, act.number, act.began, time.monotonic(), about or act.about))

    def fail(self, sentence: str) -> None:
        self.wrong.append(sentence)
        print(f"WRONG (seed {self.seed}): {sentence}", flush=True)

    def meanwhile(self, since: float, until: float) -> str:
        """Return the actions that ran between two times."""
        lately = [act for act in list(self.done) if act.began <= until and act.ended >= since]
        return "; ".join(
            f"person {act.who} no. {act.number}: {act.about}"
            for act in [*lately, *list(self.doing.values())]
        )


class Somebody(threading.Thread):
    """One person. When their login has ended, they sign up again and continue."""

    def __init__(self, here: Stage, watch: Watch, known: Known, who: int, until: float) -> None:
        super().__init__(daemon=True)
        self._port = here.port
        self._watch = watch
        self._known = known
        self._who = who
        self._until = until
        self._dice = random.Random(f"{watch.seed} {who}")

    def run(self) -> None:
        person, number = self._new(), 0
        while time.monotonic() < self._until:
            number += 1
            kind = self._dice.random()
            try:
                if kind < _SOCKETS:
                    self._use_socket(person, number)
                elif kind < _SOCKETS + _EVENTS:
                    self._emit(person, number)
                elif not self._ask(person, number):
                    person = self._new()
            # The connection was closed, or the answer is not JSON.
            except (OSError, ValueError, KeyError) as error:
                self._watch.counts[f"{type(error).__name__}"] += 1
                self._watch.end(self._who)
            time.sleep(_PAUSE_S * 2 * self._dice.random())

    def _new(self) -> Person:
        while True:
            try:
                person = sign_up(self._port)
                self._known.sessions.append(person.session(code="one\ntwo\n"))
            except (SystemExit, OSError):
                time.sleep(1)
            else:
                return person

    def _use_socket(self, person: Person, number: int) -> None:
        self._join(person)
        self._watch.begin(self._who, number, "a WebSocket")
        self._watch.end(self._who, sockets.edit(self._dice, person, self._known))
        self._watch.counts["WebSockets"] += 1

    def _emit(self, person: Person, number: int) -> None:
        self._join(person)
        self._watch.begin(self._who, number, "Socket.IO")
        self._watch.end(self._who, sockets.emit(self._dice, person, self._known))
        self._watch.counts["Socket.IO"] += 1

    def _join(self, person: Person) -> None:
        """Join some sessions of other people."""
        if self._dice.random() < 0.3 and self._known.sessions:
            person.request("POST", f"/session/{self._dice.choice(self._known.sessions)}/join", {})

    def _ask(self, person: Person, number: int) -> bool:
        """Make a request; return whether the person is still signed in."""
        request = routes.make(self._dice, self._known)
        self._watch.begin(self._who, number, request.about)
        answer = routes.send(person, request, _TIMEOUT_S)
        self._watch.end(self._who)
        self._watch.counts[f"{request.operation.name} {answer.status}"] += 1
        self._known.note(request.operation, answer)
        is_later = answer.status == 503 and "Retry-After" in answer.headers
        if answer.status >= 500 and not is_later:
            self._watch.fail(
                f"person {self._who} no. {number}: {request.about} answered {answer.status}"
            )
        if answer.status == 0:
            self._watch.counts["cut"] += 1
        return answer.status != 401 and not (request.ends_login and answer.status < 300)


def stress(here: Stage, watch: Watch, people: int, seconds: float, tokens: list[str]) -> None:
    """Let people act for a time, and note failures; tokens: the tokens in the server's mails."""
    known, until = Known(tokens=tokens), time.monotonic() + seconds
    everybody = [Somebody(here, watch, known, who, until) for who in range(people)]
    for somebody in everybody:
        somebody.start()
    pids, seen, base = tree(here.server.pid)[:2], time.monotonic(), 0.0
    warm = seen + _WARM_S
    while time.monotonic() < until + _LOOK_S:
        time.sleep(_LOOK_S)
        now = time.monotonic()
        pids = _look(here, watch, pids, seen, now)
        size = here.memory_mib()
        base = base or (size if now >= warm else 0)
        if base and size > base + MAX_GROWTH_MIB:
            watch.fail(f"the memory grew from {base:.0f} to {size:.0f} MiB")
            base = size
        seen = now
    for somebody in everybody:
        somebody.join(_TIMEOUT_S)


def _look(here: Stage, watch: Watch, pids: list[int], since: float, until: float) -> list[int]:
    """Note failures since the last check: a dead process, or a loop that was held too long.

    Return the ids of the processes.
    """
    now = tree(here.server.pid)[:2]
    if now != pids:
        watch.fail(f"the server died; meanwhile: {watch.meanwhile(since - 30, until)}")
    for hold in holds(here.notes, since, until):
        if hold.held_s > MAX_HOLD_S:
            about = watch.meanwhile(hold.until - hold.late_s, hold.until)
            watch.fail(
                f"the loop was held for {1000 * hold.held_s:.0f} ms; meanwhile: {about[:2_000]}"
            )
    return now


def main() -> int:
    """Run the stress, print actions and failures; return 1 if there were failures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--people", type=int, default=12)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 31))
    options = parser.parse_args()
    watch = Watch(options.seed)
    print(f"seed {options.seed}, {options.people} people, {options.minutes:g} minutes", flush=True)
    with taken() as mails, stage(replace(FULL, env=mails.env)) as here:
        log = Path(f"/proc/{here.server.pid}/fd/2").readlink()
        stress(here, watch, options.people, 60 * options.minutes, mails.tokens)
        errors = [line for line in loud(log.read_text()) if '"level": "warning"' not in line]
    for error in errors[:_SHOWN]:
        watch.fail(f"the server logged: {error}")
    print("done: " + ", ".join(f"{count:,} {what}" for what, count in sorted(watch.counts.items())))
    print(
        f"{len(watch.wrong)} failures; --seed {watch.seed} does it again"
        if watch.wrong
        else "nothing failed"
    )
    return 1 if watch.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
