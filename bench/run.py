"""Runs the scenarios against our server and its peers, prints a table for each and keeps the results.

python -m bench.run                          everything, three runs each: about a quarter of an hour
python -m bench.run --only C,E --servers ours --runs 1
python -m bench.run --quick                  ours alone, shortly, beside the results that are kept
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from bench import data, report, trouble
from bench.scenarios import GROWTH, SCENARIOS, Scenario
from bench.servers import LOAD_CORE, Running, kinds, running

QUICK = ("A", "C", "D", "E", "H")
GENEROUS = {"COLLAB_MAX_TEXT_BYTES": str(64 << 20), "COLLAB_MAX_STATE_BYTES": str(256 << 20)}


def measure(scenario: Scenario, server: Running, seconds: float) -> dict[str, Any]:
    """Run the load generator once; returns its answer."""
    names = server.rooms(scenario.rooms)
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as rooms:
        rooms.write("\n".join(names))
        rooms.flush()
        options = ["--rooms-file", rooms.name, *scenario.options.format(seconds=seconds).split()]
        if scenario.name.startswith("J-document"):
            alone = ["--mode", "join", "--rooms", "1", "--clients", "1"]
            load(server, ["--rooms-file", rooms.name, *alone, "--seed", str(scenario.seed and scenario.seed())])
        elif scenario.seed:
            options += ["--seed", str(scenario.seed())]
        is_long = scenario.name.startswith("J-log")
        found = load(server, options, data.long_updates() if is_long else data.updates())
        return {**found, **server.lag()}


def load(server: Running, options: Iterable[str], updates: Path | None = None) -> dict[str, Any]:
    """Call the load generator on its own core."""
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
    command += ["--protocol", server.kind.protocol, "--updates", str(updates or data.updates()), *options]
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
        if isinstance(value, int | float) and all(isinstance(run.get(name), int | float) for run in runs)
    }


def compare(scenarios: Iterable[Scenario], servers: list[str], runs: int, seconds: float) -> dict[str, Any]:
    """Return {scenario: {server: medians}}; servers take turns, so that the machine's moods meet all of them."""
    found: dict[str, Any] = {}
    for scenario in scenarios:
        every: dict[str, list[dict[str, Any]]] = {name: [] for name in servers}
        for _ in range(runs):
            for name in servers:
                with running(kinds()[name], **GENEROUS) as server:
                    every[name].append(measure(scenario, server, seconds))
        found[scenario.name] = {name: median(done) for name, done in every.items()}
        print(report.table(scenario, found[scenario.name]), flush=True)
    return found


def machine() -> dict[str, str]:
    """Return what this was measured on."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    cpu = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), "?")
    node = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout.strip()
    return {
        "cpu": f"{cpu}, {os.cpu_count()} cores",
        "system": platform.platform(),
        "python": platform.python_version(),
        "node": node,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", help="names of scenarios, with commas; J for all of growth, I for trouble")
    parser.add_argument("--servers", help="names of servers, with commas: " + ", ".join(kinds()))
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=4, help="of each measured window")
    parser.add_argument("--quick", action="store_true", help="ours alone, compared with the results that are kept")
    parser.add_argument("--keep", action="store_true", help="write the results file and docs/benchmarks.md")
    options = parser.parse_args()
    servers = ["ours"] if options.quick else options.servers.split(",") if options.servers else list(kinds())
    data.prepare(with_peers=len(servers) > 1)
    servers = ["ours"] if options.quick else options.servers.split(",") if options.servers else list(kinds())
    only = set(options.only.split(",")) if options.only else set(QUICK) if options.quick else None
    chosen = [one for one in SCENARIOS if only is None or one.name in only]
    results = compare(chosen, servers, 1 if options.quick else options.runs, 2 if options.quick else options.seconds)
    if options.quick:
        print(report.against_kept(results))
        return 0
    if only is None or "I" in only:
        results["I"] = trouble.measure(options.seconds)
        print(report.trouble_table(results["I"]), flush=True)
    if only is None or "J" in only:
        grown = compare(GROWTH, ["ours"], options.runs, options.seconds)
        results.update(grown)
    if options.keep:
        report.keep({"machine": machine(), "runs": options.runs, "seconds": options.seconds, "scenarios": results})
    return 0


if __name__ == "__main__":
    sys.exit(main())
