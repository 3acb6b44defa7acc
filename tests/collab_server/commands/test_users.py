"""Tests the command `collab-server user`: its messages, its changes and its exit codes."""

import asyncio
import io
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from collab_server.commands import users
from collab_server.config import Config
from collab_server.server import Server
from collab_server.starting.stores import make_store
from tests import mongod
from tests.api import PASSWORD, Api
from tests.conftest import QUICK
from tests.handlers.clients import code_of, log_in
from tests.processes import ROOT

CHOSEN = "several random words"


@pytest.fixture(params=["sqlite", "mongo"])
async def config(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Config]:
    """A configuration of each store."""
    settings = {**QUICK, "data_dir": str(tmp_path / "data")}
    if request.param == "sqlite":
        yield Config(**settings)
        return
    uri = request.getfixturevalue("mongo_uri")
    async with mongod.database(uri) as name:
        yield Config(**settings, mongo_uri=uri + name)


async def signed_up(config: Config) -> tuple[str, str]:
    """Make an account with two logins; return their refresh tokens. No server runs afterwards."""
    server = await Server.start(config)
    ada = await Api(server.url).sign_up("ada")
    phone = await log_in(server.url, "ada")
    await server.stop()
    return ada.refresh_token, phone.refresh_token


@pytest.mark.parametrize("name", ["ada", "ADA", "Ada@Example.org"])
async def test_reset_password_prints_new_password_and_ends_all_logins(
    config: Config, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    """The user is named by user name or e-mail address. Only the printed password signs in."""
    tokens = await signed_up(config)

    code = await users.reset_password(config, name, is_asked=False)

    said = capsys.readouterr()
    first, second = said.out.splitlines()
    assert (code, said.err) == (0, "")
    assert first == "The password of ada is changed; logins that ended: 2."
    server = await Server.start(config)
    try:
        for token in tokens:
            answer = await Api(server.url).post("/user/refresh", {"refreshToken": token})
            assert code_of(answer) == (401, "not_signed_in")
        old = {"username": "ada", "password": PASSWORD}
        assert code_of(await Api(server.url).post("/user/login", old)) == (401, "bad_credentials")
        await log_in(server.url, "ada", second.removeprefix("New password: "))
    finally:
        await server.stop()


async def test_reset_password_keeps_the_record_of_how_the_last_run_ended(config: Config) -> None:
    """A server that starts after the command still knows whether it has to look for damage."""
    await signed_up(config)
    ends = []

    for was_clean in (True, False):
        store = make_store(config)
        await store.open()
        await store.close(is_clean=was_clean)
        assert await users.reset_password(config, "ada", is_asked=False) == 0
        store = make_store(config)
        ends.append(await store.open())
        await store.close(is_clean=True)

    assert ends == [True, False]


async def test_reset_password_takes_chosen_password_from_standard_input(
    config: Config, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The chosen password is not printed."""
    await signed_up(config)
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{CHOSEN}\n"))

    code = await users.reset_password(config, "ada", is_asked=True)

    said = capsys.readouterr()
    assert (code, said.err, CHOSEN in said.out) == (0, "", False)
    server = await Server.start(config)
    await log_in(server.url, "ada", CHOSEN)
    await server.stop()


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


async def test_reset_password_refuses_two_different_answers(
    config: Config, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a terminal the password is typed twice. If the two differ, nothing changes."""
    tokens = await signed_up(config)
    answers = iter([CHOSEN, f"{CHOSEN}x"])
    monkeypatch.setattr("sys.stdin", _Terminal())
    monkeypatch.setattr("getpass.getpass", lambda _: next(answers))

    code = await users.reset_password(config, "ada", is_asked=True)

    assert (code, capsys.readouterr().err) == (
        2, "collab-server: the two passwords differ; nothing was changed\n"
    )  # fmt: skip
    server = await Server.start(config)
    answer = await Api(server.url).post("/user/refresh", {"refreshToken": tokens[0]})
    await server.stop()
    assert answer.status == 200


async def test_reset_password_refuses_unknown_names_and_weak_passwords(
    config: Config, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command ends with code 2 and one line. The old password stays valid."""
    await signed_up(config)
    monkeypatch.setattr("sys.stdin", io.StringIO("short\nada@example.org\n"))

    codes = [
        await users.reset_password(config, name, is_asked=is_asked)
        for name, is_asked in (("nobody", False), ("ada", True), ("ada", True))
    ]

    said = capsys.readouterr()
    assert (codes, said.out, said.err.splitlines()) == (
        [2, 2, 2],
        "",
        [
            "collab-server: no account has the name or the e-mail address 'nobody'; guests have "
            "none",
            "collab-server: password: must have at least 10 characters",
            "collab-server: password: may not be your name or e-mail address",
        ],
    )
    server = await Server.start(config)
    await log_in(server.url, "ada")
    await server.stop()


async def test_reset_password_refuses_while_server_runs(
    config: Config, capsys: pytest.CaptureFixture[str]
) -> None:
    """Only one program may write to a store. The message says what to do."""
    server = await Server.start(config)
    await Api(server.url).sign_up("ada")

    code = await users.reset_password(config, "ada", is_asked=False)

    assert code == 2
    assert "stop the server for this command" in capsys.readouterr().err
    await log_in(server.url, "ada")
    await server.stop()


async def test_reset_password_makes_no_database(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A wrong DATA_DIR does not create a folder."""
    code = await users.reset_password(
        Config(data_dir=str(tmp_path / "none")), "ada", is_asked=False
    )

    assert code == 2
    assert "there is no database in it" in capsys.readouterr().err
    assert not (tmp_path / "none").exists()


async def test_command_uses_the_store_of_its_flag(tmp_path: Path) -> None:
    """`--data-dir` takes precedence over the environment, as for the other commands."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "collab_server", "user", "reset-password", "ada",
        "--data-dir", str(tmp_path / "none"),
        cwd=ROOT, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    output, errors = await process.communicate()

    assert (process.returncode, output) == (2, b"")
    assert b"none: there is no database in it" in errors
