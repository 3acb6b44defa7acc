"""Answers a request whose handler raised an error: problem JSON, or a page that waits."""

import json
import logging
from typing import Any

from tornado.web import HTTPError, RequestHandler

from handlers import errors
from handlers.http import headers, wait_page
from handlers.http.views.problems import problem
from handlers.services import Services
from storage.errors import StoreUnavailable

_OF_THE_REQUEST = ("Access-Control-", "X-Request", "Vary", headers.STRICT_TRANSPORT)
_QUARANTINED = "quarantined"
_LATER_S = 4
"""Seconds over which waiting pages spread their next load, so that they do not load together."""
_CODES = {404: "not_found", 405: "method_not_allowed", 400: "bad_request"}

_log = logging.getLogger("handlers.http.base")
"""The log of all handlers: operators filter by this name."""


class ErrorAnswers(RequestHandler):
    """The part of a handler that answers errors.

    request_id  the id of the request, which the answer and the log name
    """

    services: Services
    request_id: str

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        error = kwargs["exc_info"][1] if "exc_info" in kwargs else None
        answer = errors.to_api_error(error) if error else None
        if answer is None:
            code = _CODES.get(status_code, "internal" if status_code >= 500 else "bad_request")
            message = (
                "Something went wrong here; it was logged."
                if status_code >= 500
                else f"{self._reason}."
            )
            answer = errors.ApiError(status_code, code, message)
        self.services.problems[answer.code] += 1
        if answer.code == _QUARANTINED and self.path_args:
            answer.latest = f"/code/{self.path_args[0]}/latest"
        self.set_status(answer.status)
        if answer.status == 405:
            self.set_header("Allow", ", ".join(self._methods()))
        for name, value in answer.headers.items():
            self.set_header(name, value)
        if wait_page.RETRY_AFTER in answer.headers and wait_page.is_wanted(
            self.request.method or "", self.request.headers.get("Accept", "")
        ):
            self._reply_wait_page(answer)
            return
        self.set_header("Content-Type", "application/problem+json")
        self.finish(json.dumps(problem(answer, self._reason, self.request_id)))

    def _reply_wait_page(self, answer: errors.ApiError) -> None:
        (later_s,) = self.services.random_bytes(1)
        self.set_header("Content-Security-Policy", wait_page.CSP)
        self.set_header("Content-Type", "text/html; charset=UTF-8")
        self.finish(wait_page.render(answer, later_s % _LATER_S))

    def _methods(self) -> list[str]:
        """Return the methods that this handler has."""
        names = ("GET", "POST", "PATCH", "DELETE")
        missing = RequestHandler.get  # in Tornado's base class, all verbs are the same function
        return [name for name in names if getattr(type(self), name.lower()) is not missing]

    def send_error(self, status_code: int = 500, **kwargs: Any) -> None:
        """Send an error with the status from `errors`, before Tornado resets the headers."""
        error = kwargs["exc_info"][1] if "exc_info" in kwargs else None
        answer = errors.to_api_error(error) if error else None
        super().send_error(answer.status if answer else status_code, **kwargs)

    def clear(self) -> None:
        """Clear the headers for an error, except headers that depend on the request."""
        request_headers = {}
        if hasattr(self, "_headers"):
            request_headers = {
                k: v for k, v in self._headers.get_all() if k.startswith(_OF_THE_REQUEST)
            }
        super().clear()
        for name, value in request_headers.items():
            self.set_header(name, value)

    def log_exception(self, typ: Any, value: BaseException | None, tb: Any) -> None:
        if isinstance(value, StoreUnavailable):
            _log.info("request %s: %s", self.request_id, value)
        if value is None or isinstance(value, HTTPError) or errors.to_api_error(value):
            return
        _log.error("request %s failed", self.request_id, exc_info=(typ, value, tb))
