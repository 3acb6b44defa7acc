"""Expensive requests about the largest runs of programs: reports, lists, exports, redactions."""

import time
from collections import Counter
from functools import partial

from bench.worst.people import Person
from bench.worst.stage import Stage, Work, again_and_again, get, once, tell, together

_RUNS = 200
_PEOPLE = 20
_WORD = "needle in a run"
_BYTES = 64 << 10
_CASES = 100
_OTHER_LINES = "\x01" * 60 + "\n"
"""The rest of each line of output. JSON needs six bytes for most of its characters."""


def _report(lines: int) -> dict[str, object]:
    """Return a run with the longest output that is allowed, and as many tests as possible."""
    line = f"{_WORD}{_OTHER_LINES}"
    cases = [
        {"name": f"{number} {_WORD}", "passed": True, "expected": line * 20, "actual": line * 20}
        for number in range(_CASES)
    ]
    return {
        "root": "codemirror", "language": "python", "stdin": line * (lines // 5),
        "stdout": line * (lines // 2), "stderr": line * (lines // 2),
        "exit": 0, "outcome": "done", "ms": 5, "tests": cases,
    }  # fmt: skip


def _largest(here: Stage) -> dict[str, object]:
    return _report(here.few(_BYTES // len(f"{_WORD}{_OTHER_LINES}")))


def _reporters(here: Stage) -> None:
    owner = here.person()
    session_id = owner.session()
    here.prepared["reporters"] = ([owner, *here.people(session_id, 3)], session_id)


def _reported(here: Stage) -> None:
    """Let four members report as fast as the server answers."""
    people, session_id = here.prepared["reporters"]
    report, until = _largest(here), here.until()
    statuses: Counter[int] = Counter()

    def act(person: Person) -> None:
        while time.monotonic() < until:
            answer = person.request("POST", f"/session/{session_id}/runs", report)
            statuses[answer.status] += 1

    together([partial(act, person) for person in people])
    tell(here, statuses)


def _with_runs(here: Stage) -> None:
    """Fill a session with the largest runs; a user may report one a second."""
    owner = here.person()
    session_id = owner.session(code=f"word = '{_WORD}'\n")
    people, report = [owner, *here.people(session_id, _PEOPLE - 1)], _largest(here)
    for number in range(here.few(_RUNS)):
        person = people[number % len(people)]
        while person.request("POST", f"/session/{session_id}/runs", report).status == 429:
            time.sleep(0.1)
    here.prepared["runs"] = (owner, session_id)


def _redact(here: Stage) -> None:
    person, session_id = here.prepared["runs"]
    began = time.monotonic()
    last = person.ask("GET", f"/code/{session_id}/latest?live=true")["sequence"]
    body = {"from": 1, "to": last, "text": _WORD}
    answer = person.request("POST", f"/code/{session_id}/redact", body)
    here.did = f"{answer.status} after {time.monotonic() - began:.1f} s"


def _exported(name: str, form: str) -> Work:
    act = partial(get, path=f"/code/{{}}/export?format={form}", key="runs")
    return Work(name, f"of {_RUNS} of the largest runs", act, once("runs", _with_runs))


WORKS = (
    Work("reports of runs", "four report the largest runs again and again", _reported, _reporters),
    Work(
        "list of runs",
        "four ask for a page of the largest",
        partial(again_and_again, path="/session/{}/runs?limit=50", key="runs"),
        once("runs", _with_runs),
    ),
    _exported("zip of runs", "zip"),
    _exported("replay of runs", "replay"),
    _exported("bundle of runs", "git"),
    Work("redacted runs", f"a text in {_RUNS} runs", _redact, once("runs", _with_runs)),
)
