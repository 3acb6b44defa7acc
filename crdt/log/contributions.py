"""The authors of a document: who brought its structs,
and who has edited since the newest version.
"""

from crdt.log.authorship import Authorship
from crdt.log.codec import LogEntry
from crdt.wire.parsed_update import Parsed

MAX_TYPED = 1_000
"""Keystrokes that wait to be taken in, at most. While the store is away nothing is saved, and each
keystroke holds some 200 bytes."""


class Contributions:
    """The contributors of one document.

    Keystrokes are gathered, and taken in when somebody asks, when something is saved, or when there
    are many. In a batch a keystroke costs less than 2 µs. By itself it costs 5 µs, because
    nothing that it needs is in the processor's caches.

    typed          keystrokes to take in, in order, see `note_keystroke`
    first_edit_at  milliseconds since 1970 of the first entry since the newest version
    last_edit_at   of the newest one
    """

    __slots__ = ("_authorship", "_since", "first_edit_at", "last_edit_at", "typed")

    def __init__(
        self, authorship: Authorship, since: dict[str, int], edited_at: tuple[int, int] | None
    ) -> None:
        """Start from what was stored.

        since      {user id: last log position} since the newest version
        edited_at  times of the first and the last edit since then, None if there was none
        """
        self._authorship = authorship
        self._since = since
        self.first_edit_at, self.last_edit_at = edited_at or (0, 0)
        self.typed: list[tuple[int, int, int, LogEntry, int]] = []

    def note(self, parsed: Parsed, entry: LogEntry, sequence: int) -> None:
        """Take in an update that was applied and is no keystroke, and its log position."""
        # Keystrokes that wait came before this update, so their structs are noted before it, too.
        self.fold()
        self._authorship.note(parsed, entry.at, entry.author)
        self._note_first_edit(entry.at)
        self._since[entry.author] = sequence
        self.last_edit_at = entry.at

    def note_keystroke(
        self, client: int, first: int, after: int, entry: LogEntry, sequence: int
    ) -> None:
        """Take in a keystroke: one client's new structs from clock `first` to before `after`,
        both 0 for none.
        """
        self.last_edit_at = entry.at
        typed = self.typed
        typed.append((client, first, after, entry, sequence))
        if len(typed) >= MAX_TYPED:
            self.fold()

    def fold(self) -> None:
        """Take in the keystrokes that wait."""
        if not self.typed:
            return
        typed, self.typed = self.typed, []
        first_entry = typed[0][3]
        self._note_first_edit(first_entry.at)
        since, add = self._since, self._authorship.add
        for client, first, after, entry, sequence in typed:
            if after:
                add(client, first, after, entry.at // 1_000, entry.author)
            since[entry.author] = sequence

    def _note_first_edit(self, at: int) -> None:
        # The first edit after the newest version. An automatic version is due some minutes after
        # it.
        if not self._since:
            self.first_edit_at = at

    @property
    def authorship(self) -> Authorship:
        """Who brought each struct, and when."""
        self.fold()
        return self._authorship

    @property
    def since_version(self) -> dict[str, int]:
        """{user id: last log position} since the newest version."""
        self.fold()
        return self._since

    def versioned(self, sequence: int, now: int) -> None:
        """A version of the document at this log position is stored."""
        self._since = {user: last for user, last in self.since_version.items() if last > sequence}
        self.first_edit_at = now
