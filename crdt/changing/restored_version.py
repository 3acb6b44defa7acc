"""Decides what a restore changes: the texts and the table of files, of all roots or of one.

Pure functions. `crdt.history.versions` reads the version and the document that it gives to them.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from crdt.changing.restored_table import Listed, entry_brought_back, restored_entries
from crdt.changing.whole_texts import Change
from crdt.errors import NoText
from storage.errors import NotFound
from storage.records import Version


@dataclass(frozen=True, slots=True)
class RestoreTarget:
    """What a restore brings back.

    version    the version; its texts are read
    root       the only root to restore; None for all roots
    main_root  the root that is a file even if it has no entry and no text
    """

    version: Version
    root: str | None
    main_root: str

    def __post_init__(self) -> None:
        """Raises NoText or NotFound if `root` is not one of the version's texts."""
        root, version = self.root, self.version
        if root is not None and root not in self._texts:
            document = version.documents.get(root)
            raise (
                NoText({root: document["type"]}) if document else NotFound("text in that version")
            )

    @property
    def _texts(self) -> Mapping[str, str]:
        return self.version.files or {}

    def change(self, now: Listed) -> Change:
        """Return the change that turns the present document into the target.

        Texts that the version lacks become empty.
        """
        if self.root is not None:
            texts = {self.root: self._texts[self.root]}
            return Change.to(texts, now.texts, entry_brought_back(self.root, now))
        # A version of an early release has no table, because it kept texts only.
        then = Listed(self._texts, self.version.documents)
        entries = restored_entries(then, now, self.main_root)
        return Change.to({**dict.fromkeys(now.texts, ""), **self._texts}, now.texts, entries)
