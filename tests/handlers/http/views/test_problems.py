"""Tests errors in the form of RFC 9457."""

from handlers.errors import ApiError
from handlers.http.views import problems


def test_problem_type_is_address_in_reference() -> None:
    """`type` is the code's address in the reference.

    `message` repeats `detail` for simple clients.
    """
    assert problems.problem(ApiError(404, "not_found", "There is no such page."), "Not Found",
                            "r1") == {
        "type": "/docs#not_found", "title": "Not Found", "status": 404,
        "detail": "There is no such page.",
        "code": "not_found", "message": "There is no such page.", "requestId": "r1",
    }  # fmt: skip


def test_problem_with_fields_last_version_or_limit_has_them() -> None:
    """An error has `errors`, `latest` and `limit` if its exception has them."""
    error = ApiError(
        422,
        "invalid",
        "x",
        errors={"title": ["is required"]},
        latest="/code/s1/latest",
        limit="roots",
    )

    shown = problems.problem(error, "x", "r1")

    assert (shown["errors"], shown["latest"], shown["limit"]) == (
        {"title": ["is required"]},
        "/code/s1/latest",
        "roots",
    )
