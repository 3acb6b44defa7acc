"""Measures the delay of typing while one client floods, or reads nothing (I in the report).

The server has its usual limits.
python -m bench.floods                       all of them, three runs each: about five minutes
python -m bench.floods --only quiet,pings --runs 1
"""

import argparse
import contextlib
import http.client
import itertools
import random
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from bench import data, trouble
from bench.trouble import BINARY, PING, Client, Flood, Target, frame
from crdt.wire import y_protocol
from crdt.wire.lib0 import write_var_uint
from harness.typist import Typist

GOAL_RATIO, GOAL_MS = 1.5, 1.0
"""The goal for the other clients: during a flood, p99 of their delay is at most `GOAL_RATIO` times
p99 without a flood, plus `GOAL_MS`."""

_TICK_S = 0.02
_UPDATES_PER_S = 600
_STATES_PER_S = 100
"""Ten times `COLLAB_UPDATES_PER_S`, and ten times the states that `COLLAB_PRESENCE_MS` allows."""
STRUCTS = 90_000
_ROOMS_OF_DEAF = 25
_CONNECTIONS = 20
_BURST = 100
_DEAF_BYTES = 4_096
_CLIENT_IDS = 1 << 31


def measure(
    seconds: float, runs: int = 3, only: set[str] | None = None
) -> dict[str, dict[str, float]]:
    """Measure the chosen floods; return {name: medians}, `quiet` first."""
    chosen = {name: flood for name, flood in FLOODS.items() if only is None or name in only}
    return trouble.beside(seconds, {"quiet": None, **chosen}, runs)


def _paced(target: Target, client: Client, per_s: int, make: Callable[[], bytes]) -> None:
    """Send `per_s` frames a second on schedule, without waiting for answers."""
    began = time.monotonic()
    sent = 0
    while target.goes_on():
        due = int((time.monotonic() - began) * per_s) - sent
        client.send(b"".join(frame(make()) for _ in range(due)))
        target.did(due)
        sent += due
        time.sleep(_TICK_S)


def _endless(target: Target, client: Client, block: bytes, times: int) -> None:
    """Send a block of `times` frames as fast as the server reads."""
    while target.goes_on():
        client.send(block)
        target.did(times)


def _updates(target: Target) -> None:
    typist = Typist(random.randrange(_CLIENT_IDS))
    with Client(target, target.rooms[0]) as client:
        _paced(
            target, client, _UPDATES_PER_S, lambda: y_protocol.sync_update(typist.insert(0, "x"))
        )


def _presence(target: Target) -> None:
    own, clocks = random.randrange(_CLIENT_IDS), itertools.count(1)

    def state() -> bytes:
        clock = next(clocks)
        text = f'{{"cursor":{{"anchor":{clock},"head":{clock}}},"user":{{"name":"{"x" * 60}"}}}}'
        return y_protocol.awareness_update([y_protocol.AwarenessEntry(own, clock, text)])

    with Client(target, target.rooms[0]) as client:
        _paced(target, client, _STATES_PER_S, state)


def _deaf(target: Target) -> None:
    """Request documents in which other clients type again and again, and read no answer."""
    clients = [Client(target, room, _DEAF_BYTES) for room in target.rooms[:_ROOMS_OF_DEAF]]
    try:
        for client in clients:
            client.read()
        while target.goes_on():
            for client in clients:
                client.send(frame(y_protocol.sync_step1({})), is_deaf=True)
            target.did(len(clients))
            time.sleep(_TICK_S)
    finally:
        for client in clients:
            client.close()


def _fragments(target: Target) -> None:
    """Send one message in more and more fragments of one byte, without an end."""
    part = frame(b"\x00", 0)
    with Client(target, target.rooms[0]) as client:
        client.send(frame(b"\x00", BINARY & 15))
        _endless(target, client, part * _BURST, _BURST)


def _pings(target: Target) -> None:
    with Client(target, target.rooms[0]) as client:
        _endless(target, client, frame(b"ping", PING) * _BURST, _BURST)


def large_update() -> bytes:
    """Return the largest document that one update may make.

    Each character is to the left of the character that was typed before it. So Yjs cannot join any
    two structs.
    """
    structs = [b"\x04\x01\x0acodemirror\x01x"]
    structs += (b"\x44\x01" + write_var_uint(clock) + b"\x01x" for clock in range(STRUCTS - 1))
    return b"\x01" + write_var_uint(STRUCTS) + b"\x01\x00" + b"".join(structs) + b"\x00"


