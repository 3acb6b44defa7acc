"""Tests of edits that replace a whole text, such as a formatter's.

A worker compares large texts. Edits made during the comparison stay, and an edit with
an equal text changes nothing.
"""

import asyncio
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import pytest

from crdt.changing.whole_texts import Change, WholeTexts
from crdt.document.document import Document
from crdt.document.merging import EMPTY
from crdt.errors import DocumentFull
from crdt.limits import RoomLimits
from crdt.room.room import Room
from tests.crdt.harness import NOW, Typist, join, send
from tests.crdt.held_workers import HeldWorkers
from tests.crdt.world import World
from tests.waiting import until

LINES = [f"line {number}\n" for number in range(4_000)]
LARGE = "".join(LINES)
CHANGED = "".join(
    f"{line[:-1]}!\n" if number % 1_000 == 500 else line for number, line in enumerate(LINES)
)


async def main_text(room: Room, text: str) -> Change:
    """Return the change of the main root to a text."""
    return Change.to({"codemirror": text}, room.files())


class Scene:
    """A room with the large text in it, and one typist who is connected."""

    def __init__(self, room: Room, world: World, workers: HeldWorkers) -> None:
        """workers: the workers that compare the texts."""
        self.room = room
        self.workers = workers
        self.typist = Typist(5)
        self.connection, self.inbox = join(room, "bob")
        send(room, self.connection, self.typist.insert(0, LARGE))
        self._whole_texts = WholeTexts(workers, world.rooms.changes, lambda: NOW, world.rooms.steps)

    async def edit(self, text: str, user_id: str = "ada", **options: Any) -> None:
        choose = partial(main_text, self.room, text)
        await self._whole_texts.edit(self.room, user_id, choose, **options)

    async def begin(self, text: str, user_id: str = "ada", **options: Any) -> "asyncio.Task[None]":
        """Begin an edit, and return when a worker has the comparison."""
        jobs = len(self.workers.steps)
        task = asyncio.create_task(self.edit(text, user_id, **options))
        await until(lambda: len(self.workers.steps) > jobs)
        return task

    @property
    def text(self) -> str:
        return self.room.files()["codemirror"]


@pytest.fixture
async def make_scene(world: World):
    await world.session()
    async with world.rooms.use("one") as room:
        yield lambda **options: Scene(room, world, HeldWorkers(**options))


async def test_edit_of_small_text_is_made_in_this_process(world: World) -> None:
    """Most saved texts are small. The room compares a small text itself, without a worker."""
    await world.session()
    workers = HeldWorkers()
    whole_texts = WholeTexts(workers, world.rooms.changes, lambda: NOW, world.rooms.steps)
    async with world.rooms.use("one") as room:
        await whole_texts.edit(room, "ada", partial(main_text, room, "small"))
        assert room.files() == {"codemirror": "small"}
    assert workers.steps == []


async def test_edit_with_an_equal_text_changes_nothing(make_scene) -> None:
    scene = make_scene()
    before = scene.room.journal.sequence
    await scene.edit(LARGE)
    assert (scene.workers.steps, scene.room.journal.sequence) == ([], before)


async def test_edit_of_large_text_keeps_text_typed_meanwhile(make_scene) -> None:
    """Text that is typed during the comparison of an edit stays, and so does the edit."""
    scene = make_scene()
    edit = await scene.begin(CHANGED)
    send(scene.room, scene.connection, scene.typist.insert(0, "typed meanwhile\n"))
    scene.workers.release.set()
    await edit
    assert scene.text == "typed meanwhile\n" + CHANGED


async def test_edit_of_large_text_is_a_small_update(make_scene) -> None:
    """Editors are sent an update with only the differences."""
    scene = make_scene()
    scene.workers.release.set()
    scene.inbox.take()
    await scene.edit(CHANGED)
    assert scene.text == CHANGED
    (update,) = await until(scene.inbox.updates)
    assert len(update) < 200


async def test_edits_of_one_user_at_the_same_time_are_both_made(make_scene) -> None:
    """A user makes a small edit while a worker compares their large edit.

    The small edit uses other clocks.
    """
    scene = make_scene()
    edit = await scene.begin(CHANGED)
    scene.room.edit("ada", {"codemirror": "small\n" + LARGE}, NOW)
    scene.workers.release.set()
    await edit
    assert scene.text == "small\n" + CHANGED


async def test_concurrent_edits_with_equal_texts_are_made_once(make_scene) -> None:
    """When two formatters save the same text, each difference is inserted only once."""
    scene = make_scene()
    first = await scene.begin(CHANGED)
    second = asyncio.create_task(scene.edit(CHANGED, "bob"))
    scene.workers.release.set()
    await asyncio.gather(first, second)
    assert scene.text == CHANGED
    assert len(scene.workers.steps) == 1


async def test_edit_too_slow_to_compare_becomes_a_coarse_edit(make_scene) -> None:
    """A text whose comparison takes too long is saved by a coarser comparison."""
    scene = make_scene(refused=(1,))
    scene.workers.release.set()
    await scene.edit(CHANGED)
    assert scene.text == CHANGED
    assert scene.workers.steps[1] == 0 < scene.workers.steps[0]


async def test_edit_by_user_who_lost_the_role_changes_nothing(make_scene) -> None:
    """A user who loses the role during the comparison changes nothing."""
    scene = make_scene()
    may_edit = True

    async def check() -> None:
        if not may_edit:
            raise PermissionError

    edit = await scene.begin(CHANGED, check=check)
    may_edit = False
    scene.workers.release.set()
    with pytest.raises(PermissionError):
        await edit
    assert scene.text == LARGE


async def test_edit_near_the_text_limit_reads_no_copy(
    make_world: Callable[..., World], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The growth of an edit is known, so the room does not read the new size from a copy."""
    world = make_world(room=RoomLimits(text_bytes=len(CHANGED)))
    await world.session()
    async with world.rooms.use("one") as room:
        scene = Scene(room, world, HeldWorkers())
        scene.workers.release.set()
        measured: list[bytes] = []
        text_bytes = Document.text_bytes

        def noted(self: Document, roots: Iterable[str], update: bytes = EMPTY) -> int:
            measured.append(update)
            return text_bytes(self, roots, update)

        monkeypatch.setattr(Document, "text_bytes", noted)
        changed = CHANGED.replace("line 7\n", "Line 7\n")
        await scene.edit(changed)
        with pytest.raises(DocumentFull):
            await scene.edit(f"first\n{changed[4:]}")
        await scene.edit(f"{changed[4:]}é")

        assert scene.text == f"{changed[4:]}é"
        assert set(measured) == {EMPTY}
