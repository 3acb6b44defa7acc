"""A Yjs client that names the files of a session, for tests."""

from typing import Any

import pycrdt

from crdt.wire.y_protocol import sync_update
from tests.api import Api
from tests.handlers.clients import joined
from tests.waiting import until


class Editor:
    """A Yjs client of a session that types, and names files in the table."""

    def __init__(self, api: Api, session_id: str, wire: Any) -> None:
        self.doc: pycrdt.Doc[Any] = pycrdt.Doc()
        self._api, self._session_id, self._wire = api, session_id, wire
        self._table = self.doc.get("files", type=pycrdt.Map)

    @classmethod
    async def of(cls, api: Api, session_id: str) -> "Editor":
        return cls(api, session_id, await joined(api, session_id))

    def type(self, root: str, text: str) -> None:
        self.doc.get(root, type=pycrdt.Text).insert(0, text)

    def name(self, root: str, name: str, order: float = 1, **more: Any) -> None:
        self._table[root] = {"name": name, "order": order, **more}

    async def send(self) -> int:
        """Send all edits. Return the log position after them."""
        path = f"/code/{self._session_id}/files"
        before = (await self._api.get(path)).body["sequence"]
        await self._wire.send(sync_update(bytes(self.doc.get_update())))
        answer = await until(
            lambda: self._api.get(path), lambda answer: answer.body["sequence"] > before
        )
        return int(answer.body["sequence"])
