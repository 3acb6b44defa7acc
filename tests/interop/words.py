"""Words that editors type in tests of durability.

The tests compare the words called saved with the words in the database file.
"""

import re
import shutil
import sqlite3
from pathlib import Path

import pycrdt

from crdt.log.codec import decode_chunk
from tests.node_peers import Peers
from tests.waiting import until

WORD = re.compile(r"<[abc]\d+>")


def text_in_file(data_dir: Path, copy_to: Path, session_id: str) -> str:
    """Return the session's text, read from the log in a copy of the database."""
    shutil.copytree(data_dir, copy_to)
    database = sqlite3.connect(copy_to / "collab.db")
    document: pycrdt.Doc[pycrdt.Text] = pycrdt.Doc()
    for (data,) in database.execute(
        "SELECT data FROM log WHERE session_id = ? ORDER BY first", (session_id,)
    ):
        for entry in decode_chunk(data):
            document.apply_update(entry.update)
    database.close()
    return str(document.get("codemirror", type=pycrdt.Text))


async def saves_more(peers: Peers, name: str, than: int) -> None:
    """Wait until more than `than` words of an editor are called saved."""
    await until(lambda: peers.do("typed", name), lambda now: now["typedSaved"] > than)
