"""Secrets that tests have used, searched for in all that is logged meanwhile.

`tests.api` notes what it sends and is given, `tests.processes` what its servers print. What only
looks like a secret is found as well: browsers and clients in Node need not tell.
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
_TEXTS = ("code", "message")
_PARAMETERS = ("token", "ticket")
_SETTINGS = ("jwt_secret", "metrics_token", "cloudinary_url")

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
"""Secrets of earlier tests that are searched for too: a server of a fixture may outlive a test."""

_QUIET = {"asyncio": logging.WARNING, "tornado.access": logging.ERROR, "pymongo": logging.INFO}
"""What a server does not let through either (`collab_server.logs`)."""

_STANDARD = frozenset(vars(logging.makeLogRecord({})))


class Canaries(logging.Handler):
    """Secrets by what they are, and everything in which they may not be."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self._secrets: dict[str, str] = {}
        self._lines: list[str] = []
        self._outputs: dict[Path, None] = {}

    # -- what is secret ---------------------------------------------------------------------------

    def add(self, kind: str, value: object) -> None:
        """Note a secret, unless any text might contain it."""
        runs = _PLAIN.findall(value) if isinstance(value, str) else []
        probe = max(runs, key=len, default="")[:_PROBE_CHARACTERS].strip()
        is_long = len(probe) >= _LEAST_CHARACTERS.get(kind, _LEAST_OF_OTHERS)
        if is_long and len(set(probe)) >= _LEAST_DIFFERENT and re.search("[A-Za-z]", probe):
            self._secrets.setdefault(probe, kind)

    def add_token(self, kind: str, value: object) -> None:
        """Note a token, and its end, which is as good as all of it."""
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

    def received(self, body: object) -> None:
        """Note the secrets of an answer."""
        if isinstance(body, dict):
            for name in _TOKENS:
                self.add_token(name, body.get(name))

    def configured(self, settings: Mapping[str, Any], data_dir: object) -> None:
        """Note the secrets of a server that has started;
        names of settings may be those of variables.
        """
        for name in _SETTINGS:
            self.add(name, settings.get(name) or settings.get(name.upper()))
        made = Path(str(data_dir)) / "secret"
        if made.exists():
            self.add("jwt_secret", made.read_text().strip())

    # -- where it may not be ----------------------------------------------------------------------

    def emit(self, record: logging.LogRecord) -> None:
        extra = {name: value for name, value in vars(record).items() if name not in _STANDARD}
        self._lines.append(f"{record.levelname} {record.name}: {self.format(record)} {extra or ''}")

    def printed(self, output: Path) -> None:
        """Search a file too, as it will be at the end."""
        self._outputs[output] = None

    def leaks(self) -> list[str]:
        """Return what was found: what it is, and the line."""
        written = (path.read_text(errors="replace") for path in self._outputs if path.exists())
        text = "\n".join([*self._lines, *written])
        found = [(kind, text.find(probe)) for probe, kind in self._secrets.items()]
        found += [
            (kind, match.start())
            for kind, pattern in LOOKS_SECRET.items()
            if (match := pattern.search(text))
        ]
        return [f"{kind} in: {_line(text, at)}" for kind, at in found if at >= 0]

    def forget(self) -> None:
        """Forget what was logged, and secrets but the newest."""
        self._lines.clear()
        self._outputs.clear()
        self._secrets = dict(list(self._secrets.items())[-_KEPT:])


def _line(text: str, at: int) -> str:
    end = text.find("\n", at)
    return text[text.rfind("\n", 0, at) + 1 : end if end >= 0 else None]


USED = Canaries()
"""Those of the tests of this process, which run one after the other."""


@contextlib.contextmanager
def watched(canaries: Canaries) -> Iterator[Canaries]:
    """Look at everything that is logged within, down to DEBUG."""
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
