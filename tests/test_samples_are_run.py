"""Tests that each block of code in a document is run by a test, or listed here with a reason."""

import json
import re

import pytest

from tests import repository
from tests.processes import ROOT
from tests.samples import samples, samples_of, taken

DRAWING = "a drawing"
BY_CI = "`.ci/run` runs it, before the tests"
REGISTRY = "it asks a registry of packages; tests have the packages already"
NO_TOOL = "no program of this name is among the packages that tests install"
GRAMMAR = "a grammar; tests/test_design_docs.py decodes the bytes of the tables around it"

NOT_RUN: dict[str, tuple[tuple[str, str], ...]] = {
    DRAWING: (
        ("ARCHITECTURE.md", "collab_server ──▶ handlers ──▶"),
        ("ARCHITECTURE.md", "handlers:  running ▶"),
        ("ARCHITECTURE.md", "bytes of a socket"),
        ("ARCHITECTURE.md", "POST /code/:id/save"),
        ("docs/design/storage.md", "keystroke ─▶ Room.receive"),
        ("docs/design/wire.md", "client "),
    ),
    GRAMMAR: (("docs/design/wire.md", "update    count of sections"),),
    BY_CI: (("CONTRIBUTING.md", "make check"),),
    REGISTRY: (
        ("CONTRIBUTING.md", "git config blame.ignoreRevsFile"),
        ("docs/migrating.md", "npm install socket.io-client"),
        ("docs/quickstart.md", "npm install yjs"),
    ),
    NO_TOOL: (
        ("docs/storage.md", "mongodump "),
        ("docs/storage.md", "mongorestore "),
    ),
}
"""Blocks that no test runs, by reason: page and beginning."""

NAMED = "a name of the process, not a step for the reader"
IN_TEST = "tests/interop/test_samples.py starts it, with values instead of variables"
IN_RECOVERY = "tests/storage/sqlite/test_recovery.py asks it"
IN_PROXIES = "tests/interop/test_proxies.py starts each proxy with the file of the page"

INLINE: dict[str, tuple[str, ...]] = {
    NAMED: (
        "docker stop",
        "git apply",
        "git blame",
        "git clone",
        "kill -9",
    ),
    IN_TEST: ("node editor.mjs $SESSION_ID $ADA", "node editor.mjs $SESSION_ID $BOB"),
    IN_RECOVERY: ("sqlite3 :memory: 'PRAGMA compile_options'",),
    IN_PROXIES: ("caddy validate --config /etc/caddy/Caddyfile", "nginx -t"),
}
"""Commands inside sentences, by the reason why they are not in a block."""

_PROGRAMS = (
    "apt-get|caddy|cp|curl|docker|git|journalctl|kill|mongo[a-z]*|mv|nginx|node|npm|npx|openssl|pip|"
    "rm|sqlite3|sudo|systemctl|tar"
)
_COMMAND = re.compile(rf"`((?:{_PROGRAMS}) [^`]*)`")
"""Matches commands of the reader's machine.

`tests.prose.references` checks commands of the project, such as `make check`."""


def test_samples_are_run_or_named_with_reason() -> None:
    """A new block needs a test that takes it with `tests.samples.sample`, or a reason here."""
    places = {*taken(), *(place for places in NOT_RUN.values() for place in places)}

    assert len(samples()) > 30
    assert [
        str(block) for block in samples() if not any(block.begins(*place) for place in places)
    ] == []


def test_samples_that_are_not_run_exist_and_no_test_takes_them() -> None:
    """A listed block exists, and no test takes it."""
    runs = set(taken())

    for place in (place for places in NOT_RUN.values() for place in places):
        (block,) = (block for block in samples() if block.begins(*place))
        assert not any(block.begins(*taken_place) for taken_place in runs), str(block)


def test_blocks_of_document_are_found_in_every_form() -> None:
    """Blocks are found with a language or without, with tildes, and in items of a list."""
    text = "```\na\n```\n\n~~~sh\nb\n~~~\n\n- item:\n\n  ```js\n  c\n    d\n  ```\n"

    assert [(block.line, block.text) for block in samples_of("page.md", text)] == [
        (2, "a\n"),
        (6, "b\n"),
        (12, "c\n  d\n"),
    ]
    with pytest.raises(ValueError, match="has no end"):
        samples_of("page.md", f"{text}```\nmore\n")


def test_commands_in_sentences_are_named_with_reason() -> None:
    """Each command inside a sentence is listed.

    A step for the reader must be in a block instead.
    """
    named = {
        command
        for path in repository.files(ROOT)
        if path.suffix == ".md" and path.name != "CHANGELOG.md"
        for command in _COMMAND.findall(path.read_text())
    }

    assert named == {command for commands in INLINE.values() for command in commands}


def test_packages_that_samples_install_are_those_of_tests() -> None:
    """The packages that samples install are those with which tests run the samples."""
    installed = json.loads((ROOT / "tests" / "node" / "package.json").read_text())["dependencies"]
    asked = re.findall(
        r"npm install ([\w. -]+?)(?: &&.*)?$",
        "\n".join(block.text for block in samples()),
        re.MULTILINE,
    )

    assert sorted(asked) == ["socket.io-client", "yjs y-websocket ws"]
    assert {name for names in asked for name in names.split()} <= installed.keys()


def test_ci_runs_checks_that_samples_name() -> None:
    """CI runs `make check`, which the reason `BY_CI` relies on."""
    assert "\nmake check\n" in (ROOT / ".ci" / "run").read_text()
