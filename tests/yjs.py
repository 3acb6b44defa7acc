"""Asks real Yjs what updates mean.
`tests/node/oracle.mjs` answers, and a test waits for each answer.
"""

import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from harness.node import PROGRAMS, node_command


@dataclass(frozen=True, slots=True)
class History:
    """The edits of several clients of one document.

    updates  in order, each as it was sent
    states   the whole document of each client at the end, which may lack edits of other clients
    vectors  the state vectors of these states
    """

    updates: list[bytes]
    states: list[bytes]
    vectors: list[bytes]


class Yjs:
    """One process of Node."""

    def __init__(self) -> None:
        command = [node_command(), str(PROGRAMS / "oracle.mjs")]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def stop(self) -> None:
        self._process.kill()
        self._process.communicate()

    def ask(self, action: str, **question: Any) -> Any:
        """Return the answer to a question. Raises: `AssertionError` if Yjs throws."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        stdin.write(json.dumps({"action": action, **question}) + "\n")
        stdin.flush()
        said = json.loads(stdout.readline())
        assert "error" not in said, said["error"]
        return said["answer"]

    def state(self, *updates: bytes) -> bytes:
        """Return the state of a document with these updates.

        Updates that wait for missing ones are included.
        """
        return bytes.fromhex(self.ask("state", updates=_hex(updates)))

    def merge(self, *updates: bytes) -> bytes:
        return bytes.fromhex(self.ask("merge", updates=_hex(updates)))

    def diff(self, update: bytes, vector: bytes) -> bytes:
        return bytes.fromhex(self.ask("diff", update=update.hex(), vector=vector.hex()))

    def converted(self, update: bytes) -> bytes:
        """Convert an update to Yjs's second format and back. Return the result."""
        return bytes.fromhex(self.ask("converted", update=update.hex()))

    def clocks(self, *updates: bytes) -> dict[int, int]:
        """Return the state vector of a document with these updates."""
        return {int(client): clock for client, clock in self.ask("clocks", updates=_hex(updates))}

    def look(self, *updates: bytes) -> Any:
        """Return all visible values of a document of a `history` with these updates."""
        return self.ask("look", updates=_hex(updates))

    def text(self, root: str, *updates: bytes) -> str:
        return str(self.ask("text", root=root, updates=_hex(updates)))

    def history(
        self, seed: int, clients: int, edits: int, *, only_whole_characters: bool = False
    ) -> History:
        """Let clients edit a document at random, with values of all kinds.

        only_whole_characters  use no characters that an edit can cut in two. Yjs shows such halves
                               differently, depending on the order of updates
        """
        made = self.ask(
            "history", seed=seed, clients=clients, edits=edits, isWhole=only_whole_characters
        )
        return History(
            *(
                [bytes.fromhex(text) for text in made[name]]
                for name in ("updates", "states", "vectors")
            )
        )


def _hex(updates: Sequence[bytes]) -> list[str]:
    return [update.hex() for update in updates]
