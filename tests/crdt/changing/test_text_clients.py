"""Tests of clients that send whole texts, merged with Yjs clients and with each other."""

import itertools
import random
import re
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any

import pytest

import crdt.changing.text_feed
from crdt.changing.text_clients import RETIRED_MS, TextClient
from crdt.changing.text_feed import TextFeed
from crdt.document.server_edits import MovedEdit, edit_moved
from crdt.errors import DocumentFull
from crdt.limits import RoomLimits
from crdt.room.incoming import server_edit
from crdt.room.room import Room
from crdt.text.byte_edits import edits_between
from crdt.text.text_diff import MAX_STEPS
from crdt.wire import y_protocol
from tests.crdt.harness import NOW, Typist, change, join, make_room, send

LETTERS = [chr(code) for code in (*range(0x4E00, 0x4E00 + 4_000), *range(0x1F300, 0x1F5FF))]


def with_text(text: str, **options: Any) -> Room:
    ids = itertools.count(100)
    room = make_room(random_below=lambda _: next(ids), **options)
    room.edit("owner", {"codemirror": text}, NOW)
    return room


def code(room: Room) -> str:
    return room.files()["codemirror"]


def client_of(feed: TextFeed, user_id: str = "ada") -> TextClient:
    """Return a client that has the text."""
    client = TextClient(feed, user_id)
    assert client.to_send() is not None
    client.received(NOW - RETIRED_MS - 1)
    return client


def two_clients(text: str) -> tuple[Room, TextClient, TextClient]:
    """Return a room with a text, and clients of ada and bob that have the text."""
    room = with_text(text)
    feed = TextFeed(room)
    return room, client_of(feed), client_of(feed, "bob")


@pytest.mark.parametrize("old", ["a\nb\n", "a\r\nb\r\n", "a\r\nb\nc\r\n", "a"])
@pytest.mark.parametrize("new", ["", "a\nb", "a\nb\n\u4e00\n\n\n", "a\r\nb\r\nc\r\nd\r\n"])
def test_growth_is_the_growth_of_the_text_with_its_own_line_ends(old: str, new: str) -> None:
    """The growth is exact, but for a text with both kinds of line ends it may be too high."""
    room = with_text(old)
    feed = TextFeed(room)
    client = client_of(feed)
    change = client.begin(new, NOW)
    growth = change.growth(feed.original)
    client.finish(change, edits_between(change.base.text, change.plain), NOW)

    grown = len(code(room).encode()) - len(old.encode())
    is_mixed = 0 < old.count("\r\n") < old.count("\n")
    assert growth >= grown if is_mixed else growth == grown


def test_text_client_with_old_text_overwrites_nothing() -> None:
    """Edits made after the client got its text stay, and the client then receives them."""
    room = with_text("one two")
    feed = TextFeed(room)
    client = client_of(feed)
    typist, (connection, _) = Typist(5), join(room, "yjs")
    typist.hear(room.document.state())

    send(room, connection, typist.insert(3, " and a half"))
    change(client, "one two three", NOW)

    assert code(room) == "one and a half two three"
    assert client.to_send() == "one and a half two three"


def test_text_client_does_not_receive_own_text() -> None:
    _room, client, other = two_clients("a")

    change(client, "ab", NOW)

    assert client.to_send() is None
    assert other.to_send() == "ab"


def test_text_client_receives_one_text_at_a_time() -> None:
    """The next text is sent when the client has the last one, and it is the latest text."""
    _room, client, other = two_clients("a")
    for text, sent in (("ab", "ab"), ("abc", None), ("abcd", None)):
        change(other, text, NOW)
        assert client.to_send() == sent

    client.received(NOW)

    assert client.to_send() == "abcd"


@pytest.mark.parametrize("early", ["", "// your code here\n"])
def test_text_client_that_received_nothing_replaces_nothing(early: str) -> None:
    """An editor may send a first text before it gets the session's text.

    Then it replaces nothing.
    """
    room = with_text("code of the session\n")
    client = TextClient(TextFeed(room), "ada")

    change(client, early, NOW)

    assert code(room) == "code of the session\n" + early
    assert client.to_send() == "code of the session\n" + early


