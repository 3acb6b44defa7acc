"""Tests that the API's description and the routes agree exactly."""

import re

import pytest
from tornado.web import RequestHandler

from collab_server.routes import ROUTES
from handlers.api import pages
from handlers.http import schemas
from handlers.http.api_docs import openapi
from handlers.http.api_docs.error_codes import ERRORS
from handlers.http.api_docs.json_schema import of_body
from handlers.http.api_docs.operations import OPERATIONS, Operation
from handlers.http.base import BaseHandler
from tests.api import Api

METHODS = ("get", "post", "put", "patch", "delete")
PAGES = {"/socket.io/", "/", "/docs", "/openapi.json", "/static/(.+)", "/join/([^/]+)"}
PAGES |= {"/sw.js", "/run/", "/run/preview", "/static/run/(.+)"}
"""Routes that the description leaves out: pages, files that pages load, and the description."""


def implemented(handler: type[RequestHandler]) -> set[str]:
    """Return the methods that a handler implements."""
    return {
        method
        for method in METHODS
        if getattr(handler, method) is not getattr(RequestHandler, method)
    }


def shape(path: str) -> str:
    """Return a path of the router or of the description with `{}` for each parameter."""
    return re.sub(r"\([^)]*\)|\{[^}]*\}", "{}", path)


ROUTED = {
    shape(route): implemented(handler)
    for route, handler in ROUTES
    if handler is not pages.AppHandler and route not in PAGES
}
DESCRIBED = {
    shape(path): set(methods) & set(METHODS) for path,
    methods in openapi.document("1")["paths"].items()
}  # fmt: skip


def test_openapi_paths_equal_routes() -> None:
    """The routes and the description have the same paths."""
    assert set(ROUTED) - set(DESCRIBED) == set(), (
        "not described in handlers/http/api_docs/operations.py"
    )
    assert set(DESCRIBED) - set(ROUTED) == set(), "not routed in collab_server/routes.py"


@pytest.mark.parametrize("path", sorted({*ROUTED, *DESCRIBED}))
def test_openapi_methods_equal_route_methods(path: str) -> None:
    """A route has exactly the methods that its description has."""
    assert ROUTED.get(path) == DESCRIBED.get(path)


def test_openapi_describes_each_operation_one_time() -> None:
    """The table has one line for each route and method."""
    described = [(operation.method, operation.path) for operation in OPERATIONS]

    assert len(described) == len(set(described))


@pytest.mark.parametrize(
    "operation", OPERATIONS, ids=lambda operation: f"{operation.method} {operation.path}"
)
def test_openapi_operation_declares_parameters_sign_in_and_body(operation: Operation) -> None:
    """The description of an operation has its parameters and body, and whether it needs a login."""
    described = openapi.document("1")["paths"][operation.path][operation.method.lower()]
    (handler,) = [handler for route, handler in ROUTES if shape(route) == shape(operation.path)]

    in_path = [
        parameter["name"] for parameter in described["parameters"] if parameter["in"] == "path"
    ]
    assert in_path == re.findall(r"\{([^}]*)\}", operation.path)
    assert all(
        parameter["required"] for parameter in described["parameters"] if parameter["in"] == "path"
    )
    assert described["summary"]
    assert {str(status) for status in operation.statuses} <= set(described["responses"])
    if issubclass(handler, BaseHandler):
        assert bool(described["security"]) == handler.needs_login
    if operation.method in ("POST", "PATCH"):
        kind = "multipart/form-data" if operation.upload else "application/json"
        body = described["requestBody"]["content"][kind]["schema"]
        assert list(described["requestBody"]["content"]) == [kind]
        assert (
            list(body["properties"]) == [operation.upload]
            if operation.upload
            else not body["additionalProperties"]
        )


@pytest.mark.parametrize(
    "name",
    [
        name
        for name, value in vars(schemas).items()
        if name.isupper() and isinstance(value, dict) and name[0] != "_"
    ],
)
def test_openapi_bodies_match_checked_schemas(name: str) -> None:
    """Fields, limits and choices in the description equal those in the checked schema."""
    schema = getattr(schemas, name)

    described = of_body(schema)

    assert set(described["properties"]) == set(schema)
    for field, rules in schema.items():
        shown = described["properties"][field]
        is_list = rules["type"] == "list"
        kind = "array" if is_list else rules["type"]
        assert shown["type"] == ([kind, "null"] if rules.get("nullable") else kind)
        assert shown.get("maxItems" if is_list else "maxLength") == rules.get("maxlength")
        assert shown.get("minLength") == rules.get("minlength")
        assert shown.get("enum") == rules.get("allowed")
    alternatives = [field for field, rules in schema.items() if "excludes" in rules]
    assert set(described["required"]) == {f for f, r in schema.items() if r.get("required")} - set(
        alternatives
    )
    assert [form["required"] for form in described.get("oneOf", [])] == [
        [field] for field in alternatives
    ]


async def test_openapi_description_is_served_to_everybody(api: Api) -> None:
    """The description is OpenAPI 3.1 in JSON, and anybody may read it."""
    answer = await api.get("/openapi.json")

    assert answer.status == 200
    assert answer.headers["Content-Type"].startswith("application/json")
    assert re.fullmatch(r"3\.1\.\d+", answer.body["openapi"])
    assert answer.body["info"]["title"]
    assert answer.body == openapi.document(answer.body["info"]["version"])
    assert "/user/signup" in answer.body["paths"]


async def test_openapi_references_exist(api: Api) -> None:
    """Every referenced schema and every named security scheme exists."""
    document = (await api.get("/openapi.json")).body

    def refs(node: object) -> list[str]:
        if isinstance(node, dict):
            own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
            return own + [ref for value in node.values() for ref in refs(value)]
        return [ref for value in node for ref in refs(value)] if isinstance(node, list) else []

    for ref in set(refs(document)):
        target = document
        for part in ref.removeprefix("#/").split("/"):
            target = target[part]
    schemes = set(document["components"]["securitySchemes"])
    for methods in document["paths"].values():
        for operation in methods.values():
            assert {name for choice in operation["security"] for name in choice} <= schemes


async def test_docs_page_lists_operations_fields_and_error_codes(api: Api) -> None:
    """/docs contains each operation, each field of its body, and each error code."""
    answer = await api.get("/docs")
    assert answer.status == 200
    page = answer.body.decode()

    for operation in OPERATIONS:
        assert f"{operation.method} {operation.path}" in page
        for field in operation.body or {}:
            assert f"<code>{field}</code>" in page
    for status, code, _ in ERRORS:
        assert f'id="{code}"' in page
        assert str(status) in page
    for close_code in (4400, 4401, 4403, 4404, 4410, 1012, 1013, 4503, 4529):
        assert str(close_code) in page


async def test_error_type_is_existing_anchor_of_docs_page(ada: Api) -> None:
    """The `type` of an error is the address of an anchor that exists on the page."""
    problems = [
        await ada.get("/nowhere"),
        await ada.post("/session", {"x": 1}),
        await Api(ada.url).get("/session"),
    ]
    page = (await ada.get("/docs")).body.decode()

    for problem in problems:
        address, _, anchor = problem.body["type"].partition("#")
        assert (await ada.get(address)).status == 200
        assert f'id="{anchor}"' in page
