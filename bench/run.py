"""Runs the scenarios against our server and its peers, prints tables and keeps the results.

python -m bench.run --keep                   everything, three runs each: about 50 minutes
python -m bench.run --only C,E --servers ours --runs 1
python -m bench.run --quick                  ours alone, with short runs, compared with the kept
                                             results
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any

from bench import data, floods, report, tables
from bench.programs import viewers
from bench.scenarios import GROWTH, LAG, SCENARIOS, Scenario
from bench.servers import LOAD_CORE, Running, kinds, running
from bench.worst import row
from bench.worst.works import WORKS

Keep = Callable[[dict[str, Any]], None]

QUICK = ("A", "C", "D", "E", "H")
GENEROUS = {
    "COLLAB_MAX_TEXT_BYTES": str(64 << 20),
    "COLLAB_MAX_STATE_BYTES": str(256 << 20),
    "COLLAB_MAX_UNSAVED_ROOM_BYTES": str(256 << 20),
    "COLLAB_MAX_UNSAVED_BYTES": str(256 << 20),
}
_SHORT_IDLE = {"COLLAB_IDLE_S": "1"}


def measure(scenario: Scenario, server: Running, seconds: float) -> dict[str, Any]:
    """Run the load generator once; return its result."""
    names = server.rooms(scenario.rooms)
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as rooms:
        rooms.write("\n".join(names))
        rooms.flush()
        options = ["--rooms-file", rooms.name, *scenario.options.format(seconds=seconds).split()]
        if scenario.name.startswith("J-") and scenario.seed:
            alone = ["--rooms-file", rooms.name, "--mode", "join", "--rooms", "1", "--clients", "1"]
            load(server, [*alone, "--seed", str(scenario.seed())])
            server.await_closed_rooms()
        elif scenario.seed:
            options += ["--seed", str(scenario.seed())]
        before = server.lag()
        figures = load(server, options)
        if figures.get("troublesome_open", 2) < 2:
            print(
                f"{server.kind.name}: a troublesome client was closed before the end",
                file=sys.stderr,
            )
        return {**figures, **{name: value - before[name] for name, value in server.lag().items()}}


def load(server: Running, options: Iterable[str]) -> dict[str, Any]:
    """Run the load generator on its own core; return its result."""
    command = [
        "taskset",
        "-c",
        str(LOAD_CORE),
        str(data.LOADGEN / "yload"),
        "--url",
        server.url(),
        "--pid",
        str(server.pid),
    ]
    command += ["--protocol", server.kind.protocol, "--updates", str(data.updates()), *options]
    if server.token:
        command += ["--token", server.token]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if not done.stdout.strip():
        raise SystemExit(f"the load generator failed: {done.stderr[-500:]}")
    return dict(json.loads(done.stdout))


def median(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the median of each figure."""
    return {
        name: statistics.median(run[name] for run in runs)
        for name, value in runs[0].items()
        if isinstance(value, int | float)
        and all(isinstance(run.get(name), int | float) for run in runs)
    }


def compare(
    scenarios: Iterable[Scenario], servers: list[str], runs: int, seconds: float, keep: Keep
) -> dict[str, Any]:
    """Return {scenario: {server: medians}}.

    The servers take turns, so that a slow time of the machine slows all of them.
    """
    results: dict[str, Any] = {}
    for scenario in scenarios:
        every: dict[str, list[dict[str, Any]]] = {name: [] for name in servers}
        settings = (
            GENEROUS | scenario.settings | (_SHORT_IDLE if scenario.name.startswith("J-") else {})
        )
        for _ in range(runs):
            for name in servers:
                with running(kinds()[name], **settings) as server:
                    every[name].append(measure(scenario, server, seconds))
        results[scenario.name] = {name: median(done) for name, done in every.items()}
        print(tables.table(scenario, results[scenario.name]), flush=True)
        if scenario.is_on_trace:
            print(f"The document was typed in the session {data.trace_name()}.\n", flush=True)
        keep({scenario.name: results[scenario.name]})
    return results


def traces_of(names: Iterable[str]) -> dict[str, str]:
    """Return {scenario: name of its editing session} of the scenarios that have one."""
    return {
        scenario.name: data.trace_name()
        for scenario in (*SCENARIOS, *GROWTH)
        if scenario.name in names and scenario.is_on_trace
    }


def machine() -> dict[str, str]:
    """Return the description of this machine."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    cpu = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), "?")
    node = subprocess.run(
        ["node", "--version"], capture_output=True, text=True, check=True
    ).stdout.strip()
    return {
        "cpu": f"{cpu}, {os.cpu_count()} cores",
        "system": platform.platform(),
        "python": platform.python_version(),
        "node": node,
    }


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--only",
        help="names of scenarios, with commas between them. J: all scenarios of growth. I: one "
        "client misbehaves (IE: when the server is saturated). W: the most expensive requests of "
        "one account. L: delays of the event loop. R: viewers of a running program",
    )
    parser.add_argument("--servers", help="names of servers, with commas: " + ", ".join(kinds()))
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=4, help="of each measured window")
    parser.add_argument(
        "--quick", action="store_true", help="ours alone, compared with the results that are kept"
    )
    parser.add_argument(
        "--keep", action="store_true", help="write the results file and docs/benchmarks.md"
    )
    return parser.parse_args()


def _chosen(options: argparse.Namespace) -> tuple[list[str], set[str] | None]:
    """Return the chosen servers, and the names of the chosen scenarios; None for all of these."""
    if options.quick:
        servers = ["ours"]
    else:
        servers = options.servers.split(",") if options.servers else list(kinds())
    if options.only:
        return servers, set(options.only.split(","))
    return servers, set(QUICK) if options.quick else None


def main() -> int:
    """Measure the chosen scenarios, print the tables, and keep the results if asked to."""
    options = _options()
    servers, only = _chosen(options)
    if only is None or only - {"W", "R"}:  # W and R need neither peers nor the load generator
        data.prepare(with_peers=len(servers) > 1)
    chosen = [scenario for scenario in SCENARIOS if only is None or scenario.name in only]
    if options.quick:
        print(report.against_kept(compare(chosen, servers, 1, 2, lambda _: None)))
        return 0

    def kept(results: dict[str, Any], runs: int = options.runs) -> None:
        """Keep each table as soon as it is ready, because all of them take 50 minutes."""
        if options.keep:
            about = {
                "machine": machine(),
                "runs": runs,
                "seconds": options.seconds,
                "traces": traces_of(results),
            }
            report.keep({**about, "scenarios": results})

    compare(chosen, servers, options.runs, options.seconds, kept)
    if only is None or "I" in only:
        troubled = floods.measure(options.seconds, options.runs)
        print(tables.trouble_table(troubled), flush=True)
        kept({"I": troubled})
    if only is None or "W" in only:
        worst = row.measured(WORKS, options.seconds)
        print(row.table(worst, options.seconds), flush=True)
        kept({"W": worst}, runs=1)
    if only is None or "R" in only:
        shown = viewers.measure()
        print(viewers.table(shown), flush=True)
        kept({"R": shown}, runs=1)
    if only is None or "L" in only:
        compare([LAG], ["ours"], 1, options.seconds, partial(kept, runs=1))
    grown = [scenario for scenario in GROWTH if only is None or only & {scenario.name, "J"}]
    compare(grown, ["ours"], options.runs, options.seconds, kept)
    return 0


if __name__ == "__main__":
    sys.exit(main())
