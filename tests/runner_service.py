"""A small service that runs Python programs, with the interface of Piston.

It is a process of its own. Each program is a process too, with bounds on time and memory.
It isolates nothing, so it is for tests only.
"""

import asyncio
import json
import signal
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from subprocess import PIPE, Popen, TimeoutExpired
from typing import Any

_SECONDS = 1.0
"""Seconds that a program may take. The service of an operator allows more."""
_MEMORY_BYTES = 512 << 20
_MOST_STDIN = 10_000
"""Characters of input. A service of Piston has limits too, and refuses what is over them."""
_BOUND_AND_RUN = f"""
import resource, runpy, sys
resource.setrlimit(resource.RLIMIT_AS, ({_MEMORY_BYTES}, {_MEMORY_BYTES}))
runpy.run_path(sys.argv[1], run_name="__main__")
"""


def run(asked: dict[str, Any]) -> dict[str, Any]:
    """Run the first file of a request; return the answer's `run`."""
    with tempfile.TemporaryDirectory() as folder:
        for file in asked["files"]:
            (Path(folder) / file["name"]).write_text(file["content"])
        # The process bounds its own memory before it runs the program.
        command = [sys.executable, "-I", "-c", _BOUND_AND_RUN, asked["files"][0]["name"]]
        with Popen(command, cwd=folder, stdin=PIPE, stdout=PIPE, stderr=PIPE, text=True) as process:
            try:
                stdout, stderr = process.communicate(asked["stdin"], _SECONDS)
            except TimeoutExpired:
                process.kill()
                stdout, stderr = process.communicate()
    code = process.returncode
    ended = signal.Signals(-code).name if code < 0 else None
    return {"stdout": stdout, "stderr": stderr, "code": None if ended else code, "signal": ended}


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if asked["language"] == "broken":
            self._reply(200, {"run": "nothing"})
        elif "run_timeout" in asked or len(asked["stdin"]) > _MOST_STDIN:
            self._reply(400, {"message": "this cannot exceed the configured limit"})
        elif asked["language"] != "python":
            self._reply(400, {"message": f"{asked['language']}-* runtime is unknown"})
        else:
            self._reply(200, {"language": "python", "version": "3", "run": run(asked)})

    def _reply(self, status: int, body: dict[str, Any]) -> None:
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
        process.kill()
        await process.communicate()


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    print(server.server_port, flush=True)
    server.serve_forever()
