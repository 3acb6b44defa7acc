"""Tests of the handlers of tests of programs."""

from typing import Any

import pytest

from crdt.history.program_tests.rules import MAX_SOURCE_BYTES, MAX_VALUE_BYTES
from tests.api import Api
from tests.handlers.clients import code_of

CASE = {"kind": "case", "name": "adds", "root": "codemirror", "input": "1 2\n", "expected": "3\n"}
FILE = {"kind": "file", "name": "all", "root": "codemirror", "source": "def test_a(): pass\n"}


async def added(api: Api, session_id: str, **fields: Any) -> dict[str, Any]:
    answer = await api.post(f"/session/{session_id}/tests", {**CASE, **fields})
    assert answer.status == 201, answer
    return answer.body["test"]


async def listed(api: Api, session_id: str) -> list[dict[str, Any]]:
    return (await api.get(f"/session/{session_id}/tests")).body["tests"]


async def test_tests_are_shown_to_all_members_in_order(ada: Api, bob: Api) -> None:
    """The answer and the list have the same form, and fields that are left out are empty."""
    session_id = await ada.new_session(joinRole="viewer")
    await bob.post(f"/session/{session_id}/join")

    case = await added(ada, session_id)
    file = (await ada.post(f"/session/{session_id}/tests", FILE)).body["test"]

    assert case == {**CASE, "id": case["id"], "source": "", "isHidden": False}
    assert file == {**FILE, "id": file["id"], "input": "", "expected": "", "isHidden": False}
    assert await listed(bob, session_id) == [case, file]


async def test_test_is_changed_field_by_field(ada: Api) -> None:
    session_id = await ada.new_session()
    test = await added(ada, session_id)
    path = f"/session/{session_id}/tests/{test['id']}"

    answer = await ada.patch(path, {"expected": "4\n", "name": "  adds more "})

    assert answer.body["test"] == {**test, "expected": "4\n", "name": "adds more"}
    assert await listed(ada, session_id) == [answer.body["test"]]
    assert (await ada.patch(path, {})).status == 200


async def test_deleted_or_unknown_test_is_not_found(ada: Api) -> None:
    session_id = await ada.new_session()
    path = f"/session/{session_id}/tests/{(await added(ada, session_id))['id']}"

    assert (await ada.delete(path)).status == 204

    assert code_of(await ada.delete(path)) == (404, "not_found")
    assert code_of(await ada.patch(path, {"name": "x"})) == (404, "not_found")
    assert await listed(ada, session_id) == []


async def test_named_tests_change_places_among_themselves(ada: Api) -> None:
    session_id = await ada.new_session()
    ids = [(await added(ada, session_id, name=name))["id"] for name in "abcd"]
    path = f"/session/{session_id}/tests/order"

    answer = await ada.post(path, {"ids": [ids[3], ids[0], ids[2]]})

    assert [test["name"] for test in answer.body["tests"]] == ["d", "b", "a", "c"]
    assert answer.body["tests"] == await listed(ada, session_id)
    assert code_of(await ada.post(path, {"ids": [*ids, "unknown"]})) == (404, "not_found")


@pytest.mark.parametrize(
    ("field", "fits", "too_large"),
    [
        ("name", "x" * 200, "x" * 201),
        ("name", "x", " "),
        ("kind", "file", "table"),
        ("input", "é" * (MAX_VALUE_BYTES // 2), "é" * (MAX_VALUE_BYTES // 2 + 1)),
        ("expected", "x" * MAX_VALUE_BYTES, "x" * (MAX_VALUE_BYTES + 1)),
        ("source", "x" * MAX_SOURCE_BYTES, "x" * (MAX_SOURCE_BYTES + 1)),
        ("isHidden", True, 1),
    ],
)
async def test_field_that_does_not_fit_is_named(
    ada: Api, field: str, fits: object, too_large: object
) -> None:
    session_id = await ada.new_session()

    good = await ada.post(f"/session/{session_id}/tests", {**CASE, field: fits})
    bad = await ada.post(f"/session/{session_id}/tests", {**CASE, field: too_large})

    assert (good.status, good.body["test"][field]) == (201, fits)
    assert (bad.status, list(bad.body["errors"])) == (422, [field])


async def test_all_tests_together_have_a_limit(ada: Api) -> None:
    """Open tests and hidden tests each have their own limit."""
    session_id = await ada.new_session()
    large = {"source": "x" * MAX_SOURCE_BYTES}
    path = f"/session/{session_id}/tests"
    for _ in range(15):
        await added(ada, session_id, **large)

    assert code_of(await ada.post(path, {**CASE, **large})) == (409, "limit_reached")
    assert (await ada.post(path, {**CASE, **large, "isHidden": True})).status == 201


async def test_nul_is_stored_as_its_picture(ada: Api) -> None:
    """Programs may read and print NUL. The output of runs is stored in the same way."""
    session_id = await ada.new_session()

    assert (await added(ada, session_id, input="a\0b"))["input"] == "a\u2400b"
