"""Makes the API's description (OpenAPI 3.1) from the operations, answer types and input rules."""

from handlers.http.api_docs.error_codes import ERRORS, OTHER_CODES
from handlers.http.api_docs.json_schema import Components, JsonSchema, of_body, of_rules
from handlers.http.api_docs.operations import OPERATIONS, Media, Operation
from handlers.http.views.problems import Problem

_NUMBERS = ("n", "sequence")
"""Parameters of paths that must be numbers. Their routes match only digits."""
_MONITORING = ("healthz", "readyz", "metrics")
_ABOUT_ERRORS = {code: about for _, code, about in ERRORS}
_STATUS_OF = {code: status for status, code, _ in ERRORS}


def document(version: str) -> JsonSchema:
    """Return the OpenAPI description."""
    components = Components()
    problem = components.of(Problem)
    components.schemas["Problem"]["properties"]["code"]["enum"] = [*_STATUS_OF, *OTHER_CODES]
    responses = {"other": _failure("An error that any operation may have.", problem)}
    paths: dict[str, JsonSchema] = {}
    for operation in OPERATIONS:
        failures = _failures(operation)
        for name, sentence in failures.values():
            responses[name] = _failure(sentence, problem)
        paths.setdefault(operation.path, {})[operation.method.lower()] = {
            **_describe(operation),
            "responses": {
                **_successes(operation, components),
                **{status: _response(name) for status, (name, _) in failures.items()},
                "default": _response("other"),
            },
        }
    return {
        "openapi": "3.1.0",
        "info": {"title": "collab-server", "version": version},
        "paths": paths,
        "components": {
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "cookie": {"type": "apiKey", "in": "cookie", "name": "accessToken"},
            },
            "responses": responses,
            "schemas": components.schemas,
        },
    }


def codes_of(operation: Operation) -> list[str]:
    """Return the error codes that an operation can answer with.

    Its path, method and body imply some codes, and its `errors` list the other codes.
    """
    codes = {*operation.errors}
    if operation.needs_login:
        codes |= {"not_signed_in", "token_expired"}
    if _tag(operation) != "monitoring":
        codes |= {"rate_limited", "unavailable"}
    if operation.method != "GET":
        codes.add("bad_origin")
    if operation.body is not None or operation.upload:
        codes |= {"too_large", "unsupported_media_type", "invalid"}
    if operation.body is not None:
        codes.add("bad_json")
    if operation.query is not None:
        codes.add("invalid")
    # If an account is deleted while its user changes something, the change finds no user.
    if "{" in operation.path or (operation.needs_login and operation.method != "GET"):
        codes.add("not_found")
    return [code for code in _STATUS_OF if code in codes]


def answer_fields(operation: Operation) -> list[str]:
    """Return the names of the fields that an operation's answer always has."""
    components = Components()
    schema = components.of(operation.answer) if _is_json(operation) else {}
    kinds = [
        part["$ref"].rpartition("/")[2] for part in schema.get("anyOf", [schema]) if "$ref" in part
    ]
    required = [components.schemas[kind]["required"] for kind in kinds]
    return (
        [name for name in required[0] if all(name in names for names in required)]
        if required
        else []
    )


def _is_json(operation: Operation) -> bool:
    return operation.answer is not None and not isinstance(operation.answer, Media)


def _describe(operation: Operation) -> JsonSchema:
    """Return the description of an operation without its answers."""
    described: JsonSchema = {
        "operationId": operation.name,
        "tags": [_tag(operation)],
        "summary": operation.about,
        "parameters": _parameters(operation),
        "security": [{"bearer": []}, {"cookie": []}] if operation.needs_login else [],
    }
    if operation.body is not None:
        described["requestBody"] = {
            "content": {"application/json": {"schema": of_body(operation.body)}}
        }
    if operation.upload:
        file = {"type": "string", "contentMediaType": "application/octet-stream"}
        form = {
            "type": "object",
            "properties": {operation.upload: file},
            "required": [operation.upload],
        }
        described["requestBody"] = {"content": {"multipart/form-data": {"schema": form}}}
    return described


def _tag(operation: Operation) -> str:
    """Return the group of an operation: the beginning of its path."""
    first = operation.path.split("/")[1]
    return "monitoring" if first in _MONITORING else first


def _parameters(operation: Operation) -> list[JsonSchema]:
    names = [part[1:-1] for part in operation.path.split("/") if part.startswith("{")]
    number = {"type": "integer", "minimum": 0}
    in_path = [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": number if name in _NUMBERS else {"type": "string"},
        }
        for name in names
    ]
    return in_path + [
        {"name": name, "in": "query", "schema": of_rules(rules)}
        for name, rules in (operation.query or {}).items()
    ]


def _successes(operation: Operation, components: Components) -> JsonSchema:
    response: JsonSchema = {"description": operation.about}
    if isinstance(operation.answer, Media):
        response["content"] = {
            kind: {"schema": _media(kind)} for kind in operation.answer.content_types
        }
    elif operation.answer is not None:
        response["content"] = {"application/json": {"schema": components.of(operation.answer)}}
    return {str(status): response for status in operation.statuses}


def _media(content_type: str) -> JsonSchema:
    is_text = content_type.startswith("text/")
    return {"type": "string"} if is_text else {"type": "string", "format": "binary"}


def _failures(operation: Operation) -> dict[str, tuple[str, str]]:
    """Return {status: (name of the response, its description)} for an operation's errors."""
    by_status: dict[int, list[str]] = {}
    for code in codes_of(operation):
        if _STATUS_OF[code] not in operation.statuses:
            by_status.setdefault(_STATUS_OF[code], []).append(code)
    return {
        str(status): (
            "_or_".join(codes),
            " ".join(f"`{code}`: {_ABOUT_ERRORS[code]}" for code in codes),
        )
        for status, codes in sorted(by_status.items())
    }


def _failure(description: str, problem: JsonSchema) -> JsonSchema:
    return {
        "description": description,
        "content": {"application/problem+json": {"schema": problem}},
    }


def _response(name: str) -> JsonSchema:
    return {"$ref": f"#/components/responses/{name}"}
