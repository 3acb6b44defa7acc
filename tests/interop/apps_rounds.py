"""Random rounds of Yjs apps against a server in trouble: `python -m tests.interop.apps_rounds`.

A round is one session of one kind of app (`apps/rounds.mjs`) with four clients of three versions of
y-websocket. The clients edit, undo and redo, lose their sockets and go offline. Meanwhile, the game
kills or restarts the server, or restores a backup. Each checkpoint removes all deleted content.
Sometimes the owner also removes deleted content while all clients edit.

A game is a group of rounds, one of each kind, on one server. At its end, all clients, newcomers
and the restarted server must have the same state. The server may have closed connections only with
1012, and each REST route of each session must answer.

The seed of a game decides which client does what. Times of arrival differ from run to run.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tornado.httpclient import HTTPClientError

from harness.simulator.dice import Dice
from tests.api import Api
from tests.interop.apps_world import World, report, world
from tests.interop.backups import make_backup, restore_backup

KINDS = ("text", "quill", "xml", "map", "nested", "array", "sheet", "board", "lexical", "mixed")
VERSIONS = (1, 2, 3, 3)
"""The y-websocket version of each client. The last two clients belong to one user."""
_PHASES = 6
_MOST_EDITS = 8
_CONVERGE_S = 60
_TROUBLES = (
    "nothing",
    "compact",
    "kill",
    "restart",
    "backup",
    "cold backup",
    "restore",
    "restore and restart",
)


@dataclass
class Round:
    """One session and its clients.

    The name of a client is the session's kind and the client's number.
    """

    kind: str
    session_id: str
    owner: Api
    clients: list[str] = field(default_factory=list)
    offline: set[str] = field(default_factory=set)


class Game:
    """Rounds of several kinds on one server."""

    def __init__(self, seed: int, kinds: tuple[str, ...], *, has_restores: bool = True) -> None:
        self._seed = seed
        self._kinds = kinds
        self._has_restores = has_restores
        self._dice = Dice(seed)
        self._has_backup = False
        self.troubles: list[str] = []

    async def play(self, data: Path) -> list[str]:
        """Play the game, and return the problems of each round with its kind."""
        async with world(data, COLLAB_MAX_DELETED_BYTES=0) as room:
            room.expected_log.append("restored")
            rounds = await self._begin(room)
            for _ in range(_PHASES):
                await asyncio.gather(*(self._work(room, game_round) for game_round in rounds))
                await self._trouble(room, data, rounds)
            outcomes = await asyncio.gather(*(_end(room, game_round) for game_round in rounds))
            await room.restart()
            right = [
                game_round
                for game_round, problems in zip(rounds, outcomes, strict=True)
                if not problems
            ]
            outcomes += await asyncio.gather(*(_after(room, game_round) for game_round in right))
            return [problem for problems in outcomes for problem in problems]

    async def _begin(self, room: World) -> list[Round]:
        users = [await room.user(name) for name in ("ada", "bob", "cleo")]
        rounds = []
        for kind in self._kinds:
            game_round = Round(kind, await users[0].new_session(), users[0])
            for client, version in enumerate(VERSIONS):
                name = f"{kind} {client}"
                game_round.clients.append(name)
                await room.connect(
                    name, users[min(client, 2)], game_round.session_id, version=version
                )
                seed = (self._seed * 1000 + KINDS.index(kind) * 10 + client) % 2**31
                await room.apps.do("player", name, kind=kind, seed=seed)
            rounds.append(game_round)
        return rounds

    async def _work(self, room: World, game_round: Round) -> None:
        """Let each client edit. Some clients first lose their socket, or go offline or online."""
        dice = Dice(self._seed * 100 + len(self.troubles) * 10 + KINDS.index(game_round.kind))
        for name in game_round.clients:
            if dice.chance(150):
                await _toggle(room, game_round, name)
            elif dice.chance(100):
                await room.apps.do("cut", name)
            for _ in range(dice.between(1, 3)):
                await room.apps.do("act", name, count=dice.between(1, _MOST_EDITS))
                await asyncio.sleep(dice.below(30) / 1000)

    async def _trouble(self, room: World, data: Path, rounds: list[Round]) -> None:
        trouble = _TROUBLES[self._dice.below(len(_TROUBLES))]
        if trouble.startswith("restore") and not (self._has_backup and self._has_restores):
            trouble = "kill"
        self.troubles.append(trouble)
        if trouble == "compact":
            await asyncio.gather(
                *(_compact(game_round) for game_round in rounds),
                *(self._work(room, game_round) for game_round in rounds),
            )
        elif trouble == "kill":
            await room.kill()
            await asyncio.gather(*(self._work(room, game_round) for game_round in rounds))
            await room.start()
        elif trouble == "restart":
            await room.restart()
        elif "backup" in trouble:
            await make_backup(room.server, data, "cold" if trouble.startswith("cold") else "backup")
            self._has_backup = True
        elif trouble.startswith("restore"):
            await self._restore(room, data, rounds, has_restart=trouble.endswith("restart"))

    async def _restore(
        self, room: World, data: Path, rounds: list[Round], *, has_restart: bool
    ) -> None:
        """Put the backup back while about half of the clients are offline.

        So any client may be the first to reconnect.
        """
        for game_round in rounds:
            for name in game_round.clients:
                if self._dice.chance(500) and name not in game_round.offline:
                    await _toggle(room, game_round, name)
        await restore_backup(room.server, data, has_restart=has_restart)


async def _compact(game_round: Round) -> None:
    """Let the owner remove deleted content.

    The server may refuse this for some seconds after the last time.
    """
    answer = await game_round.owner.post(f"/session/{game_round.session_id}/compact")
    if answer.status == 429:
        assert answer.body["code"] == "rate_limited", answer
    else:
        assert answer.status == 200, answer
        assert answer.body.keys() >= {"before", "bytes", "limit", "isHalfFull"}, answer


async def _toggle(room: World, game_round: Round, name: str) -> None:
    await room.apps.do("online" if name in game_round.offline else "offline", name)
    game_round.offline ^= {name}


async def _end(room: World, game_round: Round) -> list[str]:
    """Bring all clients online, compare them and a newcomer, and ask every route."""
    for name in sorted(game_round.offline):
        await room.apps.do("online", name)
    problems = await _until_agreed(room, game_round, game_round.clients)
    newcomer = f"{game_round.kind} newcomer"
    if not problems:
        await room.connect(newcomer, game_round.owner, game_round.session_id)
        problems += await _until_agreed(room, game_round, [game_round.clients[0], newcomer])
    problems += [f"closed {close}" for close in await room.refusals(*game_round.clients)]
    problems += await _routes(game_round)
    return [f"{game_round.kind}: {problem:.400}" for problem in problems]


async def _after(room: World, game_round: Round) -> list[str]:
    """Compare the clients again after a restart, then restore a version and compare once more."""
    later = f"{game_round.kind} later"
    await room.connect(later, game_round.owner, game_round.session_id)
    everybody = [*game_round.clients, later]
    problems = await _until_agreed(room, game_round, everybody)
    problems += await _routes(game_round)
    problems += await _restore_first(game_round)
    problems += await _until_agreed(room, game_round, everybody)
    problems += [f"closed {close}" for close in await room.refusals(*everybody)]
    return [f"{game_round.kind}, after a restart: {problem:.400}" for problem in problems]


async def _restore_first(game_round: Round) -> list[str]:
    """Restore the first version, and return the problem if that fails.

    The server may refuse it if the live texts already equal the version, and only other roots
    differ.
    """
    code = f"/code/{game_round.session_id}"
    answer = await game_round.owner.post(f"{code}/restore", {"version": 1})
    if answer.status == 422:
        first, live = [
            (await game_round.owner.get(f"{code}/{path}")).body
            for path in ("versions/1", "latest?live=true")
        ]
        if first["files"] == live["files"] and first["documents"] != live["documents"]:
            return []
    return [] if answer.status in {200, 201} else [f"restore: {answer.status} {answer.body}"]


async def _until_agreed(room: World, game_round: Round, names: list[str]) -> list[str]:
    """Wait until all clients are synced and equal, or return each client's state."""
    deadline = time.monotonic() + _CONVERGE_S
    while True:
        states = [await room.apps.do("state", name) for name in names]
        differences = await room.apps.do("agree", "", names=names, kind=game_round.kind)
        if not any(differences) and all(state["synced"] for state in states):
            return []
        if time.monotonic() > deadline:
            return [
                _apart(name, state, how)
                for name, state, how in zip(names, states, differences, strict=True)
            ]
        await asyncio.sleep(0.1)


