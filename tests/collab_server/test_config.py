"""Tests that settings have types and bounds, and are documented."""

from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

import pytest

from collab_server.config import Config, ConfigError, all_settings, load
from crdt import limits
from crdt.settings import Setting
from docs.generate import ROOT, configuration, env_example
from handlers import settings
from handlers.socketio import client
from handlers.sync import rate_gate
from handlers.throttling import rates


def test_config_defaults_are_port_5000_and_embedded_store() -> None:
    """A server without configuration uses port 5000 and the embedded store."""
    config, warnings = load({})

    assert (config.port, config.data_dir, config.mongo_uri, warnings) == (5000, "data", "", [])


def test_config_defaults_of_limits_match_table() -> None:
    """The defaults of limits are a promise to operators, so none may change by mistake."""
    kib, mib, minute, hour = 1 << 10, 1 << 20, 60, 3_600
    promised = {
        "max_update_bytes": 4 * mib, "max_sync_bytes": 4 * mib, "max_text_bytes": mib,
        "max_state_bytes": 8 * mib,
        "updates_per_s": 60, "updates_burst": 300, "update_bytes_per_s": 512 * kib,
        "presence_ms": 100, "presence_bytes": 4 * kib, "presence_depth": 8, "presence_clients": 4,
        "max_queued_bytes": 4 * mib, "max_unsaved_room_bytes": 8 * mib,
        "max_unsaved_bytes": 64 * mib,
        "connections_per_user": 10, "connections_per_address": 600, "connections_per_session": 250,
        "connections": 5_000,
        "handshakes_per_min": 30, "accepts_per_s": 50,
        "ping_s": 25, "pong_s": 20, "sign_in_s": 10, "request_s": 10,
        "requests_per_5min": 900, "anonymous_per_5min": 600, "pages_per_5min": 30_000,
        "max_json_bytes": 64 * kib,
        "sessions_per_day": 500, "avatars_per_h": 20, "signups_per_h": 60,
        "invited_signups_per_h": 300,
        "guests_per_h": 300, "invite_share_per_h": 200, "address_guests_per_h": 3_000,
        "invite_failures": 60,
        "logins_per_5min": 60, "account_failures": 5, "stranger_failures_per_day": 240,
        "address_failures_per_h": 300, "mails_per_h": 5, "address_mails_per_h": 60,
        "access_token_s": 15 * minute, "refresh_idle_s": 14 * 24 * hour,
        "refresh_s": 30 * 24 * hour, "bcrypt_cost": 12,
        "messages_per_10s": 5, "saves_per_s": 1, "versions": 1_000, "auto_versions": 500,
        "members": 200, "runs": 200, "runs_per_10s": 5,
    }  # fmt: skip

    assert {name: getattr(Config(), name) for name in promised} == promised
    assert [30 * minute, hour] == [rates._LONGEST_WAIT_S, rates._FAILURES_KEPT_S]
    assert [rate_gate._MAX_OVER_S, client._OVER_S] == [10, 10]


def test_environment_takes_precedence_over_env_file(tmp_path: Path) -> None:
    """`.env` is read, variables of the environment override it, and blank values count as unset."""
    file = tmp_path / ".env"
    file.write_text("PORT=6000\nDATA_DIR=elsewhere\nHOST=\n# PORT=7000\n")

    config, _ = load({"PORT": "6001"}, file)

    assert (config.port, config.data_dir, config.host) == (6001, "elsewhere", "localhost")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("PORT=5001\n".encode("utf-16"), "line 1: not UTF-8"),
        ("PORT=5001\n".encode("utf-16-le"), "has NUL characters (UTF-16?)"),
        (b"# caf\xc3\xa9\nMETRICS_TOKEN=caf\xe9\n", "line 2: not UTF-8"),
        (b"PORT=5001\0\n", "has NUL characters"),
        (b'\n\nHOST=x\n\nPORT="5001\nDATA_DIR=dd\n', "line 5: must be NAME=value"),
        (b"PORT 5001\n", "line 1: must be NAME=value"),
        (b"this is no setting\n", "line 1: must be NAME=value"),
    ],
)
def test_env_file_that_cannot_be_read_is_one_line(
    tmp_path: Path, content: bytes, words: str
) -> None:
    """A file in another encoding or with an invalid line ends the start with one line."""
    file = tmp_path / ".env"
    file.write_bytes(content)

    with pytest.raises(ConfigError) as caught:
        load({}, file)

    assert str(caught.value).startswith(str(file))
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("make", [Path.mkdir, lambda path: path.symlink_to("/nonexistent/file")])
def test_env_file_that_is_no_file_is_one_line(
    tmp_path: Path, make: Callable[[Path], object]
) -> None:
    """A folder or a broken link in the place of `.env` is refused with one line.

    Docker makes a folder when the source of a mount is missing.
    """
    make(tmp_path / ".env")

    with pytest.raises(ConfigError, match=r"\.env: .*; it must be a file of lines NAME=value"):
        load({}, tmp_path / ".env")


