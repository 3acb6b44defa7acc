"""Handler for downloads of a whole session."""

import asyncio
import re
import tempfile
from collections.abc import Callable
from typing import IO, Protocol
from urllib.parse import quote

from tornado.iostream import StreamClosedError

from handlers.export.file_names import file_name
from handlers.export.git_bundle import GitBundle
from handlers.export.html_player import HtmlPlayer
from handlers.export.zip_archive import ZipArchive
from handlers.http import queries
from handlers.http.long_work import LongWorkHandler
from handlers.services import Services
from storage.records import Role, Session

_PLAIN = re.compile(r"[\w .,()-]+", re.ASCII)
_IN_MEMORY_BYTES = 4 << 20
_PIECE_BYTES = 256 << 10


class _Writer(Protocol):
    async def write(self) -> None:
        """Write everything into the file that was passed to the writer's constructor."""


FORMATS: dict[str, tuple[Callable[[Services, Session, str, IO[bytes]], _Writer], str, str]] = {
    "zip": (ZipArchive, "application/zip", "zip"),
    "replay": (HtmlPlayer, "text/html; charset=UTF-8", "html"),
    "git": (GitBundle, "application/octet-stream", "bundle"),
}
"""{format: (its writer, its content type, the ending of the file's name)}"""


class ExportHandler(LongWorkHandler):
    """GET /code/:sessionId/export"""

    async def get(self, session_id: str) -> None:
        session, _ = await self.member(session_id, Role.VIEWER)
        writer, kind, ending = FORMATS[self.read_query(queries.EXPORT)["format"]]
        with tempfile.SpooledTemporaryFile(_IN_MEMORY_BYTES) as file:
            async with self.services.exports.slot(self.me.id):
                await self.while_connected(writer(self.services, session, self.me.id, file).write())
            size = file.tell()
            file.seek(0)
            self.set_header("Content-Type", kind)
            self.set_header("Content-Length", str(size))
            self.set_header("Content-Disposition", _attachment(session, ending))
            self.set_header("Content-Security-Policy", "sandbox")
            await self._send(file)

    async def _send(self, file: IO[bytes]) -> None:
        try:
            while piece := await asyncio.to_thread(file.read, _PIECE_BYTES):
                self.write(piece)
                await self.flush()
        except StreamClosedError:
            return


def _attachment(session: Session, ending: str) -> str:
    """Return the header that names the download after the session's title (RFC 6266).

    Programs that do not support `filename*` get a name of ASCII characters.
    """
    name = f"{file_name(session.title or f'session-{session.id}')}.{ending}"
    plain = name if _PLAIN.fullmatch(name) else f"session-{session.id}.{ending}"
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
