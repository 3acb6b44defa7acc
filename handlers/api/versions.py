"""Handlers for the versions of the code: save, restore, compare, read and list them."""

from collections.abc import Mapping
from functools import partial

from crdt.errors import VersionDamaged
from crdt.history.versions import LiveCode
from crdt.reading.file_table import File
from handlers import errors
from handlers.http import queries, schemas
from handlers.http.base import BaseHandler
from handlers.http.json_pieces import PIECE, weight_of
from handlers.http.views import code, differences
from handlers.http.views.code import Files, LiveDocument, Versions
from handlers.http.views.names import file_names, naming_of, suffix_of
from handlers.http.views.times import rfc3339
from storage.records import Role, Session, User, Version

_BATCH = 10
"""Versions that are read together. Each may have a megabyte of text."""
_PAGE_CHARACTERS = 4 << 20
"""Characters of texts after which a page of versions ends.
While a page is sent, memory holds several copies of it."""


class VersionHandlerBase(BaseHandler):
    """Base of the handlers of versions."""

    async def shown(
        self, session: Session, version: Version, people: Mapping[str, User] | None = None
    ) -> code.Version:
        """Return a version with the names of its files, its author and its contributors.

        people  the author and the contributors, if they were read already
        """
        if people is None:
            people = await self.services.store.users({version.author_id, *version.contributors})
        return code.version(version, people, await self.files_of(session, version))

    async def files_of(self, session: Session, version: Version | LiveCode) -> tuple[File, ...]:
        """Return the files of a version, or of the document as it is now."""
        return await self.services.versions.files_of(
            self.me.id, version.files or {}, version.documents, naming_of(session)
        )

    async def reply_version(self, session: Session, version: Version, status: int = 200) -> None:
        """Answer with a version."""
        await self.reply_to_members(await self.shown(session, version), status)

    async def reply_sound(self, session: Session, version: Version) -> None:
        """Answer with one version.

        Raises: VersionDamaged. Lists do not raise it, but mark the version as damaged.
        """
        if version.is_damaged:
            raise VersionDamaged(version.number)
        await self.reply_version(session, version)


class SaveHandler(VersionHandlerBase):
    """POST /code/:sessionId/save"""

    body_bytes = 7 << 20

    async def post(self, session_id: str) -> None:
        body = self.read(schemas.SAVE)
        session, _ = await self.member(session_id, Role.EDITOR, writes=True)
        if wait := self.services.limiters.saves.wait_s(session.id):
            raise errors.rate_limited(wait, "Too many versions in a short time.")
        version, is_new = await self.services.versions.save(
            session.id,
            self.me.id,
            self.me.username,
            code=body.get("code"),
            label=body.get("label", ""),
            check=lambda: self.member(session.id, Role.EDITOR, writes=True),
        )
        await self.reply_version(session, version, 201 if is_new else 200)


class RestoreHandler(VersionHandlerBase):
    """POST /code/:sessionId/restore"""

    async def post(self, session_id: str) -> None:
        body = self.read(schemas.RESTORE)
        session, _ = await self.member(session_id, Role.EDITOR, writes=True)
        if wait := self.services.limiters.saves.wait_s(session.id):
            raise errors.rate_limited(wait, "Too many versions in a short time.")
        restored = await self.services.versions.restore(
            session.id,
            self.me.id,
            self.me.username,
            body["version"],
            root=body.get("root"),
            check=lambda: self.member(session.id, Role.EDITOR, writes=True),
        )
        answer = code.restored(await self.shown(session, restored.version), restored.others)
        await self.reply_to_members(answer, 201 if restored.is_new else 200)


class DiffHandler(BaseHandler):
    """GET /code/:sessionId/diff"""

    async def get(self, session_id: str) -> None:
        session, _ = await self.member(session_id, Role.VIEWER)
        query = self.read_query(queries.DIFF)
        new = None if query["to"] == "live" else query["to"]
        old = query.get("from")
        if old is None:
            old = await self._before(session.id, new)
        difference = await self.services.versions.difference(
            session.id,
            self.me.id,
            old,
            new,
            partial(differences.encoded_differences, naming_of(session)),
        )
        ends = {
            "from": old,
            "to": "live" if new is None else new,
            "others": code.roots(difference.others),
        }
        await self.reply_encoded(differences.encoded_difference(ends, difference.files))

    async def _before(self, session_id: str, new: int | None) -> int:
        """Return the number of the version before `new`, or of the newest version for None.

        Returns 0 if there is no such version.
        """
        versions = await self.services.store.versions(session_id, new, 1, with_files=False)
        return versions[0].number if versions else 0


