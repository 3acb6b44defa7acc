"""Tests that the table of error codes names each code once."""

from handlers.http.api_docs.error_codes import ERRORS, OTHER_CODES


def test_error_code_has_one_status() -> None:
    """Error codes are unique, so a code alone identifies the error."""
    codes = [*(code for _, code, _ in ERRORS), *OTHER_CODES]

    assert len(set(codes)) == len(codes)
