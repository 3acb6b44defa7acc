"""Tests that logs are lines for people or JSON for programs, and contain no secrets."""

import asyncio
import json
import logging
import os
import re
import sys
from io import StringIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from collab_server import logs
from tests.api import Api
from tests.processes import ROOT, free_port
from tests.waiting import until


@pytest.mark.parametrize(
    ("log_format", "is_json"), [("json", True), ("text", False), ("auto", True)]
)
def test_log_format_is_text_or_json_as_configured(log_format: str, is_json: bool) -> None:
    """`text` writes lines and `json` writes objects.

    `auto` writes JSON unless the output is a terminal.
    """
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    stream = StringIO()
    try:
        logs.set_up(log_format, "info", stream)
        logging.getLogger("some").info("hello %s", "there", extra={"fields": {"n": 1}, "other": 2})
        try:
            raise ValueError("wrong")  # noqa: TRY301  # the log shows its traceback
        except ValueError:
            logging.getLogger("some").info("failed", exc_info=True)
    finally:
        root.handlers[:] = before
        root.setLevel(level)

    first, second = stream.getvalue().split("\n", 1)
    if is_json:
        entry = json.loads(first)
        assert list(entry) == ["time", "level", "logger", "message", "n"]
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", entry["time"])
        assert (entry["level"], entry["logger"], entry["message"], entry["n"]) == (
            "info",
            "some",
            "hello there",
            1,
        )
        failed = json.loads(second)
        assert list(failed) == ["time", "level", "logger", "message", "exception"]
        assert "ValueError: wrong" in failed["exception"]
    else:
        assert first.endswith("INFO    some  hello there")
        assert "ValueError: wrong" in second


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/session", "/session"),
        ("/join/a-secret", "/join/…"),
        ("/Invite/a-secret", "/invite/…"),
        ("/%69nvite/a-secret", "/invite/…"),
    ],
)
def test_log_request_leaves_out_secrets(
    caplog: pytest.LogCaptureFixture, path: str, shown: str
) -> None:
    """The logged path has no query. A secret after /join or /invite is left out."""
    handler: Any = SimpleNamespace(
        request=SimpleNamespace(
            method="GET", path=path, uri=f"{path}?token=hidden", request_time=lambda: 0.0015
        ),
        get_status=lambda: 200,
        request_id="r1",
    )

    with caplog.at_level(logging.INFO, "collab_server.access"):
        logs.log_request(handler)

    (record,) = caplog.records
    assert record.getMessage() == f"GET {shown} 200 1.5 ms"
    assert vars(record)["fields"] == {
        "method": "GET", "path": shown, "status": 200, "ms": 1.5, "requestId": "r1", "user": None
    }  # fmt: skip


def test_without_quotes_removes_request_from_tornado_messages() -> None:
    """A header that cannot be parsed may be a token, so it is cut from Tornado's message."""
    record = logging.LogRecord(
        "tornado.general",
        logging.INFO,
        "",
        0,
        logs._MALFORMED,
        ("1.2.3.4", "Invalid header: 'Bearer hidden'"),
        None,
    )

    assert logs._without_quotes(record)
    assert record.getMessage() == "Malformed HTTP message from 1.2.3.4: Invalid header"


def standard_descriptors(pid: int) -> set[str]:
    """Return the targets of standard input, output and error of a process and its children."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return {
        str(Path(f"/proc/{process}/fd/{number}").readlink())
        for process in (pid, *children)
        for number in range(3)
    }


@pytest.mark.parametrize(
    "redirection", ["2>&-", ">&-", "<&-", ">/dev/full", "2>/dev/full", "<&- >&- 2>&-"]
)
@pytest.mark.parametrize("supervisor", ["on", "off"])
async def test_server_with_closed_or_full_output_serves_and_ends_with_0(
    tmp_path: Path, redirection: str, supervisor: str
) -> None:
    """A server with closed or full outputs, as in cron jobs, serves and ends with code 0.

    Lines that it cannot print are lost, and no traceback is printed.
    """
    port = free_port()
    output = tmp_path / "output"
    command = (
        f'exec "{sys.executable}" -m collab_server run </dev/null >>"{output}" 2>&1 {redirection}'
    )
    process = await asyncio.create_subprocess_shell(
        command, cwd=ROOT,
        env={**os.environ, "HOST": "127.0.0.1", "PORT": str(port),
             "DATA_DIR": str(tmp_path / "data"),
             "COLLAB_SUPERVISOR": supervisor, "COLLAB_BCRYPT_COST": "4"},
    )  # fmt: skip
    api = Api(f"http://127.0.0.1:{port}")

    async def is_ready() -> bool:
        assert process.returncode is None
        try:
            return (await api.get("/readyz")).status == 200
        except OSError:
            return False

    await until(is_ready)
    ada = await api.sign_up("ada")
    assert (await ada.get("/user/me")).status == 200
    held = standard_descriptors(process.pid)
    process.terminate()

    assert await process.wait() == 0
    assert "Traceback" not in output.read_text()
    assert held <= {"/dev/null", "/dev/full", str(output)}


@pytest.mark.parametrize("arguments", ["check", "--help", "--version"])
async def test_command_with_full_output_shows_no_traceback(tmp_path: Path, arguments: str) -> None:
    """With a full output, the exit code still tells the result, and no traceback is shown."""
    process = await asyncio.create_subprocess_shell(
        f'exec "{sys.executable}" -m collab_server {arguments} >/dev/full', cwd=tmp_path,
        stderr=asyncio.subprocess.PIPE, env={**os.environ, "PYTHONPATH": str(ROOT), "PORT": "0"},
    )  # fmt: skip
    _, errors = await process.communicate()

    assert (process.returncode, errors) == (0, b"")