def test_text_client_edit_of_previous_text_deletes_no_new_text() -> None:
    """A client that has confirmed a newer text may still edit the one before it.

    Such an edit deletes nothing of the newer text.
    """
    room, client, other = two_clients("one")
    change(other, "one two", NOW)
    assert client.to_send() == "one two"
    client.received(NOW)

    change(client, "one!", NOW + RETIRED_MS)

    assert code(room) in ("one! two", "one two!")


def test_text_client_edit_after_late_older_text_is_not_doubled() -> None:
    """A client may send a text, and only then confirm an older text of the server.

    Its next text is still an edit of the text that it sent.
    """
    room = with_text("")
    feed = TextFeed(room)
    client = TextClient(feed, "ada")
    assert client.to_send() == ""
    change(client, "hello\nworld\n", NOW)
    client.received(NOW)
    typist, (connection, _) = Typist(5), join(room, "yjs")
    typist.hear(room.document.state())
    send(room, connection, typist.insert(0, "// top\n"))

    change(client, "hello\nworld!\n", NOW + 10_000)

    assert code(room) == "// top\nhello\nworld!\n"
    assert client.to_send() == "// top\nhello\nworld!\n"


def test_text_client_goes_on_from_own_text_after_confirming_another() -> None:
    """A busy front end may confirm a text before it shows it, and edit its own text meanwhile."""
    room, client, other = two_clients("one")
    change(client, "one two", NOW)
    change(other, "zero one", NOW)
    assert client.to_send() == "zero one two"
    client.received(NOW)

    change(client, "one two three", NOW + 10 * RETIRED_MS)

    assert code(room) == "zero one two three"


def test_text_client_may_undo_edits_made_since_its_own_text() -> None:
    """A client that has confirmed a newer text may send its own last text again.

    This deletes the text that others inserted in between.
    """
    room, client, other = two_clients("")
    change(client, "one", NOW)
    assert other.to_send() == "one"
    other.received(NOW)
    change(other, "one two", NOW)
    assert client.to_send() == "one two"
    client.received(NOW)

    change(client, "one", NOW + RETIRED_MS + 1)

    assert code(room) == "one"


def test_text_client_after_reconnect_goes_on_from_own_text() -> None:
    room = with_text("")
    feed = TextFeed(room)
    before = TextClient(feed, "ada")
    before.to_send()
    change(before, "hello\n", NOW)
    before.received(NOW)

    after = TextClient(feed, "ada")
    after.remember(before, NOW + 5_000)
    change(after, "hello!\n", NOW + 4_000)

    assert code(room) == "hello!\n"


def test_text_client_may_delete_text_it_received() -> None:
    room, client, other = two_clients("one")
    change(other, "one two", NOW)
    assert client.to_send() == "one two"
    client.received(NOW)

    change(client, "one", NOW + RETIRED_MS + 1)

    assert code(room) == "one"


@pytest.mark.parametrize(
    ("document", "sent", "result", "shown"),
    [
        ("a\nb\n", "a\r\nb\r\nc\r\n", "a\nb\nc\n", "a\r\nb\r\nc\r\nz"),
        ("a\r\nb\r\n", "a\nb\nc\n", "a\r\nb\r\nc\r\n", "a\nb\nc\nz"),
        ("a\r\nb\r\n", "a\r\nb\r\nc\r\n", "a\r\nb\r\nc\r\n", "a\r\nb\r\nc\r\nz"),
        ("ab", "abc", "abc", "abcz"),
    ],
)
def test_text_client_keeps_line_ends_of_document(
    document: str, sent: str, result: str, shown: str
) -> None:
    """The document keeps its line ends, and a client gets texts with the line ends that it sends.

    A difference in line ends alone is not an edit.
    """
    room, client, other = two_clients(document)

    change(client, sent, NOW)

    assert code(room) == result
    assert client.to_send() is None
    other.to_send()
    other.received(NOW)
    change(other, result + "z", NOW + RETIRED_MS + 1)
    assert client.to_send() == shown


