"""Tests that the command reports a foreign package that has the name of one of its own packages."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from collab_server.entry import PACKAGES, shadowed
from tests.processes import ROOT


def check(*, path: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run `collab-server check` in a folder, with another folder in PYTHONPATH."""
    environment = {**os.environ, "PYTHONPATH": f"{path}{os.pathsep}{ROOT}"}
    return subprocess.run(
        [sys.executable, "-m", "collab_server", "check"],
        cwd=folder,
        env={**environment, "DATA_DIR": str(folder / "data")},
        capture_output=True,
        text=True,
        check=False,
    )


def write_module(folder: Path, name: str, *, is_package: bool) -> Path:
    """Write a module that ends the process; return its path."""
    path = folder / name / "__init__.py" if is_package else folder / f"{name}.py"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("raise SystemExit('this is another program')\n")
    return path


def test_own_packages_are_found() -> None:
    assert shadowed() is None


@pytest.mark.parametrize("is_package", [True, False])
@pytest.mark.parametrize("name", PACKAGES)
def test_package_that_hides_ours_is_named_in_one_line(
    tmp_path: Path, name: str, *, is_package: bool
) -> None:
    other = write_module(tmp_path / "other", name, is_package=is_package)

    done = check(path=tmp_path / "other", folder=tmp_path)

    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr == (
        f"collab-server: Python finds {other} instead of {ROOT / name / '__init__.py'}: "
        "rename that module, or take its folder out of PYTHONPATH.\n"
    )


def test_module_in_the_current_folder_does_not_hide_ours(tmp_path: Path) -> None:
    write_module(tmp_path, "handlers", is_package=False)

    done = check(path=tmp_path / "nothing", folder=tmp_path)

    assert (done.returncode, done.stderr) == (0, "")
