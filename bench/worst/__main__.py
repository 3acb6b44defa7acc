"""Makes the most expensive requests that one account may make, and measures the effect of each.

python -m bench.worst                         all of them: some ten minutes
python -m bench.worst --only replay,conflicts
python -m bench.worst --short                 all of them, but smaller: one minute; CI runs this

The server is a separate process with its usual limits and SQLite. `late` is the longest time for
which its event loop did not respond. On a busy machine, it also counts time when other programs had
the cores. `held` counts only time when the server's process worked. Exit code 1: a figure is over a
bound, or the server died.
"""

import argparse
import sys
from collections.abc import Iterable
from dataclasses import replace

from bench.worst.stage import FULL, SHORT, Found, Stage, Work, measure, quiet, stage
from bench.worst.works import WORKS

BOUND_MS = 50.0
"""The bound of `held` and of the bystander's 99th percentile, both in ms."""
GOAL_MS = 20.0
"""The goal for `held` in ms; a row over it is marked."""

_HEAD = (
    "| work | held ms | late ms | typing p50 | p99 | max ms | lost | took s | |\n"
    + "|---" * 9
    + "|"
)


def line(result: Found, quiet_p99: float) -> str:
    """Return a row of the table."""
    felt = result.felt
    mark = (
        "DIED"
        if result.died
        else "OVER"
        if is_over(result, quiet_p99)
        else "over 20"
        if result.held_ms > GOAL_MS
        else ""
    )
    return (
        f"| {result.name} | {result.held_ms:.0f} | {result.late_ms:.0f} | {felt.p50:.1f} | "
        f"{felt.p99:.1f} | {felt.worst:.0f} | "
        f"{felt.lost} | {result.took_s:.1f} | {' '.join(filter(None, (mark, result.did)))} |"
    )


def is_over(result: Found, quiet_p99: float) -> bool:
    """Whether the figures of a work are over a bound.

    quiet_p99  the bystander's 99th percentile without any work, in ms; it depends on the machine
    """
    return (
        result.died
        or result.held_ms > BOUND_MS
        or result.felt.p99 > BOUND_MS + quiet_p99
        or result.felt.lost > 0
    )


def run(works: Iterable[Work], here: Stage) -> list[Found]:
    """Do the works one after another on one server. Print each row as soon as it is ready."""
    print(_HEAD, flush=True)
    results = [measure(here, quiet(here.form.seconds))]
    quiet_p99 = results[0].felt.p99
    print(line(results[0], quiet_p99), flush=True)
    for work in works:
        results.append(measure(here, work))
        print(line(results[-1], quiet_p99), flush=True)
    return results


def main() -> int:
    """Do the chosen works; return 1 if a figure is over a bound."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--only", help="names of works, with semicolons: " + "; ".join(work.name for work in WORKS)
    )
    parser.add_argument("--short", action="store_true", help="make each work smaller, as CI does")
    parser.add_argument("--seconds", type=float, help="how long to repeat works that have no end")
    options = parser.parse_args()
    names = options.only.split(";") if options.only else [work.name for work in WORKS]
    chosen = [work for work in WORKS if work.name in names]
    form = SHORT if options.short else FULL
    with stage(replace(form, seconds=options.seconds or form.seconds)) as here:
        results = run(chosen, here)
    over = [result.name for result in results if is_over(result, results[0].felt.p99)]
    print(f"over a bound: {', '.join(over)}" if over else "nothing is over a bound")
    return 1 if over else 0


if __name__ == "__main__":
    sys.exit(main())
