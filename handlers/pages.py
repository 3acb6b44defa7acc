"""Pages for people: what this is, and the API's reference."""

from collections.abc import Iterator
from importlib.resources import files
from mimetypes import guess_type
from pathlib import Path

from tornado.template import Template

from handlers import errors, network, openapi
from handlers.base import BaseHandler

_CSP = (
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


STATIC = Path(__file__).parent.parent.resolve() / "static"


class PageHandler(BaseHandler):
    """An HTML page, without scripts unless `csp` allows them."""

    needs_login = False
    csp = _CSP

    def reply_page(self, name: str, **values: object) -> None:
        text = files("handlers").joinpath("templates", name).read_text()
        origin = network.own_origin(self.request, self.services.settings.trusted_hops)
        page = Template(text, autoescape="xhtml_escape", whitespace="all").generate(
            origin=origin,
            socket=origin.replace("http", "ws", 1),
            version=self.services.settings.version,
            **values,
        )
        self.set_header("Content-Security-Policy", self.csp)
        self.set_header("Content-Type", "text/html; charset=UTF-8")
        self.finish(page)


class HomeHandler(PageHandler):
    """GET /"""

    async def get(self) -> None:
        self.reply_page("index.html")


class JoinPageHandler(PageHandler):
    """GET /join/:invite: the page's script asks what the invite leads to."""

    csp = _CSP + "; script-src 'self'; connect-src 'self'"

    async def get(self, _secret: str) -> None:
        self.reply_page("join.html")


class DocsHandler(PageHandler):
    """GET /docs"""

    async def get(self) -> None:
        rows = [(operation, list(_fields(operation))) for operation in openapi.OPERATIONS]
        self.reply_page("docs.html", rows=rows, errors=openapi.ERRORS)


class OpenApiHandler(BaseHandler):
    """GET /openapi.json"""

    needs_login = False

    async def get(self) -> None:
        self.reply(openapi.document(self.services.settings.version))


class AssetHandler(BaseHandler):
    """GET /static/:name"""

    needs_login = False

    async def get(self, name: str) -> None:
        path = (STATIC / name).resolve()
        if STATIC not in path.parents or not path.is_file():
            raise errors.not_found()
        self.set_header("Content-Type", guess_type(path.name)[0] or "application/octet-stream")
        self.set_header("Cache-Control", "public, max-age=300")
        self.finish(path.read_bytes())


def _fields(operation: openapi.Operation) -> Iterator[tuple[str, str, bool]]:
    """Yield (name, rules in words, is it required) of each field of a body."""
    schema = openapi.json_schema(operation.schema or {})
    for name, rules in schema["properties"].items():
        words = " | ".join(rules.get("enum", ()))
        if "maxLength" in rules:
            words = f"{rules.get('minLength', 0)}–{rules['maxLength']} characters"
        if "maximum" in rules:
            words = f"{rules['minimum']}–{rules['maximum']}"
        yield name, words, name in schema["required"] or "oneOf" in schema
