"""Reads the configuration from the environment and `.env`, and checks each value.

No other module reads settings from the environment.
"""

import os
import re
from collections.abc import Mapping, Set
from io import StringIO
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from dotenv import dotenv_values
from dotenv.parser import Original, parse_stream

from collab_server.config import MIN_SECRET_BYTES, Config, ConfigError, all_settings
from crdt.settings import PREFIX, Setting
from handlers import settings
from handlers.http.network import normalize_origin
from handlers.mail.smtp import check_settings
from handlers.runner.piston import check_url

LEAST_MEMORY_MB = 512
"""Lowest limit on memory in MiB.
The limit includes the stacks of threads, and reading a picture takes 350 MiB."""

_PLAIN_NUMBER = {int: re.compile("-?[0-9]+"), float: re.compile(r"-?[0-9]*\.?[0-9]+")}
"""How a number may be written.
`int` and `float` also read `5_000`, `+5`, `1e3`, and the digits of all scripts. A shell, a
container or a proxy that gets the same variable reads other numbers there, or none."""


def load(
    environment: Mapping[str, str] | None = None, env_file: Path | None = None
) -> tuple[Config, list[str]]:
    """Return (configuration, warnings) from the environment and `.env`; the environment wins.

    Raises ConfigError for the first wrong variable.
    """
    given: dict[str, str] = read_env_file(env_file) if env_file is not None else {}
    given.update(os.environ if environment is None else environment)
    values: dict[str, Any] = {}
    known = set()
    for setting in all_settings():
        known.add(setting.variable)
        value = given.get(setting.variable, "").strip()
        if value:
            values[setting.name] = _parse(setting, value)
    if "data_dir" in values:
        values["data_dir"] = _in_home(values["data_dir"])
    config = Config(**values)
    _check(config)
    unknown = sorted(name for name in given if name.startswith(PREFIX) and name not in known)
    return config, [f"{name} is not a setting of this server" for name in unknown]


def read_env_file(path: Path) -> dict[str, str]:
    """Return the variables in a file like `.env`, {} if there is no such file.

    Raises ConfigError for a file with another encoding, for a folder, and for a line without a
    setting.
    """
    try:
        if not os.path.lexists(path):
            return {}
        content = path.read_bytes()
    except OSError as error:
        raise ConfigError(
            f"{path}: {error.strerror or error}; it must be a file of lines NAME=value"
        ) from None
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ConfigError(
            f"{path}, line {line}: not UTF-8; save the file in that encoding"
        ) from None
    if "\0" in text:
        raise ConfigError(f"{path} has NUL characters (UTF-16?); save the file as UTF-8")
    for binding in parse_stream(StringIO(text)):
        if binding.error:
            raise ConfigError(
                f"{path}, line {_line_of(binding.original)}: must be NAME=value, or "
                "a comment behind #"
            )
    return {
        name: value
        for name, value in dotenv_values(stream=StringIO(text)).items()
        if value is not None
    }


def _line_of(original: Original) -> int:
    """Return the number of the line in which a binding begins.

    The binding's text includes the blank lines before it, so these have to be skipped.
    """
    text = original.string
    return original.line + text.count("\n", 0, len(text) - len(text.lstrip()))


def _parse(setting: Setting[Any], given: str) -> int | float | str:
    variable = setting.variable
    if not given.isascii() and any("\ud800" <= character <= "\udfff" for character in given):
        raise ConfigError(f"{variable} must be UTF-8")
    if not setting.is_number:
        if setting.allowed and given not in setting.allowed:
            raise ConfigError(
                f"{variable} must be one of {', '.join(setting.allowed)}, not {given!r}"
            )
        return given
    value = _plain_number(type(setting.default), given)
    if value is None:
        whole = "whole " if type(setting.default) is int else ""
        raise ConfigError(f"{variable} must be a {whole}number in digits, not {given!r}")
    if not setting.low <= value <= setting.high:
        raise ConfigError(f"{variable} must be from {setting.low} to {setting.high}, not {given}")
    return value


