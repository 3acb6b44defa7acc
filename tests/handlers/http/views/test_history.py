"""Tests the views of replays and blame for clients."""

import json

from crdt.history.playback.replay import Replayed, Step
from crdt.reading.file_table import File
from crdt.reading.text_order import TextEdit
from handlers.http.views import history


def test_replay_names_roots_and_authors_by_their_index() -> None:
    """Roots that appear later are listed after roots that exist at the beginning.

    The time of each step is counted from the step before.
    """
    steps = [
        Step(1_000, "u2", [TextEdit("b", 0, 0, "x")]),
        Step(
            1_250,
            "u1",
            [TextEdit("a", 1, 2, ""), TextEdit("c", 0, 0, "y")],
            [File("a", "new.py", is_deleted=True)],
        ),
    ]

    answer = history.replay(Replayed({"a": "text"}, steps, ["list"], (File("a", "old.py"),)))

    assert json.loads(answer.text) == {
        "at": "1970-01-01T00:00:01.000Z",
        "files": {"a": "text"},
        "roots": ["a", "b", "c"],
        "steps": [[0, 0, [[1, 0, 0, "x"]]], [250, 1, [[0, 1, 2, ""], [2, 0, 0, "y"]]]],
        "others": ["list"],
        "names": [{"root": "a", "name": "old.py", "deleted": False}],
        "renames": [{"step": 1, "names": [{"root": "a", "name": "new.py", "deleted": True}]}],
    }
    assert list(answer.authors) == ["u2", "u1"]


def test_names_continue_given_lists() -> None:
    """Indexes of roots and authors continue from given lists, as in an answer of several parts."""
    names = history.Names(["a"], ["u1"])

    shown = names.steps([Step(1_250, "u2", [TextEdit("b", 0, 0, "x")])], 1_000)

    assert shown == [(250, 1, [(1, 0, 0, "x")])]
    assert (list(names.roots), list(names.authors)) == (["a", "b"], ["u1", "u2"])
