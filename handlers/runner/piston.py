"""Asks a service on another machine to run a program.

The service has the interface of Piston. It must isolate programs and end long ones: this server
only sends it texts, and bounds the time and the size of its answers.
"""

import asyncio
import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

from tornado.httpclient import HTTPClientError, HTTPRequest
from tornado.simple_httpclient import SimpleAsyncHTTPClient

from crdt.fair_queue import FairQueue
from crdt.history.runs import MAX_OUTPUT_BYTES
from crdt.reading.items import as_text
from handlers import errors
from storage.runs.records import Outcome

_ANSWER_S = 30.0
"""Seconds until the service must have answered. It may have to compile the program first."""
_ANSWER_BYTES = 4 << 20
"""Bytes of an answer. In JSON, one character that a program prints may take six bytes."""
_MAX_ERROR_BYTES = 16 << 10
"""UTF-8 bytes of error output that are kept even if the output alone would be too large."""
_TOGETHER, _WAITING_EACH, _WAITING = 4, 2, 32
"""Programs that run together, and those that may wait: of one user, and of all users."""
_WAIT_S = 30.0
_LANGUAGES_S = 5.0
"""Seconds that the service may take to list its languages. A user waits for the answer."""
_KNOWN_FOR_MS = 60_000
"""Milliseconds for which the list of languages is kept. Operators seldom add a language."""
_MAX_NAMES, _MAX_NAME = 1_000, 50
"""Names of languages that are kept, and characters of one. A fresh Piston has some 200."""
_MOST_MEMORY_BYTES = 1 << 50
"""A larger number is no memory of a program, and JavaScript could not read it exactly."""
_REFUSED = 400
_UNKNOWN = "runtime is unknown"
"""A part of Piston's message for a language or version that it does not have."""
_KILLED_FOR_TIME = "TO"
"""The `status` of a program that ran for too long, in answers of newer releases of Piston."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Program:
    """A program to run: the texts of its files by their names, the entry first."""

    language: str
    files: Mapping[str, str]
    stdin: str


@dataclass(frozen=True, slots=True)
class Result:
    """The end of a program, with its output, which was cut to its limit if `is_cut`.

    memory_bytes  the most memory that the program had; None if the service does not tell it
    """

    outcome: Outcome
    exit: int | None
    stdout: str
    stderr: str
    is_cut: bool
    memory_bytes: int | None = None


class Runner:
    """The service at one address. Users take turns, and some programs run together."""

    def __init__(self, url: str, clock: Callable[[], int]) -> None:
        """clock: the present time in milliseconds."""
        self._url = url
        self._clock = clock
        self._slots = FairQueue(_TOGETHER, _WAITING_EACH, _WAITING, _WAIT_S)
        self._languages: tuple[str, ...] = ()
        self._known_until = 0
        self._asking: asyncio.Task[None] | None = None

    async def languages(self) -> tuple[str, ...]:
        """Return the names of the languages that the service runs, also their short names.

        Raises ApiError 503 if the service does not tell them.
        """
        if self._clock() >= self._known_until:
            if self._asking is None:
                self._asking = asyncio.get_running_loop().create_task(self._ask_languages())
                # asyncio would log an error that nobody reads, if all users have left
                self._asking.add_done_callback(lambda asked: asked.cancelled() or asked.exception())
            # All users who ask meanwhile share the request, also after the first of them has left.
            await asyncio.shield(self._asking)
        return self._languages

    async def _ask_languages(self) -> None:
        try:
            url = urljoin(self._url, "runtimes")
            body = await self._fetched(HTTPRequest(url, request_timeout=_LANGUAGES_S))
            self._languages = await asyncio.to_thread(_names, body)
            self._known_until = self._clock() + _KNOWN_FOR_MS
        finally:
            self._asking = None

    async def run(self, user_id: str, program: Program) -> Result:
        """Run a program for a user.

        Raises ApiError 422 if the service does not know the language, and 503 if it cannot be
        reached or gives no proper answer. Raises WorkersBusy if too many programs wait.
        """
        async with self._slots.slot(user_id):
            body = await self._answer(await asyncio.to_thread(_described, program))
            return await asyncio.to_thread(_read, body)

    async def _answer(self, body: bytes) -> bytes:
        """Return what the service answers to a request."""
        request = HTTPRequest(
            self._url,
            method="POST",
            headers={"Content-Type": "application/json"},
            body=body,
            request_timeout=_ANSWER_S,
        )
        return await self._fetched(request)

    async def _fetched(self, request: HTTPRequest) -> bytes:
        request.follow_redirects = False
        client = SimpleAsyncHTTPClient(force_instance=True, max_body_size=_ANSWER_BYTES)
        try:
            fetched = client.fetch(request)
            # If the user leaves, nobody needs the answer or its error. But Tornado would log an
            # error of a cancelled fetch. So the fetch goes on, and its error is read.
            fetched.add_done_callback(lambda late: late.cancelled() or late.exception())
            return (await asyncio.shield(fetched)).body
        except HTTPClientError as error:
            refusal = error.response.body[:200] if error.response else b""
            if error.code == _REFUSED and _UNKNOWN.encode() in refusal:
                raise errors.invalid({"language": ["is not known to this server"]}) from error
            # Piston also refuses requests that are larger than its own limits allow.
            _log.warning("the service that runs programs answered %d: %r", error.code, refusal)
            raise _no_answer() from error
        except (OSError, ValueError) as error:
            raise _no_answer() from error
        finally:
            client.close()


def check_url(url: str, setting: str) -> None:
    """Check the address of a service; "" is a setting that is not set.

    Raises ValueError, with the name of the setting, if it is no such address.
    """
    parts = urlsplit(url)
    if url and not (parts.scheme in ("http", "https") and parts.hostname):
        raise ValueError(f"{setting} must look like http://host:2000/api/v2/execute")


def _described(program: Program) -> bytes:
    """Return the body of a request; it sets no limits, so the service applies its own."""
    described = {
        "language": program.language,
        "version": "*",
        "files": [{"name": name, "content": text} for name, text in program.files.items()],
        "stdin": program.stdin,
    }
    return json.dumps(described).encode()


def _read(body: bytes) -> Result:
    """Return the result in the body of an answer; raises as `result_of`."""
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise _no_answer() from error
    return result_of(answer)


def _names(body: bytes) -> tuple[str, ...]:
    """Return the names in a list of runtimes; raises ApiError 503 if the answer is no such list."""
    try:
        listed = json.loads(body)
        names = {
            name
            for runtime in listed
            for name in (runtime["language"], *runtime.get("aliases", ()))
            if isinstance(name, str) and len(name) <= _MAX_NAME
        }
    except (ValueError, RecursionError, TypeError, KeyError, AttributeError) as error:
        raise _no_answer() from error
    return tuple(sorted(names)[:_MAX_NAMES])


def result_of(answer: object) -> Result:
    """Return the result in an answer; raises ApiError 503 if the answer has none.

    `run` is missing if the program could not be compiled. Then `compile` has the errors.
    """
    stages = answer if isinstance(answer, dict) else {}
    stage = stages.get("run") or stages.get("compile")
    if not isinstance(stage, dict):
        raise _no_answer()
    code, signal = stage.get("code"), stage.get("signal")
    if isinstance(code, bool) or not isinstance(code, int | None):
        raise _no_answer()
    printed, failed = _text(stage.get("stdout", "")), _text(stage.get("stderr", ""))
    stdout, stderr = _cut(printed, failed)
    is_cut = (stdout, stderr) != (printed, failed)
    # Older releases of Piston say only that they ended the program. Mostly it ran for too long.
    is_late = stage.get("status", _KILLED_FOR_TIME) in (_KILLED_FOR_TIME, None)
    ended = Outcome.TIMEOUT if signal == "SIGKILL" and is_late else Outcome.FAILED
    outcome = ended if signal else Outcome.DONE if code == 0 else Outcome.FAILED
    memory_bytes = _count(stage.get("memory"))
    return Result(outcome, None if signal else code, stdout, stderr, is_cut, memory_bytes)


def _count(value: object) -> int | None:
    """Return a number of bytes; None for anything else. Older releases of Piston have none."""
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if 0 < value <= _MOST_MEMORY_BYTES else None


def _text(value: object) -> str:
    """Return a text of the service with U+FFFD for half characters, and U+2400 for NUL.

    Raises ApiError 503 for a value of another type.
    """
    if not isinstance(value, str):
        raise _no_answer()
    return as_text(value).replace("\0", "\u2400")


def _cut(stdout: str, stderr: str) -> tuple[str, str]:
    """Return the beginnings of both outputs, so that they fit the limit together."""
    printed, failed = stdout.encode(), stderr.encode()
    room = max(MAX_OUTPUT_BYTES - len(printed), _MAX_ERROR_BYTES)
    failed = failed[:room]
    printed = printed[: MAX_OUTPUT_BYTES - len(failed)]
    return printed.decode(errors="ignore"), failed.decode(errors="ignore")


def _no_answer() -> errors.ApiError:
    return errors.unavailable("The service that runs programs did not answer as it should.")
