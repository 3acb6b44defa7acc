"""Tests of large pastes into real editors in Node: Tiptap, BlockNote and Quill."""

from pathlib import Path
from typing import Any

import pytest

from tests.interop.apps_world import VERSIONS, World, report, world

CHAPTERS = "".join(
    f"<h2>Chapter {n}</h2><ul><li><p>one</p></li><li><p><b>two</b></p></li></ul>"
    for n in range(200)
)
BLOCKS = [{"type": "paragraph", "content": f"block {n}"} for n in range(400)]
PICTURE = [{"insert": {"image": "data:image/png;base64," + "A" * (300 << 10)}}]
LINE_END = {"insert": "\n", "attributes": {"list": "bullet"}}
LIST = [part for n in range(2000) for part in ({"insert": f"item {n}"}, LINE_END)]
PASTES: dict[str, tuple[str, str, Any]] = {
    "tiptap: 520 paragraphs": ("tiptap", "html", "<p>pasted <b>bold</b> text</p>" * 520),
    "tiptap: 200 headings and lists": ("tiptap", "html", CHAPTERS),
    "tiptap: 300 KiB of text": ("tiptap", "html", f"<p>{'word ' * (60 << 10)}</p>"),
    "blocknote: 400 blocks": ("blocknote", "blocks", BLOCKS),
    "quill: a picture of 300 KiB": ("quill", "delta", PICTURE),
    "quill: 2,000 lines of a list": ("quill", "delta", LIST),
}
ROOTS = {"tiptap": {"default": "xml"}, "blocknote": {"blocks": "xml"}, "quill": {"quill": "text"}}


async def _pasted(room: World, what: str, version: int) -> list[str]:
    kind, call, argument = PASTES[what]
    ada, bob = await room.user("ada"), await room.user("bob")
    session_id = await ada.new_session()
    author, reader = room.name("author"), room.name("reader")
    await room.connect(author, ada, session_id, version=version)
    await room.connect(reader, bob, session_id)
    for name in (author, reader):
        await room.apps.do("editor", name, kind=kind)
    await room.apps.do("do", author, kind=kind, call=call, **{"with": argument})
    problems = [await room.until_equal(ROOTS[kind], author, reader)]
    shown = [await room.apps.do("do", name, kind=kind, call="text") for name in (author, reader)]
    problems += (
        ["the editors show different texts"] if shown[0] != shown[1] or len(shown[0]) < 1 else []
    )
    problems += [f"closed {close}" for close in await room.refusals(author, reader)]
    await room.leave(author, reader)
    return [f"{what}, y-websocket {version}: {problem:.300}" for problem in problems if problem]


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize(("number", "what"), list(enumerate(PASTES)), ids=str)
async def test_paste_into_real_editor_reaches_another_one(
    tmp_path: Path, number: int, what: str
) -> None:
    """A large paste reaches the other editor with each version of y-websocket."""
    problems = []
    async with world(tmp_path / "data") as room:
        problems += await _pasted(room, what, 3)
        problems += await _pasted(room, what, VERSIONS[number % 2])

    assert not problems, report(problems)
