"""Keeps the crash mark and the quarantine as files in DATA_DIR, and reads them at the start.

Not for: deciding what is set aside (`crdt.quarantine`).
"""

import contextlib
import json
import logging
import mmap
import os
from pathlib import Path

from crdt import crashmark
from crdt.crashmark import CrashMark
from crdt.quarantine import Quarantine

MARK_NAME = "crash-mark"
NOTES_NAME = "quarantine.json"

_log = logging.getLogger(__name__)


class Crashes:
    """The crash mark, mapped into memory, and the quarantine.

    Only the process that has the store open may use it.

    mark        names the session and the user for whom a room is working just now
    quarantine  rooms ask it which sessions and users are set aside
    """

    def __init__(self, data_dir: Path) -> None:
        """Open or create the files in a folder; raises OSError if the folder cannot be used."""
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._notes = data_dir / NOTES_NAME
        descriptor = os.open(data_dir / MARK_NAME, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            os.ftruncate(descriptor, crashmark.SIZE)
            self._page = mmap.mmap(descriptor, crashmark.SIZE)
        finally:
            os.close(descriptor)
        self.mark = CrashMark(self._page)
        self.quarantine = read_notes(data_dir)

    def look_back(self, now: int, *, is_sure: bool) -> None:
        """Read the mark of the previous process, note its sessions and users, and clear the mark.

        is_sure  whether that process ended by its own fault (`Quarantine.note`)

        Raises OSError.
        """
        in_loop = list(self.mark.named())
        named = [*in_loop, *self.mark.named(in_threads=True)]
        is_changed = self.quarantine.relieve(named)
        if named:
            # The work of the event loop is the most likely cause, above all its work for one user.
            # If the loop worked for no session, the sessions of threads are left. All others are
            # only suspected.
            alone = [pair for pair in in_loop if pair[1]] or in_loop or named
            sessions = {session_id for session_id, _ in alone}
            self.quarantine.note(alone, now, is_sure=is_sure)
            self.quarantine.note(
                [pair for pair in named if pair[0] not in sessions], now, is_sure=False
            )
        if named or is_changed:
            self._save()
        self.mark.clear()
        for session_id, user_id in named:
            minutes = self.quarantine.wait_ms(session_id, now) // 60_000
            _log.error(
                "the server died while it worked for session %s, user %s: %s",
                session_id, user_id or "(several or none)",
                f"set aside for {minutes} minutes" if minutes else "noted, may be a coincidence",
            )  # fmt: skip

    def close(self) -> None:
        """Unmap the page of the crash mark; the file stays for the next process."""
        self._page.close()

    def _save(self) -> None:
        part = self._notes.with_suffix(".part")
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump(self.quarantine.as_stored(), file)
            file.flush()
            os.fsync(file.fileno())
        part.replace(self._notes)


def read_notes(data_dir: Path) -> Quarantine:
    """Return the notes about earlier deaths; an unreadable file counts as none."""
    with contextlib.suppress(FileNotFoundError):
        try:
            stored = json.loads((data_dir / NOTES_NAME).read_text())
        except (ValueError, RecursionError):
            _log.warning("%s cannot be read; nobody is set aside", data_dir / NOTES_NAME)
        else:
            if isinstance(stored, dict):
                return Quarantine(stored)
    return Quarantine()
