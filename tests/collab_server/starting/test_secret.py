"""Tests the secret that signs tokens."""

from pathlib import Path

import pytest

from collab_server.config import Config, ConfigError
from collab_server.starting.secret import read_secret


def test_secret_is_generated_once_and_kept_private(tmp_path: Path) -> None:
    """The secret is generated once with file mode 0600 and read again later.

    A secret that is too short is refused. JWT_SECRET takes precedence over the file.
    """
    config = Config(data_dir=str(tmp_path))
    secret = read_secret(config)

    assert read_secret(config) == secret
    assert len(secret) >= 32
    assert (tmp_path / "secret").stat().st_mode & 0o777 == 0o600
    assert read_secret(Config(data_dir=str(tmp_path), jwt_secret="x" * 32)) == "x" * 32
    (tmp_path / "secret").write_text("short\n")
    with pytest.raises(ConfigError, match="delete it"):
        read_secret(config)
