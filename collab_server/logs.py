"""Logs: readable lines on a terminal, one JSON object a line otherwise. Never secrets, never document text."""

import logging
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


class _JsonFormatter(JsonFormatter):
    """One object a line: time, level, logger, message, what the call has in `extra["fields"]`, exception.

    Other extra attributes are left out: libraries add them, and nobody has looked what is in them.
    """

    def add_fields(self, log_data: dict[str, Any], record: logging.LogRecord, message_dict: dict[str, Any]) -> None:
        log_data["time"] = self.formatTime(record)
        log_data["level"] = record.levelname.lower()
        log_data["logger"] = record.name
        log_data["message"] = record.getMessage()
        log_data.update(getattr(record, "fields", {}))
        if "exc_info" in message_dict:
            log_data["exception"] = message_dict["exc_info"]

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: N802 - logging's name
        """Return the time in UTC with milliseconds, as in RFC 3339."""
        return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(record.created))}.{int(record.msecs):03d}Z"


def set_up(log_format: str, level: str, stream: TextIO = sys.stderr) -> None:
    """Send all logs to a stream; `log_format` is auto, text or json."""
    as_text = log_format == "text" or (log_format == "auto" and stream.isatty())
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logging.Formatter(_LINE, "%H:%M:%S") if as_text else _JsonFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    logging.getLogger("tornado.access").setLevel(logging.ERROR)
    logging.getLogger("asyncio").setLevel(logging.WARNING)
    logging.getLogger("pymongo").setLevel(logging.INFO)  # below, it logs whole commands
    logging.getLogger("tornado.general").addFilter(_without_quotes)


def _without_quotes(record: logging.LogRecord) -> bool:
    """Take out what Tornado quotes of a request that it cannot read: it may be a token."""
    if record.msg == _MALFORMED and isinstance(record.args, tuple):
        record.args = (record.args[0], _QUOTE.split(str(record.args[1]))[0])
    return True


def log_request(handler: RequestHandler) -> None:
    """Tornado's `log_function`: path without the query, which may hold a token, and without an invite's secret."""
    request = handler.request
    status = handler.get_status()
    if status == _SWITCHING_PROTOCOLS:
        return  # the sync endpoint says who joined and left
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
    _access.log(level, "%s %s %d %.1f ms", request.method, path, status, fields["ms"], extra={"fields": fields})
