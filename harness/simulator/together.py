"""Makes a session of several people.

They are sometimes offline, and type meanwhile. Each person has a Yjs document and a latency. Text
that they type reaches the others later, so their transactions have parents and are concurrent. Yjs
decides the text at the end, which depends on the order of the client ids. They are the same ids
that `tests/node/traces.mjs` gives its documents.
"""

import bisect
from collections.abc import Sequence
from dataclasses import dataclass

import pycrdt

from harness.simulator.dice import Dice
from harness.simulator.person import Habits, Person, Step
from harness.simulator.trace import ConcurrentTrace, ConcurrentTransaction, Patch, apply, time_text

ROOT = "codemirror"
FIRST_CLIENT, CLIENT_STEP = 3_141_592_653, 12_345
"""Agent n is client FIRST_CLIENT + n × CLIENT_STEP. Yjs puts concurrent insertions in the order of
client ids."""


@dataclass(frozen=True, slots=True)
class Participant:
    """A person's habits, latency to the server, and network failures in 1,000 steps."""

    habits: Habits
    latency_ms: int
    losses_per_mille: int = 2


class _Replica:
    """One person, their document, and the part of the session that they have."""

    def __init__(self, agent: int, participant: Participant, seed: int) -> None:
        self.agent = agent
        self.participant = participant
        self.person = Person(Dice(seed), participant.habits)
        self.steps = self.person.steps()
        self.doc = pycrdt.Doc[pycrdt.Text](client_id=FIRST_CLIENT + agent * CLIENT_STEP)
        self.text = self.doc.get(ROOT, type=pycrdt.Text)
        self.heads: set[int] = set()
        """The transactions of this replica that have no child yet. They are the parents of its next
        one."""
        self.next_ms = agent * 500
        self.away_until_ms = 0
        self.read = 0
        """The number of entries of the server's log that it has processed."""

    def receive(self, index: int, txn: ConcurrentTransaction, update: bytes) -> None:
        self.doc.apply_update(update)
        self.person.editor.merge(str(self.text))
        self.advance(index, txn)

    def advance(self, index: int, txn: ConcurrentTransaction) -> None:
        # The order is causal: all ancestors of a transaction came earlier. So only its direct
        # parents have to be removed.
        self.heads = self.heads - set(txn["parents"]) | {index}

    def act(self) -> tuple[Step, bytes]:
        """Do the next step; return (step, the update that it makes)."""
        before = self.person.editor.text
        step = next(self.steps)
        made: list[bytes] = []
        subscription = self.doc.observe(lambda event: made.append(event.update))
        with self.doc.transaction():
            for patch in step.patches:
                _type(self.text, before, patch)
                before = apply(before, [patch])
        self.doc.unobserve(subscription)
        return step, made[0] if made else b"\x00\x00"


def _type(target: pycrdt.Text, text: str, patch: Patch) -> None:
    """Apply a patch to pycrdt's text, whose positions are bytes of UTF-8."""
    at, deleted, inserted = patch
    start = len(text[:at].encode())
    if deleted:
        del target[start : start + len(text[at : at + deleted].encode())]
    if inserted:
        target.insert(start, inserted)


class _Session:
    """The transactions of all people, and the server that relays them."""

    def __init__(self) -> None:
        self.txns: list[ConcurrentTransaction] = []
        self.updates: list[bytes] = []
        self._log: list[tuple[int, int]] = []
        """Pairs of (arrival at the server in ms, index of the transaction), in the order of
        arrival. The order is causal: people do not answer a step before they have it."""

    def add(self, replica: _Replica, now: int, step: Step, update: bytes) -> None:
        """Add a transaction. It reaches the server as soon as its author is online."""
        index = len(self.txns)
        self.txns.append(
            {
                "parents": sorted(replica.heads),
                "numChildren": 0,
                "agent": replica.agent,
                "time": time_text(now),
                "patches": list(step.patches),
            }
        )
        self.updates.append(update)
        replica.advance(index, self.txns[index])
        sent_ms = max(now, replica.away_until_ms)
        bisect.insort(self._log, (sent_ms + replica.participant.latency_ms, index))

    def deliver(self, replica: _Replica, now: int) -> None:
        """Give a person who is online all steps that have already reached them.

        A step reaches the server after it was made. So it never gets a place in the log before an
        entry that a person has already processed.
        """
        if now < replica.away_until_ms:
            return
        while (
            replica.read < len(self._log)
            and self._log[replica.read][0] + replica.participant.latency_ms <= now
        ):
            index = self._log[replica.read][1]
            if self.txns[index]["agent"] != replica.agent:
                replica.receive(index, self.txns[index], self.updates[index])
            replica.read += 1


def together(seed: int, edits: int, participants: Sequence[Participant]) -> ConcurrentTrace:
    """Return a session of several people with `edits` transactions."""
    dice = Dice(seed)
    replicas = [
        _Replica(agent, participant, seed * 1_000 + agent)
        for agent, participant in enumerate(participants)
    ]
    session = _Session()
    while len(session.txns) < edits:
        replica = min(replicas, key=lambda replica: replica.next_ms)
        now = replica.next_ms
        session.deliver(replica, now)
        step, update = replica.act()
        replica.next_ms = now + max(1, step.pause_ms)
        if dice.chance(replica.participant.losses_per_mille):
            replica.away_until_ms = max(replica.away_until_ms, now + dice.between(5_000, 40_000))
        if step.patches:
            session.add(replica, now, step, update)
    _count_children(session.txns)
    end = _merged(session.updates)
    return {
        "kind": "concurrent",
        "endContent": end,
        "numAgents": len(replicas),
        "txns": session.txns,
    }


def _count_children(txns: list[ConcurrentTransaction]) -> None:
    for txn in txns:
        for parent in txn["parents"]:
            txns[parent]["numChildren"] += 1


def _merged(updates: list[bytes]) -> str:
    doc = pycrdt.Doc[pycrdt.Text]()
    text = doc.get(ROOT, type=pycrdt.Text)
    for update in updates:
        doc.apply_update(update)
    return str(text)
