"""Tests of documents with an ordinary history, which the server must take completely."""

from pathlib import Path

import pytest

from tests.interop.apps_world import VERSIONS, World, few_together, report, world

PAGE = {"default": "xml"}


async def _brought(room: World, what: str, roots: dict[str, str], version: int) -> list[str]:
    """Let a stock client bring a document from elsewhere, and return the problems."""
    ada, bob = await room.user("ada"), await room.user("bob")
    session_id = await ada.new_session()
    bringer, other = room.name("bringer"), room.name("other")
    await room.apps.do("bring", bringer, what=what)
    await room.connect(bringer, ada, session_id, version=version)
    await room.connect(other, bob, session_id)
    problem = await room.until_equal(roots, bringer, other)
    await room.run(other, "doc.getText('later').insert(0, 'and on it goes')")
    problem = problem or await room.until_equal({**roots, "later": "text"}, bringer, other)
    problems = [problem] if problem else []
    problems += [f"closed {close}" for close in await room.refusals(bringer, other)]
    await room.leave(bringer, other)
    return [f"{what}, y-websocket {version}: {problem:.300}" for problem in problems]


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_document_with_ordinary_history_is_brought_in(tmp_path: Path) -> None:
    """The document comes from another server, or from the browser after its session was deleted."""
    async with world(tmp_path / "data") as room:
        all_of_them = await room.apps.do("imports", "")
        assert len(all_of_them) > 8
        runs = [
            _brought(room, version=VERSIONS[number % 3], **case)
            for number, case in enumerate(all_of_them)
        ]
        problems = [problem for group in await few_together(runs, 2) for problem in group]

    assert not problems, report(problems)


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("way", ["by edits of the document", "by Tiptap"])
async def test_page_after_thousands_of_deleted_paragraphs_takes_new_ones(
    tmp_path: Path, way: str
) -> None:
    """After 4,000 paragraphs were made and deleted, a page takes new ones from anybody."""
    async with world(tmp_path / "data") as room:
        ada, bob = await room.user("ada"), await room.user("bob")
        session_id = await ada.new_session()
        await room.connect("a", ada, session_id)
        await room.connect("b", bob, session_id)
        if way == "by Tiptap":
            await room.apps.do("editor", "a", kind="tiptap")
        for turn in range(10):
            if way == "by Tiptap":
                await room.apps.do(
                    "do", "a", kind="tiptap", call="html", **{"with": "<p>draft</p>" * 400}
                )
                assert await room.until_equal(PAGE, "a", "b") is None
                await room.apps.do("do", "a", kind="tiptap", call="clear")
            else:
                await room.run("a", _DRAFTS)
                assert await room.until_equal(PAGE, "a", "b") is None
                await room.run(
                    "a", "const page = doc.getXmlFragment('default'); page.delete(0, page.length)"
                )
            assert await room.until_equal(PAGE, "a", "b") is None, turn
        await room.connect("c", bob, session_id)
        await room.run("c", _DRAFTS)

        assert await room.until_equal(PAGE, "c", "b") is None
        assert await room.until_equal(PAGE, "c", "a") is None
        assert await room.refusals("a", "b", "c") == []


_DRAFTS = """
doc.getXmlFragment('default').insert(0, Array.from({ length: 400 }, () => {
  const element = new Y.XmlElement('paragraph')
  element.insert(0, [new Y.XmlText('draft')])
  return element
}))
"""
