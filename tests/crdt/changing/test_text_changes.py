"""Tests of changes that text clients make.

A worker compares large texts while the room goes on. No change may be lost or made
twice.
"""

import asyncio

import pytest

from crdt.changing.text_changes import TextChanges
from crdt.changing.text_clients import RETIRED_MS, TextClient
from crdt.changing.text_feed import TextFeed
from crdt.document import integration
from crdt.errors import DocumentFull, WorkersBusy
from crdt.limits import RoomLimits
from tests.crdt.harness import NOW, Typist, join, make_room, room_steps, send
from tests.crdt.held_workers import HeldWorkers
from tests.waiting import until

LINES = [f"line {number}\n" for number in range(8_000)]
LARGE = "".join(LINES)
FIRST, LAST = f"first {LARGE[5:]}", f"{LARGE[:-1]} last\n"
BOTH = f"first {LARGE[5:-1]} last\n"


class Scene:
    """A room with a large text, one connected Yjs client, and text clients that have the text."""

    def __init__(
        self,
        *names: str,
        text: str = LARGE,
        workers: HeldWorkers | None = None,
        most: int = 1 << 20,
    ) -> None:
        ids = iter(range(100, 1_000))
        self.room = make_room(random_below=lambda _: next(ids), limits=RoomLimits(text_bytes=most))
        self.typist = Typist(5)
        self.connection, _ = join(self.room, "yjs")
        self.type(self.typist.insert(0, text))
        self.feed = TextFeed(self.room)
        self.workers = workers or HeldWorkers()
        self.changes = TextChanges(self.workers, lambda: NOW, float, room_steps(), most)
        self.worked: list[float] = []
        self.may_write = True
        self.clients = [self._client_of(name) for name in names]

    def _client_of(self, name: str) -> TextClient:
        client = TextClient(self.feed, name)
        assert client.to_send() is not None
        client.received(NOW - RETIRED_MS - 1)
        return client

    def type(self, update: bytes) -> None:
        send(self.room, self.connection, update)

    async def change(self, client: TextClient, text: str) -> None:
        await self.changes.change(client, text, self._check, self.worked.append)

    async def begin(self, client: TextClient, text: str) -> "asyncio.Task[None]":
        """Begin a change, and return when a worker has the comparison."""
        jobs = len(self.workers.steps)
        task = asyncio.create_task(self.change(client, text))
        await until(lambda: len(self.workers.steps) > jobs)
        return task

    def _check(self) -> None:
        if not self.may_write:
            raise PermissionError

    @property
    def text(self) -> str:
        return self.room.files()["codemirror"]


async def test_change_of_small_document_is_made_in_this_process() -> None:
    scene = Scene("ada", text="small")
    await scene.change(scene.clients[0], "small!")
    assert (scene.text, scene.workers.steps, len(scene.worked)) == ("small!", [], 1)


async def test_change_compared_by_a_worker_keeps_text_typed_meanwhile() -> None:
    """After the comparison, the client gets a text with both changes, and can change that text."""
    scene = Scene("ada")
    (client,) = scene.clients
    change = await scene.begin(client, BOTH)
    scene.type(scene.typist.insert(0, "typed\n"))
    assert scene.room.upkeep.pins == 1  # the pin keeps the document loaded
    scene.workers.release.set()
    await change
    assert scene.room.upkeep.pins == 0
    assert scene.text == "typed\n" + BOTH
    assert client.to_send() == "typed\n" + BOTH
    await scene.change(client, BOTH + "end\n")
    assert scene.text == "typed\n" + BOTH + "end\n"
    assert scene.worked


@pytest.mark.parametrize("sends_early", [False, True])
async def test_change_sent_again_after_a_reconnect_is_made_once(sends_early: bool) -> None:
    """A client whose connection broke during a comparison sends its change once more.

    The text that the client sends on its new connection already contains that change.
    """
    scene = Scene("ada")
    (before,) = scene.clients
    first = await scene.begin(before, FIRST)
    after = TextClient(scene.feed, "ada")
    after.remember(before, NOW + 30_000)

    second = asyncio.create_task(scene.change(after, f"{FIRST}more\n")) if sends_early else None
    await asyncio.sleep(0)
    scene.workers.release.set()
    await first
    await (second or scene.change(after, f"{FIRST}more\n"))

    assert scene.text == f"{FIRST}more\n"


async def test_changes_of_two_clients_at_the_same_time_are_both_made() -> None:
    scene = Scene("ada", "bob")
    ada, bob = scene.clients
    changes = [await scene.begin(ada, FIRST), await scene.begin(bob, LAST)]
    scene.workers.release.set()
    await asyncio.gather(*changes)
    assert scene.text == BOTH


