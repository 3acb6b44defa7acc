"""Installs programs that tests run and that only the system's package manager has.
They are a browser, two proxies and some tools.

`python -m tests.system_packages` (`make system-packages`) says first what it installs, and why. It
changes the machine only if a program is missing, with `apt-get`, and only as root. All other tools
of tests are installed inside the checkout (`tests.set_up`). With `COLLAB_TESTS_INSTALL=no` nothing
is installed.

Tests of a missing program are skipped. Under CI a missing program is a failure.

Only the standard library is imported, so that any Python can run this before the checkout is set
up.
"""

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_POLICY = Path("/usr/sbin/policy-rc.d")
"""Debian's packages run this file to ask whether their services may be started."""

_FOLDERS_OF_SERVERS = ("/usr/sbin", "/sbin")


@dataclass(frozen=True, slots=True)
class Package:
    """A package of Debian, and its use in tests.

    programs    names that its program may have, of which one must exist
    purpose     what tests do with the program
    is_service  whether its service starts with the system from then on, and takes port 80
    substitute  the package whose program tests use instead where this one cannot be had
    """

    name: str
    programs: tuple[str, ...]
    purpose: str
    is_service: bool = False
    substitute: str = ""


PACKAGES = (
    Package("chromium", ("chromium", "chromium-browser"), "the browser that users have"),
    Package(
        "chromium-headless-shell",
        ("chromium-headless-shell",),
        "the same browser without windows, which costs tests half the processor time",
        substitute="chromium",
    ),
    Package(
        "nginx", ("nginx",), "a proxy of docs/proxies; tests start it themselves", is_service=True
    ),
    Package(
        "caddy", ("caddy",), "a proxy of docs/proxies; tests start it themselves", is_service=True
    ),
    Package("openssl", ("openssl",), "makes the proxies' certificate"),
    Package("sqlite3", ("sqlite3",), "recovers a damaged database as docs/storage.md says"),
    Package("curl", ("curl",), "runs the commands of docs/quickstart.md"),
    Package("unzip", ("unzip",), "unpacks exported archives"),
)


def main() -> int:
    """Install missing programs, or print which are missing. Return an exit code."""
    to_install = [package for package in PACKAGES if not find_program(*package.programs)]
    if to_install and _may_install():
        _install(to_install)
    missing = [package for package in PACKAGES if not _usable_program(package.name)]
    if not missing:
        return 0
    names = " ".join(package.name for package in missing)
    result = "which is a failure under CI" if _is_ci() else "so their tests are skipped"
    print(f"missing: {names}, {result}; to install: sudo apt-get install {names}", file=sys.stderr)
    return 1 if _is_ci() else 0


def find_program(*names: str) -> str | None:
    """Return the path of the first program that exists.

    Also searches folders of servers, which are only in root's PATH.
    """
    path = os.pathsep.join((os.environ.get("PATH", os.defpath), *_FOLDERS_OF_SERVERS))
    return next((program for name in names if (program := shutil.which(name, path=path))), None)


def needed_program(package_name: str) -> str:
    """Return the path of a package's program, or of its substitute's.

    If both are missing, the test is skipped, or fails under CI.
    """
    program = _usable_program(package_name)
    if not program and not _is_ci():
        import pytest

        pytest.skip(f"no {package_name}: `sudo apt-get install {package_name}` installs it")
    assert program, f"no {package_name}"
    return program


def _usable_program(package_name: str) -> str | None:
    package = next(package for package in PACKAGES if package.name == package_name)
    program = find_program(*package.programs)
    return program or (_usable_program(package.substitute) if package.substitute else None)


def _is_ci() -> bool:
    return bool(os.environ.get("CI"))


def _may_install() -> bool:
    if os.environ.get("COLLAB_TESTS_INSTALL", "").lower() == "no":
        return False
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def _install(packages: list[Package]) -> None:
    """Install each package separately, because another system may lack some of them."""
    _announce(packages)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    with _services_not_started():
        for arguments in (
            ["update"],
            *(["install", "-y", "--no-install-recommends", package.name] for package in packages),
        ):
            subprocess.run(
                ["apt-get", "-qq", *arguments],
                check=False,
                env=environment,
                stdout=subprocess.DEVNULL,
            )


def _announce(packages: list[Package]) -> None:
    print(
        "Tests need programs that this system lacks. Installing with apt-get "
        "(COLLAB_TESTS_INSTALL=no prevents it):"
    )
    for package in packages:
        print(f"  {package.name}: {package.purpose}")
    if services := " ".join(package.name for package in packages if package.is_service):
        print(
            "No service is started now. To keep it from starting with the system: systemctl "
            f"disable {services}"
        )
    sys.stdout.flush()


@contextlib.contextmanager
def _services_not_started() -> Iterator[None]:
    """Keep packages from starting their services while they are installed.

    If the system has its own rules for that, they stay in force.
    """
    if _POLICY.exists():
        yield
        return
    _POLICY.write_text("#!/bin/sh\nexit 101\n")
    _POLICY.chmod(0o755)
    try:
        yield
    finally:
        _POLICY.unlink()


if __name__ == "__main__":
    sys.exit(main())