def _apart(name: str, state: dict[str, Any], how: str | None) -> str:
    synced = (
        "synced"
        if state["synced"]
        else f"not synced after {state['attempts']} attempts, last {state['closes'][-1:]}"
    )
    return f"{name} is {synced}, {how or 'equal'}"


async def _routes(game_round: Round) -> list[str]:
    """Ask every route that reads a session, and return the routes that fail."""
    code = f"/code/{game_round.session_id}"
    saved = await game_round.owner.post(f"{code}/save", {})
    live = await game_round.owner.get(f"{code}/latest?live=true")
    answers = [("save", saved), ("live", live)]
    sequence = 0
    paths = [
        "latest",
        "versions",
        "versions/1",
        "files",
        "timeline",
        "replay",
        "diff?from=0",
        "diff?from=0&to=live",
    ]
    paths += [f"export?format={kind}" for kind in ("zip", "replay", "git")]
    for path in paths:
        answer = await game_round.owner.get(f"{code}/{path}")
        answers.append((path, answer))
        if path == "timeline" and answer.status == 200:
            sequence = answer.body["sequence"]
    answers.append(("at", await game_round.owner.get(f"{code}/at/{sequence}")))
    answers.append(("blame", await game_round.owner.get(f"{code}/blame")))
    others = (
        f"/session/{game_round.session_id}",
        f"/session/{game_round.session_id}/preview",
        f"/session/{game_round.session_id}/invites",
        f"/chat/{game_round.session_id}",
    )
    answers += [(path, await game_round.owner.get(path)) for path in others]
    return [
        f"{path}: {answer.status} {answer.body!r}"
        for path, answer in answers
        if answer.status not in {200, 201}
    ]


