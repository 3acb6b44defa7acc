"""Tests of client ids that belong to no user, such as the fixed id of an app's template.

Two contents under one id would split the document forever: their state vectors are equal, so each
client would keep its own content. Real Yjs is in tests/interop/test_apps_templates.py.
"""

import random
from collections.abc import Callable

import pytest

from crdt.log.restore import restore
from crdt.room.claims import MAX_COMPARED_BYTES
from crdt.room.closing import CloseReason
from crdt.room.room import Room
from crdt.wire import y_protocol
from storage.records import Role
from tests.crdt.harness import NOW, Typist, announce, join, make_room, save

TEMPLATE = 1
FIRST = "a title\n"
CONFLICT = (CloseReason.CONFLICT, "")


def template(text: str) -> bytes:
    """Return a document that begins with this text, under the fixed id."""
    typist = Typist(TEMPLATE)
    typist.insert(0, text)
    return bytes(typist.doc.get_update())


class Client:
    """A client that has a template before it connects, and then acts as Yjs does.

    Its next action waits in `todo` until the test starts it.
    """

    def __init__(
        self, room: Room, user: str, client_id: int, known: str, role: Role = Role.EDITOR
    ) -> None:
        self.room = room
        self.typist = Typist(client_id)
        if known:
            self.typist.hear(template(known))
        self.known = known
        self.connection, self.inbox = join(room, user, role)
        self.questions = 0
        self.todo: list[Callable[[], None]] = [self.ask]

    @property
    def closed(self) -> object:
        return self.inbox.closed

    def ask(self) -> None:
        self._send(y_protocol.sync_step1(self.clocks()))

    def clocks(self) -> dict[int, int]:
        state = bytes(self.typist.doc.get_state())
        return y_protocol.decode_state_vector(state)

    def begin(self, known: str) -> None:
        """Apply a template after connecting. The new part of it becomes a live edit."""
        before = bytes(self.typist.doc.get_state())
        self.typist.hear(template(known))
        if self.clocks().get(TEMPLATE, 0) == len(known) and TEMPLATE not in (
            y_protocol.decode_state_vector(before)
        ):
            self.known = known
        self._send(y_protocol.sync_update(bytes(self.typist.doc.get_update(before))))

    def type(self, text: str) -> None:
        self._send(y_protocol.sync_update(self.typist.insert(0, text)))

    def extend(self, text: str) -> None:
        """Type under the template's id, as a later release of the app does."""
        typist = Typist(TEMPLATE)
        typist.hear(bytes(self.typist.doc.get_update()))
        update = typist.insert(len(typist.text.encode()), text)
        self.typist.hear(update)
        self._send(y_protocol.sync_update(update))

    def act(self) -> bool:
        """Do the next waiting action. Return whether there was one."""
        self.read()
        if not self.todo:
            return False
        self.todo.pop(0)()
        return True

    def finish(self) -> None:
        while self.act():
            pass

    def read(self) -> None:
        """Read all frames. Questions are answered later."""
        for frame in self.inbox.take():
            message = y_protocol.decode(frame)
            if isinstance(message, y_protocol.SyncUpdate | y_protocol.SyncStep2):
                self.typist.hear(message.update)
            elif isinstance(message, y_protocol.SyncStep1):
                self.questions += 1
                self.todo.append(self._answering(message.state_vector))

    def _answering(self, vector: bytes) -> Callable[[], None]:
        return lambda: self._send(y_protocol.sync_step2(bytes(self.typist.doc.get_update(vector))))

    def _send(self, frame: bytes) -> None:
        if self.connection in self.room.members.connections:
            self.room.receive(self.connection, frame, NOW)


def begun(known: str = FIRST) -> tuple[Room, Client]:
    """Return a room whose document begins with a template, and the client that brought it."""
    room = make_room()
    ada = Client(room, "ada", 5, known)
    announce(room, ada.connection, 5)
    ada.finish()
    assert TEMPLATE not in room.index.owners
    return room, ada


@pytest.mark.parametrize("asks_first", [True, False], ids=["asks first", "answers first"])
@pytest.mark.parametrize("other", ["my head line\n", "other \n\n", "head\n"])
def test_other_template_of_any_length_is_noticed(other: str, *, asks_first: bool) -> None:
    """The second client learns of the conflict, and the room takes no part of its template."""
    room, ada = begun()
    bob = Client(room, "bob", 6, other)
    if not asks_first:
        bob.read()
        bob.todo.reverse()
    bob.finish()

    assert bob.closed == CONFLICT
    assert room.files() == {"codemirror": FIRST}
    ada.type("on ")
    assert room.files() == {"codemirror": "on " + FIRST}
    assert ada.closed is None


@pytest.mark.parametrize("longer", [FIRST, FIRST[:4], FIRST + "and a text\n", ""])
def test_same_template_with_later_text_is_taken(longer: str) -> None:
    """After one question about the known part, the room takes the text of the later release."""
    room, ada = begun()
    bob = Client(room, "bob", 6, longer)
    announce(room, bob.connection, 6)
    bob.finish()
    bob.type("bob ")
    for _ in range(3):
        bob.ask()
        bob.finish()
    ada.finish()

    assert bob.closed is None
    assert bob.questions == 2
    text = "bob " + max(FIRST, longer, key=len)
    assert room.files() == {"codemirror": text}
    assert ada.typist.text == bob.typist.text == text


