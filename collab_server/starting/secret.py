"""The secret that signs tokens: JWT_SECRET, or a file in DATA_DIR."""

import os
import secrets
from pathlib import Path

from collab_server.config import MIN_SECRET_BYTES, Config, ConfigError
from storage.places import try_file

_SECRET_NAME = "secret"  # noqa: S105 - a file name
_MAX_SECRET_BYTES = 64 << 10


def read_secret(config: Config) -> str:
    """Return JWT_SECRET, or else the secret in DATA_DIR, which the first start makes.

    Raises ConfigError or OSError.
    """
    if config.jwt_secret:
        return config.jwt_secret
    path = Path(config.data_dir) / _SECRET_NAME
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return _stored_secret(path)
    secret = secrets.token_urlsafe(48)
    with os.fdopen(descriptor, "w") as file:
        file.write(secret + "\n")
    return secret


def try_secret(config: Config) -> None:
    """Raise the error with which `read_secret` would fail, and make no file."""
    path = Path(config.data_dir) / _SECRET_NAME
    if config.jwt_secret:
        return
    if os.path.lexists(path):
        _stored_secret(path)
    else:
        try_file(path)


def _stored_secret(path: Path) -> str:
    """Return the secret in a file; raises ConfigError or OSError."""
    if path.exists() and not path.is_file():
        raise ConfigError(f"{path} must be a file; delete it for a new one")
    with path.open("rb") as file:
        stored = file.read(_MAX_SECRET_BYTES)
    try:
        secret = stored.decode().strip()
    except UnicodeDecodeError:
        raise ConfigError(f"{path} must be text in UTF-8; delete it for a new one") from None
    if any(character < " " and not character.isspace() for character in secret):
        raise ConfigError(
            f"{path} must be text, without control characters; delete it for a new one"
        )
    if len(secret.encode()) < MIN_SECRET_BYTES:
        raise ConfigError(
            f"{path} must hold at least {MIN_SECRET_BYTES} bytes; delete it for a new one"
        )
    return secret
