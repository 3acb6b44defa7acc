"""Makes the tables of docs/benchmarks.md and of the README from results."""

from bench import floods
from bench.scenarios import GROWTH, IE_UPDATES_PER_S, SCENARIOS, Scenario
from bench.servers import BUN

_BUSY_PCT = 90

Figures = dict[str, dict[str, float]]
"""{server: {field of its result: figure}} of one scenario"""


def ratio(scenario: Scenario, figures: Figures, peer: str) -> float | None:
    """Return our server's figure divided by a peer's figure; None if one of them is missing."""
    ours, other = figures["ours"].get(scenario.key), figures[peer].get(scenario.key)
    return ours / other if ours and other else None


def best_ratio(scenario: Scenario, figures: Figures) -> float | None:
    """Return our server's figure divided by the best peer's figure."""
    ratios = [
        times for peer in figures if peer != "ours" and (times := ratio(scenario, figures, peer))
    ]
    return (min if scenario.is_more_better else max)(ratios, default=None)


def table(scenario: Scenario, figures: Figures) -> str:
    """Return a scenario's table in Markdown."""
    columns = _columns(scenario)
    lines = [f"### {scenario.name}. {scenario.about}", ""]
    lines.append(
        "| server | " + " | ".join(name for name, _ in columns) + f" | × {scenario.unit} |"
    )
    lines.append("|---" * (len(columns) + 2) + "|")
    for server, row in figures.items():
        cells = [_cell(key, row.get(key)) for _, key in columns]
        times = ratio(scenario, figures, server) if server != "ours" else None
        mark = " (load generator at its limit)" if row.get("client_cpu_pct", 0) > _BUSY_PCT else ""
        lines.append(
            f"| {server}{mark} | " + " | ".join(cells) + f" | {f'{times:.2f}' if times else ''} |"
        )
    best = best_ratio(scenario, figures)
    if best and scenario.goal:
        lines += ["", _verdict(scenario, figures, best)]
    return "\n".join(lines) + "\n"


def _columns(scenario: Scenario) -> tuple[tuple[str, str], ...]:
    """Return (title, field of the result) of each column."""
    if scenario.name == "F":
        return (
            ("KiB a connection", "kib_per_connection"),
            ("KiB a room", "kib_per_room"),
            ("MiB in all", "rss_all_kib"),
        )
    if scenario.name.startswith("G"):
        return (
            ("p50 ms", "ms_p50"),
            ("p99 ms", "ms_p99"),
            ("CPU ms a join", "server_cpu_ms_per_join"),
            ("MiB", "rss_end_kib"),
        )
    return (
        ("delivered/s", "delivered_per_s"), ("p50 ms", "ms_p50"), ("p95 ms", "ms_p95"),
        ("p99 ms", "ms_p99"),
        ("CPU %", "server_cpu_pct"), ("CPU ms per 1,000", "server_cpu_s_per_1k_delivered"),
        ("MiB", "rss_end_kib"),
    )  # fmt: skip


def _verdict(scenario: Scenario, figures: Figures, best: float) -> str:
    """Return the line below a table: our figure as a multiple of the best peer's, and the goal."""
    word = "at least" if scenario.is_more_better else "at most"
    others = best_ratio(scenario, {name: row for name, row in figures.items() if name != BUN})
    aside = f"; to the best peer without Bun: {others:.2f}" if others and others != best else ""
    return f"Ratio to the best peer: {best:.2f}{aside}. Goal: {word} {scenario.goal:g}."


def _cell(key: str, value: float | None) -> str:
    if value is None:
        return "–"
    if key.endswith("_kib"):
        return f"{value / 1024:.0f}"
    if key == "server_cpu_s_per_1k_delivered":
        return f"{value * 1000:.3g}"
    return f"{value:,.0f}" if value >= 1_000 else f"{value:.3g}"