def test_edits_under_the_id_wait_for_the_known_part() -> None:
    room, ada = begun()
    bob = Client(room, "bob", 6, FIRST)
    announce(room, bob.connection, 6)
    bob.read()
    bob.extend("more")
    assert room.files() == {"codemirror": FIRST}

    bob.finish()
    bob.extend("!")

    assert room.files() == {"codemirror": FIRST + "more!"}
    assert bob.closed is None
    ada.finish()
    assert ada.typist.text == FIRST + "more!"
    assert ada.questions == 1


def test_author_of_a_template_is_the_first_client_that_brought_it() -> None:
    """A client that shows a template does not become its author."""
    room, _ = begun()
    Client(room, "bob", 6, FIRST).finish()

    parts = room.contributions.authorship.of(TEMPLATE, 0, len(FIRST))
    assert [user for _, _, user in parts] == ["ada"]
    assert TEMPLATE not in room.index.owners


def test_answer_to_an_earlier_question_does_not_count_as_shown() -> None:
    """An answer counts only for the question to which it belongs."""
    room, _ = begun()
    bob = Client(room, "bob", 6, "my head line\n")
    bob.act()
    bob.read()
    early, late = bob.todo
    early()
    assert not bob.closed
    assert room.files() == {"codemirror": FIRST}

    late()

    assert bob.closed == CONFLICT
    assert room.files() == {"codemirror": FIRST}


def test_other_template_as_a_live_edit_is_noticed() -> None:
    """Bob's app adds its template before the document of the room has arrived."""
    room, _ = begun()
    bob = Client(room, "bob", 6, "")
    announce(room, bob.connection, 6)

    bob.begin("head\n")

    assert bob.closed == CONFLICT


@pytest.mark.parametrize("other", ["A title\n", "A TITLE\n"])
def test_part_of_another_template_does_not_count_as_shown(other: str) -> None:
    """Bob's app sends its template without the first letter, before it answers the question."""
    room, _ = begun()
    bob = Client(room, "bob", 6, other)
    announce(room, bob.connection, 6)
    bob.act()
    bob.read()
    part = bob.typist.doc.get_update(y_protocol.state_vector({TEMPLATE: 1}))

    for _ in range(2):
        room.receive(bob.connection, y_protocol.sync_update(bytes(part)), NOW)
    before = bob.closed
    assert room.files() == {"codemirror": FIRST}
    bob.finish()

    assert (before, bob.closed) == (None, CONFLICT)
    assert room.files() == {"codemirror": FIRST}


def test_other_template_is_noticed_after_a_restart() -> None:
    """The stored log has the information that nobody owns the id."""
    first, _ = begun()
    room = make_room(restore(None, save(first)))
    assert room.index.clocks[TEMPLATE] == len(FIRST)
    bob = Client(room, "bob", 6, "my head line\n")

    bob.finish()

    assert bob.closed == CONFLICT


def test_viewer_is_not_asked() -> None:
    """A viewer adds no content, so there is nothing to compare."""
    room, _ = begun()
    bob = Client(room, "bob", 6, "head\n", Role.VIEWER)
    bob.finish()

    assert bob.questions == 0
    assert bob.closed is None


def test_clients_in_large_documents_are_not_asked() -> None:
    room, _ = begun("x" * MAX_COMPARED_BYTES)
    bob = Client(room, "bob", 6, "y" * (MAX_COMPARED_BYTES + 1))
    bob.finish()

    assert bob.questions == 1
    assert bob.closed is None


def texts_of(dice: random.Random) -> list[str]:
    """Return two templates: different, or the second continues the first."""
    first = "".join(dice.choices("ab", k=dice.randrange(1, 8)))
    if dice.random() < 0.3:
        return [first, first + "".join(dice.choices("ab", k=dice.randrange(4)))]
    return [first, "".join(dice.choices("ab", k=dice.randrange(1, 8)))]


@pytest.mark.parametrize("seed", range(100))
def test_clients_have_equal_documents_or_learn_of_the_conflict(seed: int) -> None:
    """Three clients with two templates act in random order."""
    dice = random.Random(seed)
    room, templates = make_room(), texts_of(dice)
    clients = []
    for number, user in enumerate(("ada", "bob", "cleo")):
        client = Client(room, user, 5 + number, dice.choice([*templates, ""]))
        if dice.random() < 0.7:
            announce(room, client.connection, 5 + number)
        clients.append(client)
    for step in range(30):
        client = dice.choice(clients)
        # A client without presence would own the id under which it sends a live edit.
        is_announced = bool(client.connection.announced.client_ids)
        if is_announced and not client.known and dice.random() < 0.1:
            client.begin(dice.choice(templates))
        elif dice.random() < 0.2:
            client.type(f"<{step}>")
        else:
            client.act()
        if dice.random() < 0.1:
            save(room)
    while any(client.act() for client in clients):
        pass

    here = [client for client in clients if client.closed is None]
    (text,) = room.files().values()
    assert {client.typist.text for client in here} == {text}
    for client in clients:
        agrees = all(
            peer.known.startswith(client.known) or client.known.startswith(peer.known)
            for peer in here
        )
        assert client.closed == (None if agrees else CONFLICT)
