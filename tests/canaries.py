"""Collects the secrets that tests use, and searches all logs of these tests for them.

`tests.api` notes the secrets that it sends and receives. `tests.processes` notes the output of the
servers that it starts. The search also finds text that looks like a secret. So browsers and clients
in Node need not report their secrets.
"""

import contextlib
import logging
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

_PASSWORDS = ("password", "currentPassword", "newPassword")
_TOKENS = ("accessToken", "refreshToken", "ticket", "invite")
_TEXTS = ("code", "message", "stdin", "stdout", "stderr")
_PARAMETERS = ("token", "ticket")
_SETTINGS = ("jwt_secret", "metrics_token", "cloudinary_url", "smtp_url", "runner_url")

LOOKS_SECRET = {
    "an access token": re.compile(r"eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{20,}"),
    "a refresh token": re.compile(r"\b[0-9a-hjkmnp-tv-z]{16}\.[\w-]{43}\b"),
    "a password's hash": re.compile(r"\$2[aby]\$\d\d\$[./\w]{20}"),
}

_PLAIN = re.compile(r"[\w .,:;!?@+=/-]+", re.ASCII)
_LEAST_DIFFERENT = 6
_LEAST_CHARACTERS = {"password": 10, "text": 24}
_LEAST_OF_OTHERS = 20
_PROBE_CHARACTERS = 64
_KEPT = 300
"""The number of secrets of earlier tests that the search still includes. A server may outlive the
test whose secrets it knows."""

_QUIET = {"asyncio": logging.WARNING, "tornado.access": logging.ERROR, "pymongo": logging.INFO}
"""Levels below which these loggers write nothing, as in a server (`collab_server.logs`)."""

_STANDARD = frozenset(vars(logging.makeLogRecord({})))


class Canaries(logging.Handler):
    """Secrets with their kinds, and all log lines and outputs that must not contain them."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self._secrets: dict[str, str] = {}
        self._lines: list[str] = []
        self._outputs: dict[Path, None] = {}

    # -- secrets ----------------------------------------------------------------------------------

    def add(self, kind: str, value: object) -> None:
        """Add a secret, unless it is so short or so plain that any text might contain it."""
        runs = _PLAIN.findall(value) if isinstance(value, str) else []
        probe = max(runs, key=len, default="")[:_PROBE_CHARACTERS].strip()
        is_long = len(probe) >= _LEAST_CHARACTERS.get(kind, _LEAST_OF_OTHERS)
        if is_long and len(set(probe)) >= _LEAST_DIFFERENT and re.search("[A-Za-z]", probe):
            self._secrets.setdefault(probe, kind)

    def add_token(self, kind: str, value: object) -> None:
        """Add a token. Also add its last part alone, which must be just as secret."""
        self.add(kind, value)
        if isinstance(value, str):
            self.add(f"end of {kind}", value.rpartition(".")[2])

    def sent(self, path: str, headers: Mapping[str, str], body: object) -> None:
        """Note the secrets of a request."""
        for name, value in parse_qsl(path.partition("?")[2]):
            if name in _PARAMETERS:
                self.add_token(name, value)
        self.add_token("bearer token", headers.get("Authorization", "").partition(" ")[2])
        for cookie in headers.get("Cookie", "").split(";"):
            self.add_token("cookie", cookie.partition("=")[2].strip())
        if isinstance(body, dict):
            for name in _PASSWORDS:
                self.add("password", body.get(name))
            for name in _TEXTS:
                self.add("text", body.get(name))
            self.add_token("token of a link", body.get("token"))

    def received(self, body: object) -> None:
        """Note the secrets of an answer."""
        if isinstance(body, dict):
            for name in _TOKENS:
                self.add_token(name, body.get(name))

    def configured(self, settings: Mapping[str, Any], data_dir: object) -> None:
        """Note the secrets of a server that has started.

        `settings` may use the names of settings or of environment variables.
        """
        for name in _SETTINGS:
            self.add(name, settings.get(name) or settings.get(name.upper()))
        made = Path(str(data_dir)) / "secret"
        if made.exists():
            self.add("jwt_secret", made.read_text().strip())

    # -- places that must not contain secrets -----------------------------------------------------

    def emit(self, record: logging.LogRecord) -> None:
        extra = {name: value for name, value in vars(record).items() if name not in _STANDARD}
        self._lines.append(f"{record.levelname} {record.name}: {self.format(record)} {extra or ''}")

    def printed(self, output: Path) -> None:
        """Add a file to the search. Its content is read when the search runs."""
        self._outputs[output] = None

    def written(self) -> list[str]:
        """Return the contents of all outputs that still exist."""
        return [path.read_text(errors="replace") for path in self._outputs if path.exists()]

    def leaks(self) -> list[str]:
        """Return a text for each secret that was found: its kind and the line that contains it."""
        text = "\n".join([*self._lines, *self.written()])
        places = [(kind, text.find(probe)) for probe, kind in self._secrets.items()]
        places += [
            (kind, match.start())
            for kind, pattern in LOOKS_SECRET.items()
            if (match := pattern.search(text))
        ]
        return [f"{kind} in: {_line(text, at)}" for kind, at in places if at >= 0]

    def forget(self) -> None:
        """Forget the logged lines and outputs, and all secrets except the newest."""
        self._lines.clear()
        self._outputs.clear()
        self._secrets = dict(list(self._secrets.items())[-_KEPT:])


def _line(text: str, at: int) -> str:
    end = text.find("\n", at)
    return text[text.rfind("\n", 0, at) + 1 : end if end >= 0 else None]


USED = Canaries()
"""The secrets of all tests of this process, which run one after the other."""


@contextlib.contextmanager
def watched(canaries: Canaries) -> Iterator[Canaries]:
    """Collect everything that is logged inside the context, down to DEBUG."""
    levels = {**_QUIET, "": logging.DEBUG}
    loggers = {logging.getLogger(name): level for name, level in levels.items()}
    before = {logger: logger.level for logger in loggers}
    logging.getLogger().addHandler(canaries)
    for logger, level in loggers.items():
        logger.setLevel(level)
    try:
        yield canaries
    finally:
        logging.getLogger().removeHandler(canaries)
        for logger, level in before.items():
            logger.setLevel(level)
        canaries.forget()
