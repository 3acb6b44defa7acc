"""The isolated frame in which browsers run people's programs, and the files that it loads.

A program was written by somebody else, so it must not act as the user whose browser runs it. The
frame's page has a policy that gives it an origin of its own. There it finds no cookies, no storage
and no connection to the API. docs/running-code.md describes the isolation.
"""

import asyncio
import re
import zlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import BinaryIO

from tornado.iostream import StreamClosedError

from handlers import compression, errors
from handlers.http import network
from handlers.http.base import BaseHandler

_FOLDER = Path(__file__).resolve().parents[2] / "static" / "dist" / "run"
_NAME = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
"""Matches the name of a file: a folder, and a name in it. Neither begins with a dot."""
_ORIGIN = re.compile(r"https?://[a-z0-9._:\[\]-]+")
_TYPES = {
    ".html": "text/html; charset=UTF-8",
    ".js": "text/javascript; charset=UTF-8",
    ".mjs": "text/javascript; charset=UTF-8",
    ".txt": "text/plain; charset=UTF-8",
    ".wasm": "application/wasm",
    ".zip": "application/zip",
}
_PIECE_BYTES = 64 << 10
"""Bytes of a stored file that are read, and decompressed if need be, in one step of a thread."""
_GZIP = 16 + zlib.MAX_WBITS
_YEAR_S = 365 * 86_400

# The host is written out, because browsers do not agree on the meaning of 'self' in a page without
# an origin.
_FRAME_POLICY = (
    "sandbox allow-scripts; default-src 'none'; base-uri 'none'; form-action 'none'; "
    "script-src {files} blob: 'wasm-unsafe-eval'; worker-src blob:; connect-src {files}; "
    "frame-ancestors {shown_by}"
)
# People's pages contain scripts and styles. They load nothing from any host. Trusted Types keep
# them from documents in which WebRTC is not removed (static/src/run/webrtc.ts).
_PREVIEW_POLICY = (
    "sandbox allow-scripts; default-src 'none'; base-uri 'none'; form-action 'none'; "
    "script-src {files} blob: data: 'unsafe-inline' 'unsafe-eval'; style-src blob: data: "
    "'unsafe-inline'; img-src blob: data:; font-src blob: data:; media-src blob: data:; "
    "require-trusted-types-for 'script'; trusted-types default; frame-ancestors {shown_by}"
)


class RunnerHandler(BaseHandler):
    """Base of handlers that answer at the second origin too, if the server has one for programs."""

    needs_login = False
    is_public = True


class NothingElseHandler(RunnerHandler):
    """Answers all other requests to the second origin, as if this server had nothing else.

    Programs that leave their frame would have that origin. So there is nothing to find in it.
    """

    async def prepare(self) -> None:
        await self._hold_back(self._count_request())
        raise errors.not_found()


class FrameHandler(RunnerHandler):
    """GET /run/: the page whose workers run programs"""

    file = "index.html"
    policy = _FRAME_POLICY

    async def get(self) -> None:
        self.set_header("Cache-Control", "no-cache")
        web = self.services.settings
        if not web.run_origin:
            self._send(network.own_origin(self.request, web.trusted_hops), "'self'")
            self.set_header("X-Frame-Options", "SAMEORIGIN")
        elif network.is_for(self.request, web.run_origin):
            self._send(web.run_origin, web.public_url)
            # This is the older form of frame-ancestors. It has no value for pages of one other
            # origin.
            self.clear_header("X-Frame-Options")
        else:
            self.redirect(web.run_origin + self.request.path)

    def _send(self, origin: str, shown_by: str) -> None:
        """Send the page with its policy.

        origin    where its scripts and runtimes are
        shown_by  whose pages may show it in a frame
        """
        files = f"{origin}/static/run/" if _ORIGIN.fullmatch(origin) else ""
        policy = self.policy.format(files=files, shown_by=shown_by)
        self.set_header("Content-Security-Policy", policy)
        self.set_header("Content-Type", _TYPES[".html"])
        self.write((_FOLDER / self.file).read_bytes())


class PreviewHandler(FrameHandler):
    """GET /run/preview: the page that shows people's HTML"""

    file = "preview.html"
    policy = _PREVIEW_POLICY


class RunnerFileHandler(RunnerHandler):
    """GET /static/run/:name: scripts and runtimes, stored compressed by gzip."""

    async def get(self, name: str) -> None:
        path = _FOLDER / f"{name}.gz"
        if not _NAME.fullmatch(name) or not path.is_file():
            raise errors.not_found()
        is_packed = compression.is_accepted(self.request.headers.get("Accept-Encoding", ""))
        self.set_header("Access-Control-Allow-Origin", "*")
        self.set_header("Cross-Origin-Resource-Policy", "cross-origin")
        self.set_header("Content-Type", _TYPES[Path(name).suffix])
        self.set_header("Cache-Control", f"public, max-age={_YEAR_S}, immutable")
        self.set_header("Vary", "Accept-Encoding")
        if is_packed:
            self.set_header("Content-Encoding", "gzip")
            self.set_header("Content-Length", str(path.stat().st_size))
        if self.request.method == "HEAD":
            self.finish()
            return
        with path.open("rb") as file:
            await self._send(_stored(file) if is_packed else _unpacked(file))

    async def _send(self, pieces: AsyncIterator[bytes]) -> None:
        try:
            async for piece in pieces:
                self.write(piece)
                await self.flush()
            await self.finish()
        except StreamClosedError:
            return  # the client has left, for example because the user closed the page


async def _stored(file: BinaryIO) -> AsyncIterator[bytes]:
    """Yield the content of a file in pieces, each read by a thread."""
    while piece := await asyncio.to_thread(file.read, _PIECE_BYTES):
        yield piece


async def _unpacked(file: BinaryIO) -> AsyncIterator[bytes]:
    """Yield the decompressed content of a file in pieces, each made by a thread."""
    unpacker = zlib.decompressobj(_GZIP)
    async for piece in _stored(file):
        yield await asyncio.to_thread(unpacker.decompress, piece)
    yield unpacker.flush()
