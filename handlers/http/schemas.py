"""Rules by which Cerberus checks JSON bodies.

`handlers.http.rules` checks single fields, and `handlers.http.queries` has the rules of query
parameters. The API's description is made from the rules too (`handlers.http.api_docs.json_schema`).

The rules are built once. Each request makes a validator from them, which takes about 0.1 ms. A
validator keeps the errors of its last document, so a shared validator could show one client's
errors to another client.

Values are `Any` here, because a client sent them and they are not checked yet.
"""

from collections.abc import Mapping
from itertools import islice
from typing import Any, ClassVar

import cerberus
from cerberus import errors as cerberus_errors
from cerberus.errors import BasicErrorHandler

from crdt.limits import MAX_NAME_BYTES
from crdt.reading.items import as_text
from handlers.errors import invalid
from handlers.http.rules import fields, program_tests, reports
from storage.runs.records import Outcome, Runners

Schema = Mapping[str, Mapping[str, Any]]
_MOST_NAMED = 20
"""Most unknown fields that an answer names.
The time of Cerberus grows with the square of their number: 6,500 fields take 23 s."""
_MOST_SHOWN = 64
_MOST_SHORTENED = 4
"""Most characters that NFC, Unicode's composed form, can turn into one character."""

MAX_SEQUENCE = 1 << 53
"""The largest log position or message number: up to it, JavaScript's numbers are exact."""
MAX_VERSION = 1 << 31


_USERNAME = {**fields.line(32, 3), "coerce": fields.user_name, "check_with": fields.check_user_name}
_EMAIL = {**fields.line(254), "check_with": fields.check_email, "meta": {"format": "email"}}
_GUEST_NAME = {**_USERNAME, "minlength": 1}
_TITLE = {**fields.line(120), "coerce": fields.title, "check_with": fields.check_title}
_PASSWORD = {"type": "string", "maxlength": 1_000}
_NEW_PASSWORD = {"type": "string", "coerce": fields.composed, "minlength": 10, "maxlength": 128}
_LANGUAGE = {**fields.line(32, 1), "regex": r"[A-Za-z0-9+#._-]*\Z"}
_ACCESS = {"type": "string", "allowed": ["link", "invite"]}
_JOIN_ROLE = {"type": "string", "allowed": ["editor", "viewer"]}
_RUNS = {"type": "string", "allowed": [str(word) for word in Runners]}
_PRINTED = {"type": "string", "coerce": reports.without_nul}
_CODE = {"type": "string", "check_with": fields.check_code}
_CHAT = {
    "type": "string",
    "coerce": fields.chat,
    "maxlength": 4_000,
    "check_with": fields.check_chat,
}
_SESSION_ID = {"type": "string", "minlength": 1, "maxlength": 64}
_INVITE = {"type": "string", "minlength": 1, "maxlength": 64}


def _required(rules: Mapping[str, Any]) -> dict[str, Any]:
    return {**rules, "required": True}


SIGNUP: Schema = {
    "username": _required(_USERNAME),
    "email": _required(_EMAIL),
    "password": _required(_NEW_PASSWORD),
    "fullname": fields.line(64),
    "invite": _INVITE,
}
LOGIN: Schema = {
    "email": {**fields.line(254, 1), "excludes": "username"},
    "username": {**fields.line(254, 1), "excludes": "email"},
    "password": _required(_PASSWORD),
}
GUEST: Schema = {"name": _required(_GUEST_NAME), "invite": _INVITE}
GUEST_ME: Schema = {"username": GUEST["name"]}
PASSWORD: Schema = {
    "currentPassword": _required(_PASSWORD),
    "newPassword": _required(_NEW_PASSWORD),
}
FORGOT: Schema = {"email": _required(_EMAIL)}
RESET: Schema = {
    "token": _required({"type": "string", "minlength": 1, "maxlength": 200}),
    "newPassword": _required(_NEW_PASSWORD),
}
EMAIL: Schema = {"email": _required(_EMAIL), "password": _required(_PASSWORD)}
DELETE_ME: Schema = {
    "password": _PASSWORD,
    "sessions": {"type": "string", "allowed": ["transfer", "delete"]},
}
REFRESH: Schema = {"refreshToken": {"type": "string", "maxlength": 200}}
ME: Schema = {"username": _required(_USERNAME)}
NEW_SESSION: Schema = {
    "title": _TITLE, "language": _LANGUAGE, "access": _ACCESS, "joinRole": _JOIN_ROLE,
    "runs": _RUNS, "code": _CODE,
}  # fmt: skip
SESSION: Schema = {
    "title": _TITLE, "language": _LANGUAGE, "access": _ACCESS, "joinRole": _JOIN_ROLE,
    "runs": _RUNS, "status": {"type": "string", "allowed": ["open", "ended"]},
}  # fmt: skip
JOIN: Schema = {"invite": _INVITE}
MEMBER: Schema = {"role": _required({"type": "string", "allowed": ["owner", "editor", "viewer"]})}
INVITE: Schema = {
    "role": _JOIN_ROLE,
    "expiresIn": fields.whole_number(60, 365 * 86_400),
    "maxUses": fields.whole_number(1, 1_000),
}
READ: Schema = {"sequence": fields.whole_number(0, MAX_SEQUENCE)}
MESSAGE: Schema = {
    "sessionId": _required(_SESSION_ID),
    "message": _required(_CHAT),
}
IN_SESSION: Schema = {"sessionId": _required(_SESSION_ID)}
CODE_CHANGE: Schema = {"sessionId": _required(_SESSION_ID), "code": _required(_CODE)}
SAVE: Schema = {"code": _CODE, "label": _TITLE}
RESTORE: Schema = {
    "version": _required(fields.whole_number(1, MAX_VERSION)),
    "root": {"type": "string", "maxlength": MAX_NAME_BYTES},
}
REDACT: Schema = {
    "from": _required(fields.whole_number(1, MAX_SEQUENCE)),
    "to": _required(fields.whole_number(1, MAX_SEQUENCE)),
    "text": _required({"type": "string", "minlength": 4, "maxlength": 10_000}),
}
RUN: Schema = {
    "root": _required({"type": "string", "maxlength": MAX_NAME_BYTES}),
    "language": _required(_LANGUAGE), "name": {**_TITLE, "maxlength": 255},
    "stdin": _PRINTED, "stdout": _required(_PRINTED), "stderr": _required(_PRINTED),
    "exit": _required({**fields.whole_number(-(1 << 31), 1 << 32), "nullable": True}),
    "outcome": _required({"type": "string", "allowed": [str(word) for word in Outcome]}),
    "ms": _required(fields.whole_number(0, MAX_SEQUENCE)), "isCut": {"type": "boolean"},
    "sequence": fields.whole_number(0, MAX_SEQUENCE),
    "tests": {"type": "list", "maxlength": reports.MAX_CASES, "coerce": reports.without_nul,
              "check_with": reports.check_cases, "meta": {"items": reports.CASE}},
}  # fmt: skip
REMOTE_RUN: Schema = {name: RUN[name] for name in ("root", "language", "stdin", "sequence")}
TEST: Schema = {**program_tests.FIELDS, "name": {**_TITLE, "minlength": 1, "maxlength": 200}}
NEW_TEST: Schema = {**TEST, **{name: _required(TEST[name]) for name in ("kind", "name", "root")}}
TEST_ORDER: Schema = {"ids": _required(program_tests.IDS)}
EMPTY: Schema = {}