def trouble_table(figures: Figures) -> str:
    """Return the table of the rooms with one client that misbehaves."""
    return (
        "### I. Typing in 50 rooms × 2 at 30 updates/s each, with one client that misbehaves (ours "
        "alone, usual limits)\n\n"
        "In I the server is not saturated. In IE it is saturated, so its p99 only shows how "
        "long updates wait. The client\n"
        "that floods with updates, presence, fragments or pings is in one of the 50 rooms. The "
        "client that reads nothing\n"
        "is in 25 of them.\n\n" + floods.table(figures) + "\n"
    )


def beside_table(figures: Figures, quiet: Figures) -> str:
    """Return each server's result of IE as a share of its result of E."""
    left = ", ".join(
        f"{server} {row['sent_per_s'] / quiet[server]['sent_per_s']:.2f}"
        for server, row in figures.items()
        if quiet.get(server)
    )
    return (
        "The flooder sends valid updates as fast as the server reads them, and they are not counted. "
        "The other servers have no limits.\n"
        f"Our server slows a connection down above {IE_UPDATES_PER_S:,} updates a second here (60 by "
        "default).\nThat is several times the rate of a writer in E. "
        f"The results as a share of those of E (the table before this one): {left}.\n"
    )


def growth_table(results: dict[str, Figures]) -> str:
    """Return the table that shows whether costs grow with the rooms, the document or the log."""
    lines = [
        "### J. Costs with more rooms, longer documents and longer logs (ours alone)",
        "",
        "| | CPU ms per 1,000 delivered | p99 ms | × the smallest |",
        "|---|---|---|---|",
    ]
    base: dict[str, float] = {}
    for scenario in GROWTH:
        if scenario.name not in results:
            continue
        result = results[scenario.name]["ours"]
        first = base.setdefault(scenario.name.rpartition("-")[0], result[scenario.key])
        is_over = scenario.name.startswith("J-C") and result["server_cpu_pct"] > _BUSY_PCT
        mark = " (more than one core can do)" if is_over else ""
        lines.append(
            f"| {scenario.about}{mark} | {result[scenario.key] * 1000:.3g} | {result['ms_p99']:.3g} "
            f"| {result[scenario.key] / first:.2f} |"
        )
    return "\n".join(lines) + "\n"


def lag_table(figures: Figures) -> str:
    """Return the section about the event loop of our server."""
    ours = figures["ours"]
    late, times = ours["lag_over_20_ms"], ours["lag_times"]
    return (
        f"### L. The event loop under C, for three minutes (ours alone)\n\n"
        f"A timer of 250 ms was more than 20 ms late {late:.0f} times of {times:,.0f} "
        f"({100 * late / times:.2f} %). "
        f"{ours['delivered']:,.0f} updates were delivered: 99 % within {ours['ms_p99']:.3g} ms, "
        f"99.9 % within {ours['ms_p999']:.3g} ms, the last within {ours['ms_max']:.3g} ms.\n"
    )


def headline(results: dict[str, Figures]) -> str:
    """Return the table of the README. "×" is our figure divided by the best peer's figure."""
    lines = ["| measured | better is | ours | best peer | × |", "|---|---|---|---|---|"]
    for scenario in SCENARIOS:
        figures = results.get(scenario.name)
        if not figures or len(figures) < 2:
            continue
        order = sorted(
            (name for name in figures if name != "ours" and figures[name].get(scenario.key)),
            key=lambda name: figures[name][scenario.key],
        )
        if not order:
            continue
        best = order[-1] if scenario.is_more_better else order[0]
        ours, theirs = figures["ours"][scenario.key], figures[best][scenario.key]
        direction = "more" if scenario.is_more_better else "less"
        lines.append(
            f"| {scenario.about}: {scenario.unit} | {direction} | {_cell('', ours)} | "
            f"{_cell('', theirs)} ({best}) | {ours / theirs:.2f} |"
        )
    return "\n".join(lines) + "\n"
