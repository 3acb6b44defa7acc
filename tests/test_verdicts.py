"""Tests when `make soak`, `make timing` and `make audit` fail.
These programs themselves take too long for tests.
"""

import os
import random
from dataclasses import replace

import pytest

from bench.servers import Running, kinds
from bench.soak.watch import Sample, Watch, loud
from tests import audit, timing

_QUIET = Sample(
    minutes=0,
    rss_kib=70_000,
    descriptors=32,
    threads=13,
    tasks=11,
    connections=0,
    rooms=0,
    unsaved=0,
    lag_ms=0.1,
)


def _judged(pauses: list[Sample]) -> list[str]:
    watch = Watch(Running(kinds()["ours"], 0, os.getpid()))
    watch.pauses = pauses
    watch.judge()
    return watch.problems


def _soak(**last: float) -> list[Sample]:
    pauses = [replace(_QUIET, minutes=3 * at) for at in range(12)]
    return [*pauses, replace(_QUIET, minutes=36, **last)]


@pytest.mark.parametrize(
    ("last", "problem"),
    [
        ({}, None),
        ({"descriptors": 31, "tasks": 10, "threads": 14, "lag_ms": 9}, None),
        ({"rooms": 1}, "rooms: 1 in the end"),
        ({"connections": 2}, "connections: 2 in the end"),
        ({"unsaved": 17}, "unsaved: 17 in the end"),
        ({"descriptors": 33}, "descriptors: 32 after the warm-up, 33 in the end"),
        ({"tasks": 12}, "tasks: 11 after the warm-up, 12 in the end"),
    ],
)
def test_soak_verdict_fails_on_leftovers(last: dict[str, float], problem: str | None) -> None:
    """A soak fails if anything is left over in its last pause."""
    assert _judged(_soak(**last)) == ([problem] if problem else [])


@pytest.mark.parametrize(
    ("growth", "is_leak"), [(0.0, False), (0.049, False), (0.051, True), (0.5, True), (-0.3, False)]
)
def test_soak_verdict_fails_on_memory_growth_over_five_percent(
    growth: float, is_leak: bool
) -> None:
    """A soak fails if memory grew by more than 5 %.

    The last third of the pauses after the warm-up is compared with the first third.
    """
    grown = [
        replace(sample, rss_kib=70_000 * (1 + growth * (at >= 9)))
        for at, sample in enumerate(_soak())
    ]

    assert [line.startswith("memory grew by") for line in _judged(grown)] == [True] * is_leak


def test_soak_verdict_fails_on_warnings_errors_and_foreign_output() -> None:
    """A soak fails if the server's output has warnings, errors, or lines that are not its log."""
    lines = [
        "collab-server 1.0",
        '{"level": "info"}',
        '{"level": "warning"}',
        "Traceback",
        '{"level": "error"}',
        "[]",
    ]
    assert loud("\n".join(lines)) == [lines[2], lines[3], lines[4], lines[5]]


@pytest.mark.parametrize(
    ("slower_ms", "kind", "are_alike"),
    [
        (0, "known name", True),
        (1, "known name", True),
        (5, "known name", False),
        (-5, "known e-mail", False),
        (5, "a guest's name", False),
        (5, "known login", True),
        (40, "known login", False),
    ],
)
def test_timing_verdict_fails_on_distinguishable_hash_time(
    slower_ms: float, kind: str, are_alike: bool
) -> None:
    """The verdict fails if only one of two kinds of requests computes a hash.

    It does not fail if only one of them makes a commit.
    """
    drawn = random.Random(7)
    samples = {
        name: [drawn.gauss(270, 8) for _ in range(200)] for pair in timing.PAIRS for name in pair
    }
    samples[kind] = [sample + slower_ms for sample in samples[kind]]

    assert timing.report(samples) is are_alike


def test_pip_audit_verdict_fails_on_shipped_packages_only() -> None:
    """Each weakness of a shipped package counts. Those of packages for tests are only reported."""
    weakness = {"id": "GHSA-1", "fix_versions": ["2.0"]}
    report = {
        "dependencies": [
            {"name": "Tornado", "version": "1.0", "vulns": [weakness]},
            {"name": "pytest", "version": "1.0", "vulns": [{**weakness, "fix_versions": []}]},
            {"name": "bcrypt", "version": "1.0", "vulns": []},
            {"name": "unheard-of", "skip_reason": "not on PyPI"},
        ]
    }
    findings = {
        finding.package: finding for finding in audit.read_pip_audit(report, {"tornado", "bcrypt"})
    }

    assert {name: finding.is_severe for name, finding in findings.items()} == {
        "Tornado": True,
        "pytest": False,
        "unheard-of": False,
    }
    assert findings["Tornado"].what == "1.0: GHSA-1, fixed in 2.0"
    with pytest.raises(audit.NotCheckedError, match="not on PyPI"):
        list(audit.read_pip_audit({"dependencies": report["dependencies"][3:]}, set()))


def test_npm_audit_verdict_fails_on_bundled_packages_from_high() -> None:
    """A weakness of a package in the web app's bundle counts from severity high on."""
    kinds_of = {"yjs": "high", "lib0": "moderate", "vitest": "critical"}
    report = {
        "vulnerabilities": {
            name: {"severity": kind, "via": [{"title": "bad"}]} for name, kind in kinds_of.items()
        }
    }
    findings = list(audit.read_npm_audit(report, {"yjs", "lib0"}))

    assert [(finding.package, finding.is_severe) for finding in findings] == [
        ("yjs", True),
        ("lib0", False),
        ("vitest", False),
    ]
    assert "tornado" in audit.shipped()
    assert "pytest" not in audit.shipped()