@pytest.mark.parametrize("code_sent", ["NEW", ""])
def test_text_client_may_replace_whole_text(code_sent: str) -> None:
    """A client that has the text may replace all of it in one edit, even right after joining."""
    room = with_text("hello world")
    client = TextClient(TextFeed(room), "ada")
    assert client.to_send() == "hello world"
    client.received(NOW)

    change(client, code_sent, NOW + 1)

    assert code(room) == code_sent


def test_text_client_edit_over_limit_is_refused_and_changes_nothing() -> None:
    """A refused edit changes neither the room nor the client's text. A smaller edit then fits."""
    room = with_text("abc", limits=RoomLimits(text_bytes=10))
    client = client_of(TextFeed(room))

    with pytest.raises(DocumentFull):
        change(client, "abc" + "x" * 20, NOW)
    assert code(room) == "abc"
    assert client.to_send() is None
    change(client, "abcx", NOW)

    assert code(room) == "abcx"


def test_text_client_with_refused_edit_receives_text_again() -> None:
    """A client whose edit was refused is sent the room's text."""
    client = client_of(TextFeed(with_text("abc")))

    client.send_again()

    assert client.to_send() == "abc"
    client.received(NOW)
    assert client.to_send() is None


def test_text_client_after_reconnect_has_edits_merged() -> None:
    """The first text after a reconnect may lack newer edits of others.

    It counts as an edit of the text that the client had before the reconnect.
    """
    room = with_text("one two")
    feed = TextFeed(room)
    before, other = client_of(feed), client_of(feed, "bob")
    change(other, "one 2 two", NOW)

    after = TextClient(feed, "ada")
    after.remember(before, NOW + 5_000)
    change(after, "one two three", NOW + 4_000)

    assert code(room) == "one 2 two three"


def test_text_client_edit_has_its_author() -> None:
    room = with_text("")
    client = client_of(TextFeed(room), "ada")
    change(client, "hello", NOW)

    assert [
        user
        for user, _ in sorted(room.contributions.since_version.items(), key=lambda item: item[1])
    ][-1] == "ada"


