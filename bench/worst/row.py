"""Measures the delay of typing in a room while another account does expensive works.

It measures each work alone, and then all works together. In the report, this is W.
"""

import sys
from collections.abc import Sequence
from dataclasses import replace
from threading import Thread

from bench.worst.stage import FULL, Found, Stage, Work, measure, quiet, stage

GOAL_MS = 50.0
"""The goal for the bystander's 99th percentile, in ms."""
_TOGETHER = "all together"
_EXPLAINED = """### W. Typing in a room while one account does its worst (ours alone, usual limits)

Two people type 40 times a second, in a room that the account is not in. Each row is one thing that it may ask for inside all
limits, done for {seconds:g} s or once. "Held" is the longest time that the event loop worked on without a turn for others. "All
together" is every row by an account of its own. Goal: p99 within {goal:g} ms. [design/work.md](design/work.md) says what bounds each.

"""


def together(works: Sequence[Work]) -> Work:
    """Return a work that does all of these works at the same time.

    Its `prepare` prepares each of them.
    """

    def act(here: Stage) -> None:
        threads = [Thread(target=_unless_closed, args=(work, here), daemon=True) for work in works]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        here.did = ""

    def prepare(here: Stage) -> None:
        for work in works:
            if work.prepare:
                work.prepare(here)

    return Work(_TOGETHER, "every one of these by an account of its own", act, prepare)


def _unless_closed(work: Work, here: Stage) -> None:
    """Do a work. If the server closes or refuses its client, the work just ends."""
    try:
        work.act(here)
    except (OSError, ValueError, KeyError, SystemExit):
        return


def measured(works: Sequence[Work], seconds: float) -> dict[str, dict[str, float]]:
    """Measure a quiet server, each work, and all works together; return {name: figures}."""
    form = replace(FULL, seconds=seconds)
    with stage(form) as here:
        results = [_measured(here, work) for work in (quiet(seconds), *works)]
    with stage(form) as here:
        results.append(_measured(here, together(works)))
    return {result.name: figures(result) for result in results}


def _measured(here: Stage, work: Work) -> Found:
    """Measure a work, and print its result.

    This shows the progress, because all works take 15 minutes.
    """
    result = measure(here, work)
    print(
        f"{result.name}: held {result.held_ms:.0f} ms, {result.did or 'done'}",
        file=sys.stderr,
        flush=True,
    )
    return result


def figures(result: Found) -> dict[str, float]:
    """Return a work's figures in the form of the results file."""
    felt = result.felt
    return {
        "held_ms": result.held_ms,
        "ms_p50": felt.p50,
        "ms_p99": felt.p99,
        "ms_max": felt.worst,
        "lost": float(felt.lost),
        "died": float(result.died),
    }


def table(rows: dict[str, dict[str, float]], seconds: float) -> str:
    """Return the table in Markdown, with an explanation before it."""
    lines = [
        "| one account | held ms | p50 ms | p99 ms | max ms | within the goal |",
        "|---" * 6 + "|",
    ]
    for name, row in rows.items():
        is_within = row["ms_p99"] <= GOAL_MS and not row["lost"] and not row["died"]
        cells = " | ".join(f"{row[key]:.3g}" for key in ("held_ms", "ms_p50", "ms_p99", "ms_max"))
        lines.append(f"| {name} | {cells} | {'yes' if is_within else 'NO'} |")
    return _EXPLAINED.format(seconds=seconds, goal=GOAL_MS) + "\n".join(lines) + "\n"
