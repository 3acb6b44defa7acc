"""Run the fuzzer: `python -m tests.fuzz --count 1000000 --seed 7`. See README.md."""

import argparse
import sys
import time
from pathlib import Path

from tests.fuzz import campaign, sequences
from tests.fuzz.campaign import Report
from tests.fuzz.reduce import reduced

_MAX_REDUCED = 5


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("--count", type=int, default=50_000, help="inputs to send")
    parser.add_argument(
        "--seed", default=str(time.time_ns()), help="the same seed sends the same inputs"
    )
    parser.add_argument("--jobs", type=int, default=1, help="processes that run together")
    parser.add_argument("--room", type=int, help="only this room of the seed")
    parser.add_argument("--repeat", type=Path, help="send the sequences of a file instead")
    return parser.parse_args()


def main() -> int:
    arguments = _arguments()
    begun = time.monotonic()
    if arguments.repeat:
        report = campaign.play(sequences.read(arguments.repeat), compare=True)
    elif arguments.room is not None:
        report = campaign.run_rooms(arguments.seed, arguments.room, 1)
    else:
        print(f"seed {arguments.seed}", flush=True)
        report = campaign.run(arguments.count, arguments.seed, arguments.jobs, _progress)
    _summary(report, time.monotonic() - begun)
    for index, finding in enumerate(report.findings):
        print(
            finding if arguments.repeat or index >= _MAX_REDUCED else reduced(finding), flush=True
        )
    return 1 if report.findings else 0


def _progress(report: Report) -> None:
    print(
        f"{report.total('sent')} inputs, {report.total('taken')} taken, {len(report.findings)} "
        "findings",
        flush=True,
    )


def _summary(report: Report, seconds: float) -> None:
    sent, taken = report.total("sent"), report.total("taken")
    rate = f"{sent / seconds:.0f}/s" if seconds else ""
    print(
        f"{sent} inputs in {seconds:.0f} s ({rate}), {taken} taken "
        f"({100 * taken / max(1, sent):.1f} %)"
    )
    for kind in sorted({key.partition(": ")[0] for key in report.counts if ": " in key}):
        outcomes = {
            key.partition(": ")[2]: count
            for key, count in report.counts.items()
            if key.startswith(kind + ": ")
        }
        print(
            f"  {kind:10}", *(f"{outcome} {count}" for outcome, count in sorted(outcomes.items()))
        )
    for key, count in sorted(report.counts.items()):
        if ": " not in key:
            print(f"  {key}: {count}")
    print(
        f"memory: at most {report.grown_kib >> 10} MiB more; slowest input "
        f"{report.slowest_s * 1e3:.0f} ms of CPU time"
    )
    print(f"{len(report.findings)} findings")


if __name__ == "__main__":
    sys.exit(main())
