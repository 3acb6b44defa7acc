"""Writes logs: readable lines on a terminal, otherwise one JSON object in each line.

Logs never have secrets or document text. If an output is closed or full, its lines are lost,
and the server goes on.
"""

import contextlib
import logging
import os
import re
import sys
import time
from typing import Any, TextIO
from urllib.parse import unquote

from pythonjsonlogger.json import JsonFormatter
from tornado.web import RequestHandler

_access = logging.getLogger("collab_server.access")

_SECRET_PATH = re.compile(r"/(join|invite)/", re.IGNORECASE)
_SWITCHING_PROTOCOLS = 101
_MALFORMED = "Malformed HTTP message from %s: %s"
_QUOTE = re.compile(r"[:'\"]")
_LINE = "%(asctime)s %(levelname)-7s %(name)s  %(message)s"


def open_outputs() -> None:
    """Open the standard descriptors that are closed, and escape characters they cannot encode.

    Otherwise a socket or a database could get the number of a closed descriptor,
    and log lines would be written into it.
    """
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest free number, which is this one
    for descriptor, name in ((1, "stdout"), (2, "stderr")):
        # It is None if the descriptor was closed when the interpreter started.
        if getattr(sys, name) is None:
            setattr(sys, name, open(descriptor, "w", closefd=False))  # noqa: SIM115  # until the process ends
        getattr(sys, name).reconfigure(errors="backslashreplace")


def say(line: str) -> None:
    """Print a line on standard output. If the output is full or closed, the line is lost."""
    _write(sys.stdout, line)


def complain(line: str) -> None:
    """Print the name of the command and a line about an error, on standard error."""
    _write(sys.stderr, f"collab-server: {line}")


def _write(stream: TextIO, line: str) -> None:
    with contextlib.suppress(OSError, ValueError):  # ValueError: closed
        print(line, file=stream, flush=True)


def flush_outputs() -> None:
    """Write buffered output, as far as that is possible."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            _drop(stream)


def _drop(stream: TextIO) -> None:
    """Redirect a stream to the null device, because it cannot be written.

    Otherwise the interpreter's flush at its end would fail.
    """
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
        stream.flush()


class _Handler(logging.StreamHandler[TextIO]):
    """Writes log lines, and drops lines that cannot be written."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        """Drop a line after an OSError; print the traceback of any other error, which is a bug."""
        if not isinstance(sys.exception(), OSError):
            super().handleError(record)


class _JsonFormatter(JsonFormatter):
    """Formats a log line as one JSON object.

    The object has the time, level, logger, message, exception, and the call's `extra["fields"]`.
    Other extra attributes are left out, because libraries add them, and they may hold secrets.
    """

    def add_fields(
        self, log_data: dict[str, Any], record: logging.LogRecord, message_dict: dict[str, Any]
    ) -> None:
        log_data["time"] = self.formatTime(record)
        log_data["level"] = record.levelname.lower()
        log_data["logger"] = record.name
        log_data["message"] = record.getMessage()
        log_data.update(getattr(record, "fields", {}))
        if "exc_info" in message_dict:
            log_data["exception"] = message_dict["exc_info"]

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: N802 - logging's name
        """Return the time in UTC with milliseconds, as in RFC 3339."""
        return (
            f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(record.created))}"
            f".{int(record.msecs):03d}Z"
        )


def set_up(log_format: str, level: str, stream: TextIO | None = None) -> None:
    """Send all logs to a stream, standard error by default; `log_format` is auto, text or json."""
    stream = stream or sys.stderr
    as_text = log_format == "text" or (log_format == "auto" and stream.isatty())
    handler = _Handler(stream)
    handler.setFormatter(logging.Formatter(_LINE, "%H:%M:%S") if as_text else _JsonFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    logging.getLogger("tornado.access").setLevel(logging.ERROR)
    logging.getLogger("asyncio").setLevel(logging.WARNING)
    # At the level DEBUG, pymongo logs whole commands with their data.
    logging.getLogger("pymongo").setLevel(logging.INFO)
    logging.getLogger("tornado.general").addFilter(_without_quotes)


def _without_quotes(record: logging.LogRecord) -> bool:
    """Remove the parts that Tornado quotes from an unreadable request: they may hold a token."""
    if record.msg == _MALFORMED and isinstance(record.args, tuple):
        record.args = (record.args[0], _QUOTE.split(str(record.args[1]))[0])
    return True


def log_request(handler: RequestHandler) -> None:
    """Log a request's path, without the query and the secret of an invite.

    This is Tornado's `log_function`.
    """
    request = handler.request
    status = handler.get_status()
    if status == _SWITCHING_PROTOCOLS:
        return  # the sync endpoint logs joining and leaving itself
    user = getattr(handler, "user", None)
    path = request.path
    if secret := _SECRET_PATH.search(unquote(path)):
        path = f"/{secret[1].lower()}/…"
    fields = {
        "method": request.method,
        "path": path,
        "status": status,
        "ms": round(request.request_time() * 1000, 1),
        "requestId": getattr(handler, "request_id", ""),
        "user": user.id if user else None,
    }
    level = logging.ERROR if status >= 500 and status != 503 else logging.INFO
    _access.log(
        level,
        "%s %s %d %.1f ms",
        request.method,
        path,
        status,
        fields["ms"],
        extra={"fields": fields},
    )