def test_env_file_of_other_editors_is_read(tmp_path: Path) -> None:
    """`.env` may have a byte order mark, Windows line ends, quotes, `export` and comments."""
    file = tmp_path / ".env"
    file.write_bytes(
        b'\xef\xbb\xbfPORT=5001\r\nexport HOST="127.0.0.1" # here\r\n\r\nDATA_DIR=\r\n'
    )

    config, _ = load({}, file)

    assert (config.port, config.host, config.data_dir) == (5001, "127.0.0.1", "data")


def test_tilde_in_data_dir_is_home_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    """The server replaces a leading `~` in DATA_DIR.

    No shell does this for values in `.env` and in flags.
    """
    monkeypatch.setenv("HOME", "/home/ada")

    assert load({"DATA_DIR": "~/x"})[0].data_dir == "/home/ada/x"
    assert load({"DATA_DIR": "a/~"})[0].data_dir == "a/~"
    with pytest.raises(
        ConfigError, match="DATA_DIR ~nobody-of-that-name/x: there is no such home folder"
    ):
        load({"DATA_DIR": "~nobody-of-that-name/x"})


def test_mails_need_sender_and_public_address() -> None:
    """The links in mails must not come from a request's Host header, which anybody may choose."""
    mail = {"SMTP_URL": "smtp://mail", "MAIL_FROM": "collab@example.org"}

    with pytest.raises(ConfigError, match=r"^PUBLIC_URL must be set"):
        load(mail)
    assert load({**mail, "PUBLIC_URL": "https://example.org/"})[0].smtp_url == "smtp://mail"


def test_missing_env_file_is_accepted(tmp_path: Path) -> None:
    """A missing `.env` leaves all settings at their defaults."""
    assert load({}, tmp_path / ".env")[0] == Config()


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("PORT", "http", "PORT must be a whole number, not 'http'"),
        ("PORT", "70000", "PORT must be from 0 to 65535, not 70000"),
        ("COLLAB_IDLE_S", "soon", "COLLAB_IDLE_S must be a number, not 'soon'"),
        ("COLLAB_IDLE_S", "nan", "COLLAB_IDLE_S must be from 0.1 to 86400, not nan"),
        (
            "COLLAB_LOG_FORMAT",
            "xml",
            "COLLAB_LOG_FORMAT must be one of auto, text, json, not 'xml'",
        ),
        ("JWT_SECRET", "short", "JWT_SECRET must have at least 32 bytes"),
        ("MONGO_URI", "http://localhost", "MONGO_URI must start with mongodb:// or mongodb+srv://"),
        (
            "CORS_ORIGIN",
            "example.org",
            "CORS_ORIGIN: 'example.org' is not an origin like https://example.org",
        ),
        ("CORS_ORIGIN", "*", "CORS_ORIGIN: '*' is not an origin like https://example.org"),
        (
            "CLOUDINARY_URL",
            "https://x",
            "CLOUDINARY_URL must look like cloudinary://key:secret@cloud",
        ),
        (
            "SMTP_URL",
            "http://mail",
            "SMTP_URL must look like smtp://user:password@host:587 or "
            "smtps://user:password@host:465",
        ),
        (
            "SMTP_URL",
            "smtp://mail",
            "MAIL_FROM must be an e-mail address, the sender of mails by SMTP_URL",
        ),
        (
            "PUBLIC_URL",
            "example.org",
            "PUBLIC_URL: 'example.org' is not an origin like https://example.org",
        ),
        (
            "COLLAB_RUNNER_URL",
            "runner:2000",
            "COLLAB_RUNNER_URL must look like http://host:2000/api/v2/execute",
        ),
        ("METRICS_TOKEN", "caf\udce9", "METRICS_TOKEN must be UTF-8"),
        ("COLLAB_PONG_S", "26", "COLLAB_PONG_S must not be greater than COLLAB_PING_S"),
    ],
)
def test_invalid_value_is_one_line_with_variable_and_rule(
    variable: str, value: str, words: str
) -> None:
    """An invalid value is refused with one line that names the variable and the rule."""
    with pytest.raises(ConfigError) as caught:
        load({variable: value})

    assert str(caught.value) == words


