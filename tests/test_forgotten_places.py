"""Tests the places that a new setting, store method or screen also needs.

CONTRIBUTING.md has the recipes. These tests name the places that were forgotten. Other tests and
`make check` check other places, which CONTRIBUTING.md also names.
"""

import ast
import re
from dataclasses import fields
from typing import Any

import pytest

from collab_server.config import Config
from collab_server.routes import ROUTES
from crdt.settings import Setting
from handlers.api import pages
from tests.processes import ROOT

PACKAGES = ("collab_server", "handlers", "crdt", "storage")
_DECLARED_IN = ("crdt/limits.py", "handlers/settings.py")
_CONFIGURATION = ("collab_server/config.py", "collab_server/config_loading.py")
SHOWN_AT = {"/signin": "/"}
"""Screens that are also shown at another address, to a person who is not signed in."""


def sources() -> dict[str, str]:
    """Return the text of each module of the server by its path."""
    return {
        str(path.relative_to(ROOT)): path.read_text()
        for package in PACKAGES
        for path in (ROOT / package).rglob("*.py")
    }


def is_obeyed(setting: Setting[Any], modules: dict[str, str]) -> bool:
    """Whether some code reads a setting.

    It may read the field of Config, or a field of a record that was made from the constant.
    """
    configuration = modules["collab_server/config.py"]
    outside = "\n".join(text for path, text in modules.items() if path not in _CONFIGURATION)
    if re.search(rf"config\.{setting.name}\b", outside) or f"self.{setting.name}." in configuration:
        return True
    constant = setting.name.upper()
    if attributes := re.findall(
        rf"^    (\w+): \S+ = (?:\w+\.)?{constant}\.field\(\)", outside, re.MULTILINE
    ):
        return all(re.search(rf"\.{attribute}\b", outside) for attribute in attributes)
    users = "\n".join(
        text for path, text in modules.items() if path not in (*_DECLARED_IN, *_CONFIGURATION)
    )
    return bool(re.search(rf"\b{constant}\b", users))


def test_setting_is_read_by_some_code() -> None:
    """Every setting is read somewhere.

    Otherwise it would be documented without having an effect.
    """
    modules = sources()
    settings = [field.metadata["setting"] for field in fields(Config)]

    assert [setting.name for setting in settings if not is_obeyed(setting, modules)] == []


def store_methods() -> list[str]:
    """Return the methods of the store's contract."""
    trees = [
        ast.parse((ROOT / "storage" / name).read_text())
        for name in ("base.py", "people.py", "runs/contract.py", "program_tests/contract.py")
    ]
    contracts = [
        node
        for tree in trees
        for node in tree.body
        if isinstance(node, ast.ClassDef) and "Protocol" in ast.dump(node)
    ]
    return [
        node.name
        for contract in contracts
        for node in contract.body
        if isinstance(node, ast.AsyncFunctionDef)
    ]


def test_store_method_is_tested_on_both_stores() -> None:
    """Each method of the store's contract is called in tests/storage/contract.

    Those tests run on SQLite and on MongoDB.
    """
    called = "\n".join(
        path.read_text() for path in (ROOT / "tests" / "storage" / "contract").glob("*.py")
    )
    methods = store_methods()

    assert len(methods) > 40
    assert [name for name in methods if f".{name}(" not in called] == []


def screens() -> list[str]:
    """Return the addresses of the web app's screens, written like those of the server's router."""
    patterns = re.findall(
        r"^  \[/\^(.*)\$/, ", (ROOT / "static" / "src" / "main.tsx").read_text(), re.MULTILINE
    )
    return [pattern.replace("\\/", "/") for pattern in patterns]


def test_screens_of_web_app_are_served() -> None:
    """The server has a route for each screen. Otherwise reloading the screen would be a 404."""
    served = [pattern for pattern, handler in ROUTES if issubclass(handler, pages.AppHandler)]

    assert len(screens()) > 5
    assert sorted(screens()) == sorted(served)


@pytest.mark.parametrize("screen", screens())
def test_screen_of_web_app_is_checked_for_accessibility(screen: str) -> None:
    """tests/browser/test_quality.py opens each screen, in both themes and at both sizes."""
    text = (ROOT / "tests" / "browser" / "test_quality.py").read_text()
    address = re.escape(SHOWN_AT.get(screen, screen)).replace(re.escape("([^/]+)"), r"[^/\"]+")

    assert re.search(rf'"{address}"', text)
