"""A Yjs client without a network, made with pycrdt."""

from collections.abc import Callable
from typing import Any

import pycrdt


class Typist:
    """A Yjs client: a document, and the updates that its edits make."""

    def __init__(self, client_id: int, root: str = "codemirror") -> None:
        self.doc = pycrdt.Doc[Any](client_id=client_id)
        self.made: list[bytes] = []
        self._is_own = False
        self._subscription = self.doc.observe(self._note)
        self.target = self.doc.get(root, type=pycrdt.Text)

    def _note(self, event: pycrdt.TransactionEvent) -> None:
        if self._is_own:
            self.made.append(event.update)

    def insert(self, at: int, text: str) -> bytes:
        """Insert text at a byte offset; return the update."""
        return self.change(lambda: self.target.insert(at, text))

    def delete(self, start: int, end: int) -> bytes:
        return self.change(lambda: self.target.__delitem__(slice(start, end)))

    def replace(self, start: int, end: int, text: str) -> bytes:
        """Replace a selection by text; return the update."""

        def edit() -> None:
            with self.doc.transaction():
                del self.target[start:end]
                self.target.insert(start, text)

        return self.change(edit)

    def change(self, edit: Callable[[], object]) -> bytes:
        """Change the document by a function; return the update."""
        self._is_own = True
        edit()
        self._is_own = False
        return self.made[-1]

    def hear(self, update: bytes) -> None:
        self.doc.apply_update(update)

    @property
    def text(self) -> str:
        return str(self.target)
