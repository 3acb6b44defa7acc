"""Pages for people: the shell of the web app, the files that it loads, and the API's reference."""

import json
import re
from collections.abc import Callable, Iterator
from functools import lru_cache, partial
from importlib.resources import files
from mimetypes import guess_type
from pathlib import Path

from tornado.template import Template

from handlers import compression, errors
from handlers.close_codes import CloseCode
from handlers.http import network
from handlers.http.api_docs import openapi
from handlers.http.api_docs.error_codes import ERRORS
from handlers.http.api_docs.json_schema import of_body
from handlers.http.api_docs.operations import OPERATIONS, Media, Operation
from handlers.http.base import BaseHandler

_CSP = (
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action "
    "'none'; "
    "frame-ancestors 'none'"
)


_APP_CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob: https:; "
    "font-src 'self'; connect-src 'self' {socket}; frame-src 'self'{programs}; "
    "worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

STATIC = Path(__file__).resolve().parents[2] / "static"
_DIST = STATIC / "dist"
_SOCKET = re.compile(r"wss?://[a-z0-9._:\[\]-]+")
_UNBUILT_FILES = ("style.css", "icon.svg")
_YEAR_S = 365 * 86_400

_PACKED_TYPES = {".woff2": "font/woff2", ".webp": "image/webp"}
"""Content types of files that gzip cannot make smaller. Python 3.11 does not know these types."""


@lru_cache(maxsize=1)
def _reference() -> bytes:
    """Return the page of the API's reference.

    It is the same for everybody, and takes 7 ms to make.
    """
    rows = [(operation, _answer(operation), list(_fields(operation))) for operation in OPERATIONS]
    text = files("handlers.api").joinpath("templates", "docs.html").read_text()
    page = Template(text, autoescape="xhtml_escape", whitespace="all")
    return page.generate(rows=rows, errors=ERRORS, close_codes=list(CloseCode))


@lru_cache(maxsize=1)
def _description(version: str) -> bytes:
    """Return the OpenAPI document as JSON. It is the same for everybody, and takes 6 ms to make."""
    return json.dumps(openapi.document(version)).encode()


class _PublicHandler(BaseHandler):
    """Base of handlers that give everybody the same answer."""

    needs_login = False
    is_public = True

    async def reply_kept(self, content: Callable[..., bytes], *arguments: object) -> None:
        """Answer with the result of `content`, compressed for clients that accept it.

        `content` must return an equal result each time.
        """
        make = partial(content, *arguments)
        self.set_header("Vary", compression.VARY)
        if not compression.is_accepted(self.request.headers.get("Accept-Encoding", "")):
            self.finish(make())
            return
        self.set_header("Content-Encoding", "gzip")
        self.finish(await self.services.compressor.kept((content, *arguments), make))


class AppHandler(_PublicHandler):
    """GET / and the web app's other paths.

    All paths have the same page, the shell of the web app, which gets its content from the API.
    """

    async def get(self, *_parts: str) -> None:
        # Before version 15.4 of Safari, 'self' does not include this host's WebSockets.
        web = self.services.settings
        socket = network.own_origin(self.request, web.trusted_hops).replace("http", "ws", 1)
        policy = _APP_CSP.format(
            socket=socket if _SOCKET.fullmatch(socket) else "",
            # A frame of ours leads there.
            programs=f" {web.run_origin}" if web.run_origin else "",
        )
        self.set_header("Content-Security-Policy", policy)
        self.set_header("Content-Type", "text/html; charset=UTF-8")
        self.set_header("Cache-Control", "no-cache")
        self.finish((_DIST / "index.html").read_bytes())


class MissingPageHandler(AppHandler):
    """Answers paths without a route.

    Browsers that ask for a page get the web app's shell, and programs get an error.
    """

    async def prepare(self) -> None:
        await super().prepare()
        asks_for_page = self.request.method == "GET" and "text/html" in self.request.headers.get(
            "Accept", ""
        )
        if self.request.method != "OPTIONS" and not asks_for_page:
            raise errors.not_found()

    async def get(self, *_parts: str) -> None:
        self.set_status(404)
        await super().get()


class WorkerHandler(_PublicHandler):
    """GET /sw.js: the service worker, which keeps the web app in browsers"""

    async def get(self) -> None:
        # The worker's requests obey this policy, not the policy of the page that registered it.
        self.set_header("Content-Security-Policy", "default-src 'none'; connect-src 'self'")
        self.set_header("Content-Type", "text/javascript; charset=UTF-8")
        # A browser asks for this file again with each page, so that an upgrade reaches all tabs.
        self.set_header("Cache-Control", "no-cache")
        self.finish((_DIST / "sw.js").read_bytes())


class DocsHandler(_PublicHandler):
    """GET /docs: an HTML page without scripts"""

    async def get(self) -> None:
        self.set_header("Content-Security-Policy", _CSP)
        self.set_header("Content-Type", "text/html; charset=UTF-8")
        await self.reply_kept(_reference)


class OpenApiHandler(_PublicHandler):
    """GET /openapi.json"""

    async def get(self) -> None:
        self.set_header("Content-Type", "application/json; charset=UTF-8")
        await self.reply_kept(_description, self.services.settings.version)


class AssetHandler(_PublicHandler):
    """GET /static/:name: built files, and a few others; sources are not served."""

    async def get(self, name: str) -> None:
        try:
            path = (STATIC / name).resolve()
            is_built = _DIST / "assets" in path.parents
            is_there = (is_built or name in _UNBUILT_FILES) and path.is_file()
        except (OSError, ValueError):  # no file can have this name: it is too long or has a NUL
            raise errors.not_found() from None
        if not is_there:
            raise errors.not_found()
        packed_type = _PACKED_TYPES.get(path.suffix)
        known_type = packed_type or guess_type(path.name)[0]
        self.set_header("Content-Type", known_type or "application/octet-stream")
        self.set_header(
            "Cache-Control",
            f"public, max-age={_YEAR_S}, immutable" if is_built else "public, max-age=300",
        )
        # a built file's name changes with its content, so the result can be kept
        if is_built and not packed_type:
            await self.reply_kept(Path.read_bytes, path)
        else:
            self.finish(path.read_bytes())


def _answer(operation: Operation) -> str:
    """Return a description of an operation's answer."""
    if isinstance(operation.answer, Media):
        return ", ".join(operation.answer.content_types)
    return ", ".join(openapi.answer_fields(operation)) or "nothing"


def _fields(operation: Operation) -> Iterator[tuple[str, str, bool]]:
    """Yield (name, rules in words, whether it is required) for each field of a body."""
    schema = of_body(operation.body or {})
    for name, rules in schema["properties"].items():
        words = " | ".join(rules.get("enum", ()))
        if "maxLength" in rules:
            words = f"{rules.get('minLength', 0)}–{rules['maxLength']} characters"
        if "maximum" in rules:
            words = f"{rules['minimum']}–{rules['maximum']}"
        yield name, words, name in schema["required"] or "oneOf" in schema