def test_text_client_without_confirmations_still_merges_correctly(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A client that confirms nothing still merges correctly after many changes."""
    monkeypatch.setattr(crdt.changing.text_feed, "_MAX_BATCHES", 5)
    room = with_text("end")
    feed = TextFeed(room)
    silent, busy = client_of(feed), client_of(feed, "bob")
    text = "end"
    for number in range(23):
        text = f"{number} {text}"
        change(busy, text, NOW)

    change(silent, "end!", NOW)

    assert code(room) == text + "!"
    assert len(feed._batches) <= 6


class Front:
    """A front end that sends whole texts, with its messages to and from the server."""

    def __init__(self, feed: TextFeed, name: str, crlf: bool) -> None:
        self.client = TextClient(feed, name)
        self.end = "\r\n" if crlf else "\n"
        self.shown = ""
        self.to_server: list[str | None] = []
        self.to_client: list[str] = []

    def pump(self) -> None:
        """Let the server send its text, if it has one to send."""
        if (text := self.client.to_send()) is not None:
            self.to_client.append(text)

    def show(self) -> None:
        if self.to_client:
            self.shown = self.to_client.pop(0).replace("\r\n", "\n").replace("\n", self.end)
            self.to_server.append(None)

    def deliver(self, now: int) -> None:
        if self.to_server:
            text = self.to_server.pop(0)
            if text is None:
                self.client.received(now)
            else:
                change(self.client, text, now)

    def type(self, edit: "Edits") -> None:
        self.shown = edit.of(self.shown.replace("\r\n", "\n")).replace("\n", self.end)
        self.to_server.append(self.shown)


class SlowFront(Front):
    """A front end whose texts are compared in a worker.

    The room may take other edits during the comparison, before it takes the compared text.
    """

    def __init__(self, feed: TextFeed, name: str, crlf: bool) -> None:
        super().__init__(feed, name, crlf)
        self._made: tuple[Any, Any, Any, ExitStack] | None = None

    def deliver(self, now: int) -> None:
        """Merge the text that is being compared. If there is none, deliver the next message."""
        if self._made:
            change, edits, update, lent = self._made
            self._made = None
            self.client.feed.refresh()
            feed = self.client.feed
            feed.room.take_edit(server_edit(update, self.client.user_id, now))
            self.client.finish(change, edits, now, is_taken=True)
            lent.close()
        elif self.to_server and self.to_server[0] is not None:
            feed, lent = self.client.feed, ExitStack()
            feed.refresh()
            begun = self.client.begin(self.to_server.pop(0) or "", now)
            client_id = lent.enter_context(feed.room.server_edits.client_of(self.client.user_id))
            edit = MovedEdit(feed.root, begun.base.text, begun.plain, begun.base.map, feed.original)
            edits, update = edit_moved(feed.room.document.text_copy(), edit, client_id, MAX_STEPS)
            self._made = begun, edits, update, lent
        else:
            super().deliver(now)


class BusyFront(Front):
    """A front end that confirms a text when it arrives, and shows it later.

    While the user types, the delay may be of any length. Until the front end shows the confirmed
    text, the user edits the text that the front end sent last.
    """

    def __init__(self, feed: TextFeed, name: str, crlf: bool, chance: random.Random) -> None:
        super().__init__(feed, name, crlf)
        self.chance = chance
        self.waiting: list[str] = []
        self.has_typed = False

    def show(self) -> None:
        if self.to_client:
            self.waiting.append(self.to_client.pop(0))
            self.to_server.append(None)
        if self.waiting and not (self.has_typed and self.chance.random() < 0.8):
            self.shown = self.waiting[-1].replace("\r\n", "\n").replace("\n", self.end)
            self.waiting.clear()
            self.has_typed = False

    def type(self, edit: "Edits") -> None:
        super().type(edit)
        self.has_typed = True


class Yjs:
    """A Yjs client, with its messages to and from the server."""

    def __init__(self, room: Room, number: int) -> None:
        self.room = room
        self.typist = Typist(number)
        self.connection, self.inbox = join(room, f"yjs{number}")
        self.to_server: list[bytes] = []
        self.typist.hear(room.document.state())

    def pump(self) -> None:
        pass

    def show(self) -> None:
        if self.inbox.frames:
            match y_protocol.decode(self.inbox.frames.pop(0)):
                case y_protocol.SyncUpdate(update):
                    self.typist.hear(update)

    def deliver(self, now: int) -> None:
        if self.to_server:
            send(self.room, self.connection, self.to_server.pop(0), now)

    def type(self, edit: "Edits") -> None:
        before = self.typist.text
        at, length, put = edit.make(before)
        start, end = len(before[:at].encode()), len(before[: at + length].encode())
        if length:
            self.to_server.append(self.typist.delete(start, end))
        if put:
            self.to_server.append(self.typist.insert(start, put))

    @property
    def shown(self) -> str:
        return self.typist.text


class Edits:
    """Random edits that never insert the same character twice."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.put: list[str] = []
        self.deleted: set[str] = set()

    def make(self, text: str) -> tuple[int, int, str]:
        at = self.chance.randint(0, len(text))
        length = self.chance.choice((0, 0, 0, 1, 3)) if len(text) > 10 else 0
        length = min(length, len(text) - at)
        self.deleted |= set(text[at : at + length])
        put = "" if length and self.chance.random() < 0.5 else self._letters()
        return at, length, put

    def of(self, text: str) -> str:
        at, length, put = self.make(text)
        return text[:at] + put + text[at + length :]

    def _letters(self) -> str:
        made = [LETTERS[len(self.put) + number] for number in range(self.chance.randint(1, 3))]
        self.put += made
        return "".join(made) + self.chance.choice(("", "", "\n"))


class Words(Edits):
    """Insertions of words that differ in a few letters. No word is deleted."""

    def make(self, text: str) -> tuple[int, int, str]:
        word = f"<{len(self.put):03}>"
        self.put.append(word)
        return self.chance.choice([match.end() for match in re.finditer(">|^", text)]), 0, word


def do_something(client: Front | Yjs, edits: Edits, feed: TextFeed, now: int) -> None:
    """Let one client do a random step: type, show a text, or send or receive a message."""
    match edits.chance.randint(0, 4):
        case 0:
            client.type(edits)
        case 1:
            client.show()
        case 2:
            feed.refresh()
            client.pump()
        case _:
            client.deliver(now)


def settle(everybody: Sequence[Front | Yjs], feed: TextFeed, now: int) -> None:
    """For each client, deliver one message to the server, send one back, and show one."""
    feed.refresh()
    for client in everybody:
        client.deliver(now)
        client.pump()
        client.show()


def assert_equal_and_complete(room: Room, everybody: Sequence[Front | Yjs], edits: Edits) -> None:
    """Check that all clients show the room's text, with each undeleted letter exactly once."""
    text = code(room)
    for client in everybody:
        assert client.shown.replace("\r\n", "\n") == text.replace("\r\n", "\n")
    assert [
        letter for letter in edits.put if letter not in text and letter not in edits.deleted
    ] == []
    assert [letter for letter in edits.put if text.count(letter) > 1] == []


@pytest.mark.parametrize("kind", [Front, SlowFront])
@pytest.mark.parametrize("seed", range(60))
def test_text_and_yjs_clients_with_random_edits_converge(seed: int, kind: type[Front]) -> None:
    """Text clients and Yjs clients on slow lines converge, and neither lose nor double text."""
    chance = random.Random(seed)
    edits = Edits(chance)
    room = with_text("".join(edits.of("") for _ in range(3)))
    feed = TextFeed(room)
    fronts = [kind(feed, f"text{number}", crlf=chance.random() < 0.5) for number in range(3)]
    everybody: list[Front | Yjs] = [*fronts, *(Yjs(room, number) for number in (1, 2))]
    pace = chance.choice((1, 20, 200))
    for step in range(400):
        now = NOW + step * pace
        do_something(chance.choice(everybody), edits, feed, now)
    for step in range(400):
        settle(everybody, feed, NOW + 1_000_000 + step)

    assert len(edits.put) > 50
    assert_equal_and_complete(room, everybody, edits)


@pytest.mark.parametrize("seed", range(60))
def test_busy_text_clients_double_and_lose_nothing(seed: int) -> None:
    """No text is lost or doubled when clients show texts late and messages arrive late.

    Up to five seconds pass between two steps.
    """
    chance = random.Random(seed)
    edits = Edits(chance)
    room = with_text("".join(edits.of("") for _ in range(chance.randint(0, 3))))
    feed = TextFeed(room)
    fronts = [
        BusyFront(feed, f"text{number}", chance.random() < 0.5, chance) for number in range(2)
    ]
    everybody: list[Front | Yjs] = [*fronts, *(Yjs(room, number) for number in (1, 2))]
    now = NOW
    for _ in range(400):
        now += chance.choice((1, 20, 5_000))
        for client in [client for client in everybody if chance.random() < 0.3]:
            do_something(client, edits, feed, now)

    for _ in range(2_000):
        now += 5_000
        settle(everybody, feed, now)

    assert_equal_and_complete(room, everybody, edits)


@pytest.mark.parametrize("seed", range(60))
def test_similar_words_at_the_same_place_are_all_kept(seed: int) -> None:
    """Clients type similar words at the same places, and no word replaces another.

    The clients have slow lines, and their texts lack the latest words.
    """
    chance = random.Random(seed)
    edits = Words(chance)
    room = with_text(edits.of(""))
    feed = TextFeed(room)
    everybody: list[Front | Yjs] = [Front(feed, f"text{number}", crlf=False) for number in range(3)]
    everybody += [Yjs(room, number) for number in (1, 2)]
    for step in range(200):
        do_something(chance.choice(everybody), edits, feed, NOW + step)
    for step in range(400):
        settle(everybody, feed, NOW + 1_000_000 + step)

    text = code(room)
    assert {client.shown for client in everybody} == {text}
    assert sorted(re.findall("<[0-9]+>", text)) == edits.put
