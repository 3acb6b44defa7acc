"""Tests that `tests.system_packages` installs only missing programs, as root, and says so first."""

import os
from pathlib import Path

import pytest

from tests import system_packages

_APT_GET = """#!/bin/sh
echo "$@" >> {log}
cp {policy} {log}.policy
for name; do :; done
case $name in -*|update) ;; *) printf '#!/bin/sh\\n' > {folder}/$name; chmod +x {folder}/$name ;; esac
"""  # noqa: E501  # lines of a shell script
"""Logs its arguments and the rule for services, and makes a program named like the package."""


class Machine:
    """A machine whose only program is apt-get. `log` has the calls of apt-get."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.programs = folder / "programs"
        self.programs.mkdir()
        self.policy = folder / "policy-rc.d"
        self._log = folder / "log"
        self._monkeypatch = monkeypatch
        monkeypatch.setenv("PATH", f"{self.programs}:/bin:/usr/bin")
        monkeypatch.setattr(system_packages, "_FOLDERS_OF_SERVERS", ())
        monkeypatch.setattr(system_packages, "_POLICY", self.policy)
        monkeypatch.setattr(
            system_packages,
            "PACKAGES",
            [self._package("a-browser"), self._package("a-proxy", True)],
        )
        monkeypatch.setattr(os, "geteuid", lambda: 0)
        monkeypatch.delenv("CI", raising=False)
        monkeypatch.delenv("COLLAB_TESTS_INSTALL", raising=False)
        self.have(
            "apt-get", _APT_GET.format(log=self._log, policy=self.policy, folder=self.programs)
        )

    def have(self, name: str, script: str = "#!/bin/sh\n") -> None:
        """Add a program."""
        (self.programs / name).write_text(script)
        (self.programs / name).chmod(0o755)

    def calls(self) -> list[str]:
        """Return the arguments of each call of apt-get."""
        return self._log.read_text().splitlines() if self._log.exists() else []

    def policy_meanwhile(self) -> str:
        """Return the rule for services at the time when apt-get ran."""
        return Path(f"{self._log}.policy").read_text()

    @staticmethod
    def _package(name: str, is_service: bool = False) -> system_packages.Package:
        return system_packages.Package(name, (name,), f"what {name} is for", is_service)


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(tmp_path, monkeypatch)


def test_system_packages_all_present_installs_nothing(
    machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    """If every program exists, nothing is installed or printed."""
    machine.have("a-browser")
    machine.have("a-proxy")

    assert system_packages.main() == 0
    assert machine.calls() == []
    assert capsys.readouterr() == ("", "")


def test_system_packages_as_root_announces_and_installs_missing_ones(
    machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    """Only the missing package is installed, and its service is not started meanwhile.

    The rule that prevents this is removed afterwards.
    """
    machine.have("a-browser")

    assert system_packages.main() == 0
    assert machine.calls() == ["-qq update", "-qq install -y --no-install-recommends a-proxy"]
    assert machine.policy_meanwhile() == "#!/bin/sh\nexit 101\n"
    assert not machine.policy.exists()
    said = capsys.readouterr().out
    assert "a-proxy: what a-proxy is for" in said
    assert "systemctl disable a-proxy" in said
    assert "a-browser" not in said


def test_system_packages_with_existing_service_rule_keeps_it(machine: Machine) -> None:
    """An existing rule for services of the system is kept unchanged."""
    machine.policy.write_text("#!/bin/sh\nexit 0\n")

    assert system_packages.main() == 0
    assert machine.policy_meanwhile() == machine.policy.read_text() == "#!/bin/sh\nexit 0\n"


@pytest.mark.parametrize("reason", ["not root", "forbidden"])
@pytest.mark.parametrize(("ci", "code"), [("", 0), ("true", 1)])
def test_system_packages_without_permission_names_missing_ones(
    machine: Machine,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    reason: str,
    ci: str,
    code: int,
) -> None:
    """Without permission, one line names the command to install. Under CI the exit code is 1."""
    monkeypatch.setenv("CI", ci)
    if reason == "forbidden":
        monkeypatch.setenv("COLLAB_TESTS_INSTALL", "no")
    else:
        monkeypatch.setattr(os, "geteuid", lambda: 1000)

    assert system_packages.main() == code
    assert machine.calls() == []
    [line] = capsys.readouterr().err.splitlines()
    assert line.endswith("to install: sudo apt-get install a-browser a-proxy")


def test_system_packages_failed_installation_fails_under_ci_only(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An installation after which the program is still missing fails only under CI."""
    machine.have("apt-get")

    assert system_packages.main() == 0
    monkeypatch.setenv("CI", "true")
    assert system_packages.main() == 1


def test_system_packages_with_substitute_misses_nothing(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A package is installed where that is allowed, even if its substitute exists.

    Where the package cannot be had, tests use the substitute, and nothing is missing under CI.
    """
    monkeypatch.setenv("CI", "true")
    monkeypatch.setattr(
        system_packages,
        "PACKAGES",
        [
            system_packages.Package("a-browser", ("a-browser",), "what users have"),
            system_packages.Package(
                "a-fast-browser", ("a-fast-browser",), "costs less", substitute="a-browser"
            ),
        ],
    )
    machine.have("a-browser")

    monkeypatch.setenv("COLLAB_TESTS_INSTALL", "no")
    assert system_packages.main() == 0
    assert capsys.readouterr() == ("", "")
    assert system_packages.needed_program("a-fast-browser").endswith("/a-browser")
    monkeypatch.delenv("COLLAB_TESTS_INSTALL")
    assert system_packages.main() == 0
    assert machine.calls()[-1].endswith("a-fast-browser")
    assert system_packages.needed_program("a-fast-browser").endswith("/a-fast-browser")
