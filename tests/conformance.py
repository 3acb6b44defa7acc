"""Compares real answers with the API's description.
`tests.api.Api` passes every answer that it gets to `check`.

The description lets clients ignore undeclared fields. Here an undeclared field is an error.
"""

import copy
import re
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import jsonschema_rs

from handlers.http.api_docs import openapi
from handlers.http.api_docs.error_codes import OTHER_CODES
from handlers.http.api_docs.operations import OPERATIONS, Media, Operation

_JSON, _PROBLEM = "application/json", "application/problem+json"
_NOT_MODIFIED = 304
_ANY_OPERATION = {*OTHER_CODES, "too_large", "bad_request", "bad_origin"}
"""The codes of errors that any operation can have, such as the code for a request that is too
large."""


def operation_of(method: str, path: str) -> Operation | None:
    """Return the operation of a request.

    Returns: None for pages, and for a path and method without a route.
    """
    described = next(
        (described for pattern, described in _paths() if pattern.fullmatch(path)), None
    )
    return next(
        (
            operation
            for operation in OPERATIONS
            if (operation.method, operation.path) == (method, described)
        ),
        None,
    )


def check(method: str, target: str, status: int, content_type: str, content: Any) -> None:
    """Raise AssertionError unless an answer agrees with the description.

    target   path, with or without a query
    content  the parsed JSON, or the bytes of any other content
    """
    operation = operation_of(method, urlsplit(target).path)
    if operation is None or status == _NOT_MODIFIED:
        return
    where = f"{method} {operation.path}: {status}"
    kind = content_type.partition(";")[0]
    if status not in operation.statuses:
        assert kind == _PROBLEM, f"{where} is neither declared nor a problem, but {kind!r}"
        _validate("Problem", _problem_schema(), content, where)
        allowed = {*openapi.codes_of(operation), *_ANY_OPERATION}
        assert content["code"] in allowed, f"{where} {content['code']} is not declared"
    elif operation.answer is None:
        assert not content, f"{where} has a body"
    elif isinstance(operation.answer, Media):
        assert kind in operation.answer.content_types, f"{where} is {kind}"
    else:
        assert kind == _JSON, f"{where} is {kind}"
        schema = strict_document()["paths"][operation.path][method.lower()]["responses"][
            str(status)
        ]
        _validate(f"{operation.name} {status}", schema["content"][_JSON]["schema"], content, where)


@cache
def strict_document() -> dict[str, Any]:
    """Return the description with `additionalProperties: false` for objects with properties."""
    document = copy.deepcopy(openapi.document("1"))
    for schema in document["components"]["schemas"].values():
        if "properties" in schema:
            schema["additionalProperties"] = False
    return document


@cache
def _paths() -> list[tuple[re.Pattern[str], str]]:
    """Return (pattern, path) of every described path.

    The order matters, because the first matching pattern counts, as for routes.
    """
    return [
        (re.compile(re.sub(r"\{[^}]*\}", "[^/]+", path)), path)
        for path in strict_document()["paths"]
    ]


def _problem_schema() -> dict[str, Any]:
    return {"$ref": "#/components/schemas/Problem"}


_validators: dict[str, jsonschema_rs.Validator] = {}


def _validate(name: str, schema: dict[str, Any], content: Any, where: str) -> None:
    validator = _validators.get(name)
    if validator is None:
        whole = {**schema, "components": strict_document()["components"]}
        validator = _validators[name] = jsonschema_rs.Draft202012Validator(
            whole, validate_formats=True
        )
    wrong = [
        f"{'/'.join(map(str, error.instance_path))}: {error.message}"
        for error in validator.iter_errors(content)
    ]
    assert not wrong, f"{where}: {wrong}"
