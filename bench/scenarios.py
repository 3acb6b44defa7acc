"""The scenarios. Each has the load generator's options, and the figure that decides."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from bench import data


@dataclass(frozen=True)
class Scenario:
    """One scenario, which makes one table.

    key      the field of the load generator's result that decides
    goal     the least, or the most, that our figure may be, as a multiple of the best peer's
    unit     the unit of `key`
    seed     makes the document to load first
    settings environment variables of our server
    is_on_trace  the document is the beginning of an editing session (`data.trace`)
    """

    name: str
    about: str
    options: str
    key: str
    unit: str
    goal: float = 0
    is_more_better: bool = False
    seed: Callable[[], Path] | None = None
    settings: dict[str, str] = field(default_factory=dict)
    is_on_trace: bool = False

    @property
    def rooms(self) -> int:
        words = self.options.split()
        return int(words[words.index("--rooms") + 1])


_PACED = "--mode paced --warmup 1 --duration {seconds} "
_FLOOD = "--mode flood --warmup 1 --duration {seconds} "

IE_UPDATES_PER_S = 2_000
"""The updates a second that our server allows in IE: several times what a writer of E sends."""

SCENARIOS = (
    Scenario("A", "A pair: 1 room × 2, 20 updates/s",
             _PACED + "--rooms 1 --clients 2 --writers 2 --rate 10", "ms_p50", "p50 ms", 1),
    Scenario("B", "Classroom: 1 room × 50, 5 write 10/s",
             _PACED + "--rooms 1 --clients 50 --writers 5 --rate 10", "server_cpu_pct", "CPU %",
             0.8),
    Scenario("K", "Classroom with cursors: a cursor with each update",
             _PACED + "--kind typing --rooms 1 --clients 50 --writers 5 --rate 10",
             "server_cpu_pct", "CPU %", 0.8),
    Scenario("C", "Many rooms: 100 × 3, each writes 5/s",
             _PACED + "--rooms 100 --clients 3 --writers 3 --rate 5", "server_cpu_pct", "CPU %",
             0.8),
    Scenario("D", "Fan-out: 1 room × 100, 5 write, 64 updates in flight",
             _FLOOD + "--rooms 1 --clients 100 --writers 5 --window 64", "delivered_per_s",
             "delivered/s", 1.5, True),
    Scenario("E", "Ingest: 50 rooms × 2, 4 updates in flight each",
             _FLOOD + "--rooms 50 --clients 2 --writers 1 --window 4", "sent_per_s", "updates/s",
             1.3, True),
    Scenario("IE", "Ingest, with a client that reads nothing and a client that floods in one of "
                   "the rooms", _FLOOD + "--rooms 50 --clients 2 --writers 1 --window 4 --deaf 1 "
                                         "--flooders 1", "sent_per_s", "updates/s", 1, True,
                                         settings={"COLLAB_UPDATES_PER_S": str(IE_UPDATES_PER_S),
                                                   "COLLAB_UPDATES_BURST": "300"}),
    Scenario("F", "Idle: 1,000 rooms of 5 kB × 2 connections",
             "--mode idle --rooms 1000 --clients 2 --settle 3", "kib_per_connection",
             "KiB a connection", seed=data.text),
    Scenario("G1", "Joining a document of 260,000 edits, alone, 200 times",
             "--mode join --rooms 1 --clients 20 --window 1 --bursts 10", "ms_p50", "p50 ms", 0.8,
             seed=data.trace, is_on_trace=True),
    Scenario("G20", "Joining the same document, 20 clients together, 10 times",
             "--mode join --rooms 1 --clients 20 --window 20 --bursts 10", "ms_p50", "p50 ms", 0.5,
             seed=data.trace, is_on_trace=True),
    Scenario("H", "Presence: 1 room × 50, each 10/s",
             _PACED + "--kind awareness --rooms 1 --clients 50 --writers 50 --rate 10",
             "server_cpu_pct", "CPU %", 0.5),
)  # fmt: skip
"""Scenarios for our server and its peers. A goal is a multiple of the best peer's figure: at least
this if more is better, otherwise at most this."""

_E = _FLOOD + "--rooms {rooms} --clients 2 --writers 1 --window 4"
_C = _PACED + "--rooms {rooms} --clients 3 --writers 3 --rate 5"
_TYPING = "--mode paced --warmup 1 --duration 12 --rooms 1 --clients 2 --writers 1 --rate 1000"
"""Return options for so much typing that the server writes checkpoints and packed rows."""
_CPU = "server_cpu_s_per_1k_delivered"

GROWTH = (
    *(
        Scenario(f"J-{name}-{rooms}", f"{name} with {rooms:,} rooms",
                 options.replace("{rooms}", str(rooms)), _CPU, "CPU s per 1,000")
        for name, options, base in (("C", _C, 100), ("E", _E, 50))
        for rooms in (base, 4 * base, 16 * base)
    ),
    *(
        Scenario(f"J-document-{edits}",
                 f"1 room × 2, 1,000 updates/s, on a document of {edits:,} edits", _TYPING, _CPU,
                 "CPU s per 1,000", is_on_trace=True,
                 seed=lambda edits=edits: data.trace(edits))  # type: ignore[misc]
        for edits in (1_000, 26_000, 260_000)
    ),
    *(
        Scenario(f"J-log-{edits}", f"The same behind a log of {edits:,} updates", _TYPING, _CPU,
                 "CPU s per 1,000", seed=lambda edits=edits: data.log(edits))  # type: ignore[misc]
        for edits in (10_000, 100_000, 1_000_000)
    ),
)  # fmt: skip
"""Scenarios for our server only, which show whether the cost of an update grows with the number of
rooms, the document or the log."""

LAG = Scenario(
    "L",
    "C for three minutes: timers of the event loop that came more than 20 ms late",
    "--mode paced --warmup 1 --duration 180 --rooms 100 --clients 3 --writers 3 --rate 5",
    "lag_over_20_ms",
    "late",
)