def _fill(target: Target) -> None:
    """Make the flooder's own document large."""
    update = large_update()
    with Client(target, target.own_room) as client:
        client.send(frame(y_protocol.sync_step2(update)))
        client.send(frame(y_protocol.sync_step1({})))
        received = 0
        while received < len(update):
            received += len(client.read())


def _questions(target: Target) -> None:
    """Ask for half of a large document again and again."""
    with Client(target, target.own_room) as client:
        _endless(target, client, frame(y_protocol.sync_step1({1: STRUCTS // 2})), 1)


def _logins(target: Target) -> None:
    """Guess passwords, each time for another account."""
    numbers = itertools.count()
    headers = {"Content-Type": "application/json"}

    def guess() -> tuple[str, str, str, dict[str, str]]:
        body = f'{{"username":"nobody{next(numbers)}","password":"wrong horse battery"}}'
        return "POST", "/user/login", body, headers

    _in_parallel(target, guess)


def _requests(target: Target) -> None:
    """Request the flooder's own account, also after the answer "too many requests"."""
    headers = {"Authorization": f"Bearer {target.token}"}
    _in_parallel(target, lambda: ("GET", "/user/me", "", headers))


def _in_parallel(
    target: Target, request: Callable[[], tuple[str, str, str, dict[str, str]]]
) -> None:
    """Make requests over twenty connections."""
    with ThreadPoolExecutor(_CONNECTIONS) as pool:
        for done in [pool.submit(_one_by_one, target, request) for _ in range(_CONNECTIONS)]:
            done.result()


def _one_by_one(
    target: Target, request: Callable[[], tuple[str, str, str, dict[str, str]]]
) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", target.port, 30, (target.address, 0))
    with contextlib.closing(connection):
        while target.goes_on():
            connection.request(*request())
            target.did(1)
            connection.getresponse().read()


def _handshakes(target: Target) -> None:
    """Open twenty connections together, and close each after the server's answer. Repeat this."""
    while target.goes_on():
        clients = [Client(target, target.rooms[0]) for _ in range(_CONNECTIONS)]
        for client in clients:
            client.read()
            client.close()
        target.did(len(clients))


FLOODS = {
    "updates": Flood("sends updates at ten times the limit", _updates),
    "presence": Flood("sends presence at ten times the limit", _presence),
    "deaf": Flood(f"reads nothing in {_ROOMS_OF_DEAF} rooms", _deaf),
    "fragments": Flood("sends fragments of one byte", _fragments),
    "pings": Flood("sends pings", _pings),
    "questions": Flood("asks for a large document again and again", _questions, _fill),
    "logins": Flood("guesses passwords", _logins),
    "requests": Flood("makes REST requests", _requests),
    "handshakes": Flood("opens connections", _handshakes),
}
"""The floods by name. If the text of a flood has no rate, it sends as fast as the server reads.
Only `deaf` pauses for `_TICK_S` after each round."""


def table(measured: dict[str, dict[str, float]]) -> str:
    """Return the results as a table in Markdown."""
    lines = [
        "| one client | times a second | p50 ms | p95 ms | p99 ms | × quiet | within the goal | server "
        "CPU % |",
        "|---" * 8 + "|",
    ]
    quiet = measured["quiet"]["ms_p99"]
    for name, figures in measured.items():
        about = "(quiet)" if name == "quiet" else FLOODS[name].about
        is_within = figures["ms_p99"] <= GOAL_RATIO * quiet + GOAL_MS
        times = " | ".join(f"{figures[key]:.3g}" for key in ("ms_p50", "ms_p95", "ms_p99"))
        lines.append(
            f"| {about} | {figures['flood_per_s']:,.0f} | {times} | {figures['ms_p99'] / quiet:.2f} | "
            f"{'yes' if is_within else 'NO'} | {figures['server_cpu_pct']:.3g} |"
        )
    return "\n".join(lines)


def main() -> int:
    """Measure the chosen floods, and print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", help="names of floods, with commas: " + ", ".join(FLOODS))
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=4, help="of each measured window")
    options = parser.parse_args()
    data.prepare(with_peers=False)
    measured = measure(
        options.seconds, options.runs, set(options.only.split(",")) if options.only else None
    )
    print(table(measured))
    return 0


if __name__ == "__main__":
    sys.exit(main())
