"""Tests that run the samples of the README, docs/quickstart.md and docs/api.md.

Only the server's address in them is changed.
"""

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from collab_server.server import Server
from harness.node import PROGRAMS, node_command
from tests.api import Api
from tests.clock import Clock
from tests.programs import Programs
from tests.samples import sample
from tests.system_packages import find_program
from tests.waiting import until


def at(server: Server, text: str) -> str:
    """Return a sample with the address of the test's server."""
    return text.replace("localhost:5000", server.url.partition("://")[2])


@pytest.fixture
async def programs(tmp_path: Path) -> AsyncIterator[Programs]:
    """Return a runner of programs in a folder where Node finds the packages of `tests/node`."""
    folder = tmp_path / "samples"
    folder.mkdir()
    (folder / "node_modules").symlink_to(PROGRAMS / "node_modules")
    running = Programs(folder)
    yield running
    await running.stop()


@pytest.mark.skipif(find_program("curl") is None, reason="needs curl")
async def test_quickstart_leads_to_two_editors_chat_and_versions(
    server: Server, programs: Programs
) -> None:
    accounts = at(server, sample("docs/quickstart.md", "B=http://localhost:5000"))
    editor = at(server, sample("docs/quickstart.md", 'import readline from "node:readline"'))
    invites = sample("docs/quickstart.md", "curl -s $B/session/$SESSION_ID/invites")
    history = sample("docs/quickstart.md", "curl -s $B/chat/send")
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
    """The README's sample works with the handler of `?saved=1` from docs/api.md."""
    editor = at(server, sample("README.md", 'import * as Y from "yjs"'))
    handler = sample("docs/api.md", 'import * as decoding from "lib0/decoding"')
    session = (await ada.post("/session", {"title": "Sample"})).body
    (programs.folder / "sample.mjs").write_text(
        'import WebSocket from "ws"\n'
        "globalThis.WebSocket = WebSocket\n"  # as in a browser
        f'const sessionId = "{session["id"]}", accessToken = "{ada.token}"\n'
        + editor.replace("token: accessToken", 'token: accessToken, saved: "1"')
        + handler.replace(
            "\n}\n", '\n  if (n >= 2) { console.log("saved", n); process.exit(0) }\n}\n'
        )
        + 'provider.once("sync", () => text.insert(0, "hello"))\n'
    )

    output = await programs.run(node_command(), "sample.mjs")

    assert "saved 2" in output


async def test_file_that_an_editor_names_is_listed(
    server: Server, ada: Api, programs: Programs
) -> None:
    """The sample of docs/documents.md puts a file into the table; the server lists its name."""
    editor = at(server, sample("README.md", 'import * as Y from "yjs"'))
    naming = sample("docs/documents.md", 'const files = doc.getMap("files")')
    session_id = await ada.new_session(language="python")
    (programs.folder / "sample.mjs").write_text(
        'import WebSocket from "ws"\n'
        "globalThis.WebSocket = WebSocket\n"
        f'const sessionId = "{session_id}", accessToken = "{ada.token}"\n'
        + editor
        + naming
        + 'doc.getText("f-1k9x02ab7qz3").insert(0, "text")\n'
    )

    await programs.start(node_command(), "sample.mjs")
    listed = await until(
        lambda: ada.get(f"/code/{session_id}/files"), lambda answer: len(answer.body["files"]) == 2
    )

    assert [(file["name"], file["length"]) for file in listed.body["files"]] == [
        ("main.py", 0), ("notes/ideas", 4),
    ]  # fmt: skip


@pytest.mark.parametrize(("is_logged_out", "end"), [(False, "synced"), (True, "sign in")])
async def test_editor_of_readme_reconnects_after_its_token_expired(
    clock: Clock, server: Server, programs: Programs, *, is_logged_out: bool, end: str
) -> None:
    """The README's sample works with the handler of docs/api.md that refreshes the token by cookie.

    The test gives `fetch` what a browser adds: the page's address, its origin and its cookies.
    """
    ada = await Api(server.url).sign_up()
    editor = at(server, sample("README.md", 'import * as Y from "yjs"'))
    handler = sample("docs/api.md", 'provider.on("connection-close"')
    session_id = await ada.new_session(code="hello")
    if is_logged_out:
        await ada.post("/user/logout")
    clock.advance(server.parts.services.tokens.access_s + 1)
    (programs.folder / "sample.mjs").write_text(
        'import WebSocket from "ws"\n'
        f'const sessionId = "{session_id}", accessToken = "{ada.token}", site = "{server.url}"\n'
        f'const headers = {{ Origin: site, Cookie: "refreshToken={ada.refresh_token}" }}\n'
        "const fetchFrom = globalThis.fetch\n"
        "Object.assign(globalThis, {\n"
        "  WebSocket,\n"
        "  fetch: (path, options) => fetchFrom(site + path, { headers, ...options }),\n"
        '  showSignIn: () => { console.log("sign in"); process.exit(0) },\n'
        "})\n"
        + editor
        + 'provider.on("connection-close", (event) => console.log("closed", event?.code))\n'
        + handler
        + 'provider.once("sync", () => { console.log(`synced ${text}`); process.exit(0) })\n'
    )

    output = (await programs.run(node_command(), "sample.mjs")).split("\n")

    assert output.count("closed 4401") == 1
    assert output[-2].startswith(end)
    assert (output[-2] == "synced hello") is not is_logged_out


async def test_replay_of_api_page_leads_to_the_live_text(
    server: Server, ada: Api, programs: Programs
) -> None:
    player = sample("docs/api.md", "const files = new Map(Object.entries(replay.files))")
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