class LatestHandler(VersionHandlerBase):
    """GET /code/:sessionId/latest"""

    async def get(self, session_id: str) -> None:
        session, _ = await self.member(session_id, Role.VIEWER)
        if self.read_query(queries.LATEST)["live"]:
            await self._reply_live(session)
            return
        version = await self.services.store.newest_version(session.id)
        if version is None:
            raise errors.not_found("version yet: nothing was saved in this session")
        await self.reply_sound(session, version)

    async def _reply_live(self, session: Session) -> None:
        live = await self.services.versions.live(session.id, self.me.id)
        answer: LiveDocument = {
            "sessionId": session.id,
            "version": live.newest.number if live.newest and live.is_saved else None,
            "code": live.files.get(live.main_root, ""),
            "files": live.files,
            "names": file_names(await self.files_of(session, live)),
            "documents": code.documents(live.documents),
            "sequence": live.sequence,
            "createdAt": rfc3339(self.services.clock()),
        }
        await self.reply_to_members(answer)


class FilesHandler(BaseHandler):
    """GET /code/:sessionId/files"""

    async def get(self, session_id: str) -> None:
        session, _ = await self.member(session_id, Role.VIEWER)
        with_deleted = self.read_query(queries.FILES)["deleted"]
        outline, sequence = await self.services.versions.outline(
            session.id, self.me.id, suffix_of(session.language)
        )
        answer: Files = {
            "sessionId": session.id,
            "sequence": sequence,
            "files": code.listed_files(outline, with_deleted=with_deleted),
        }
        await self.reply_to_members(answer)


class VersionsHandler(VersionHandlerBase):
    """GET /code/:sessionId/versions"""

    async def get(self, session_id: str) -> None:
        session, _ = await self.member(session_id, Role.VIEWER)
        query = self.read_query(queries.VERSIONS)
        versions, has_more = await self._page(
            session.id, query.get("before"), query["limit"], "fields" not in query
        )
        user_ids = {
            user_id
            for version in versions
            for user_id in (version.author_id, *version.contributors)
        }
        people = await self.services.store.users(user_ids)
        answer: Versions = {
            "versions": [await self.shown(session, version, people) for version in versions],
            "next": str(versions[-1].number) if has_more else None,
        }
        await self.reply_to_members(answer)

    async def _page(
        self, session_id: str, before: int | None, limit: int, with_files: bool
    ) -> tuple[list[Version], bool]:
        """Return (versions, whether there are more).

        There are fewer than `limit` versions if their texts are large.
        """
        store = self.services.store
        if not with_files:
            versions = await store.versions(session_id, before, limit + 1, with_files=False)
            return versions[:limit], len(versions) > limit
        page: list[Version] = []
        size = 0
        while len(page) < limit and size < _PAGE_CHARACTERS:
            batch = await store.versions(
                session_id, before, min(_BATCH, limit - len(page)), with_files=True
            )
            if not batch:
                return page, False
            for version in batch:
                page.append(version)
                before, size = version.number, size + _characters(version)
                if size >= _PAGE_CHARACTERS:
                    break
        return page, bool(await store.versions(session_id, before, 1, with_files=False))


def _characters(version: Version) -> int:
    """Return about how many characters a version has.

    A version with a large document counts as a quarter of a page.
    """
    documents = weight_of(version.documents)
    texts = sum(map(len, (version.files or {}).values()))
    return texts + (documents if documents < PIECE else _PAGE_CHARACTERS // 4)


class VersionHandler(VersionHandlerBase):
    """GET /code/:sessionId/versions/:n"""

    async def get(self, session_id: str, number: str) -> None:
        session, _ = await self.member(session_id, Role.VIEWER)
        version = None
        if len(number) < 10:
            version = await self.services.store.version(session.id, int(number))
        if version is None:
            raise errors.not_found("version")
        await self.reply_sound(session, version)
