"""Writes a session as a zip file: the files of every version, chat, runs, tests, members."""

import asyncio
import json
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import IO, Any

from crdt.history.differences import DEADLINE_S
from crdt.history.program_tests.staff import is_staff
from crdt.reading.file_table import are_few, table_in
from handlers.export.contents import Paths, as_files, endings_of, live_if_sound, paths_of
from handlers.export.file_names import MANIFEST, MAX_BYTES, FileNames
from handlers.export.run_files import put_runs
from handlers.http.views import chat, code, people
from handlers.http.views.names import naming_of
from handlers.http.views.programs.program_tests import program_test
from handlers.http.views.times import rfc3339
from handlers.services import Services
from storage.records import Member, Message, Session, Version

_PAGE = 20
_MESSAGES = 500

_README = """{title}
session {id}, {language}, {status}, exported {now}

versions/NNNN-kind/   the files of version NNNN, with their names of that time; maps and arrays as JSON, other documents as XML
live/                 the files of the document at the time of the export, without deleted ones
{manifest:<21} for each file, the name of its text in the document
versions.jsonl        number, kind, label, author, contributors and time of each version
chat.jsonl            messages, oldest first
runs.json, runs.txt   runs of programs, newest first, with their output as the members' browsers reported it
tests.json            tests of programs, in order; hidden ones only for the owner
members.json          the members and their roles

If a version, a message or a run is damaged in the store, its entry has "damaged": true. The folder of a damaged version
has a DAMAGED.txt instead of its texts.

Each file has the name and the folders that it has in the editor, if every system can create such a file. If not:
- characters that a system forbids are written as in URLs: a:b is a%3Ab;
- names that mean something to Windows, macOS or git begin with _: con.txt is _con.txt;
- names of files and folders over {limit} bytes are cut, and end in a digest of the whole name;
- names that differ only in upper and lower case, or in how accents are stored, are numbered: main.java is main-2.java
  if there is a Main.java too.
"""  # noqa: E501  # lines of a file in the archive

_DAMAGED_FILE = "DAMAGED.txt"
_DAMAGED_LIVE = (
    "The document cannot be read from the store, so its present texts are missing here. Versions "
    "are there.\n"
)
_DAMAGED = "Version {number} is damaged in the store: its texts are missing here.\n"


class ZipArchive:
    """Writes one archive into a file; slow steps run in threads."""

    def __init__(self, services: Services, session: Session, user_id: str, file: IO[bytes]) -> None:
        """user_id: the user who requested the export, for whom the work is counted."""
        self._services = services
        self._session = session
        self._user_id = user_id
        self._zip = zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED)
        self._naming = naming_of(session)
        self._names = FileNames()

    async def write(self) -> None:
        """Write everything; raises the errors of reading versions."""
        try:
            await self._write()
        except BaseException:
            # The caller closes the file. If `_zip` still had the file, it would write the end of
            # the archive to the closed file when Python deletes `_zip`. Python would log that
            # error.
            self._zip.fp = None
            raise

    async def _write(self) -> None:
        services, session = self._services, self._session
        now = rfc3339(services.clock())
        live = await live_if_sound(services, session.id, self._user_id)
        await asyncio.to_thread(self._put, {"README.txt": _readme(session, now)})
        if live:
            await self._put_document("live", live.files, live.documents)
        else:
            await asyncio.to_thread(self._put, {f"live/{_DAMAGED_FILE}": _DAMAGED_LIVE})
        await self._put_versions()
        await self._put_chat()
        members = await services.store.members(session.id)
        await self._put_programs(members)
        users = await services.store.users({member.user_id for member in members})
        listed = [
            {
                **people.person(row.user_id, users),
                "role": row.role,
                "joinedAt": rfc3339(row.joined_at),
            }
            for row in members
        ]
        described = {"members.json": json.dumps(listed, indent=2), MANIFEST: self._names.manifest()}
        await asyncio.to_thread(self._put, described)
        await asyncio.to_thread(self._zip.close)

    async def _put_programs(self, members: Iterable[Member]) -> None:
        """Put runs and tests, with hidden tests and their results only for staff."""
        services, session_id = self._services, self._session.id
        reader = next((row for row in members if row.user_id == self._user_id), None)
        for_staff = reader is not None and is_staff(reader)
        await put_runs(services, session_id, self._zip, for_staff=for_staff)
        tests = await services.program_tests.seen_by(reader) if reader else ()
        listed = json.dumps([program_test(test) for test in tests], indent=2)
        await asyncio.to_thread(self._put, {"tests.json": listed})

    async def _put_versions(self) -> None:
        store, before = self._services.store, None
        described: list[str] = []
        while rows := await store.versions(self._session.id, before, _PAGE, with_files=True):
            users = await store.users(
                {user_id for row in rows for user_id in (row.author_id, *row.contributors)}
            )
            described += [json.dumps(code.version(replace(row, files=None), users)) for row in rows]
            for row in rows:
                await self._put_version(row)
            before = rows[-1].number
        await asyncio.to_thread(self._put, {"versions.jsonl": _lines(reversed(described))})

    async def _put_version(self, version: Version) -> None:
        if version.is_damaged:
            folder = f"versions/{version.number:04}-damaged"
            text = _DAMAGED.format(number=version.number)
            await asyncio.to_thread(self._put, {f"{folder}/{_DAMAGED_FILE}": text})
            return
        folder = f"versions/{version.number:04}-{version.kind}"
        await self._put_document(folder, version.files or {}, version.documents)

    async def _put_document(
        self, folder: str, files: Mapping[str, str], documents: Mapping[str, Mapping[str, Any]]
    ) -> None:
        """Put the files of a document into a folder.

        All paths stay in the folder, even for roots such as `../a`.
        """
        table, endings = table_in(documents), endings_of(documents)
        arguments = self._names, self._naming, table, tuple(files), endings
        if are_few(table, files):
            paths = paths_of(*arguments)
        else:
            paths = await self._services.workers.run(
                paths_of, *arguments, key=self._user_id, deadline_s=DEADLINE_S
            )
        self._names = paths.names
        await asyncio.to_thread(self._put_files, folder, paths, files, documents)

    def _put_files(
        self,
        folder: str,
        paths: Paths,
        files: Mapping[str, str],
        documents: Mapping[str, Mapping[str, Any]],
    ) -> None:
        made = as_files(paths, files, documents)
        self._put({f"{folder}/{path}": text for path, text in made.items()})

    async def _put_chat(self) -> None:
        store, before = self._services.store, None
        pages: list[list[Message]] = []
        while rows := await store.messages(self._session.id, before, _MESSAGES):
            pages.append(rows)
            before = rows[0].sequence
        messages = [message for page in reversed(pages) for message in page]
        users = await store.users({message.sender_id for message in messages})
        text = _lines(json.dumps(chat.message(message, users)) for message in messages)
        await asyncio.to_thread(self._put, {"chat.jsonl": text})

    def _put(self, files: dict[str, str]) -> None:
        for name, text in files.items():
            self._zip.writestr(name, text)


def _readme(session: Session, now: str) -> str:
    return _README.format(
        title=session.title,
        id=session.id,
        language=session.language,
        status=session.status,
        now=now,
        manifest=MANIFEST,
        limit=MAX_BYTES,
    )


def _lines(lines: Iterable[str]) -> str:
    return "".join(f"{line}\n" for line in lines)
