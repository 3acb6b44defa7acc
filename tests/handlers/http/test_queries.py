"""Tests that query parameters are read as their types, with one sentence for each fault."""

from typing import Any

import pytest

from handlers.errors import ApiError
from handlers.export.export import FORMATS
from handlers.http import queries
from handlers.http.schemas import MAX_SEQUENCE, MAX_VERSION, Schema


@pytest.mark.parametrize(
    ("schema", "texts", "values"),
    [
        (queries.PAGE, {}, {"limit": 50}),
        (queries.PAGE, {"limit": "", "before": ""}, {"limit": 50}),
        (queries.PAGE, {"limit": "200", "before": "x"}, {"limit": 200, "before": "x"}),
        (queries.PAGE, {"limit": "007"}, {"limit": 7}),
        (queries.MESSAGES, {"before": str(MAX_SEQUENCE)}, {"limit": 50, "before": MAX_SEQUENCE}),
        (
            queries.VERSIONS,
            {"fields": "meta", "before": "3"},
            {"limit": 50, "before": 3, "fields": "meta"},
        ),
        (queries.VERSIONS, {"fields": ""}, {"limit": 50}),
        (queries.LATEST, {}, {"live": False}),
        (queries.LATEST, {"live": "true"}, {"live": True}),
        (queries.LATEST, {"live": "false"}, {"live": False}),
        (queries.DIFF, {}, {"to": "live"}),
        (queries.DIFF, {"from": "0", "to": "0"}, {"from": 0, "to": 0}),
        (queries.DIFF, {"from": "1", "to": "live"}, {"from": 1, "to": "live"}),
        (queries.TIMELINE, {"after": "5"}, {"after": 5}),
        (queries.EXPORT, {}, {"format": "zip"}),
        (queries.EXPORT, {"format": "git"}, {"format": "git"}),
        (queries.REPLAY, {}, {"from": 0, "to": MAX_SEQUENCE}),
        (queries.BLAME, {}, {}),
        (queries.BLAME, {"root": ""}, {"root": ""}),
    ],
)
def test_read_returns_values_of_their_types(
    schema: Schema, texts: dict[str, str], values: dict[str, Any]
) -> None:
    """Values have their types, and missing ones their defaults.

    An empty value counts as missing, except where the empty text is valid.
    """
    assert queries.read(schema, {name: texts.get(name) for name in schema}) == values


@pytest.mark.parametrize(
    ("schema", "name", "text", "sentence"),
    [
        (queries.PAGE, "limit", "0", "must be a whole number from 1 to 200"),
        (queries.PAGE, "limit", "201", "must be a whole number from 1 to 200"),
        (queries.PAGE, "limit", "-1", "must be a whole number from 1 to 200"),
        (queries.PAGE, "limit", "1.0", "must be a whole number from 1 to 200"),
        (queries.PAGE, "limit", "１", "must be a whole number from 1 to 200"),
        (queries.PAGE, "limit", "1" * 5_000, "must be a whole number from 1 to 200"),
        (
            queries.VERSIONS,
            "before",
            str(MAX_VERSION + 1),
            f"must be a whole number from 1 to {MAX_VERSION}",
        ),
        (queries.VERSIONS, "fields", "all", "must be meta, or be left out"),
        (queries.LATEST, "live", "yes", "must be true or false"),
        (queries.DIFF, "to", "dead", f"must be a whole number from 0 to {MAX_VERSION}, or live"),
        (queries.DIFF, "from", "00", f"must be a whole number from 0 to {MAX_VERSION}"),
        (queries.REPLAY, "from", "-1", f"must be a whole number from 0 to {MAX_SEQUENCE}"),
        (queries.TIMELINE, "after", "0", f"must be a whole number from 1 to {MAX_SEQUENCE}"),
        (queries.EXPORT, "format", "", "must be one of zip, replay, git"),
        (queries.REPLAY, "to", "0", f"must be a whole number from 1 to {MAX_SEQUENCE}"),
    ],
)
def test_read_with_wrong_value_says_which_rule_it_breaks(
    schema: Schema, name: str, text: str, sentence: str
) -> None:
    """A parameter has one sentence, which is the answer for any rule that its value breaks."""
    with pytest.raises(ApiError) as raised:
        queries.read(schema, {name: text})

    assert (raised.value.status, raised.value.code) == (422, "invalid")
    assert raised.value.errors == {name: [sentence]}


def test_read_with_several_wrong_values_names_each() -> None:
    """Each parameter with a wrong value is named."""
    with pytest.raises(ApiError) as raised:
        queries.read(
            {**queries.PAGE, "fields": queries.VERSIONS["fields"]}, {"limit": "x", "fields": "x"}
        )

    assert set(raised.value.errors or ()) == {"limit", "fields"}


def test_export_format_choices_equal_writer_names() -> None:
    """The choices of the parameter `format` are the names of the writers."""
    assert queries.EXPORT["format"]["allowed"] == list(FORMATS)