def _plain_number(kind: type[int] | type[float], given: str) -> int | float | None:
    """Return the number that a text of digits stands for, None for any other text."""
    if not _PLAIN_NUMBER[kind].fullmatch(given):
        return None
    try:
        return kind(given)
    except ValueError:  # Python reads no integer of more than some thousand digits.
        return None


def _check_blanks(config: Config) -> None:
    """Raise ConfigError for an address with a blank in it: its first use would fail."""
    for setting in all_settings():
        if setting.name.endswith("_url") and re.search(r"\s", getattr(config, setting.name)):
            raise ConfigError(f"{setting.variable} must not have blanks in it")


def _in_home(folder: str) -> str:
    """Return a path with `~` or `~user` at its beginning replaced by the home folder."""
    try:
        return str(Path(folder).expanduser())
    except RuntimeError:
        raise ConfigError(f"DATA_DIR {folder}: there is no such home folder") from None


def _check(config: Config) -> None:
    """Raise ConfigError for settings that break a rule beyond their types and bounds."""
    _check_store_and_secret(config)
    _check_process(config)
    _check_blanks(config)
    _check_addresses(config)
    try:
        check_settings(config.smtp_url, config.mail_from, config.public_url)
        check_url(config.runner_url, settings.RUNNER_URL.variable)
    except ValueError as error:
        raise ConfigError(str(error)) from None


def _check_store_and_secret(config: Config) -> None:
    if config.mongo_uri and not config.mongo_uri.startswith(("mongodb://", "mongodb+srv://")):
        raise ConfigError("MONGO_URI must start with mongodb:// or mongodb+srv://")
    if config.jwt_secret and len(config.jwt_secret.encode()) < MIN_SECRET_BYTES:
        raise ConfigError(f"JWT_SECRET must have at least {MIN_SECRET_BYTES} bytes")


def _check_process(config: Config) -> None:
    if 0 < config.memory_mb < LEAST_MEMORY_MB:
        raise ConfigError(f"COLLAB_MEMORY_MB must be 0 or at least {LEAST_MEMORY_MB}")
    if 0 < config.watchdog_s < 1:
        raise ConfigError("COLLAB_WATCHDOG_S must be 0 or at least 1")
    if config.pong_s > config.ping_s:
        raise ConfigError("COLLAB_PONG_S must not be greater than COLLAB_PING_S")


def _check_addresses(config: Config) -> None:
    if config.cloudinary_url:
        parts = urlsplit(config.cloudinary_url)
        has_all = all((parts.username, parts.password, parts.hostname))
        if parts.scheme != "cloudinary" or not has_all:
            raise ConfigError("CLOUDINARY_URL must look like cloudinary://key:secret@cloud")
    public = _checked_origin("PUBLIC_URL", config.public_url)
    try:
        origins = config.origins
    except ValueError as error:
        raise ConfigError(f"CORS_ORIGIN: {error}") from None
    if run := _checked_origin("RUN_ORIGIN", config.run_origin):
        _check_run_origin(run, public, origins)


def _checked_origin(variable: str, given: str) -> str:
    """Return an origin in the form that browsers send, "" if none is given."""
    try:
        return normalize_origin(given) if given else ""
    except ValueError as error:
        raise ConfigError(f"{variable}: {error}") from None


def _check_run_origin(run: str, public: str, origins: Set[str]) -> None:
    """Raise ConfigError if programs would not run, or would run in an origin that has rights."""
    if not public:
        raise ConfigError("PUBLIC_URL must be set with RUN_ORIGIN: only its pages show the frame")
    # A request does not say its scheme, so requests for the app would be for programs.
    if run.partition("://")[2] == public.partition("://")[2]:
        raise ConfigError("RUN_ORIGIN must be another host or port than PUBLIC_URL")
    if run in origins:
        raise ConfigError("RUN_ORIGIN must not be in CORS_ORIGIN, whose pages may call the API")
    if public.startswith("https:") and not run.startswith("https:"):
        raise ConfigError("RUN_ORIGIN must be https: like PUBLIC_URL, or browsers block the frame")
