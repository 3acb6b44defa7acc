"""Tests the rules for single fields: the stored form of a text, and the faults of that form."""

from collections.abc import Callable

import pytest

from handlers.http.rules import fields


def faults(check: Callable[[str, object, fields.Report], None], value: object) -> list[str]:
    """Return the faults that a check reports for a value."""
    reported: list[str] = []
    check("field", value, lambda _field, fault: reported.append(fault))
    return reported


@pytest.mark.parametrize(
    ("form", "given", "stored"),
    [
        (fields.composed_line, " e\u0301 x ", "\u00e9 x"),
        (fields.composed, " e\u0301 ", " \u00e9 "),
        (fields.chat, "e\u0301\r\nx", "\u00e9\nx"),
        (fields.title, " \u2067abc", "\u2067abc\u2069"),
        (fields.user_name, " a\u200eda ", "ada"),
    ],
)
def test_text_gets_stored_form_of_its_kind(
    form: Callable[[object], object], given: str, stored: str
) -> None:
    """Each kind of text has its own stored form, and a stored text does not change again."""
    assert form(given) == stored
    assert form(stored) == stored


@pytest.mark.parametrize(
    "form",
    [fields.composed_line, fields.composed, fields.chat, fields.title, fields.user_name],
)
@pytest.mark.parametrize("value", [None, True, 7, ["x"], {"x": "y"}], ids=repr)
def test_value_that_is_no_text_keeps_its_form(
    form: Callable[[object], object], value: object
) -> None:
    """A value that is no text stays unchanged, so that the check of types can name it."""
    assert form(value) is value


@pytest.mark.parametrize(
    ("address", "is_valid"),
    [
        ("ada@example.org", True),
        ("\u00e9@example.org", True),
        ("ada", False),
        ("@example.org", False),
        ("ada@", False),
        ("ada@localhost", False),
        ("ada@example.", False),
        ("ada@bob@example.org", False),
        ("ada lovelace@example.org", False),
    ],
)
def test_email_needs_one_at_and_domain_with_dot(address: str, is_valid: bool) -> None:
    """An address has one @, a domain with a dot, and no spaces."""
    assert faults(fields.check_email, address) == (
        [] if is_valid else ["Enter a valid e-mail address."]
    )


def test_code_is_limited_in_bytes_and_has_no_nul() -> None:
    """A code may have 1 MiB in UTF-8, and no NUL."""
    assert faults(fields.check_code, "\u00e9" * (fields.MAX_CODE_BYTES // 2)) == []
    assert faults(fields.check_code, "\u00e9" * (fields.MAX_CODE_BYTES // 2) + "x") == [
        "may have at most 1048576 bytes"
    ]
    assert faults(fields.check_code, "a\0b") == ["may not contain NUL characters"]


def test_blank_message_is_refused_and_may_have_lines() -> None:
    """A chat message has visible text. It may have several lines and tabs."""
    assert faults(fields.check_chat, " \n ") == ["may not be empty"]
    assert faults(fields.check_chat, "a\n\tb") == []


def test_truth_value_is_not_a_whole_number() -> None:
    """True and false are refused as numbers, although Python treats them as numbers."""
    assert faults(fields.check_whole, True) == ["must be a whole number"]
    assert faults(fields.check_whole, 1) == []
