"""Prepares benchmarks: the load generator, the peers, and updates that Yjs makes."""

import hashlib
import shutil
import subprocess
import sys
import venv
from pathlib import Path

from bench.servers import ROOT
from harness import traces

BENCH = ROOT / "bench"
DATA = BENCH / ".data"
LOADGEN = BENCH / "loadgen"
WRITERS, UPDATES = 50, 40_000
_LOG_WRITER = 1_001
"""The client id of the log's writer. No writer of `updates` has it, because they type after this
log."""


def prepare(*, with_peers: bool) -> None:
    """Build and install missing parts; if a program is missing, end with a line that names it."""
    for program in ("g++", "make", "node", "npm", "taskset"):
        if not shutil.which(program):
            sys.exit(f"{program} is needed for benchmarks and is not installed")
    subprocess.run(["make", "-s", "-C", LOADGEN, "yload"], check=True)
    lock = hashlib.sha256((BENCH / "package-lock.json").read_bytes()).hexdigest()
    stamp = BENCH / "node_modules" / ".lock-digest"
    if not stamp.exists() or stamp.read_text() != lock:
        subprocess.run(["npm", "ci", "--ignore-scripts", "--silent"], cwd=BENCH, check=True)
        stamp.write_text(lock)
    if with_peers and not (BENCH / "peers" / ".venv" / "bin" / "uvicorn").exists():
        venv.create(BENCH / "peers" / ".venv", with_pip=True)
        pip: list[str | Path] = [
            BENCH / "peers" / ".venv" / "bin" / "python",
            "-m",
            "pip",
            "install",
            "-q",
        ]
        subprocess.run([*pip, "-r", BENCH / "peers" / "requirements.txt"], check=True)
    DATA.mkdir(exist_ok=True)
    updates()


def updates() -> Path:
    """Return the file with the keystrokes of fifty writers."""
    return _made("updates.bin", "gen_updates.mjs", str(WRITERS), str(UPDATES))


def log(edits: int) -> Path:
    """Return the file of keystrokes by one writer, who leaves at most 5,000 characters."""
    return _made(f"log-{edits}.bin", "gen_updates.mjs", "1", str(edits), str(_LOG_WRITER), "5000")


def text() -> Path:
    """Return the file of a text of 5,000 characters."""
    return _made("text.bin", "gen_seed.mjs", "--chars", "5000")


def trace_name() -> str:
    """Return the name of the session for `trace`: the recorded paper if it exists."""
    return traces.preferred("automerge-paper")


def trace(edits: int = 300_000) -> Path:
    """Return the file of the first edits of the session `trace_name`, which has some 260,000."""
    name = trace_name()
    options = ("--trace", str(traces.file(name, DATA)), "--edits", str(edits), "--batch", "100")
    return _made(f"{name}-{edits}.bin", "gen_seed.mjs", *options)


def _made(name: str, script: str, *options: str) -> Path:
    path = DATA / name
    if not path.exists():
        print(f"making {name} with Yjs ...", flush=True)
        part = path.with_suffix(".part")
        subprocess.run(
            ["node", "--max-old-space-size=8000", LOADGEN / "gen" / script, part, *options],
            check=True, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        part.rename(path)
    return path
