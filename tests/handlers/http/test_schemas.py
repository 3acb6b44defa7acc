"""Tests the schemas of JSON bodies, field by field."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handlers.errors import ApiError
from handlers.http import schemas
from handlers.http.body import parse_json

GOOD: dict[str, dict[str, Any]] = {
    "SIGNUP": {
        "username": "ada",
        "email": "ada@example.org",
        "password": "x" * 10,
        "fullname": "Ada",
    },
    "LOGIN": {"username": "ada", "password": "x"},
    "REFRESH": {"refreshToken": "a.b"},
    "ME": {"username": "ada"},
    "NEW_SESSION": {
        "title": "t",
        "language": "c",
        "access": "link",
        "joinRole": "editor",
        "runs": "all",
        "code": "x",
    },
    "SESSION": {
        "title": "t",
        "language": "c",
        "access": "link",
        "joinRole": "editor",
        "runs": "nobody",
        "status": "open",
    },
    "GUEST": {"name": "Ada", "invite": "x"},
    "GUEST_ME": {"username": "a"},
    "PASSWORD": {"currentPassword": "x", "newPassword": "x" * 10},
    "FORGOT": {"email": "ada@example.org"},
    "RESET": {"token": "x", "newPassword": "x" * 10},
    "EMAIL": {"email": "ada@example.org", "password": "x"},
    "DELETE_ME": {"password": "x", "sessions": "delete"},
    "JOIN": {"invite": "x"},
    "INVITE": {"role": "viewer", "expiresIn": 60, "maxUses": 1},
    "READ": {"sequence": 1},
    "MEMBER": {"role": "viewer"},
    "MESSAGE": {"sessionId": "x", "message": "x"},
    "IN_SESSION": {"sessionId": "x"},
    "CODE_CHANGE": {"sessionId": "x", "code": "x"},
    "SAVE": {"code": "x", "label": "x"},
    "RESTORE": {"version": 1, "root": "x"},
    "REDACT": {"from": 1, "to": 9, "text": "secret"},
    "RUN": {
        "root": "x",
        "language": "c",
        "name": "x",
        "stdin": "x",
        "stdout": "x",
        "stderr": "x",
        "exit": 1,
        "outcome": "done",
        "ms": 1,
        "isCut": False,
        "sequence": 1,
        "tests": [{"name": "x", "passed": True}],
    },
    "REMOTE_RUN": {"root": "x", "language": "c", "stdin": "x", "sequence": 1},
    "TEST": {
        "kind": "case",
        "name": "x",
        "root": "x",
        "input": "x",
        "expected": "x",
        "source": "x",
        "isHidden": True,
    },
    "NEW_TEST": {
        "kind": "file",
        "name": "x",
        "root": "x",
        "input": "x",
        "expected": "x",
        "source": "x",
        "isHidden": False,
    },
    "TEST_ORDER": {"ids": ["x"]},
    "EMPTY": {},
}
REQUIRED = {
    "SIGNUP": {"username", "email", "password"}, "LOGIN": {"password"}, "ME": {"username"},
    "MEMBER": {"role"}, "MESSAGE": {"sessionId", "message"}, "GUEST": {"name"},
    "GUEST_ME": {"username"},
    "PASSWORD": {"currentPassword", "newPassword"}, "FORGOT": {"email"},
    "RESET": {"token", "newPassword"}, "EMAIL": {"email", "password"}, "RESTORE": {"version"},
    "REDACT": {"from", "to", "text"},
    "RUN": {"root", "language", "stdout", "stderr", "exit", "outcome", "ms"},
    "REMOTE_RUN": {"root", "language"},
    "NEW_TEST": {"kind", "name", "root"}, "TEST_ORDER": {"ids"},
    "IN_SESSION": {"sessionId"}, "CODE_CHANGE": {"sessionId", "code"},
}  # fmt: skip


SECRETS_AND_IDS = {
    ("LOGIN", "password"), ("REFRESH", "refreshToken"), ("MESSAGE", "sessionId"),
    ("GUEST", "invite"),
    ("RESTORE", "root"), ("IN_SESSION", "sessionId"), ("CODE_CHANGE", "sessionId"),
    ("JOIN", "invite"), ("PASSWORD", "currentPassword"), ("DELETE_ME", "password"),
    ("RESET", "token"), ("EMAIL", "password"), ("RUN", "root"),
    ("RUN", "stdin"), ("RUN", "stdout"), ("RUN", "stderr"),
    ("REMOTE_RUN", "root"), ("REMOTE_RUN", "stdin"),
    ("TEST", "root"), ("TEST", "input"), ("TEST", "expected"), ("TEST", "source"),
    ("NEW_TEST", "root"), ("NEW_TEST", "input"), ("NEW_TEST", "expected"), ("NEW_TEST", "source"),
}  # fmt: skip
"""The fields in which any text is valid. The server only looks them up or compares them, or
replaces NUL in them."""
ALSO_VALID: list[tuple[str, str, object]] = [
    ("READ", "sequence", 0), ("RUN", "sequence", 0), ("RUN", "ms", 0), ("RUN", "exit", 0),
    ("RUN", "exit", None), ("RUN", "isCut", True), ("RUN", "tests", []),
    ("REMOTE_RUN", "sequence", 0),
    ("TEST", "isHidden", True), ("NEW_TEST", "isHidden", True),
    ("TEST_ORDER", "ids", []), ("TEST_ORDER", "ids", ["x"]),
]  # fmt: skip
"""The values of the test below that are valid for their fields."""


def faults(name: str, document: dict[str, Any]) -> dict[str, list[str]]:
    """Return {field: faults} of a document under a schema. A valid document has none."""
    error = None
    try:
        schemas.validate(getattr(schemas, name), document)
    except ApiError as raised:
        error = raised
    if error is None:
        return {}
    assert (error.status, error.code) == (422, "invalid")
    assert error.errors
    first, messages = next(iter(error.errors.items()))
    assert error.message == f"{first}: {messages[0]}"
    return error.errors


def test_good_documents_cover_every_schema() -> None:
    """Every schema has a valid document in `GOOD`."""
    defined = {
        name for name, value in vars(schemas).items() if name.isupper() and isinstance(value, dict)
    }
    defined = {name for name in defined if not name.startswith("_")}

    assert defined == set(GOOD)


@pytest.mark.parametrize("name", GOOD)
def test_schema_returns_good_document_unchanged(name: str) -> None:
    """A valid document is returned unchanged, and the given document is not modified."""
    document = dict(GOOD[name])

    assert schemas.validate(getattr(schemas, name), document) == GOOD[name] == document


@pytest.mark.parametrize("name", GOOD)
@pytest.mark.parametrize(
    "field", ["role!", "ownerId", "_id", "isAdmin", "$ne", "", "\0", "__class__", "Username"]
)
def test_schema_refuses_unknown_fields(name: str, field: str) -> None:
    """Every schema refuses unknown fields."""
    assert faults(name, {**GOOD[name], field: None}) == {field: ["is not a known field"]}


@pytest.mark.parametrize("name", GOOD)
def test_schema_names_missing_required_fields(name: str) -> None:
    """Each required field is named when it is missing, and no other field is."""
    needed = REQUIRED.get(name, set())

    for field in GOOD[name]:
        complaints = faults(name, {key: value for key, value in GOOD[name].items() if key != field})
        assert (field in complaints) == (field in needed)
    assert needed <= set(faults(name, {})) or not needed


@pytest.mark.parametrize("name", GOOD)
@pytest.mark.parametrize(
    "value",
    [None, True, 0, -1.5, [], ["x"], {}, {"$ne": None}, {"$gt": ""}, "\0", float("inf"), 10**30],
    ids=repr,
)
def test_schema_refuses_values_of_other_type(name: str, value: object) -> None:
    """A value of another type is a fault of its field only."""
    for field in GOOD[name]:
        complaints = faults(name, {**GOOD[name], field: value})
        is_text = (name, field) in SECRETS_AND_IDS and value == "\0"
        if is_text or (name, field, value) in ALSO_VALID:
            assert complaints == {}
        else:
            assert list(complaints) == [field]


@pytest.mark.parametrize(
    ("name", "field", "low", "high"),
    [
        ("SIGNUP", "username", 3, 32),
        ("ME", "username", 3, 32),
        ("SIGNUP", "fullname", 0, 64),
        ("NEW_SESSION", "title", 0, 120),
        ("SESSION", "title", 0, 120),
        ("NEW_SESSION", "language", 1, 32),
        ("MESSAGE", "message", 1, 4_000),
        ("SAVE", "label", 0, 120),
        ("GUEST", "name", 1, 32),
        ("GUEST", "invite", 1, 64),
        ("GUEST_ME", "username", 1, 32),
        ("JOIN", "invite", 1, 64),
        ("PASSWORD", "newPassword", 10, 128),
        ("PASSWORD", "currentPassword", 0, 1_000),
        ("DELETE_ME", "password", 0, 1_000),
        ("SAVE", "code", 0, 1 << 20),
        ("NEW_SESSION", "code", 0, 1 << 20),
        ("RUN", "root", 0, 4_096),
        ("RUN", "name", 0, 255),
        ("RUN", "language", 1, 32),
    ],
)
def test_schema_accepts_lengths_up_to_limits_only(
    name: str, field: str, low: int, high: int
) -> None:
    """Lengths at the limits are accepted, one less and one more are refused."""
    assert faults(name, {**GOOD[name], field: "x" * low}) == {}
    assert faults(name, {**GOOD[name], field: "x" * high}) == {}
    assert list(faults(name, {**GOOD[name], field: "x" * (high + 1)})) == [field]
    if low:
        assert list(faults(name, {**GOOD[name], field: "x" * (low - 1)})) == [field]


@pytest.mark.parametrize("field", ["username", "fullname"])
@pytest.mark.parametrize(
    "character",
    ["\0", "\n", "\r", "\t", "\x1b", "\x7f", "\x85", "\u2028", "\u2029", "\u202a", "\u202b",
     "\u202c", "\u202d",
     "\u202e", "\u2066", "\u2067", "\u2068", "\u2069"],
    ids=ascii,
)  # fmt: skip
def test_name_with_control_or_direction_character_is_refused(field: str, character: str) -> None:
    """A name cannot contain line ends, control characters or characters that set the direction."""
    assert list(faults("SIGNUP", {**GOOD["SIGNUP"], field: f"ad{character}a"})) == [field]


def test_text_fields_are_composed_and_trimmed_by_kind() -> None:
    """One-line texts are composed and trimmed, passwords only composed, and code is unchanged."""
    password = " e\u0301 12345678 "
    document = {
        "username": " e\u0301mile ",
        "email": " e\u0301@example.org",
        "password": password,
        "fullname": " ",
    }

    assert schemas.validate(schemas.SIGNUP, document) == {
        "username": "émile", "email": "é@example.org", "password": " é 12345678 ", "fullname": "",
    }  # fmt: skip
    assert schemas.validate(schemas.SAVE, {"code": " e\u0301\r\n"}) == {"code": " e\u0301\r\n"}


def test_length_limit_counts_composed_characters() -> None:
    """Lengths are counted after composing: a letter with its accent is one character."""
    assert faults("ME", {"username": "e\u0301" * 32}) == {}
    assert list(faults("ME", {"username": "e\u0301" * 33})) == ["username"]


def test_validation_errors_do_not_carry_over_to_next_document() -> None:
    """Faults of one document are not reported for the next document."""
    assert faults("ME", {"username": "x", "role": 1}).keys() == {"username", "role"}
    assert faults("ME", {"username": "ada"}) == {}
    assert faults("ME", {}).keys() == {"username"}


@pytest.mark.parametrize(
    ("name", "document", "field", "words"),
    [
        ("ME", {}, "username", "is required"),
        ("ME", {"username": None}, "username", "may not be null"),
        ("ME", {"username": 5}, "username", "must be a string"),
        ("ME", {"username": "ab"}, "username", "must have at least 3 characters"),
        ("ME", {"username": "a" * 33}, "username", "may have at most 32 characters"),
        ("ME", {"username": "a@b"}, "username", "may not contain @"),
        ("MEMBER", {"role": "guest"}, "role", "owner, editor, viewer"),
        ("INVITE", {"maxUses": 0}, "maxUses", "must be at least 1"),
        ("INVITE", {"maxUses": 1_001}, "maxUses", "may be at most 1000"),
        ("INVITE", {"maxUses": "5"}, "maxUses", "must be a whole number"),
        ("SAVE", {"code": "x" * ((1 << 20) + 1)}, "code", "1048576 bytes"),
        ("MESSAGE", {"sessionId": "x", "message": " "}, "message", "may not be empty"),
    ],
)
def test_first_validation_message_of_field_says_what_is_wrong(
    name: str, document: dict, field: str, words: str
) -> None:
    """The first message about a field names its fault."""
    assert words in faults(name, document)[field][0]


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(), inner, max_size=5),
    max_leaves=10,
)


@settings(max_examples=100, deadline=None)
@given(name=st.sampled_from(sorted(GOOD)), data=st.data())
def test_validation_of_any_json_raises_only_api_error(name: str, data: st.DataObject) -> None:
    """Any JSON is either accepted or refused with ApiError."""
    fields = st.sampled_from([*GOOD[name], "other"])
    document = data.draw(st.dictionaries(fields | st.text(max_size=5), _json, max_size=5))

    faults(name, document)


@pytest.mark.parametrize("pair", [(b"[", b"]"), (b'{"a":', b"}")], ids=["lists", "objects"])
@pytest.mark.parametrize("field", [b"username", b"other"])
def test_deeply_nested_document_is_refused(pair: tuple[bytes, bytes], field: bytes) -> None:
    """A deeply nested document is refused by the parser or the schema, also in unknown fields."""
    broken = []

    for depth in range(10, 1_200, 30):
        value = pair[0] * depth + b"1" + pair[1] * depth
        try:
            schemas.validate(schemas.ME, parse_json(b'{"' + field + b'": ' + value + b"}"))
        except ApiError:
            continue
        except RecursionError:
            broken.append(depth)

    assert broken == []


@settings(max_examples=100, deadline=None)
@given(
    st.binary(max_size=50)
    | st.text().map(json.dumps).map(str.encode)
    | _json.map(json.dumps).map(str.encode)
)
def test_parsing_of_any_bytes_raises_only_bad_json(body: bytes) -> None:
    """Any bytes are parsed as an object or refused as `bad_json`."""
    value: Mapping[str, object] = {}
    refused = None
    try:
        value = parse_json(body)
    except ApiError as raised:
        refused = raised

    assert refused is None or (refused.status, refused.code) == (400, "bad_json")
    assert isinstance(value, dict)
    json.dumps(value, ensure_ascii=False).encode()


def test_document_of_many_unknown_fields_names_some_of_them() -> None:
    """Only 20 of many unknown fields are named, because Cerberus would take half a minute for all.

    Known fields are still checked.
    """
    document = {**{f"{number:x}": number for number in range(6_500)}, "label": 7}
    complaints = faults("SAVE", document)
    assert complaints.pop("label") == ["must be a string"]
    assert complaints == {f"{number:x}": ["is not a known field"] for number in range(20)}
    assert schemas.validate(schemas.SAVE, {**document, "label": "x"}, others_too=True) == {
        "label": "x"
    }


def test_text_far_over_its_limit_is_refused_without_composing_it() -> None:
    """A text far over its limit is refused without composing it first.

    The length is the only fault that is reported for the field.
    """
    long = "e\u0301" * 8_001
    assert faults("MESSAGE", {"sessionId": "x", "message": long}) == {
        "message": ["may have at most 4000 characters"]
    }
    assert (
        schemas.validate(schemas.MESSAGE, {"sessionId": "x", "message": long[:8_000]})["message"]
        == "é" * 4_000
    )
