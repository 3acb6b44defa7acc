"""Tests the bound on the memory that a process may allocate."""

import subprocess
import sys
from pathlib import Path

import pytest

from collab_server.supervision import memory
from tests.processes import ROOT

_PROGRAM = """
import resource, sys
from collab_server.supervision.memory import limit_memory

limit_memory(float(sys.argv[1]))
print(resource.getrlimit(resource.RLIMIT_DATA)[0])
try:
    bytearray(2 << 30)
except MemoryError:
    print("refused")
"""


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such bound")
def test_limit_memory_refuses_larger_allocations() -> None:
    """An allocation beyond the bound raises MemoryError, and the process continues."""
    process = subprocess.run(
        [sys.executable, "-c", _PROGRAM, "1024"], cwd=ROOT, capture_output=True, check=True
    )

    assert process.stdout.decode().split() == [str(1 << 30), "refused"]


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such files")
@pytest.mark.parametrize(
    ("text", "expected"),
    [("1048576\n", 1 << 20), ("max\n", None), ("99999999999999999\n", None), (None, None)],
)
def test_available_memory_is_lower_limit_of_machine_and_container(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str | None, expected: int | None
) -> None:
    """A container's limit counts only if it is lower than the memory of the machine."""
    monkeypatch.setattr(memory, "_CGROUP_LIMITS", ())
    of_the_machine = memory._available()
    limit = tmp_path / "memory.max"
    if text is not None:
        limit.write_text(text)
    monkeypatch.setattr(memory, "_CGROUP_LIMITS", (limit,))

    assert memory._available() == (expected or of_the_machine)
