"""Reports known weaknesses of our dependencies: `python -m tests.audit`.

pip-audit, which is installed only for this run, checks requirements.lock. `npm audit` checks each
package-lock.json. The exit code is 1 if a shipped package has a known weakness of severity high or
critical. PyPI's database names no severity, so every weakness of a shipped Python package counts.
Weaknesses of packages that only tests and benchmarks use are reported, but do not change the exit
code.

If the database is out of reach, the program says so in one line. It does not fail then, because the
dependencies have not changed.
"""

import json
import re
import subprocess
import sys
import tempfile
import venv
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path
from typing import Any, NamedTuple

from packaging.requirements import Requirement

from tests import set_up

ROOT = Path(__file__).parent.parent
PIP_AUDIT = "pip-audit==2.9.0"
PRODUCT = "collab-server"
FOLDERS = {"static": True, "tests/node": False, "bench": False}
"""{folder of a package.json: whether its packages are shipped}.

In static, only the bundled packages are shipped."""

_SKIPPED = "not checked"
_SEVERE = ("high", "critical")
_TIMEOUT_S = 300
_UNREACHABLE = re.compile(
    r"ENOTFOUND|ECONNREFUSED|ETIMEDOUT|EAI_AGAIN|ENETUNREACH|audit endpoint returned an "
    r"error|ENOAUDIT"
    r"|ConnectionError|ConnectTimeout|ReadTimeout|HTTPError|ServiceError|Max retries|No matching "
    r"distribution"
    r"|Could not find a version|[45]\d\d (Client|Server) Error",
    re.IGNORECASE,
)


class Finding(NamedTuple):
    """One known weakness of one package."""

    package: str
    severity: str
    what: str
    is_shipped: bool

    @property
    def is_severe(self) -> bool:
        return self.is_shipped and self.severity in (*_SEVERE, "unknown")


class NotCheckedError(Exception):
    """The database cannot be reached. The message is one line with the reason."""


# -- Python ---------------------------------------------------------------------------------------


def shipped(name: str = PRODUCT) -> set[str]:
    """Return the names of all packages that `name` needs here, directly or indirectly."""
    names, waiting = set(), [name]
    while waiting:
        try:
            needed = requires(waiting.pop()) or []
        except PackageNotFoundError:  # a dependency that is not installed on this kind of machine
            continue
        for line in map(Requirement, needed):
            if (line.marker is None or line.marker.evaluate({"extra": ""})) and normal(
                line.name
            ) not in names:
                names.add(normal(line.name))
                waiting.append(line.name)
    return names


def normal(name: str) -> str:
    """Return a package's name in the normal form that PyPI uses for comparisons."""
    return re.sub(r"[-_.]+", "-", name).lower()


def python_findings() -> Iterator[Finding]:
    """Audit requirements.lock.

    Raises: `NotCheckedError` if the database cannot be asked.
    """
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        python = str(Path(folder) / "bin" / "python")
        pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", PIP_AUDIT]
        if (done := _run(pip)).returncode:
            raise NotCheckedError(f"pip-audit cannot be installed: {_last(done.stderr)}")
        lock = str(ROOT / "requirements.lock")
        audit = [
            "-m",
            "pip_audit",
            "--requirement",
            lock,
            "--require-hashes",
            "--disable-pip",
            "--format",
            "json",
        ]
        done = _run([python, *audit, "--progress-spinner", "off"])
    yield from read_pip_audit(_json(done), shipped())


def read_pip_audit(report: dict[str, Any], of_server: set[str]) -> Iterator[Finding]:
    """Yield the findings of a report of pip-audit.

    Raises: `NotCheckedError` if pip-audit skipped every package, which it reports as success.
    """
    skipped = [package for package in report["dependencies"] if "skip_reason" in package]
    if len(skipped) == len(report["dependencies"]):
        raise NotCheckedError(
            f"pip-audit: {skipped[0]['skip_reason'] if skipped else 'nothing to look at'}"
        )
    for package in skipped:
        yield Finding(
            package["name"], _SKIPPED, package["skip_reason"], normal(package["name"]) in of_server
        )
    for package in report["dependencies"]:
        for weakness in package.get("vulns", ()):
            fixed = ", ".join(weakness["fix_versions"]) or "no version"
            what = f"{package['version']}: {weakness['id']}, fixed in {fixed}"
            yield Finding(package["name"], "unknown", what, normal(package["name"]) in of_server)


# -- Node -----------------------------------------------------------------------------------------


def node_findings(folder: str, *, is_shipped: bool) -> Iterator[Finding]:
    """Audit the package-lock.json of a folder.

    If the folder is shipped, an audit without development packages finds the bundled packages.

    Raises: `NotCheckedError` if the database cannot be asked.
    """
    bundled = set(_npm_audit(folder, "--omit=dev")["vulnerabilities"]) if is_shipped else set()
    yield from read_npm_audit(_npm_audit(folder), bundled)


def read_npm_audit(report: dict[str, Any], bundled: set[str]) -> Iterator[Finding]:
    """Yield the findings of a report of npm audit."""
    for name, package in report["vulnerabilities"].items():
        titles = [via["title"] for via in package["via"] if isinstance(via, dict)]
        yield Finding(
            name,
            package["severity"],
            "; ".join(titles) or f"by {', '.join(package['via'])}",
            name in bundled,
        )


def _npm_audit(folder: str, *options: str) -> dict[str, Any]:
    npm = [*set_up._npm(), "audit", "--json", "--package-lock-only", *options]
    report = _json(_run(npm, ROOT / folder))
    if "vulnerabilities" not in report:
        raise NotCheckedError(
            f"npm audit: {_last(str(report.get('message') or report.get('error') or report))}"
        )
    return report


# -- both -----------------------------------------------------------------------------------------


def _run(command: list[str], folder: Path = ROOT) -> "subprocess.CompletedProcess[str]":
    try:
        return subprocess.run(
            command,
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_S,
            env=set_up.node_environment(),
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise NotCheckedError(f"no answer in {_TIMEOUT_S} s") from None


def _json(done: "subprocess.CompletedProcess[str]") -> dict[str, Any]:
    """Return a program's report.

    Raises: `NotCheckedError` if the program could not make it because of the network.
    """
    try:
        return dict(json.loads(done.stdout))
    except ValueError:
        if not _UNREACHABLE.search(done.stderr):
            raise RuntimeError(f"the audit failed: {done.stderr}") from None
        raise NotCheckedError(_last(done.stderr)) from None


def _last(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:200] if lines else "no reason given"


def main() -> int:
    audits = {"requirements.lock": python_findings()}
    audits |= {
        folder: node_findings(folder, is_shipped=is_shipped)
        for folder, is_shipped in FOLDERS.items()
    }
    is_severe = False
    for name, audit in audits.items():
        try:
            findings = sorted(audit, key=lambda finding: (not finding.is_severe, finding))
        except NotCheckedError as reason:
            print(f"{name}: not checked, the database is out of reach ({reason})")
            continue
        known = sum(finding.severity != _SKIPPED for finding in findings)
        print(f"{name}: {known or 'no'} known weaknesses")
        for finding in findings:
            is_severe = is_severe or finding.is_severe
            note = "SHIPPED, " if finding.is_shipped else "not shipped, "
            print(f"  {finding.package} ({note}severity {finding.severity}) {finding.what}")
    return 1 if is_severe else 0


if __name__ == "__main__":
    sys.exit(main())
