"""The example in docs/migrating.md runs unchanged."""

import asyncio
import os
import re
from pathlib import Path

from collab_server.server import Server
from harness.node import PROGRAMS, node_command
from tests.samples import sample


async def test_migration_example_of_documentation_runs(server: Server, tmp_path: Path) -> None:
    script = sample("docs/migrating.md", 'import { io } from "socket.io-client"')
    (tmp_path / "migrated.mjs").write_text(script)
    (tmp_path / "node_modules").symlink_to(PROGRAMS / "node_modules")

    process = await asyncio.create_subprocess_exec(
        node_command(),
        str(tmp_path / "migrated.mjs"),
        env={**os.environ, "SERVER": server.url},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(60):
        output, complaints = await process.communicate()

    assert (process.returncode, complaints.decode()) == (0, "")
    assert 'bob sees "zero\\none\\ntwo\\n"' in output.decode()
    assert re.search(r"bob reads ada\d+: hello", output.decode())
