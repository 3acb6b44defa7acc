"""Tests that each module of the packages has a test of the same name in the same folder.

For example, the tests of `crdt/room/presence.py` are in `tests/crdt/room/test_presence.py`. Modules
without such a test are listed here with the reason.
"""

import pytest

from tests.repository import PACKAGES, ROOT

NOTHING_TO_RUN = "records, constants or declarations: what uses them is tested"
BOTH_STORES = "tests/storage/contract tests it on both stores"
AS_A_PROCESS = "it starts processes: tests of the whole command"
WHOLE_SERVER = "it puts the server together: every test of a handler runs it"
"""Entries may only be removed. A new module must come with its test."""

REASONS: dict[str, tuple[str, ...]] = {
    NOTHING_TO_RUN: (
        "collab_server/starting/errors.py",
        "crdt/errors.py",
        "crdt/lifecycle/environment.py",
        "handlers/sync/receiver.py",
        "handlers/sync/socket_state.py",
        "crdt/room/context.py",
        "crdt/room/upkeep.py",
        "crdt/wire/parsed_update.py",
        "handlers/http/views/fields.py",
        "handlers/services.py",
        "handlers/settings.py",
        "storage/base.py",
        "storage/people.py",
        "storage/runs/contract.py",
        "storage/program_tests/contract.py",
        "storage/errors.py",
    ),
    BOTH_STORES: (
        "storage/mongo/people/account_removal.py",
        "storage/mongo/people/credentials.py",
        "storage/mongo/people/logins.py",
        "storage/mongo/accounts.py",
        "storage/mongo/database/engine.py",
        "storage/mongo/invites.py",
        "storage/mongo/messages.py",
        "storage/mongo/parts.py",
        "storage/mongo/programs/program_tests.py",
        "storage/mongo/rooms.py",
        "storage/mongo/rows.py",
        "storage/mongo/sessions.py",
        "storage/mongo/store.py",
        "storage/mongo/table_io.py",
        "storage/mongo/usage.py",
        "storage/mongo/versions.py",
        "storage/version_retention.py",
        "storage/sqlite/people/account_removal.py",
        "storage/sqlite/people/credentials.py",
        "storage/sqlite/people/logins.py",
        "storage/sqlite/invites.py",
        "storage/sqlite/messages.py",
        "storage/sqlite/programs/program_tests.py",
        "storage/sqlite/rooms.py",
        "storage/sqlite/sessions.py",
        "storage/sqlite/table_io.py",
    ),
    AS_A_PROCESS: (
        "collab_server/__main__.py",
        "collab_server/supervision/safeguards.py",
    ),
    WHOLE_SERVER: ("collab_server/app.py",),
}
EXCEPTIONS = [module for modules in REASONS.values() for module in modules]


def modules() -> list[str]:
    paths = (
        path
        for package in PACKAGES
        for path in (ROOT / package).rglob("*.py")
        if path.stem != "__init__"
    )
    return sorted(str(path.relative_to(ROOT)) for path in paths)


def home_of(module: str) -> str:
    """Return the path, without `.py`, of the tests of a module."""
    folder, _, name = module.rpartition("/")
    return f"tests/{folder}/test_{name}"


def test_modules_have_test_of_same_name() -> None:
    """Each module has its test, or is listed as an exception."""
    without = [module for module in modules() if not (ROOT / home_of(module)).exists()]

    assert sorted(set(without) - set(EXCEPTIONS)) == []


@pytest.mark.parametrize("module", EXCEPTIONS)
def test_mirror_exceptions_are_all_needed(module: str) -> None:
    """Each listed module exists and has no test of its name."""
    assert (ROOT / module).exists()
    assert not (ROOT / home_of(module)).exists()


def test_mirror_exceptions_are_listed_once() -> None:
    """Each module is listed for only one reason."""
    assert sorted(EXCEPTIONS) == sorted(set(EXCEPTIONS))
