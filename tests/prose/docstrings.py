"""Checks that public classes, functions and methods of the four packages have a docstring.

A linter would require a docstring at each definition. It would require the contract of a store
three times: in the Protocol, for SQLite and for MongoDB. So this module examines the objects
themselves. A method counts as documented if it has a docstring, or if the method that it overrides
or implements has one. The overridden method may belong to a library.

Some names need no docstring: private names, and `__special__` methods, because the language defines
their meaning. The request methods of a handler (`get`, `post`) need none, because the class's
docstring names the route. Types of dicts need none, because some of them are made by a call.
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
    """Return a finding for each missing docstring of a file, in the order of its lines.

    A file outside of the packages has no findings.
    """
    return [
        Finding(line, f"`{name}` has no docstring", _INSTEAD)
        for line, name in _missing().get(path.resolve(), [])
    ]


@cache
def _missing() -> dict[Path, list[tuple[int, str]]]:
    """Return {file: [(line, name)]} of definitions without a docstring."""
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
    """Return all modules of the packages, except `__main__`, which would start a server."""
    names = [
        module.name
        for package in PACKAGES
        for module in pkgutil.walk_packages([str(ROOT / package)], f"{package}.")
        if not module.name.endswith(".__main__")
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
    """Yield (name, object, whether it is documented) for each public definition of a module.

    protocols  the Protocols that the module's classes may implement
    """
    for name, value in vars(module).items():
        if name.startswith("_") or getattr(value, "__module__", None) != module.__name__:
            continue
        if inspect.isclass(value) and not is_typeddict(value):
            # if a dataclass or a named tuple has no docstring, Python uses its signature as the
            # docstring
            yield name, value, not (value.__doc__ or f"{name}(").startswith(f"{name}(")
            for method, function in _methods(value).items():
                yield f"{name}.{method}", function, _is_documented(value, method, protocols)
        elif definition := _function(value):
            yield name, definition, bool(definition.__doc__)


def _methods(owner: type) -> dict[str, Callable[..., Any]]:
    """Return the public methods and properties that a class defines itself."""
    return {
        name: definition
        for name, value in vars(owner).items()
        if not name.startswith("_") and (definition := _function(value))
    }


def _function(value: Any) -> Callable[..., Any] | None:
    """Return the function inside a decorated definition; None for any other value."""
    if isinstance(value, property):
        value = value.fget
    elif isinstance(value, cached_property):
        value = value.func
    value = inspect.unwrap(getattr(value, "__func__", value))
    return value if inspect.isroutine(value) and value.__name__ != "<lambda>" else None


def _is_documented(owner: type, method: str, protocols: Sequence[type]) -> bool:
    """Whether a method has a docstring, or a method that it overrides or implements has one."""
    if method in _REQUEST_METHODS and hasattr(owner, "SUPPORTED_METHODS"):
        return True
    promises = (protocol for protocol in protocols if _implements(owner, method, protocol))
    return any(
        definition.__doc__
        for related in (*owner.__mro__, *promises)
        if (definition := _function(vars(related).get(method)))
    )


def _implements(owner: type, method: str, protocol: type) -> bool:
    """Whether a class implements a Protocol that has this method.

    A part of a store alone implements no Protocol, but the store that inherits from all parts does.
    So the Protocols of each inheriting class count, too.
    """
    promised, definition = _methods(protocol), _methods(owner)[method]
    return (
        method in promised
        and _parameters(promised[method]) == _parameters(definition)
        and any(
            all(hasattr(subclass, name) for name in promised)
            for subclass in _with_subclasses(owner)
        )
    )


def _parameters(function: Callable[..., Any]) -> list[str]:
    return list(inspect.signature(function).parameters)


def _with_subclasses(owner: type) -> list[type]:
    """Return a class and all classes that inherit from it."""
    children: list[type] = owner.__subclasses__()
    return [owner, *(subclass for child in children for subclass in _with_subclasses(child))]