@pytest.mark.parametrize(
    "number", [setting for setting in all_settings() if setting.is_number], ids=lambda one: one.name
)
def test_number_is_accepted_at_bounds_and_refused_beyond(number: Setting[float]) -> None:
    """Every number is accepted at its bounds and refused beyond them."""
    companion = {"COLLAB_PING_S": "3600"} if number.name == "pong_s" else {"COLLAB_PONG_S": "1"}
    for bound in (number.low, number.high):
        assert getattr(load({**companion, number.variable: f"{bound}"})[0], number.name) == bound
    for beyond in (number.low - 1, number.high + 1):
        with pytest.raises(ConfigError, match=number.variable):
            load({**companion, number.variable: f"{beyond}"})


_BY_FIELD = {one.name: one.metadata["setting"] for one in fields(Config)}
_CONSTANTS = {
    name: value
    for module in (limits, settings)
    for name, value in vars(module).items()
    if isinstance(value, Setting)
}


def test_setting_has_one_name_in_config_metrics_and_code() -> None:
    """A setting has the same name as a field of Config, in metrics and as a constant."""
    assert {name: setting.name for name, setting in _BY_FIELD.items()} == {
        name: name for name in _BY_FIELD
    }
    assert {name: setting.name.upper() for name, setting in _CONSTANTS.items()} == {
        name: name for name in _CONSTANTS
    }


def test_every_declared_setting_is_a_field_of_config() -> None:
    """Every declared setting is a field of Config.

    A setting without a field could not be configured.
    """
    missing = [name for name, setting in _CONSTANTS.items() if setting not in _BY_FIELD.values()]
    assert missing == [], "fields that Config in collab_server/config.py lacks"


def test_setting_without_value_has_type_of_its_default() -> None:
    """Each field of Config has the type of its default.

    The text of a variable is parsed as the type of the default.
    """
    assert {one.name: one.type for one in fields(Config)} == {
        setting.name: type(setting.default) for setting in all_settings()
    }


def test_origins_are_normalized() -> None:
    """Upper case and a trailing slash in an origin make no difference."""
    config, _ = load({"CORS_ORIGIN": "https://Example.org/, http://localhost:3000"})

    assert config.origins == {"https://example.org", "http://localhost:3000"}


def test_unknown_variables_cause_warning() -> None:
    """A misspelt limit causes a warning. Variables of other programs do not."""
    assert load({"COLLAB_IDEL_S": "5", "PATH": "x"})[1] == [
        "COLLAB_IDEL_S is not a setting of this server"
    ]


def test_configuration_documents_match_table() -> None:
    """docs/configuration.md and .env.example agree with the table of settings."""
    assert (ROOT / "docs" / "configuration.md").read_text() == configuration()
    assert (ROOT / ".env.example").read_text() == env_example()
    assert load({}, ROOT / ".env.example")[0] == Config()
