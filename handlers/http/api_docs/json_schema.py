"""Makes JSON Schema from the types of answers and from the rules that check input.

Only types and rules that this project uses are translated.
All others raise TypeError when the description is made.
"""

import inspect
import types
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import (
    Annotated,
    Any,
    Literal,
    NotRequired,
    Union,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)

from handlers.http.views.fields import Format, OneOf

# `Any` here is a part of a JSON Schema, which is JSON of any shape.
JsonSchema = dict[str, Any]

_SIMPLE = {str: "string", int: "integer", bool: "boolean", type(None): "null"}
_RULES = {
    "minlength": "minLength",
    "maxlength": "maxLength",
    "allowed": "enum",
    "min": "minimum",
    "max": "maximum",
    "default": "default",
}
_RULES_OF_LISTS = {"minlength": "minItems", "maxlength": "maxItems"}


class Components:
    """Collects the named schemas of a description while types are translated."""

    def __init__(self) -> None:
        self.schemas: dict[str, JsonSchema] = {}
        self._types: dict[str, object] = {}

    def of(self, kind: Any) -> JsonSchema:  # noqa: PLR0911  # one case for each kind of type
        """Return the schema of a type, with references to named schemas for TypedDicts and enums.

        kind  a type, or an object that `typing` makes from types; no type covers both, so it is Any
        """
        origin, arguments = get_origin(kind), get_args(kind)
        if kind is Any:
            return {}
        if kind in _SIMPLE:
            return {"type": _SIMPLE[kind]}
        if origin is Annotated:
            return self._annotated(arguments[0], arguments[1:])
        if origin is Literal:
            return _choice(arguments)
        if origin in (Union, types.UnionType):
            return self._union(arguments)
        if origin is list:
            return {"type": "array", "items": self.of(arguments[0])}
        if origin is tuple:
            size = len(arguments)
            items = [self.of(argument) for argument in arguments]
            return {"type": "array", "prefixItems": items, "minItems": size, "maxItems": size}
        if origin is dict and arguments[0] is str:
            return {"type": "object", "additionalProperties": self.of(arguments[1])}
        if is_typeddict(kind):
            return self._reference(kind, lambda: self._object(kind))
        if inspect.isclass(kind) and issubclass(kind, StrEnum):
            return self._reference(kind, lambda: _choice(tuple(kind)))
        raise TypeError(f"no JSON Schema is known for {kind}")

    def _annotated(self, kind: Any, notes: tuple[object, ...]) -> JsonSchema:
        schema: JsonSchema | None = None
        for note in notes:
            if isinstance(note, Format):
                schema = {**self.of(kind), "format": note.name}
            elif isinstance(note, OneOf):
                schema = _choice(note.values)
        if schema is None:
            raise TypeError(f"nothing is known of {notes}")
        return schema

    def _union(self, kinds: tuple[Any, ...]) -> JsonSchema:
        """Return the schema of a union.

        It is `type: [..., "null"]` for a simple type that may be null, else `anyOf`.
        """
        schemas = [self.of(kind) for kind in kinds]
        if len(schemas) == 2 and schemas[1] == {"type": "null"} and "type" in schemas[0]:
            return {**schemas[0], "type": [schemas[0]["type"], "null"]}
        return {"anyOf": schemas}

    def _reference(self, kind: type, describe: Callable[[], JsonSchema]) -> JsonSchema:
        name = kind.__name__
        if self._types.setdefault(name, kind) is not kind:
            raise TypeError(f"two types are called {name}")
        if name not in self.schemas:
            self.schemas[name] = {}  # so that a type may contain itself
            self.schemas[name] = describe()
        return {"$ref": f"#/components/schemas/{name}"}

    def _object(self, kind: Any) -> JsonSchema:
        hints = get_type_hints(kind, include_extras=True)
        return {
            "type": "object",
            "description": inspect.cleandoc(kind.__doc__ or ""),
            "properties": {name: self.of(_without_presence(hint)) for name, hint in hints.items()},
            "required": [name for name in hints if name in kind.__required_keys__],
        }


def _without_presence(hint: Any) -> Any:
    return get_args(hint)[0] if get_origin(hint) is NotRequired else hint


def _choice(values: tuple[Any, ...]) -> JsonSchema:
    if not all(isinstance(value, str) for value in values):
        raise TypeError(f"{values} are not all texts")
    return {"type": "string", "enum": [str(value) for value in values]}


def of_rules(rules: Mapping[str, Any]) -> JsonSchema:
    """Translate the Cerberus rules of one field."""
    schema: JsonSchema = {} if "type" not in rules else {"type": _type_of(rules)}
    names = _RULES_OF_LISTS if rules.get("type") == "list" else _RULES
    schema |= {names[name]: value for name, value in rules.items() if name in names}
    if "regex" in rules:
        schema["pattern"] = "^" + rules["regex"].replace(r"\Z", "$")
    if "format" in rules.get("meta", {}):
        schema["format"] = rules["meta"]["format"]
    if "items" in rules.get("meta", {}):
        schema["items"] = of_body(rules["meta"]["items"])
    if "item" in rules.get("meta", {}):
        schema["items"] = of_rules(rules["meta"]["item"])
    if "anyof" in rules:
        schema["anyOf"] = [of_rules(choice) for choice in rules["anyof"]]
    return schema


def _type_of(rules: Mapping[str, Any]) -> str | list[str]:
    kind = {"list": "array"}.get(rules["type"], rules["type"])
    return [kind, "null"] if rules.get("nullable") else kind


def of_body(fields: Mapping[str, Mapping[str, Any]]) -> JsonSchema:
    """Translate the Cerberus schema of a JSON body."""
    alternatives = [name for name, rules in fields.items() if "excludes" in rules]
    required = [
        name for name, rules in fields.items() if rules.get("required") and name not in alternatives
    ]
    schema: JsonSchema = {
        "type": "object",
        "properties": {name: of_rules(rules) for name, rules in fields.items()},
        "required": required,
        "additionalProperties": False,
    }
    if alternatives:
        schema["oneOf"] = [{"required": [name]} for name in alternatives]
    return schema
