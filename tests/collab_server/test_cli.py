"""Tests the command `collab-server`, run as a process."""

import asyncio
import os
import re
import signal
import sqlite3
import sys
from pathlib import Path

import pytest

from collab_server import __version__
from harness.wire import Wire
from tests.api import Api
from tests.postbox import open_postbox
from tests.processes import ROOT, ServerProcess, free_port
from tests.waiting import until


async def command(*arguments: str, cwd: Path = ROOT, **variables: str) -> tuple[int, str, str]:
    """Run `collab-server` and return its exit code, its output and its errors."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "collab_server", *arguments,
        cwd=cwd, env={**os.environ, "PYTHONPATH": str(ROOT), "PORT": "0", **variables},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    output, errors = await process.communicate()
    return process.returncode or 0, output.decode(), errors.decode()


async def typed_a_moment_ago(folder: Path) -> tuple[ServerProcess, Wire]:
    """Start a server, and let a client type text that the server has not saved yet.

    Returns: the server, and the client's connection.
    """
    server = ServerProcess(folder, free_port(), COLLAB_FLUSH_MS=1000)
    await server.start()
    ada = await Api(server.url).sign_up()
    session_id = await ada.new_session()
    wire = await ada.connect(session_id)
    await wire.send(bytes.fromhex("000212" + "01010900040104676f6f640568656c6c6f00"))
    await until(lambda: ada.live(session_id), lambda live: live["files"].get("good") == "hello")
    return server, wire


async def test_version_and_help_options_print_their_text() -> None:
    """`--version` prints the version.

    `--help` prints the first steps, the commands and their options.
    """
    assert await command("--version") == (0, f"collab-server {__version__}\n", "")
    code, text, _ = await command("--help")
    assert (code, "first steps" in text, "collab-server check" in text) == (0, True, True)
    code, text, _ = await command("user", "reset-password", "--help")
    assert (code, "NAME" in text, "--ask" in text, "--mongo-uri" in text) == (0, True, True, True)
    code, text, _ = await command("run", "--help")
    assert (code, "--port" in text, "COLLAB_IDLE_S" in text) == (0, True, True)


async def test_module_runs_in_a_folder_with_files_named_like_its_packages(tmp_path: Path) -> None:
    """`python -m collab_server` never imports files of the working folder as its packages."""
    for name in ("crdt", "handlers", "static", "storage"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('mine')\n")

    code, text, errors = await command("check", cwd=tmp_path)

    assert (code, errors, "will be made at the first start" in text) == (0, "", True)


@pytest.mark.parametrize("name", ["run", "serve", "check"])
async def test_invalid_setting_ends_command_with_one_line(tmp_path: Path, name: str) -> None:
    """An invalid variable or flag ends the command with code 2 and one line about the fault."""
    assert await command(name, cwd=tmp_path, PORT="x") == (
        2, "", "collab-server: PORT must be a whole number in digits, not 'x'\n"
    )  # fmt: skip
    assert (await command(name, "--port", "99999", cwd=tmp_path))[2] == (
        "collab-server: PORT must be from 0 to 65535, not 99999\n"
    )


async def test_check_signs_in_to_mail_server(tmp_path: Path) -> None:
    """`check` sends no mail. It names the setting if it cannot use the mail server."""
    async with open_postbox() as postbox:
        variables = {name.upper(): value for name, value in postbox.settings.items()}
        code, text, errors = await command("check", cwd=tmp_path, **variables)
    assert (code, "Configuration is right" in text, errors, postbox.mails) == (0, True, "", [])

    code, text, errors = await command("check", cwd=tmp_path, **variables)
    assert (code, text) == (2, "")
    assert errors.startswith("collab-server: SMTP_URL: the mail server cannot be used: ")


async def test_check_reports_settings_and_unusable_store(tmp_path: Path) -> None:
    """`check` shows settings, warns of unknown variables, and names an unusable store."""
    data = tmp_path / "data"
    code, text, errors = await command("check", cwd=tmp_path, COLLAB_TYPO="1")
    assert (code, "will be made at the first start" in text) == (0, True)
    assert errors == "collab-server: warning: COLLAB_TYPO is not a setting of this server\n"

    data.mkdir()
    (data / "collab.db").write_text("this is no database" * 100)
    code, text, errors = await command("check", cwd=tmp_path)
    nowhere = await command("check", "--data-dir", "/proc/nowhere", cwd=tmp_path)

    assert (nowhere[0], nowhere[2].count("\n")) == (2, 1)
    assert (code, text) == (2, "")
    assert errors.startswith(f"collab-server: DATA_DIR {Path('data')}: ")
    assert errors.count("\n") == 1


async def test_check_leaves_running_server_undisturbed(tmp_path: Path) -> None:
    """`check` does not disturb a running server. A second server on the same data is refused."""
    server = ServerProcess(tmp_path / "data", free_port())
    await server.start()

    code, text, _ = await command("check", cwd=tmp_path)
    second = await command("run", cwd=tmp_path, PORT="0")

    assert (code, "is ready (a server is running on it)" in text) == (0, True)
    assert second[0] == 2
    assert "in use by another server" in second[2]
    assert second[2].count("\n") == 1
    assert await server.terminate() == 0


async def test_run_on_port_in_use_ends_with_one_line(tmp_path: Path) -> None:
    """A port that is in use ends `run` with exit code 2 and one line."""
    server = ServerProcess(tmp_path / "data", free_port())
    await server.start()
    port = server.url.rpartition(":")[2]

    code, _, errors = await command(
        "run", "--host", "127.0.0.1", "--port", port, "--data-dir", str(tmp_path / "b")
    )

    assert code == 2
    assert (
        errors == f"collab-server: PORT {port} is in use; choose another, for example "
        f"PORT={int(port) + 1}\n"
    )
    assert not (tmp_path / "b").exists()
    assert await server.terminate() == 0


async def test_run_prints_two_lines_and_makes_private_files(tmp_path: Path) -> None:
    """A start prints two lines on standard output.

    Only the owner can read the files that it makes.
    """
    server = ServerProcess(tmp_path / "data", free_port())
    await server.start()

    lines = server.output.read_text().splitlines()

    assert lines[0].startswith(f"collab-server {__version__} runs on {server.url}")
    assert lines[1].startswith("Next: ")
    assert "/sync/" in lines[1]
    modes = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "data").iterdir()}
    assert modes["secret"] == modes["collab.db"] == modes["collab.db-wal"] == 0o600
    assert await server.terminate() == 0


async def test_public_run_prints_addresses_for_others_and_warns(tmp_path: Path) -> None:
    """Each printed address answers. A warning names the danger of a server without a proxy."""
    server = ServerProcess(tmp_path / "data", free_port(), flags=("--public",))
    await server.start()

    printed = server.output.read_text()

    urls = re.findall(r"^Others open (\S+)$", printed, re.MULTILINE)
    assert urls
    for url in urls:
        assert (await Api(url).get("/readyz")).status == 200
    assert "warning: without TLS" in printed
    assert await server.terminate() == 0


async def test_public_and_host_together_are_refused() -> None:
    """`--public` and `--host` contradict each other, so both together are refused."""
    code, _, errors = await command("run", "--public", "--host", "::1")

    assert (code, "not allowed with" in errors) == (2, True)


async def test_run_after_second_signal_still_saves_everything(tmp_path: Path) -> None:
    """Ctrl-C after SIGTERM does not interrupt the saving, and leaves no traceback."""
    server, _ = await typed_a_moment_ago(tmp_path / "data")

    server.signal(signal.SIGTERM)
    server.signal(signal.SIGINT)
    code = await server.terminate()

    assert code == 0
    database = sqlite3.connect(tmp_path / "data" / "collab.db")
    assert database.execute("SELECT count(*) FROM log").fetchone() == (1,)
    database.close()
    assert "Traceback" not in server.output.read_text()
    assert server.problems() == []


async def test_run_on_sigterm_drains_and_saves(tmp_path: Path) -> None:
    """SIGTERM closes editors with 1012, saves recently typed text and checkpoints it."""
    server, wire = await typed_a_moment_ago(tmp_path / "data")

    code = await server.terminate()

    assert code == 0
    assert (await wire.until_closed())[0] == 1012
    database = sqlite3.connect(tmp_path / "data" / "collab.db")
    assert database.execute("SELECT count(*) FROM log").fetchone() == (1,)
    assert database.execute("SELECT sequence FROM checkpoints").fetchone() == (1,)
    database.close()
    assert server.problems() == []


async def test_copy_moves_data_or_explains_refusal_in_one_line(tmp_path: Path) -> None:
    """`copy` moves a server's data. It prints one line: the result, or the reason for a refusal."""
    server = ServerProcess(tmp_path / "data", free_port())
    await server.start()
    await Api(server.url).sign_up("ada")
    busy = await command("copy", str(tmp_path / "data"), str(tmp_path / "there"))
    await server.terminate()
    source, target = str(tmp_path / "data"), str(tmp_path / "there")

    done = await command("copy", source, target)
    again = await command("copy", source, target)
    merged = await command("copy", source, target, "--into-existing")
    nothing = await command("copy", str(tmp_path / "nothing"), target)
    same = await command("copy", source, f"{source}/collab.db")
    nowhere = await command("copy", source, "mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=100")

    assert (busy[0], "in use by another server" in busy[2]) == (2, True)
    assert done[:2] == (0, "Copied 2 rows of 13 tables; counts and digests are equal.\n")
    assert (again[0], again[2]) == (
        2,
        "collab-server: the target is not empty (users, refresh_tokens)\n",
    )
    assert (merged[0], "had rows before" in merged[1]) == (0, True)
    assert nothing[2] == f"collab-server: {tmp_path}/nothing/collab.db does not exist\n"
    assert same[2] == "collab-server: source and target are the same\n"
    assert (nowhere[0], nowhere[2].startswith("collab-server: MongoDB: 127.0.0.1:1")) == (2, True)
    assert [line.count("\n") for line in (again[2], same[2], nowhere[2])] == [1, 1, 1]


async def test_commands_name_mongo_database_without_password(
    tmp_path: Path, mongo_uri: str
) -> None:
    """`check` and `run` name the MongoDB database and its fault, but never print its password."""
    uri = f"{mongo_uri}cli{os.getpid()}"
    place = uri.rpartition("@")[2]
    ready = await command("check", cwd=tmp_path, MONGO_URI=uri)
    nowhere = "mongodb://ada:hidden@127.0.0.1:1/?serverSelectionTimeoutMS=100"
    away = await command("check", cwd=tmp_path, MONGO_URI=nowhere)
    wrong = await command("run", cwd=tmp_path, MONGO_URI="localhost:27017")

    assert (ready[0], place in ready[1]) == (0, True)
    assert (away[0], away[2].startswith("collab-server: MONGO_URI: MongoDB: 127.0.0.1:1")) == (
        2,
        True,
    )
    assert "hidden" not in away[2]
    assert wrong[2] == "collab-server: MONGO_URI must start with mongodb:// or mongodb+srv://\n"
