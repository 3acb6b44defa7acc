"""Rules for single fields of JSON bodies: the form in which a text is stored, and its faults.

Cerberus calls the functions. A function `check_…` reports the faults of a value. The others return
the form in which a value is stored, and checks get this form. Functions for texts ignore all other
values, because another rule checks the type.
"""

from collections.abc import Callable
from typing import Any

from handlers.http.rules import text_rules

Report = Callable[[str, str], None]
"""A function that Cerberus passes to a check.
The check calls it with a field and a message about the fault."""

MAX_CODE_BYTES = 1 << 20


def composed_line(value: object) -> object:
    """Return a text in composed form (NFC), without spaces at its ends."""
    return text_rules.composed(value).strip() if isinstance(value, str) else value


def composed(value: object) -> object:
    """Return a text in composed form (NFC), for example é as one character."""
    return text_rules.composed(value) if isinstance(value, str) else value


def chat(value: object) -> object:
    """Return the text of a chat message in the form that is stored."""
    return text_rules.chat_text(text_rules.composed(value)) if isinstance(value, str) else value


def title(value: object) -> object:
    """Return a title in composed form. Its direction marks do not change text behind it."""
    return (
        text_rules.isolated(text_rules.composed(value)).strip() if isinstance(value, str) else value
    )


def user_name(value: object) -> object:
    """Return a name in composed form, without marks of direction."""
    return composed_line(text_rules.without_marks(value)) if isinstance(value, str) else value


def _report(field: str, fault: str, error: Report) -> None:
    if fault:
        error(field, fault)


def check_line(field: str, value: object, error: Report) -> None:
    """Report line ends, control characters and characters that set the direction."""
    if isinstance(value, str):
        _report(field, text_rules.direction_in(value), error)


def check_title(field: str, value: object, error: Report) -> None:
    """Report line ends and control characters; a title may have characters of direction."""
    if isinstance(value, str):
        _report(field, text_rules.control_in(value), error)


def check_chat(field: str, value: object, error: Report) -> None:
    """Report a message without visible text, and control characters."""
    if isinstance(value, str):
        _report(field, "may not be empty" if text_rules.is_blank(value) else "", error)
        _report(field, text_rules.control_in(value, allowed="\n\t"), error)


def check_user_name(field: str, value: object, error: Report) -> None:
    """Report what no name of a user may have, see `handlers.http.rules.text_rules`."""
    check_line(field, value, error)
    if isinstance(value, str):
        _report(field, text_rules.fault_of_name(value), error)


def check_email(field: str, value: object, error: Report) -> None:
    """Report a text that does not have the form of an e-mail address."""
    check_line(field, value, error)
    if isinstance(value, str):
        local, _, domain = value.rpartition("@")
        has_space = any(character.isspace() for character in value)
        if not local or "@" in local or has_space or "." not in domain.strip("."):
            error(field, "Enter a valid e-mail address.")


def check_code(field: str, value: object, error: Report) -> None:
    """Report a code that is too long or has NUL."""
    if isinstance(value, str):
        if len(value.encode()) > MAX_CODE_BYTES:
            error(field, f"may have at most {MAX_CODE_BYTES} bytes")
        if "\0" in value:
            error(field, "may not contain NUL characters")


def check_whole(field: str, value: object, error: Report) -> None:
    """Report true and false, because Python treats them as whole numbers."""
    if isinstance(value, bool):
        error(field, "must be a whole number")


def whole_number(minimum: int, maximum: int) -> dict[str, Any]:
    """Return the rules for a whole number."""
    return {"type": "integer", "min": minimum, "max": maximum, "check_with": check_whole}


def line(maximum: int, minimum: int = 0) -> dict[str, Any]:
    """Return the rules for a text of one line, with the least and most characters."""
    return {
        "type": "string", "coerce": composed_line, "minlength": minimum, "maxlength": maximum,
        "check_with": check_line,
    }  # fmt: skip
