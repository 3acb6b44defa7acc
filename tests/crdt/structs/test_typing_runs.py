"""Tests that joined keystrokes have the same effect as the keystrokes themselves."""

import random

import pycrdt
import pytest

from crdt.document.raw_document import merge_text
from crdt.structs import fast_path
from crdt.structs.fast_path import SimpleEdit
from crdt.structs.struct_index import StructIndex
from crdt.structs.typing_runs import join_runs
from crdt.wire import y_protocol
from crdt.wire.compact import squash
from tests.crdt.harness import Typist
from tests.crdt.struct_bytes import admit

USERS = ("ada", "bob", "eve")


class Session:
    """Users who type into one text, and their keystrokes as the fast path reads them."""

    def __init__(self, *client_ids: int) -> None:
        self.typists = [Typist(client_id) for client_id in client_ids]
        self.index = StructIndex()
        self.before: list[bytes] = []
        self.edits: list[SimpleEdit] = []

    def take(self, number: int, update: bytes) -> None:
        """Take an update of one user. As in a room, an update that is no keystroke ends a batch."""
        author = USERS[number]
        edit = fast_path.read(y_protocol.sync_update(update), self.index, author)
        if edit:
            self.edits.append(SimpleEdit(*edit))
        else:
            self.before += (*(edit.update for edit in self.edits), update)
            self.edits = []
        parsed = admit(self.index, update, author)
        assert parsed
        self.index.take_stored(parsed, author)
        for typist in self.typists:
            typist.hear(update)

    def start(self) -> None:
        """Let each user write a letter, so that all later edits are keystrokes."""
        for number, typist in enumerate(self.typists):
            self.take(number, typist.insert(0, str(number)))

    def check(self) -> list[bytes]:
        """Check that the joined keystrokes have the effect of the batch. Return the joined ones."""
        joined = join_runs(self.edits)
        given = [*self.before, *(edit.update for edit in self.edits)]
        assert squash(merge_text([*self.before, *joined])) == squash(merge_text(given))
        reader = pycrdt.Doc[pycrdt.Text]()
        for update in (*self.before, *joined):
            reader.apply_update(update)
        text = str(reader.get("codemirror", type=pycrdt.Text))
        assert text == self.typists[0].text
        return joined


def test_typed_word_becomes_one_insert() -> None:
    session = Session(5)
    session.start()
    for at, letter in enumerate("hello", 1):
        session.take(0, session.typists[0].insert(at, letter))

    assert session.check() == [bytes.fromhex("010105018405000568656c6c6f00")]


def test_word_in_the_middle_of_a_text_becomes_one_insert() -> None:
    """All letters have the same right neighbour, so they are one run in Yjs."""
    session = Session(5)
    session.start()
    for at, letter in enumerate("abc"):
        session.take(0, session.typists[0].insert(at, letter))

    assert len(session.check()) == 1


def test_words_of_each_user_are_joined() -> None:
    session = Session(5, 1 << 31)
    session.start()
    for at in range(200):
        for number, typist in enumerate(session.typists):
            session.take(number, typist.insert(0 if number else len(typist.text), "ab"[at % 2]))

    # One user types at the end: one insert. The other one types each letter before the last one.
    assert len(session.check()) == 1 + 200


def test_letters_typed_in_front_of_each_other_are_not_joined() -> None:
    """Each of these letters has another letter on its right, which decides where edits go."""
    session = Session(5)
    session.start()
    for letter in "abc":
        session.take(0, session.typists[0].insert(0, letter))

    assert len(session.check()) == 3


def test_typing_after_a_deletion_in_the_same_batch_has_the_same_effect() -> None:
    """A letter that is deleted again stays in its run, and the deletion stays an update."""
    session = Session(5)
    session.start()
    for at, letter in enumerate("abc", 1):
        session.take(0, session.typists[0].insert(at, letter))
    session.take(0, session.typists[0].delete(3, 4))
    session.take(0, session.typists[0].insert(3, "d"))
    session.take(0, session.typists[0].replace(1, 2, "x"))
    session.take(0, session.typists[0].insert(2, "y"))

    assert session.check()
    assert session.typists[0].text == "0xybd"


@pytest.mark.parametrize("seed", range(8))
def test_joined_keystrokes_have_the_same_effect(seed: int) -> None:
    """Three users type, delete and replace text at cursors that jump now and then."""
    source = random.Random(seed)
    session = Session(5, 300, 1 << 40)
    session.start()
    cursors = [0, 0, 0]
    for _ in range(300):
        number = source.randrange(3)
        typist = session.typists[number]
        size = len(typist.text)
        at = source.randint(0, size) if source.random() < 0.1 else min(cursors[number], size)
        end = min(size, at + source.randint(1, 3))
        letters = source.choice(["a", "b", "cd"])
        if end > at and source.random() < 0.1:
            session.take(number, typist.delete(at, end))
            cursors[number] = at
        else:
            is_over = end > at and source.random() < 0.1
            update = typist.replace(at, end, letters) if is_over else typist.insert(at, letters)
            session.take(number, update)
            cursors[number] = at + len(letters)
        if source.random() < 0.05:
            session.check()
    session.check()
