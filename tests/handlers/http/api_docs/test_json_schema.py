"""Tests the translation of answer types and input rules to JSON Schema with the same meaning."""

from enum import StrEnum
from typing import Annotated, Any, Literal, NotRequired, TypedDict

import pytest

from handlers.http.api_docs.json_schema import Components, of_body, of_rules
from handlers.http.views.fields import Format, JoinRole, OneOf, Timestamp


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


class Point(TypedDict):
    """A place.

    More about it.
    """

    x: int
    label: NotRequired[str]


class Named(Point):
    name: str | None


class Tree(TypedDict):
    children: "list[Tree]"


NAMED = {"$ref": "#/components/schemas/Point"}


@pytest.mark.parametrize(
    ("kind", "schema"),
    [
        (str, {"type": "string"}),
        (int, {"type": "integer"}),
        (bool, {"type": "boolean"}),
        (str | None, {"type": ["string", "null"]}),
        (Timestamp, {"type": "string", "format": "date-time"}),
        (Timestamp | None, {"type": ["string", "null"], "format": "date-time"}),
        (Literal["a", "b"], {"type": "string", "enum": ["a", "b"]}),
        (Annotated[str, OneOf("a")], {"type": "string", "enum": ["a"]}),
        (JoinRole, {"type": "string", "enum": ["editor", "viewer"]}),
        (list[int], {"type": "array", "items": {"type": "integer"}}),
        (dict[str, int], {"type": "object", "additionalProperties": {"type": "integer"}}),
        (
            tuple[int, str],
            {
                "type": "array",
                "prefixItems": [{"type": "integer"}, {"type": "string"}],
                "minItems": 2,
                "maxItems": 2,
            },
        ),
        (
            int | Literal["live"],
            {"anyOf": [{"type": "integer"}, {"type": "string", "enum": ["live"]}]},
        ),
        (Point, NAMED),
        (Point | None, {"anyOf": [NAMED, {"type": "null"}]}),
        (list[Point], {"type": "array", "items": NAMED}),
    ],
)
def test_components_have_schema_for_each_answer_type(kind: Any, schema: dict[str, Any]) -> None:
    """Each type that answers use has its schema."""
    assert Components().of(kind) == schema


def test_components_of_typed_dict_describe_it_by_name() -> None:
    """Fields of base classes are included, optional fields are not required.

    The docstring is the description.
    """
    components = Components()

    components.of(Named)
    components.of(Point)

    number, text = {"type": "integer"}, {"type": "string"}
    assert components.schemas["Named"]["properties"] == {
        "x": number, "label": text, "name": {"type": ["string", "null"]},
    }  # fmt: skip
    assert components.schemas["Named"]["required"] == ["x", "name"]
    assert components.schemas["Point"]["description"] == "A place.\n\nMore about it."


def test_components_of_enumeration_have_its_values() -> None:
    """An enumeration is a named schema, so that clients get one type for all its uses."""
    components = Components()

    assert components.of(Colour) == {"$ref": "#/components/schemas/Colour"}
    assert components.schemas == {"Colour": {"type": "string", "enum": ["red", "blue"]}}


def test_components_of_recursive_type_refer_to_it_by_name() -> None:
    """A recursive type refers to itself by name."""
    components = Components()

    components.of(Tree)

    assert components.schemas["Tree"]["properties"]["children"]["items"] == {
        "$ref": "#/components/schemas/Tree"
    }


@pytest.mark.parametrize(
    "kind", [float, object, set[str], dict[int, str], Annotated[str, "note"], Literal[1]]
)
def test_components_of_unknown_type_raises(kind: Any) -> None:
    """An unknown type raises TypeError. The server must not start with a wrong description."""
    with pytest.raises(TypeError):
        Components().of(kind)


def test_components_of_two_types_with_one_name_raises() -> None:
    """Two types with the same name raise TypeError, because one would replace the other."""
    components = Components()
    components.of(Point)

    other = TypedDict("Point", {"y": Annotated[str, Format("date-time")]})  # type: ignore[name-match]  # noqa: UP013  # a second type of this name

    with pytest.raises(TypeError, match="Point"):
        components.of(other)


@pytest.mark.parametrize(
    ("rules", "schema"),
    [
        ({"type": "string", "minlength": 1, "maxlength": 3},
         {"type": "string", "minLength": 1, "maxLength": 3}),
        ({"type": "integer", "min": 1, "max": 3}, {"type": "integer", "minimum": 1, "maximum": 3}),
        ({"type": "integer", "default": 2}, {"type": "integer", "default": 2}),
        ({"type": "string", "allowed": ["a"], "required": True}, {"type": "string", "enum": ["a"]}),
        ({"type": "string", "regex": r"[a-z]*\Z"}, {"type": "string", "pattern": "^[a-z]*$"}),
        ({"type": "string", "meta": {"format": "email"}}, {"type": "string", "format": "email"}),
        ({"type": "integer", "nullable": True}, {"type": ["integer", "null"]}),
        ({"type": "list", "maxlength": 3, "meta": {"items": {"a": {"type": "boolean"}}}},
         {"type": "array", "maxItems": 3, "items": of_body({"a": {"type": "boolean"}})}),
        ({"anyof": [{"type": "integer"}, {"type": "string"}]},
         {"anyOf": [{"type": "integer"}, {"type": "string"}]}),
    ],
)  # fmt: skip
def test_schema_of_rules_has_their_bounds(rules: dict[str, Any], schema: dict[str, Any]) -> None:
    """Each rule of Cerberus is translated to the keyword of JSON Schema with the same meaning."""
    assert of_rules(rules) == schema


def test_schema_of_body_with_alternatives_requires_one_of_them() -> None:
    """A body with two fields that exclude each other requires one of them."""
    schema = of_body(
        {"a": {"type": "string", "excludes": "b"}, "b": {"excludes": "a"}, "c": {"required": True}}
    )

    assert schema["oneOf"] == [{"required": ["a"]}, {"required": ["b"]}]
    assert schema["required"] == ["c"]
    assert schema["additionalProperties"] is False