class _Messages(BasicErrorHandler):  # type: ignore[misc]
    """Messages of Cerberus, in words that a form can show."""

    messages: ClassVar[dict[int, str]] = {
        **BasicErrorHandler.messages,
        cerberus_errors.REQUIRED_FIELD.code: "is required",
        cerberus_errors.EXCLUDES_FIELD.code: "may not be given together with {0}",
        cerberus_errors.EMPTY_NOT_ALLOWED.code: "may not be empty",
        cerberus_errors.NOT_NULLABLE.code: "may not be null",
        cerberus_errors.BAD_TYPE.code: "must be a {constraint}",
        cerberus_errors.MIN_LENGTH.code: "must have at least {constraint} characters",
        cerberus_errors.MAX_LENGTH.code: "may have at most {constraint} characters",
        cerberus_errors.MIN_VALUE.code: "must be at least {constraint}",
        cerberus_errors.MAX_VALUE.code: "may be at most {constraint}",
        cerberus_errors.REGEX_MISMATCH.code: "contains characters that are not allowed",
        cerberus_errors.UNALLOWED_VALUE.code: "must be one of {constraint}",
    }

    def _format_message(self, field: str, error: Any) -> str:
        constraint = error.constraint
        if error.code == cerberus_errors.MIN_LENGTH.code and constraint == 1:
            return self.messages[cerberus_errors.EMPTY_NOT_ALLOWED.code]
        shown = ", ".join(map(str, constraint)) if isinstance(constraint, list) else constraint
        shown = "whole number" if shown == "integer" else shown
        text: str = self.messages[error.code].format(
            *error.info, constraint=shown, field=field, value=error.value
        )
        return text


def without_lone_surrogates(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the document with each lone surrogate replaced by U+FFFD, as Yjs does."""
    return {
        name: as_text(value) if isinstance(value, str) else value
        for name, value in document.items()
    }


def validate(
    schema: Schema, document: Mapping[str, Any], *, others_too: bool = False
) -> dict[str, Any]:
    """Return the normalized document; raises ApiError 422 that names every wrong field.

    others_too  if true, fields that are not in the schema are ignored instead of refused
    """
    known = {name: value for name, value in document.items() if name in schema}
    others = (
        ()
        if others_too
        else tuple(islice((name for name in document if name not in schema), _MOST_NAMED))
    )
    wrong = {str(name)[:_MOST_SHOWN]: ["is not a known field"] for name in others}
    wrong |= {
        name: [_too_long(schema[name])]
        for name, value in known.items()
        if _is_far_too_long(schema[name], value)
    }
    validator = cerberus.Validator(schema, error_handler=_Messages)
    if (
        validator.validate({name: value for name, value in known.items() if name not in wrong})
        and not wrong
    ):
        return dict(validator.document)
    faulty = {
        str(name): _sentences(schema.get(name, {}), faults)
        for name, faults in validator.errors.items()
    }
    raise invalid({**faulty, **wrong})


def _is_far_too_long(rules: Mapping[str, Any], value: object) -> bool:
    """Whether a text is too long even if composing and trimming shorten it as much as they can."""
    return (
        isinstance(value, str)
        and "maxlength" in rules
        and len(value) > _MOST_SHORTENED * rules["maxlength"]
    )


def _too_long(rules: Mapping[str, Any]) -> str:
    return f"may have at most {rules['maxlength']} characters"


def _sentences(rules: Mapping[str, Any], wrong: list[object]) -> list[str]:
    """Return the sentences about a wrong field.

    If the field's rules have a message, it is the only sentence. Otherwise Cerberus makes them.
    """
    message = rules.get("meta", {}).get("message")
    return [message] if message else [str(error) for error in wrong]
