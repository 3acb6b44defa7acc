"""Public classes, functions and methods of the four packages have a docstring.

A linter asks for one at each definition. It would want the contract of a store three times: in the
Protocol, for SQLite and for MongoDB. So this looks at the objects themselves, and a method is
documented too if the one that it overrides is, also in a library, or the one that it implements.

Not for private names, for `__special__` methods, whose meaning the language gives, for the request
methods of a handler (`get`, `post`), whose class names the route, and for types of dicts, of which
some are made by a call.
"""

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache, cached_property
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol, is_typeddict

from tests.processes import ROOT
from tests.prose.rules import Finding

PACKAGES = ("collab_server", "crdt", "handlers", "storage")
_REQUEST_METHODS = {"delete", "get", "head", "options", "patch", "post", "put"}
_INSTEAD = "what it does or is, arguments with units, what it returns and raises"


def findings(path: Path) -> list[Finding]:
    """Return what has no docstring in a file, in the order of its lines;
    nothing for a file outside the packages.
    """
    return [
        Finding(line, f"`{name}` has no docstring", _INSTEAD)
        for line, name in _missing().get(path.resolve(), [])
    ]


@cache
def _missing() -> dict[Path, list[tuple[int, str]]]:
    """Return {file: [(line, name)]} of what has no docstring."""
    protocols = protocols_of(modules())
    return {
        Path(str(module.__file__)).resolve(): [
            (inspect.getsourcelines(definition)[1], name)
            for name, definition, is_documented in definitions(module, protocols)
            if not is_documented
        ]
        for module in modules()
    }


@cache
def modules() -> tuple[ModuleType, ...]:
    """Return all modules of the packages; `__main__` would start a server."""
    names = [
        found.name
        for package in PACKAGES
        for found in pkgutil.walk_packages([str(ROOT / package)], f"{package}.")
        if not found.name.endswith(".__main__")
    ]
    return tuple(importlib.import_module(name) for name in names)


def protocols_of(among: Iterable[ModuleType]) -> list[type]:
    """Return the Protocols that modules define."""
    return [
        value
        for module in among
        for value in vars(module).values()
        if inspect.isclass(value)
        and value.__module__ == module.__name__
        and Protocol in value.__bases__
    ]


def definitions(module: ModuleType, protocols: Sequence[type]) -> Iterator[tuple[str, Any, bool]]:
    """Yield (name, object, whether it is documented) of what a module defines for others.

    protocols  those that its classes may implement
    """
    for name, value in vars(module).items():
        if name.startswith("_") or getattr(value, "__module__", None) != module.__name__:
            continue
        if inspect.isclass(value) and not is_typeddict(value):
            # a dataclass or named tuple that has no docstring is given its signature for one
            yield name, value, not (value.__doc__ or f"{name}(").startswith(f"{name}(")
            for method, function in _methods(value).items():
                yield f"{name}.{method}", function, _is_documented(value, method, protocols)
        elif definition := _function(value):
            yield name, definition, bool(definition.__doc__)


def _methods(owner: type) -> dict[str, Callable[..., Any]]:
    """Return the public methods and properties that a class itself defines."""
    return {
        name: definition
        for name, value in vars(owner).items()
        if not name.startswith("_") and (definition := _function(value))
    }


def _function(value: Any) -> Callable[..., Any] | None:
    """Return the function in what a `def` has become by its decorators; None for anything else."""
    if isinstance(value, property):
        value = value.fget
    elif isinstance(value, cached_property):
        value = value.func
    value = inspect.unwrap(getattr(value, "__func__", value))
    return value if inspect.isroutine(value) and value.__name__ != "<lambda>" else None


def _is_documented(owner: type, method: str, protocols: Sequence[type]) -> bool:
    """Whether a method, one that it overrides, or one that it implements has a docstring."""
    if method in _REQUEST_METHODS and hasattr(owner, "SUPPORTED_METHODS"):
        return True
    promises = (protocol for protocol in protocols if _implements(owner, method, protocol))
    return any(
        definition.__doc__
        for related in (*owner.__mro__, *promises)
        if (definition := _function(vars(related).get(method)))
    )


def _implements(owner: type, method: str, protocol: type) -> bool:
    """Whether a class implements a Protocol with a method.

    A part of a store implements none by itself, but the store that is put together from the parts
    does. So a class implements also what a class that inherits from it implements.
    """
    promised, definition = _methods(protocol), _methods(owner)[method]
    return (
        method in promised
        and _parameters(promised[method]) == _parameters(definition)
        and any(all(hasattr(heir, name) for name in promised) for heir in _heirs(owner))
    )


def _parameters(function: Callable[..., Any]) -> list[str]:
    return list(inspect.signature(function).parameters)


def _heirs(owner: type) -> list[type]:
    """Return a class and all that inherit from it."""
    children: list[type] = owner.__subclasses__()
    return [owner, *(heir for child in children for heir in _heirs(child))]
