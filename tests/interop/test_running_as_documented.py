"""Tests of the commands that start a server.

They are in README.md, docs/quickstart.md and docs/operations.md.
"""

import configparser
import re
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tornado.httpclient import AsyncHTTPClient

from collab_server.config import Config, all_settings
from tests.processes import ROOT, free_port
from tests.programs import Program, Programs
from tests.samples import sample
from tests.waiting import until

BIN = Path(sys.prefix) / "bin"

MAKE = f'make() {{ command make VENV={sys.prefix} --old-file={sys.prefix}/.installed "$@"; }}\n'
"""The command `make`, with the environment of the tests, so that it downloads nothing."""

HERE = "127.0.0.1"
OTHER = "127.0.0.2"
"""Another address of this machine. A server without --public does not listen there."""

SERVICE = sample("docs/operations.md", "[Service]")
DIRECTIVES = {"DynamicUser", "Environment", "ExecStart", "Restart", "RestartSec", "StateDirectory"}
"""The directives of systemd.exec(5) and systemd.service(5) that the sample needs."""


@pytest.fixture
async def programs() -> AsyncIterator[Programs]:
    running = Programs(ROOT)
    yield running
    await running.stop()


async def answers(address: str, port: int) -> bool:
    """Return whether a server is ready at an address."""
    try:
        answer = await AsyncHTTPClient().fetch(f"http://{address}:{port}/readyz", raise_error=False)
    except OSError:
        return False
    return answer.code == 200


async def started(
    programs: Programs, data: Path, *command: str, **variables: str
) -> tuple[Program, int]:
    """Start a program, wait until its server is ready, and return the program and the port."""
    port = free_port()
    program = await programs.start(*command, PORT=str(port), DATA_DIR=str(data), **variables)

    async def is_ready() -> bool:
        assert program.process.returncode is None, program.output
        return await answers(HERE, port)

    await until(is_ready)
    return program, port


@pytest.mark.parametrize(
    "command",
    [sample("README.md", "make run\n"), sample("docs/quickstart.md", "make run")],
    ids=["README.md", "quickstart.md"],
)
async def test_make_run_serves_this_machine_until_it_is_interrupted(
    tmp_path: Path, programs: Programs, command: str
) -> None:
    """`make run` prints the address, and serves only this machine.

    The default port and folder are the documented ones.
    """
    program, port = await started(programs, tmp_path / "data", "bash", "-c", MAKE + command)

    elsewhere = await answers(OTHER, port)
    program.signal(signal.SIGINT)
    await program.end()

    assert not elsewhere
    assert f"http://localhost:{port}" in program.output
    assert (tmp_path / "data" / "collab.db").exists()
    assert not await answers(HERE, port)
    assert (Config().port, Config().data_dir) == (5000, "data")


async def test_make_run_as_in_readme_lets_others_in_and_prints_addresses(
    tmp_path: Path, programs: Programs
) -> None:
    command = sample("README.md", "make run ARGS=--public")

    program, port = await started(programs, tmp_path / "data", "bash", "-c", MAKE + command)

    assert await answers(OTHER, port)
    assert re.search(rf"^Others open http://\S+:{port}$", program.output, re.MULTILINE)
    program.signal(signal.SIGINT)
    await program.end()


def service() -> dict[str, str]:
    """Return the directives of the sample unit for systemd."""
    unit = configparser.ConfigParser(interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read_string(SERVICE)
    assert unit.sections() == ["Service"]
    return dict(unit["Service"])


def variables() -> dict[str, str]:
    """Return the variables that the sample unit for systemd sets."""
    pairs = (pair.partition("=") for pair in shlex.split(service()["Environment"]))
    return {name: value for name, _, value in pairs}


def test_systemd_unit_sets_settings_and_directives_that_exist(tmp_path: Path) -> None:
    """The sample unit uses existing settings and directives.

    If the machine has systemd, `systemd-analyze` must accept the unit, too.
    """
    assert service().keys() == DIRECTIVES
    assert variables().keys() <= {setting.variable for setting in all_settings()}
    assert variables()["DATA_DIR"] == f"/var/lib/{service()['StateDirectory']}"

    unit = tmp_path / "collab.service"
    unit.write_text(re.sub("(?<=ExecStart=).*/bin(?=/)", str(BIN), SERVICE))
    if analyze := shutil.which("systemd-analyze"):
        done = subprocess.run([analyze, "verify", unit], capture_output=True, text=True, check=True)
        assert "collab.service" not in done.stderr


async def test_systemd_unit_starts_a_server_that_ends_when_systemd_asks(
    tmp_path: Path, programs: Programs
) -> None:
    path, *arguments = shlex.split(service()["ExecStart"])
    command = [str(BIN / Path(path).name), *arguments]
    settings = {name: value for name, value in variables().items() if name != "DATA_DIR"}
    program, port = await started(programs, tmp_path / "data", *command, **settings)

    program.signal(signal.SIGTERM)

    assert await program.end() == 0, program.output
    assert not await answers(HERE, port)