async def play(
    rounds: int, seed: int, kinds: tuple[str, ...] = KINDS, *, has_restores: bool = True
) -> list[str]:
    """Play at least `rounds` rounds, in games of one round of each kind.

    Return the problems, each with the seed that repeats its game.
    """
    problems: list[str] = []
    for number in range(-(-rounds // len(kinds))):
        game = Game(seed + number, kinds, has_restores=has_restores)
        with tempfile.TemporaryDirectory() as folder:
            try:
                outcome = await game.play(Path(folder) / "data")
            except (AssertionError, HTTPClientError) as error:
                outcome = [f"the game ended: {error}"]
        problems += [
            f"seed {seed + number}, {problem} (troubles: {', '.join(game.troubles)})"
            for problem in outcome
        ]
        state = report(problems[-len(outcome) :]) if outcome else " right"
        print(f"game {number + 1}, seed {seed + number}, {len(kinds)} rounds:{state}", flush=True)
    return problems


def repeat(problem: str) -> str:
    """Return the command that plays the game of a problem again."""
    seed = problem.removeprefix("seed ").partition(",")[0]
    return f'make rounds ARGS="--rounds 1 --seed {seed}"'


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.interop.apps_rounds")
    parser.add_argument("--rounds", type=int, default=300)
    parser.add_argument(
        "--seed",
        type=int,
        default=int(time.time()),
        help="of the first game; the next ones count on",
    )
    parser.add_argument(
        "--kind", action="append", choices=KINDS, help="only rounds of this kind; may be repeated"
    )
    parser.add_argument("--without-restores", action="store_true", help="never put a backup back")
    arguments: Any = parser.parse_args()
    kinds = tuple(arguments.kind or KINDS)
    problems = asyncio.run(
        play(arguments.rounds, arguments.seed, kinds, has_restores=not arguments.without_restores)
    )
    for problem in problems:
        print(report([f"{problem}\n  again: {repeat(problem)}"]))
    print(f"{len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
