"""Does the most expensive things that one account may do, one after the other,
and measures what others feel of each.

python -m bench.worst                         all of them: some ten minutes
python -m bench.worst --only replay,conflicts
python -m bench.worst --short                 all of them in the form that CI runs: less of each, a
                                              minute

The server is a process of its own with its usual limits and SQLite. `held` is the longest time that
its event loop did not respond while the process worked, `late` the longest time that it did not
respond at all: on a busy machine also because others had the cores. Exit code 1: something is over
a bound, or the server died.
"""

import argparse
import sys
from collections.abc import Iterable
from dataclasses import replace

from bench.worst.stage import FULL, SHORT, Found, Stage, Work, measure, quiet, stage
from bench.worst.works import WORKS

BOUND_MS = 50.0
"""Upper bound in ms of `held`, and of the bystander's 99th percentile."""
GOAL_MS = 20.0
"""What no piece of work should hold the loop for; over it a row is marked."""

_HEAD = (
    "| work | held ms | late ms | typing p50 | p99 | max ms | lost | took s | |\n"
    + "|---" * 9
    + "|"
)


def line(found: Found, quiet_p99: float) -> str:
    """Return a row of the table."""
    felt = found.felt
    mark = (
        "DIED"
        if found.died
        else "OVER"
        if is_over(found, quiet_p99)
        else "over 20"
        if found.held_ms > GOAL_MS
        else ""
    )
    return (
        f"| {found.name} | {found.held_ms:.0f} | {found.late_ms:.0f} | {felt.p50:.1f} | "
        f"{felt.p99:.1f} | {felt.worst:.0f} | "
        f"{felt.lost} | {found.took_s:.1f} | {' '.join(filter(None, (mark, found.did)))} |"
    )


def is_over(found: Found, quiet_p99: float) -> bool:
    """Whether a work passed a bound.

    quiet_p99  what the bystander feels without it, in ms: the machine's doing
    """
    return (
        found.died
        or found.held_ms > BOUND_MS
        or found.felt.p99 > BOUND_MS + quiet_p99
        or found.felt.lost > 0
    )


def run(works: Iterable[Work], here: Stage) -> list[Found]:
    """Do the works one after the other on one server; print each row as soon as it is there."""
    print(_HEAD, flush=True)
    found = [measure(here, quiet(here.form.seconds))]
    quiet_p99 = found[0].felt.p99
    print(line(found[0], quiet_p99), flush=True)
    for work in works:
        found.append(measure(here, work))
        print(line(found[-1], quiet_p99), flush=True)
    return found


def main() -> int:
    """Do what was asked for; return 1 if anything is over a bound."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--only", help="names of works, with semicolons: " + "; ".join(work.name for work in WORKS)
    )
    parser.add_argument("--short", action="store_true", help="less of each, as CI does")
    parser.add_argument("--seconds", type=float, help="for how long to do what can go on for ever")
    options = parser.parse_args()
    names = options.only.split(";") if options.only else [work.name for work in WORKS]
    chosen = [work for work in WORKS if work.name in names]
    form = SHORT if options.short else FULL
    with stage(replace(form, seconds=options.seconds or form.seconds)) as here:
        found = run(chosen, here)
    over = [one.name for one in found if is_over(one, found[0].felt.p99)]
    print(f"over a bound: {', '.join(over)}" if over else "nothing is over a bound")
    return 1 if over else 0


if __name__ == "__main__":
    sys.exit(main())
