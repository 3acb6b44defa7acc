"""Everything of a session to take away."""

import asyncio
import tempfile

from tornado.iostream import StreamClosedError

from handlers import errors
from handlers.archive import Archive
from handlers.base import BaseHandler
from storage.records import Role

_IN_MEMORY_BYTES = 4 << 20
_PIECE_BYTES = 256 << 10


class ExportHandler(BaseHandler):
    """GET /code/:sessionId/export"""

    async def get(self, session_id: str) -> None:
        session, _ = await self.member(session_id, Role.VIEWER)
        if self.get_query_argument("format", "zip") != "zip":
            raise errors.invalid({"format": ["must be zip"]})
        with tempfile.SpooledTemporaryFile(_IN_MEMORY_BYTES) as file:
            async with self.services.exports:
                await Archive(self.services, session, file).write()
            size = file.tell()
            file.seek(0)
            self.set_header("Content-Type", "application/zip")
            self.set_header("Content-Length", str(size))
            self.set_header("Content-Disposition", f'attachment; filename="session-{session.id}.zip"')
            try:
                while piece := await asyncio.to_thread(file.read, _PIECE_BYTES):
                    self.write(piece)
                    await self.flush()
            except StreamClosedError:
                return
