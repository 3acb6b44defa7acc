"""Keeps results, and writes docs/benchmarks.md and the README's table from them."""

import json
import sys
from pathlib import Path
from typing import Any

from bench import tables
from bench.programs import viewers
from bench.scenarios import GROWTH, LAG, SCENARIOS
from bench.worst import row

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "bench" / "results.json"
DOCUMENT = ROOT / "docs" / "benchmarks.md"
README = ROOT / "README.md"
_BEGIN, _END = "<!-- benchmarks: -->", "<!-- :benchmarks -->"

_HEAD = """# Benchmarks

After reading this page you can compare the speed of this server with that of other servers for Yjs, and measure it yourself.

Our server writes everything to disk (SQLite, `synchronous=FULL`). Its usual limits are lifted, and
it runs without its supervisor. The other servers are in their usual set-up, which stores nothing.
One server at a time runs on one core, and the load generator on another. Updates are real updates,
made by Yjs. Each figure is the median of {runs} runs{fewer}. A run takes {seconds:g} s; in J,
clients type for 12 s, and L takes three minutes. In each run, servers take turns.

Measured on {cpu}; {system}; Python {python} with uvloop, Node {node}; `@y/websocket-server` 0.1.1
on Node and on Bun 1.4.5, `@hocuspocus/server` 4.7.0, `pycrdt-websocket` 0.16.5 on uvicorn and
uvloop. It is a shared virtual machine, whose cores fall to half their speed for parts of a second.
So figures differ by a third from one run to another, and ratios by less. Twenty joins may all fall
into such a slow part of a second, so G repeats them ten times in each run.

{traces}

`make bench` repeats all scenarios (g++ and Node are needed). `make bench-quick` runs some of them,
and compares them with these results, in two minutes. This page is generated from
`bench/results.json`.

Presence has no minimum interval here (`COLLAB_PRESENCE_MS=0`), because the other servers have none.
Our server collects presence for 20 ms before it sends it, and its figures in H include that. "×" is
our figure divided by that of the other server.
"""


def document(stored: dict[str, Any]) -> str:
    """Return the text of docs/benchmarks.md."""
    results = stored["scenarios"]
    parts = [
        _HEAD.format(
            runs=stored["runs"],
            seconds=stored["seconds"],
            fewer=_fewer(stored),
            traces=_traces(stored),
            **stored["machine"],
        ),
        "## In short\n",
        tables.headline(results),
        "## In full\n",
    ]
    for scenario in SCENARIOS:
        if scenario.name in results:
            parts.append(tables.table(scenario, results[scenario.name]))
        if scenario.name == "IE" and "E" in results and "IE" in results:
            parts.append(tables.beside_table(results["IE"], results["E"]))
    if "I" in results:
        parts.append(tables.trouble_table(results["I"]))
    if "W" in results:
        parts.append(row.table(results["W"], stored["seconds"]))
    if "R" in results:
        parts.append(viewers.table(results["R"]))
    if LAG.name in results:
        parts.append(tables.lag_table(results[LAG.name]))
    if any(scenario.name in results for scenario in GROWTH):
        parts.append(tables.growth_table(results))
    return "\n".join(parts)


def _fewer(stored: dict[str, Any]) -> str:
    counts = {name.partition("-")[0]: count for name, count in stored.get("runs_of", {}).items()}
    return (
        f" ({', '.join(f'{name} has {count}' for name, count in sorted(counts.items()))})"
        if counts
        else ""
    )


def _traces(stored: dict[str, Any]) -> str:
    """Return the sentences that name the editing sessions of the scenarios' documents."""
    by_trace: dict[str, list[str]] = {}
    for name, trace in sorted(stored.get("traces", {}).items()):
        by_trace.setdefault(trace, []).append(name)
    which = "; ".join(
        f"`{trace}` for {', '.join(names)}" for trace, names in sorted(by_trace.items())
    )
    return (
        f"Each large document has the edits of an editing session: {which}.\n"
        "`make bench` takes the recorded session if `COLLAB_TRACES` names a folder of "
        "github.com/josephg/editing-traces,\n"
        "otherwise `simulated-paper`, which has the same length (`harness/traces.py`)."
    )


def against_kept(results: dict[str, tables.Figures]) -> str:
    """Return the ratios of our new results to the kept results."""
    stored = json.loads(RESULTS.read_text())["scenarios"]
    lines = ["scenario: now, kept, ratio (more is better: D, E; less: the others)"]
    for scenario in SCENARIOS:
        if scenario.name in results and scenario.name in stored:
            now, before = (
                results[scenario.name]["ours"][scenario.key],
                stored[scenario.name]["ours"][scenario.key],
            )
            lines.append(
                f"{scenario.name}: {now:.4g} {scenario.unit}, {before:.4g}, {now / before:.2f}"
            )
    return "\n".join(lines)


def front_page(stored: dict[str, Any], text: str) -> str:
    """Return the README with the table of the results."""
    start, _, rest = text.partition(_BEGIN)
    _, _, end = rest.partition(_END)
    return f"{start}{_BEGIN}\n{tables.headline(stored['scenarios'])}{_END}{end}"


def write(stored: dict[str, Any]) -> None:
    """Write docs/benchmarks.md, and the README's table."""
    DOCUMENT.write_text(document(stored))
    README.write_text(front_page(stored, README.read_text()))


def keep(results: dict[str, Any]) -> None:
    """Merge results into the results file, and write the documents."""
    stored = json.loads(RESULTS.read_text()) if RESULTS.exists() else {"scenarios": {}}
    before = dict.fromkeys(stored["scenarios"], stored.get("runs")) | stored.get("runs_of", {})
    runs_of = before | dict.fromkeys(results["scenarios"], results["runs"])
    runs = max(runs_of.values())
    single = {name: count for name, count in runs_of.items() if count != runs}
    traces = stored.get("traces", {}) | results.get("traces", {})
    scenarios = {**stored["scenarios"], **results["scenarios"]}
    stored = {**results, "runs": runs, "runs_of": single, "traces": traces, "scenarios": scenarios}
    RESULTS.write_text(json.dumps(stored, indent=1, sort_keys=True) + "\n")
    main()


def main() -> int:
    """Write the documents again from the results file."""
    write(json.loads(RESULTS.read_text()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
