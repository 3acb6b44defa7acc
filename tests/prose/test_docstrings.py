"""Tests that all public code of the four packages has a docstring, its own or an inherited one."""

import importlib.util
from pathlib import Path
from types import ModuleType

from tests.processes import ROOT
from tests.prose.docstrings import definitions, findings, modules, protocols_of

CODE = '''
"""Module."""
from typing import Protocol
from tornado.web import RequestHandler

class Promise(Protocol):
    """A contract."""
    def keep(self, word: str) -> None:
        """Keep a word."""
    def alone(self) -> None: ...

class Half:
    """A part of what keeps the promise."""
    def keep(self, word: str) -> None: ...

class Whole(Half):
    """Keeps the promise."""
    def alone(self) -> None: ...

class Other:
    """Has a method of the same name."""
    def keep(self, a: int, b: int) -> None: ...

class Handler(RequestHandler):
    """GET /"""
    def get(self) -> None: ...
    def on_finish(self) -> None: ...
    def fail(self) -> None: ...
    def _private(self) -> None: ...

class Bare:
    @property
    def size(self) -> int: ...
    @staticmethod
    def make() -> None: ...

def function() -> None: ...
'''


def made(tmp_path: Path) -> ModuleType:
    path = tmp_path / "bare.py"
    path.write_text(CODE)
    spec = importlib.util.spec_from_file_location("bare", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_method_is_documented_by_overridden_or_implemented_method(tmp_path: Path) -> None:
    """A method is documented by a Protocol, even if the class implements only a part of it."""
    module = made(tmp_path)

    assert [
        name
        for name, _, is_documented in definitions(module, protocols_of([module]))
        if not is_documented
    ] == [
        "Promise.alone",
        "Whole.alone",
        "Other.keep",
        "Handler.fail",
        "Bare",
        "Bare.size",
        "Bare.make",
        "function",
    ]


def test_public_code_of_packages_is_documented() -> None:
    """All public definitions are documented. A failure names the undocumented definitions."""
    protocols = protocols_of(modules())
    public = [name for module in modules() for name, _, _ in definitions(module, protocols)]
    paths = [Path(str(module.__file__)) for module in modules()]

    assert len(public) > 1_500
    assert len(protocols) > 20
    assert [
        f"{path.relative_to(ROOT)}:{finding}" for path in paths for finding in findings(path)
    ] == []
