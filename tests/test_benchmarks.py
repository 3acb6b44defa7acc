"""Tests that the benchmark's tables agree with its results."""

import json

from bench import report, tables
from bench.floods import STRUCTS, large_update
from bench.scenarios import GROWTH, LAG, SCENARIOS
from crdt.document.raw_document import CUT_BYTES
from crdt.wire import update_parser

_FIGURES = {
    "ours": {
        "delivered_per_s": 30_000.0, "sent_per_s": 30_000.0, "ms_p50": 0.5, "server_cpu_pct": 10.0,
        "client_cpu_pct": 95.0,
    },
    "one": {"delivered_per_s": 10_000.0, "sent_per_s": 10_000.0, "ms_p50": 1.0,
            "server_cpu_pct": 40.0},
    "other": {"delivered_per_s": 20_000.0, "sent_per_s": 20_000.0, "ms_p50": 2.0,
              "server_cpu_pct": 20.0},
}  # fmt: skip


def test_ratio_to_best_peer_follows_direction_of_metric() -> None:
    """The best peer has the highest value where more is better, and the lowest value elsewhere."""
    by_name = {scenario.name: scenario for scenario in SCENARIOS}
    assert tables.best_ratio(by_name["E"], _FIGURES) == 1.5
    assert tables.best_ratio(by_name["A"], _FIGURES) == 0.5
    assert tables.best_ratio(by_name["B"], _FIGURES) == 0.5
    table = tables.table(by_name["E"], _FIGURES)
    assert "| ours (load generator at its limit) | 30,000 |" in table
    assert "| one | 10,000 |" in table
    assert "Ratio to the best peer: 1.50. Goal: at least 1.3." in table
    beside_bun = tables.table(
        by_name["B"], {**_FIGURES, "y-websocket on Bun": {"server_cpu_pct": 12.5}}
    )
    assert (
        "Ratio to the best peer: 0.80; to the best peer without Bun: 0.50. Goal: at most 0.8."
        in beside_bun
    )


def test_benchmark_documents_match_results() -> None:
    """docs/benchmarks.md and the README agree with the results, which have every scenario."""
    stored = json.loads(report.RESULTS.read_text())
    assert report.document(stored) == report.DOCUMENT.read_text()
    front = report.README.read_text()
    assert report.front_page(stored, front) == front
    assert "| A pair" in front
    assert stored["scenarios"].keys() - {"W", "R"} == {
        scenario.name for scenario in (*SCENARIOS, *GROWTH, LAG)
    } | {"I"}


def test_row_of_worst_is_within_goal_only_without_lost_keystrokes() -> None:
    """A row is within the goal by its p99, unless keystrokes were lost or the server died."""
    good = {"held_ms": 4.0, "ms_p50": 0.3, "ms_p99": 20.0, "ms_max": 30.0, "lost": 0.0, "died": 0.0}
    stored = json.loads(report.RESULTS.read_text())
    faults = {"slow": {"ms_p99": 51.0}, "lossy": {"lost": 1.0}, "dead": {"died": 1.0}}
    rows = {"quiet": good, **{name: {**good, **fault} for name, fault in faults.items()}}
    stored["scenarios"]["W"] = rows
    text = report.document(stored)
    assert "| quiet | 4 | 0.3 | 20 | 30 | yes |" in text
    for name in faults:
        assert next(line for line in text.splitlines() if line.startswith(f"| {name} |")).endswith(
            "| NO |"
        )


def test_benchmark_document_names_editing_sessions_used() -> None:
    """For each scenario on an editing session, the document names the session that was used."""
    stored = json.loads(report.RESULTS.read_text())
    assert stored["traces"].keys() == {
        scenario.name for scenario in (*SCENARIOS, *GROWTH) if scenario.is_on_trace
    }
    stored["traces"]["G1"] = "simulated-paper"
    text = report.document(stored)
    assert "`automerge-paper` for G20, J-document-1000, J-document-26000, J-document-260000" in text
    assert "`simulated-paper` for G1" in text


def test_update_share_with_flooder_is_relative_to_rate_without_flooder() -> None:
    """A server's share is its updates with troublesome clients, divided by those without them.

    A server that sent no updates has the share 0.
    """
    troubled = {
        "ours": {"sent_per_s": 27_000.0},
        "one": {"sent_per_s": 0.0},
        "unknown": {"sent_per_s": 5.0},
    }
    assert tables.beside_table(troubled, _FIGURES).endswith(
        "The results as a share of those of E (the table before this one): ours 0.90, one 0.00.\n"
    )


def test_flooder_document_fits_first_sync_but_not_fast_answer() -> None:
    """The document is within the limit of one first sync, but too large for the fast answer."""
    update = large_update()
    assert update_parser.read(update).spans == {1: (0, STRUCTS)}
    assert len(update) > CUT_BYTES
