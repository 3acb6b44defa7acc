"""A small service that runs programs in Python and Bash, with the interface of Piston.

It is a process of its own. Each program is a process too, with bounds on time and memory.
It isolates nothing, so it is for tests only.
"""

import asyncio
import json
import os
import resource
import signal
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from subprocess import PIPE, Popen, TimeoutExpired
from typing import Any

_CPU_SECONDS, _SECONDS = 1, 20.0
"""The seconds of processor time that a program may take, and the seconds in all. A busy machine
needs less to start a program. An operator's service allows more processor time."""
_MEMORY_BYTES = 512 << 20
_MOST_STDIN = 10_000
"""The most characters of input. A Piston service also has limits, and refuses a request over
them."""
_BOUND_AND_RUN = f"""
import os, resource, runpy, sys
resource.setrlimit(resource.RLIMIT_CPU, ({_CPU_SECONDS}, {_CPU_SECONDS}))
resource.setrlimit(resource.RLIMIT_AS, ({_MEMORY_BYTES}, {_MEMORY_BYTES}))
if not sys.argv[1].endswith(".py"):
    os.execvp("bash", ["bash", sys.argv[1]])
runpy.run_path(sys.argv[1], run_name="__main__")
"""


_running: set[int] = set()
"""Ids of the groups of processes that belong to the running programs."""


def stop(*_: object) -> None:
    """End the service and all programs, because nobody waits for them any more."""
    for group in tuple(_running):
        os.killpg(group, signal.SIGKILL)
    os._exit(0)


def run(asked: dict[str, Any]) -> dict[str, Any]:
    """Run the first file of a request; return the answer's `run`."""
    with tempfile.TemporaryDirectory() as folder:
        for file in asked["files"]:
            (Path(folder) / file["name"]).write_text(file["content"])
        # The process bounds its own memory before it runs the program.
        command = [sys.executable, "-I", "-c", _BOUND_AND_RUN, asked["files"][0]["name"]]
        pipes: dict[str, Any] = {"stdin": PIPE, "stdout": PIPE, "stderr": PIPE, "text": True}
        with Popen(command, cwd=folder, start_new_session=True, **pipes) as process:
            _running.add(process.pid)
            try:
                stdout, stderr = process.communicate(asked["stdin"], _SECONDS)
            except TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                stdout, stderr = process.communicate()
            finally:
                _running.discard(process.pid)
    code = process.returncode
    ended = signal.Signals(-code).name if code < 0 else None
    # The system keeps one number: the most memory of any program that has ended, in KiB.
    memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
    end = {"code": None if ended else code, "signal": ended, "memory": memory}
    return {"stdout": stdout, "stderr": stderr, **end}


_RUNTIMES = [
    {"language": "python", "version": "3", "aliases": ["py", "python3"]},
    {"language": "bash", "version": "5", "aliases": ["sh"]},
    {"language": "broken", "version": "1", "aliases": []},
]


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        is_known = self.path == "/api/v2/runtimes"
        self._reply(200, _RUNTIMES) if is_known else self._reply(404, {"message": "Not Found"})

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if asked["language"] == "broken":
            self._reply(200, {"run": "nothing"})
        elif "run_timeout" in asked or len(asked["stdin"]) > _MOST_STDIN:
            self._reply(400, {"message": "this cannot exceed the configured limit"})
        elif asked["language"] not in ("python", "bash"):
            self._reply(400, {"message": f"{asked['language']}-* runtime is unknown"})
        else:
            self._reply(200, {"language": asked["language"], "version": "3", "run": run(asked)})

    def _reply(self, status: int, body: Any) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the name in the base class
        """Write no log: a test reads this process's output for its port only."""


@asynccontextmanager
async def runner_service() -> AsyncIterator[str]:
    """Start the service as a process; yield its address."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-I", __file__, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout
    try:
        port = (await process.stdout.readline()).decode().strip()
        yield f"http://127.0.0.1:{port}/api/v2/execute"
    finally:
        process.terminate()
        await process.communicate()


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, stop)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    print(server.server_port, flush=True)
    server.serve_forever()