async def test_large_changes_of_others_are_compared_by_a_worker() -> None:
    """A worker compares two changes that another user made far apart in the text.

    A text client typed between those two places. Its text stays where it was typed.
    """
    scene = Scene("ada")
    (client,) = scene.clients
    middle = LARGE.index("line 2000")
    scene.type(scene.typist.insert(0, "top\n"))
    scene.type(scene.typist.insert(len(scene.typist.text.encode()), "bottom\n"))
    change = await scene.begin(client, f"{LARGE[:middle]}typed {LARGE[middle:]}")
    scene.workers.release.set()
    await change
    assert scene.text == f"top\n{LARGE[:middle]}typed {LARGE[middle:]}bottom\n"
    assert len(scene.workers.steps) == 2


async def test_refresh_without_a_worker_includes_changes_of_others() -> None:
    """When the workers are busy, a refresh compares the texts coarsely but gets the newest text."""
    scene = Scene("ada", workers=HeldWorkers(refused=(1,), error=WorkersBusy("x")))
    scene.workers.release.set()
    scene.type(scene.typist.insert(0, "top\n"))
    scene.type(scene.typist.insert(len(scene.typist.text.encode()), "bottom\n"))
    await scene.changes.refresh(scene.feed, "one")
    assert scene.feed.text.decode() == scene.text == f"top\n{LARGE}bottom\n"


async def test_change_too_slow_to_compare_becomes_a_coarse_edit() -> None:
    scene = Scene("ada", workers=HeldWorkers(refused=(1,)))
    scene.workers.release.set()
    await scene.change(scene.clients[0], BOTH)
    assert scene.text == BOTH
    assert scene.workers.steps[1] == 0 < scene.workers.steps[0]


async def test_change_by_user_who_lost_the_role_changes_nothing() -> None:
    """A user who loses the role during the comparison changes nothing, and can try again later."""
    scene = Scene("ada")
    change = await scene.begin(scene.clients[0], BOTH)
    scene.may_write = False
    scene.workers.release.set()
    with pytest.raises(PermissionError):
        await change
    assert scene.text == LARGE
    scene.may_write = True
    await scene.change(scene.clients[0], BOTH)
    assert scene.text == BOTH


async def test_change_over_a_limit_is_refused_and_changes_nothing() -> None:
    scene = Scene("ada", most=len(LARGE) + 5)
    scene.workers.release.set()
    with pytest.raises(DocumentFull):
        await scene.change(scene.clients[0], BOTH)
    assert scene.text == LARGE
    await scene.change(scene.clients[0], LAST[:-4])
    assert scene.text == LAST[:-4]


async def test_work_for_refused_change_counts_like_work_for_taken_change() -> None:
    """Otherwise a client could keep the server busy for free with changes that are over a limit."""
    refused, taken = Scene("ada", most=len(LARGE) + 5), Scene("ada")
    for scene in (refused, taken):
        scene.workers.release.set()
    with pytest.raises(DocumentFull):
        await refused.change(refused.clients[0], BOTH)
    await taken.change(taken.clients[0], BOTH)

    assert len(refused.worked) == len(taken.worked)


def edited(first: int, before: str, after: str, text: str = LARGE) -> str:
    """Return the text with something before and after each 40th line, from `first` on."""
    return "".join(
        f"{before}{line[:-1]}{after}\n" if number % 40 == first else line
        for number, line in enumerate(text.splitlines(keepends=True))
    )


@pytest.mark.parametrize("style", ["\n", "\r\n"])
async def test_change_made_by_a_worker_is_applied_in_steps(
    monkeypatch: pytest.MonkeyPatch, style: str
) -> None:
    """Another client types between the steps. In the end all clients have all changes."""
    old, new = LARGE.replace("\n", style), edited(5, "", "!").replace("\n", style)
    scene = Scene("ada", "bob", text=old)
    ada, bob = scene.clients
    scene.workers.release.set()
    await scene.changes.refresh(scene.feed, "ada")
    monkeypatch.setattr(integration, "_STEP_S", -1.0)  # each slice is a step
    change, typed = asyncio.create_task(scene.change(ada, new)), 0
    while not change.done():
        await asyncio.sleep(0)
        if scene.room.document._ahead is not None and typed < 3:
            scene.type(scene.typist.insert(0, "k"))
            scene.room.integrate_pending()
            typed += 1
    await change

    assert typed > 1
    assert scene.text == "k" * typed + new
    await scene.changes.refresh(scene.feed, "ada")
    assert [ada.to_send(), bob.to_send()] == [scene.text, scene.text]


async def test_changes_of_two_text_clients_in_steps_are_both_kept() -> None:
    """Changes that two text clients make at many places at the same time are both kept."""
    scene = Scene("ada", "bob")
    ada, bob = scene.clients
    changes = [
        await scene.begin(ada, edited(3, "a", "")),
        await scene.begin(bob, edited(7, "", "b")),
    ]
    scene.workers.release.set()
    await asyncio.gather(*changes)

    await scene.changes.refresh(scene.feed, "ada")
    assert scene.text == edited(3, "a", "", edited(7, "", "b"))
    assert [client.to_send() for client in (ada, bob)] == [scene.text, scene.text]
