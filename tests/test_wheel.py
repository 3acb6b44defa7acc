"""Tests that the wheel is complete.
Installed into an empty environment, it serves everything that comes from files.
"""

import asyncio
import os
import re
import shutil
import signal
import subprocess
import sys
import sysconfig
import venv
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests import canaries
from tests.api import Api
from tests.processes import ROOT, free_port
from tests.waiting import until

_PACKAGES = ("collab_server", "handlers", "crdt", "storage", "static")
_SHIPPED_OF_STATIC = re.compile(r"dist/.*|[^/.][^/]*\.(py|css|svg)")
"""Matches the shipped files of the folder `static`, which also has the sources of the web app."""
_NOT_COPIED = (".*", "node_modules", "build", "*.egg-info", "data", "tests", "bench", "__pycache__")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel from a copy.

    In the checkout, setuptools would take files of an earlier build.
    """
    folder = tmp_path_factory.mktemp("wheel")
    shutil.copytree(ROOT, folder / "copy", ignore=shutil.ignore_patterns(*_NOT_COPIED))
    _pip(
        "wheel",
        "--no-deps",
        "--no-build-isolation",
        "--wheel-dir",
        str(folder),
        str(folder / "copy"),
    )
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the wheel into a new environment that uses the dependencies of this one."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=False)
    python = folder / "bin" / "python"
    _pip("--python", str(python), "install", "--no-deps", "--no-index", str(wheel))
    (site,) = folder.glob("lib/python*/site-packages")
    # A path in a .pth file is searched for modules, but not for further .pth files.
    # So the editable checkout is not found.
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib"))
    return folder


@pytest.fixture
async def installed(environment: Path, tmp_path: Path) -> AsyncIterator[Api]:
    """Run the installed server from an empty folder. It must end with exit code 0."""
    port, work = free_port(), tmp_path / "empty"
    work.mkdir()
    variables = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("COLLAB_", "PYTHON"))
    }
    canaries.USED.printed(tmp_path / "output")
    with (tmp_path / "output").open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            environment / "bin" / "collab-server", "run",
            cwd=work, env={**variables, "HOST": "127.0.0.1", "PORT": str(port)}, stdout=output,
            stderr=output,
        )  # fmt: skip

    async def is_ready() -> bool:
        assert process.returncode is None, (tmp_path / "output").read_text()
        try:
            return (await api.get("/readyz")).status == 200
        except OSError:
            return False

    api = Api(f"http://127.0.0.1:{port}")
    await until(is_ready)
    yield api
    process.send_signal(signal.SIGTERM)
    assert await process.wait() == 0, (tmp_path / "output").read_text()
    assert (work / "data").is_dir()


def test_wheel_contains_all_modules_and_resources(wheel: Path) -> None:
    """The wheel has every file of the packages, except the sources of the web app."""
    shipped = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}

    files = (
        path for package in _PACKAGES for path in (ROOT / package).rglob("*") if path.is_file()
    )
    assert shipped == {
        name for path in files if _is_shipped(name := path.relative_to(ROOT).as_posix())
    }


async def test_wheel_in_empty_environment_serves(installed: Api) -> None:
    """The installed server answers requests that need its files.

    They are a page and its assets, the API's reference, and an export with the player's template.
    """
    ada = await installed.sign_up("ada")
    session_id = await ada.new_session(code="print(1)\n")

    page = (await installed.get("/")).body.decode()
    assets = re.findall(r'(?:src|href)="(/[^"]+\.(?:js|css|svg))"', page)
    answers = [await installed.get(path) for path in assets]
    reference = await installed.get("/docs")
    description = await installed.get("/openapi.json")
    export = await ada.get(f"/code/{session_id}/export?format=replay")

    assert len(assets) > 1
    assert {answer.status for answer in answers} == {200}
    assert (reference.status, b"/code/" in reference.body) == (200, True)
    assert "/user/signup" in description.body["paths"]
    assert (export.status, b"<script" in export.body) == (200, True)


def _is_shipped(name: str) -> bool:
    package, _, inside = name.partition("/")
    return "__pycache__" not in name and (
        package != "static" or bool(_SHIPPED_OF_STATIC.fullmatch(inside))
    )


def _pip(*arguments: str) -> None:
    command = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", *arguments]
    subprocess.run(command, check=True)
