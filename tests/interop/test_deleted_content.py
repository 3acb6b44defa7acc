"""Tests of removing deleted content from documents.

Real clients and newcomers must still agree, and no document may stay full for ever.
"""

import contextlib
from pathlib import Path
from typing import Any

import pytest
from tornado.websocket import WebSocketClosedError

from crdt.wire.y_protocol import sync_step2, sync_update
from harness.typist import Typist
from tests.api import Api
from tests.handlers.clients import joined
from tests.interop.apps_world import world
from tests.waiting import until

ROOTS = {"codemirror": "text", "tree": "map"}
TEXT = "return doc.getText('codemirror').toString()"
FILL = """
  doc.getText('codemirror').insert(0, 'a sentence of many words. '.repeat(400) + '😀')
  doc.getMap('tree').set('list', new Y.Array())
  doc.getMap('tree').get('list').push([new Y.Text('note '.repeat(400)), { value: 'x'.repeat(2000) }])
"""  # noqa: E501  # lines of JavaScript
EDIT_OFFLINE = """
  doc.getText('codemirror').insert(100, 'typed offline')
  const list = doc.getMap('tree').get('list')
  list.get(0).insert(10, 'inside what is deleted')
  list.push(['also'])
  doc.getMap('tree').set('kept', new Y.Text('offline too'))
"""
DELETE_ALL = """
  doc.undo = new Y.UndoManager([doc.getText('codemirror'), doc.getMap('tree')])
  doc.transact(() => {
    doc.getText('codemirror').delete(0, doc.getText('codemirror').length)
    doc.getMap('tree').delete('list')
  }, null)
"""
SNAPSHOT = "return Y.createDocFromSnapshot(doc, doc.taken).getText('codemirror').toString()"


@pytest.mark.parametrize("store", ["sqlite", "mongodb"])
async def test_all_kinds_of_client_agree_when_deleted_content_has_left(
    tmp_path: Path, mongo_uri: str, store: str
) -> None:
    """Five clients have the same document after the removal and after a restart.

    One undoes the deletion, one has gc: false, one was offline, and two come later.
    """
    place = {"MONGO_URI": f"{mongo_uri}deleted"} if store == "mongodb" else {}
    async with world(tmp_path / "data", **place) as room:
        ada, bob = await room.user("ada"), await room.user("bob")
        session_id = await ada.new_session()
        await room.apps.do("open", "keeps", gc=False)
        for name, api in (("undoes", ada), ("keeps", bob), ("offline", bob)):
            await room.connect(name, api, session_id)
        await room.run("undoes", FILL)
        assert await room.until_equal(ROOTS, "undoes", "keeps", "offline") is None
        text = await room.run("keeps", TEXT)
        await room.run("keeps", "doc.taken = Y.snapshot(doc)")
        await room.apps.do("offline", "offline")
        await room.run("offline", EDIT_OFFLINE)
        await room.run("undoes", DELETE_ALL)
        await room.until_run("keeps", TEXT, "")

        compacted = await ada.post(f"/session/{session_id}/compact")
        assert compacted.body["before"] > 14_000
        assert compacted.body["bytes"] < 500
        await room.connect("newcomer", ada, session_id)
        assert await room.until_equal(ROOTS, "undoes", "keeps", "newcomer") is None
        assert len(await room.apps.do("stateUpdate", "newcomer")) < 2 * 500
        await room.apps.do("online", "offline")
        await room.until_run("newcomer", TEXT, "typed offline")
        assert await room.until_equal(ROOTS, "offline", "undoes", "keeps", "newcomer") is None
        await room.run("undoes", "doc.undo.undo()")
        assert await room.until_equal(ROOTS, "undoes", "offline", "keeps", "newcomer") is None
        assert len(await room.run("newcomer", TEXT)) == len(text) + len("typed offline")
        assert await room.run("keeps", SNAPSHOT) == text
        await room.restart()
        await room.connect("later", bob, session_id)
        assert (
            await room.until_equal(ROOTS, "later", "undoes", "offline", "keeps", "newcomer") is None
        )
        everybody = ("later", "undoes", "offline", "keeps", "newcomer")
        assert await room.refusals(*everybody) == []
        assert not any([(await room.apps.do("state", name))["pending"] for name in everybody])


class Vandal:
    """Types and deletes as fast as the server saves it, and reconnects after close code 4503."""

    def __init__(self, api: Api, session_id: str) -> None:
        self._api = api
        self._session_id = session_id
        self._typist = Typist(7)
        self.typed = 0

    async def run(self, rounds: int, size: int) -> None:
        while self.typed < rounds * size:
            wire = await joined(self._api, self._session_id, "&saved=1")
            # The server may have closed the connection; 4503 means "reconnect".
            with contextlib.suppress(AssertionError, WebSocketClosedError):
                await wire.send(sync_step2(self._typist.doc.get_update()))
                while self.typed < rounds * size:
                    await wire.send(sync_update(self._typist.insert(0, "x" * size)))
                    await wire.send(sync_update(self._typist.delete(0, size)))
                    await wire.receive_until(b"\x66")
                    self.typed += size
            assert wire.close_code in {None, 4503}


async def test_document_is_never_full_of_deleted_text(start_server: Any) -> None:
    """After text of 20 times the limit was typed and deleted, the owner can still save.

    A newcomer receives less than the limit.
    """
    server = await start_server(
        max_state_bytes=100_000, max_deleted_bytes=1_000, update_bytes_per_s=64 << 20
    )
    ada = await Api(server.url).sign_up("ada")
    session_id = await ada.new_session(code="kept\n")
    bob = await ada.sign_up("bob")
    await bob.post(f"/session/{session_id}/join")
    room = server.parts.services.rooms.find

    await Vandal(bob, session_id).run(rounds=100, size=20_000)
    await until(lambda: room(session_id).document.size, lambda size: size < 70_000)

    assert (
        await ada.post(f"/code/{session_id}/save", {"code": "kept\n" + "x = 1\n" * 3_000})
    ).status == 201
    wire = await ada.connect(session_id)
    await wire.send(b"\x00\x00\x01\x00")
    assert len(await wire.receive_until(b"\x00\x01")) < 100_000
