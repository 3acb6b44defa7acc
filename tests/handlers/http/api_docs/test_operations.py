"""Tests that the table of operations is complete: names and answers."""

import re

import pytest

from handlers.http.api_docs import openapi
from handlers.http.api_docs.error_codes import ERRORS
from handlers.http.api_docs.json_schema import Components
from handlers.http.api_docs.operations import OPERATIONS, Media, Operation


def test_operation_names_are_unique() -> None:
    """Names of operations are unique, because generated clients use them as function names."""
    names = [operation.name for operation in OPERATIONS]

    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-z][A-Za-z]+", name) for name in names)


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_operation_describes_its_answers(operation: Operation) -> None:
    """Every success with a body has a schema, and every error code is known."""
    responses = openapi.document("1")["paths"][operation.path][operation.method.lower()][
        "responses"
    ]
    for status in operation.statuses:
        content = responses[str(status)].get("content", {})
        if operation.answer is None:
            assert not content
        elif isinstance(operation.answer, Media):
            assert list(content) == list(operation.answer.content_types)
        else:
            assert content == {"application/json": {"schema": Components().of(operation.answer)}}
    assert set(operation.errors) <= {code for _, code, _ in ERRORS}
    assert "default" in responses


@pytest.mark.parametrize(
    "operation",
    [operation for operation in OPERATIONS if operation.query],
    ids=lambda operation: operation.name,
)
def test_operation_describes_its_query(operation: Operation) -> None:
    """Each query parameter has a type, and each number has bounds."""
    described = openapi.document("1")["paths"][operation.path][operation.method.lower()][
        "parameters"
    ]
    query = {
        parameter["name"]: parameter["schema"]
        for parameter in described
        if parameter["in"] == "query"
    }

    assert list(query) == list(operation.query or {})
    for schema in query.values():
        kinds = schema.get("anyOf", [schema])
        assert all("type" in kind for kind in kinds)
        assert all(
            {"minimum", "maximum"} <= set(kind) for kind in kinds if kind["type"] == "integer"
        )
