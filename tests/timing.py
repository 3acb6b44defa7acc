"""Tests if the time of an answer reveals who has an account, or which login exists.

`python -m tests.timing [--count N]`. Not part of the tests: with hashes of the default cost it
takes five minutes. It sends requests to a real server process over one connection from this
machine. All kinds of requests are in random order, so that changes of the machine's load affect all
kinds equally. The exit code is 1 if two kinds that should look alike can be told apart.

Two kinds are told apart if both conditions hold. By Mann-Whitney's U, the chance of such a
difference between equal kinds is below 1 in 1,000. The medians differ by more than 2 ms. The first
condition alone would find differences of microseconds, which nobody can use. An account has five
tries in half an hour. If the network's delay varies by a millisecond, five answers cannot show a
difference of 2 ms. The important difference is a hash that only one kind computes, which takes 100
ms and more.

For logins the bound is 20 ms. A wrong secret ends an existing login, which is a commit (1 ms, or 5
ms on a busy machine). A login that does not exist has no such commit. The difference does not help
an attacker, because an id of 80 random bits cannot be found by trying.
"""

import argparse
import asyncio
import http.client
import json
import random
import secrets
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from collab_server.config import Config
from tests.api import Api
from tests.handlers.clients import new_invite
from tests.processes import ServerProcess, free_port

COUNT = 200
P_VALUE = 0.001
TELLING_MS = 2.0
TELLING_OF_LOGINS_MS = 20.0
RESAMPLES = 2_000

Ask = Callable[[], tuple[str, dict[str, str]]]
Samples = Mapping[str, Sequence[float]]

PAIRS = {
    ("known e-mail", "unknown e-mail"): TELLING_MS,
    ("known name", "unknown name"): TELLING_MS,
    ("a guest's name", "unknown name"): TELLING_MS,
    ("known e-mail", "unknown name"): TELLING_MS,
    ("known login", "unknown login"): TELLING_OF_LOGINS_MS,
}
"""{(kind, other kind): the milliseconds between their medians above which they can be told
apart}"""

NO_LIMITS = {
    f"COLLAB_{name}": 100_000
    for name in (
        "ACCOUNT_FAILURES",
        "ADDRESS_FAILURES_PER_H",
        "ANONYMOUS_PER_5MIN",
        "GUESTS_PER_H",
        "INVITE_SHARE_PER_H",
        "ADDRESS_GUESTS_PER_H",
        "LOGINS_PER_5MIN",
        "MEMBERS",
        "PAGES_PER_5MIN",
        "STRANGER_FAILURES_PER_DAY",
    )
}


class Client:
    """One connection that stays open, because the time to open it is not measured."""

    def __init__(self, url: str) -> None:
        place = urlsplit(url)
        self._connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=60)

    def post_ms(self, path: str, body: dict[str, str]) -> float:
        """Return the milliseconds until a request is refused."""
        content, headers = json.dumps(body).encode(), {"Content-Type": "application/json"}
        began = time.perf_counter_ns()
        self._connection.request("POST", path, content, headers)
        answer = self._connection.getresponse()
        answer.read()
        taken = time.perf_counter_ns() - began
        assert answer.status == 401, f"{path}: {answer.status}, not refused as it should be"
        return taken / 1e6


async def make_kinds(url: str, count: int) -> dict[str, Ask]:
    """Make accounts and logins. Return a function for each kind of request that makes a new one."""
    ada = await Api(url).sign_up("adaknown")
    session_id = await ada.new_session()
    invite = (await new_invite(ada, session_id))["invite"]
    logins = []
    for _ in range(count):  # a wrong secret ends a login, so each login is used once
        guest = await Api(url).post("/user/guest", {"name": "gusknown", "invite": invite})
        assert guest.status == 201, guest
        logins.append(guest.body["refreshToken"].partition(".")[0])

    def login(**who: str) -> Ask:
        return lambda: ("/user/login", {**who, "password": f"wrong {secrets.token_hex(8)}"})

    def refresh(login_id: Callable[[], str]) -> Ask:
        return lambda: (
            "/user/refresh",
            {"refreshToken": f"{login_id()}.{secrets.token_urlsafe(32)}"},
        )

    return {
        "known e-mail": login(email="adaknown@example.org"),
        "unknown e-mail": login(email="evenoone@example.org"),
        "known name": login(username="adaknown"),
        "unknown name": login(username="evenoone"),
        "a guest's name": login(username="gusknown"),
        "known login": refresh(logins.pop),
        "unknown login": refresh(lambda: secrets.token_hex(8)),
    }


