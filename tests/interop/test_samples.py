"""The samples of the README, docs/quickstart.md and docs/api.md run as they are,
but for the server's address.
"""

import asyncio
import json
import os
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from collab_server.server import Server
from harness.node import PROGRAMS, node_command
from tests.api import Api
from tests.processes import ROOT
from tests.system_packages import find_program
from tests.waiting import until

_SECONDS = 60


def samples(page: str, language: str, server: Server) -> list[str]:
    """Return the samples of a page in one language ("" for commands),
    with the address of a server in tests.
    """
    found = re.findall(
        r"^```(\w*)\n(.*?)^```$", (ROOT / page).read_text(), re.DOTALL | re.MULTILINE
    )
    address = server.url.partition("://")[2]
    return [text.replace("localhost:5000", address) for kind, text in found if kind == language]


class Programs:
    """Programs that are started in an empty folder, where Node finds the
    packages of `tests/node`.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "node_modules").symlink_to(PROGRAMS / "node_modules")
        self._running: list[asyncio.subprocess.Process] = []

    async def start(self, *command: str) -> "Program":
        pipe = asyncio.subprocess.PIPE
        environment = {**os.environ, "http_proxy": "", "no_proxy": "*"}
        process = await asyncio.create_subprocess_exec(
            *command,
            cwd=self.folder,
            env=environment,
            stdin=pipe,
            stdout=pipe,
            stderr=asyncio.subprocess.STDOUT,
        )
        self._running.append(process)
        return Program(process)

    async def run(self, *command: str) -> str:
        """Return what a program writes until it ends well."""
        program = await self.start(*command)
        async with asyncio.timeout(_SECONDS):
            await program.end()
        assert program.process.returncode == 0, program.output
        return program.output

    async def stop(self) -> None:
        for process in self._running:
            if process.returncode is None:
                process.kill()
            await process.wait()


class Program:
    """A program whose output is read while it runs."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.output = ""
        self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        assert self.process.stdout
        while text := await self.process.stdout.read(4096):
            self.output += text.decode()

    def type(self, line: str) -> None:
        assert self.process.stdin
        self.process.stdin.write(line.encode() + b"\n")

    async def end(self) -> None:
        assert self.process.stdin
        self.process.stdin.close()
        await self._reading
        await self.process.wait()


@pytest.fixture
async def programs(tmp_path: Path) -> AsyncIterator[Programs]:
    folder = tmp_path / "samples"
    folder.mkdir()
    running = Programs(folder)
    yield running
    await running.stop()


@pytest.mark.skipif(find_program("curl") is None, reason="needs curl")
async def test_quickstart_leads_to_two_editors_chat_and_versions(
    server: Server, programs: Programs
) -> None:
    _run, accounts, invites, history = samples("docs/quickstart.md", "", server)
    (editor,) = samples("docs/quickstart.md", "js", server)
    (programs.folder / "editor.mjs").write_text(editor)

    output = await programs.run("bash", "-e", "-c", accounts + 'echo "ADA=$ADA"')
    made = dict(re.findall(r"(\w+)=(\S+)", output))
    variables = (
        "".join(f"{name}={value}\n" for name, value in made.items())
        + accounts.splitlines()[0]
        + "\n"
    )
    ada = await programs.start(node_command(), "editor.mjs", made["SESSION_ID"], made["ADA"])
    bob = await programs.start(node_command(), "editor.mjs", made["SESSION_ID"], made["BOB"])
    await until(lambda: "(connected)" in ada.output and "(connected)" in bob.output)
    ada.type("from Ada")
    await until(lambda: "from Ada" in bob.output)
    bob.type("from Bob")
    await until(lambda: "from Bob" in ada.output)
    invited = await programs.run("bash", "-e", "-c", variables + invites)
    looked_back = await programs.run("bash", "-e", "-c", variables + history)

    assert "/join/" in invited
    assert '"message":"hi"' in looked_back.replace('": "', '":"')
    assert "from Ada" in looked_back
    assert '"kind":"manual"' in looked_back.replace('": "', '":"')


async def test_editor_of_readme_connects_and_is_told_what_is_saved(
    server: Server, ada: Api, programs: Programs
) -> None:
    """The README's sample, with the handler of `?saved=1` that docs/api.md adds to it."""
    (editor,) = samples("README.md", "js", server)
    (handler,) = [
        text for text in samples("docs/api.md", "js", server) if "messageHandlers" in text
    ]
    session = (await ada.post("/session", {"title": "Sample"})).body
    (programs.folder / "sample.mjs").write_text(
        'import WebSocket from "ws"\n'
        "globalThis.WebSocket = WebSocket\n"  # what a browser has
        f'const sessionId = "{session["id"]}", accessToken = "{ada.token}"\n'
        + editor.replace("token: accessToken", 'token: accessToken, saved: "1"')
        + handler.replace(
            "\n}\n", '\n  if (n >= 2) { console.log("saved", n); process.exit(0) }\n}\n'
        )
        + 'provider.once("sync", () => text.insert(0, "hello"))\n'
    )

    output = await programs.run(node_command(), "sample.mjs")

    assert "saved 2" in output


async def test_replay_of_api_page_leads_to_text_of_now(
    server: Server, ada: Api, programs: Programs
) -> None:
    (player,) = [text for text in samples("docs/api.md", "js", server) if "replay.steps" in text]
    session = (await ada.post("/session", {"title": "Sample", "code": "one\n"})).body
    for code in ("one\ntwo\n", "two\nthree\n"):
        await ada.post(f"/code/{session['id']}/save", {"code": code})
    replay = (await ada.get(f"/code/{session['id']}/replay")).body
    (programs.folder / "replay.json").write_text(json.dumps(replay))
    (programs.folder / "player.mjs").write_text(
        'import { readFileSync } from "node:fs"\n'
        'const replay = JSON.parse(readFileSync("replay.json", "utf8")), pause = async () => '
        "undefined\n" + player + 'console.log(JSON.stringify(files.get("codemirror")))\n'
    )

    output = await programs.run(node_command(), "player.mjs")

    assert len(replay["steps"]) >= 3
    assert output.strip() == '"two\\nthree\\n"'
