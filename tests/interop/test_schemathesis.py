"""Tests of a real server by Schemathesis.

From the API's description, it makes valid and invalid requests.

It finds errors of the server, undescribed answers, and accepted invalid requests. It also finds
operations that answer without a sign-in. It runs as a separate program, with a fixed seed.
"""

import asyncio
import json
import sys
from pathlib import Path
from urllib.parse import urlsplit

from handlers.http.api_docs.operations import OPERATIONS
from tests.api import Api
from tests.conformance import operation_of
from tests.handlers.clients import UNKNOWN_ID, new_invite, picture, program_test, report, upload

EXAMPLES = 5
"""Number of random requests for each operation, 15 s in all.

Schemathesis also tries each boundary of the description."""
SEED = 1

NOT_CALLED = {
    "logOut": "ends the login that all other requests are signed in with",
    "sync": "is a WebSocket",
}
CHECKS_LEFT_OUT = {
    "positive_data_acceptance": "it wants everything accepted that fits the description, but the "
    "server refuses more"
    " than JSON Schema can say: control characters, common passwords, 1.0 for a whole number, `to` "
    "before `from`, a"
    " file that is no picture. That good requests are accepted is held below, by a success of each "
    "operation.",
}
MAY_NEVER_SUCCEED = {
    "changePassword": "the current password is not known to the program",
    "changeEmail": "the password is not known to the program",
    "requestPasswordReset": "the server sends no mail",
    "resetPassword": "no token is known to the program",
    "deleteMe": "the password is not known to the program",
    "endLogin": "is called with an unknown id: it could end the login that all other requests are "
    "signed in with",
    "leaveSession": "owners cannot leave",
    "listRemoteLanguages": "the server knows no service that runs programs",
    "logIn": "no password is known to the program",
    "redact": "needs a text that was typed",
    "refreshLogin": "the refresh token is not known to the program",
    "runRemotely": "the server knows no service that runs programs",
    "signUp": "random names and addresses rarely fit the rules",
    "uploadAvatar": "the program makes no pictures",
}


async def test_schemathesis_finds_no_fault(start_server, tmp_path: Path) -> None:
    """All checks of Schemathesis pass.

    Each operation has succeeded at least once, except the listed ones.
    """
    server = await start_server(account_failures=10_000, guests_per_h=10_000)
    ada = await Api(server.url).sign_up("ada")
    config, har = tmp_path / "schemathesis.toml", tmp_path / "requests.har"
    config.write_text(await _configuration(ada))
    excluded = [option for name in NOT_CALLED for option in ("--exclude-operation-id", name)]

    program = await asyncio.create_subprocess_exec(
        Path(sys.executable).with_name("schemathesis"), "--config-file", config, "run",
        f"{server.url}/openapi.json",
        "--header", f"Authorization: Bearer {ada.token}", "--phases", "coverage,fuzzing", "--seed",
        str(SEED),
        "--max-examples", str(EXAMPLES), "--report", "har", "--report-har-path", har, "--no-color",
        "--exclude-checks", ",".join(CHECKS_LEFT_OUT), *excluded,
        cwd=tmp_path, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    async with asyncio.timeout(180):
        output, _ = await program.communicate()

    assert program.returncode == 0, output.decode()
    succeeded = _succeeded(json.loads(har.read_text()))
    assert {operation.name for operation in OPERATIONS} - succeeded <= {
        *NOT_CALLED,
        *MAY_NEVER_SUCCEED,
    }


async def _configuration(ada: Api) -> str:
    """Make a session and users, and return a configuration that puts their ids into requests."""
    session_id = await ada.new_session(code="one\n")
    await ada.post(f"/code/{session_id}/save", {"code": "two\n"})
    await ada.post(f"/session/{session_id}/runs", report())
    test = (await ada.post(f"/session/{session_id}/tests", program_test())).body["test"]
    invite = await new_invite(ada, session_id)
    bob = await ada.sign_up("bob")
    await upload(bob, picture())
    ids = {"getAvatar": bob.user["id"], "endLogin": UNKNOWN_ID}
    # Each of these has a session of its own, because it would stop the other operations.
    for name in ("deleteSession", "changeMember", "removeMember"):
        ids[name] = await ada.new_session()
        await bob.post(f"/session/{ids[name]}/join")
    lines = [
        # Large bodies are refused before they are read: 413.
        "[checks.negative_data_rejection]",
        "expected-statuses = [400, 401, 403, 404, 405, 406, 409, 413, 415, 422, 428, 429]",
        "[parameters]",
        f'"path.sessionId" = "{session_id}"',
        f'"path.invite" = "{invite["invite"]}"',
    ]
    lines += [f'"path.userId" = "{bob.user["id"]}"', f'"path.inviteId" = "{invite["id"]}"']
    lines += [f'"path.testId" = "{test["id"]}"']
    lines += ['"path.n" = 1', '"path.sequence" = 1', '"query.root" = "codemirror"']
    for operation in OPERATIONS:
        if "{id}" in operation.path:
            lines += ["[[operations]]", f'include-operation-id = "{operation.name}"']
            lines.append(f'parameters = {{ "path.id" = "{ids.get(operation.name, session_id)}" }}')
    return "\n".join(lines) + "\n"


def _succeeded(har: dict) -> set[str]:
    """Return the operations that succeeded at least once."""
    seen = set()
    for entry in har["log"]["entries"]:
        operation = operation_of(entry["request"]["method"], urlsplit(entry["request"]["url"]).path)
        if operation and entry["response"]["status"] in operation.statuses:
            seen.add(operation.name)
    return seen