def measure(url: str, kinds: Mapping[str, Ask], count: int) -> dict[str, list[float]]:
    """Return the milliseconds of all requests by kind."""
    client = Client(url)
    samples: dict[str, list[float]] = {name: [] for name in kinds}
    order = [name for name in kinds for _ in range(count)]
    random.shuffle(order)
    for done, name in enumerate(order, 1):
        samples[name].append(client.post_ms(*kinds[name]()))
        if sys.stderr.isatty():
            print(f"\r{done} of {len(order)}", end="", file=sys.stderr)
    return samples


def mann_whitney(one: Sequence[float], other: Sequence[float]) -> float:
    """Return the two-sided p-value that both samples have the same distribution.

    It is a normal approximation, which needs at least twenty samples.
    """
    n, m = len(one), len(other)
    values = sorted([(value, True) for value in one] + [(value, False) for value in other])
    rank_sum, ties, at = 0.0, 0, 0
    while at < len(values):
        end = at
        while end < len(values) and values[end][0] == values[at][0]:
            end += 1
        rank_sum += (at + end + 1) / 2 * sum(is_one for _, is_one in values[at:end])
        ties += (end - at) ** 3 - (end - at)
        at = end
    total = n + m
    spread = (n * m / 12 * (total + 1 - ties / (total * (total - 1)))) ** 0.5
    z = (rank_sum - n * (n + 1) / 2 - n * m / 2) / spread if spread else 0.0
    return 2 * statistics.NormalDist().cdf(-abs(z))


def interval(one: Sequence[float], other: Sequence[float]) -> tuple[float, float]:
    """Return the 95 % confidence interval of the difference of the medians (bootstrap)."""
    differences = sorted(
        statistics.median(random.choices(one, k=len(one)))
        - statistics.median(random.choices(other, k=len(other)))
        for _ in range(RESAMPLES)
    )
    return differences[RESAMPLES // 40], differences[-RESAMPLES // 40 - 1]


def report(samples: Samples) -> bool:
    """Print the measurements. Return whether all kinds that should look alike do."""
    print(
        f"{'':16} {'p10':>8} {'median':>8} {'p90':>8}  ms, {len(next(iter(samples.values())))} each"
    )
    for name, values in samples.items():
        tenths = statistics.quantiles(values, n=10)
        print(f"{name:16} {tenths[0]:8.2f} {statistics.median(values):8.2f} {tenths[8]:8.2f}")
    print(f"\n{'':34} {'difference':>10} {'95 % within':>18} {'p':>9}")
    are_alike = True
    for (one, other), telling_ms in PAIRS.items():
        first, second = samples[one], samples[other]
        difference = statistics.median(first) - statistics.median(second)
        low, high = interval(first, second)
        p = mann_whitney(first, second)
        is_told = p < P_VALUE and abs(difference) > telling_ms
        are_alike = are_alike and not is_told
        verdict = "TOLD APART" if is_told else "alike"
        print(
            f"{one + ' / ' + other:34} {difference:+10.3f} {low:+8.3f} … {high:+7.3f} {p:9.2g}  "
            f"{verdict}"
        )
    return are_alike


async def run(count: int, **variables: Any) -> dict[str, list[float]]:
    """Measure a new server. Return the milliseconds of all requests by kind."""
    with tempfile.TemporaryDirectory() as folder:
        cost = {"COLLAB_BCRYPT_COST": Config().bcrypt_cost, "COLLAB_LOG_LEVEL": "warning"}
        process = ServerProcess(
            Path(folder) / "data", free_port(), **{**NO_LIMITS, **cost, **variables}
        )
        await process.start()
        try:
            kinds = await make_kinds(process.url, count)
            return await asyncio.to_thread(measure, process.url, kinds, count)
        finally:
            await process.terminate()


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.timing", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument(
        "--count", type=int, default=COUNT, metavar="N", help=f"requests of each kind ({COUNT})"
    )
    samples = asyncio.run(run(parser.parse_args(arguments).count))
    return 0 if report(samples) else 1


if __name__ == "__main__":
    sys.exit(main())
