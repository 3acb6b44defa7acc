"""Tests that the configuration is read from the environment and `.env`, and checked."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from collab_server.config import Config, ConfigError, all_settings
from collab_server.config_loading import load
from crdt.settings import Setting


def test_config_defaults_are_port_5000_and_embedded_store() -> None:
    """A server without configuration uses port 5000 and the embedded store."""
    config, warnings = load({})

    assert (config.port, config.data_dir, config.mongo_uri, warnings) == (5000, "data", "", [])


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
def test_unreadable_env_file_is_refused_with_one_line(
    tmp_path: Path, content: bytes, words: str
) -> None:
    """A file in another encoding, or with an invalid line, is refused with one line."""
    file = tmp_path / ".env"
    file.write_bytes(content)

    with pytest.raises(ConfigError) as caught:
        load({}, file)

    assert str(caught.value).startswith(str(file))
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("make", [Path.mkdir, lambda path: path.symlink_to("/nonexistent/file")])
def test_env_file_that_is_no_file_is_refused_with_one_line(
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


@pytest.mark.parametrize(
    ("run", "others", "words"),
    [
        ("run.example.org", {}, "RUN_ORIGIN: 'run.example.org' is not an origin like"),
        ("https://run.example.org", {"PUBLIC_URL": ""}, "PUBLIC_URL must be set with RUN_ORIGIN"),
        ("https://EXAMPLE.org:443/", {}, "RUN_ORIGIN must be another host or port than PUBLIC_URL"),
        (
            "https://example.org",
            {"PUBLIC_URL": "http://example.org"},
            "RUN_ORIGIN must be another host or port than PUBLIC_URL",
        ),
        (
            "https://run.example.org",
            {"CORS_ORIGIN": "https://run.example.org"},
            "RUN_ORIGIN must not be in CORS_ORIGIN",
        ),
        ("http://run.example.org", {}, "RUN_ORIGIN must be https: like PUBLIC_URL"),
    ],
)
def test_origin_of_programs_has_no_rights(run: str, others: dict[str, str], words: str) -> None:
    """RUN_ORIGIN is refused if programs would not run there, or if it could use the API."""
    with pytest.raises(ConfigError, match=f"^{re.escape(words)}"):
        load({"PUBLIC_URL": "https://example.org", "RUN_ORIGIN": run, **others})


def test_origin_of_programs_may_be_another_port_or_host() -> None:
    for public, run in [
        ("https://example.org", "https://run.example.org/"),
        ("http://localhost:5000", "http://localhost:5001"),
        ("http://localhost:5000", "https://run.example.org"),
    ]:
        assert load({"PUBLIC_URL": public, "RUN_ORIGIN": run})[0].run_origin == run


def test_missing_env_file_is_accepted(tmp_path: Path) -> None:
    """A missing `.env` leaves all settings at their defaults."""
    assert load({}, tmp_path / ".env")[0] == Config()


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("PORT", "http", "PORT must be a whole number in digits, not 'http'"),
        ("PORT", "70000", "PORT must be from 0 to 65535, not 70000"),
        ("COLLAB_IDLE_S", "soon", "COLLAB_IDLE_S must be a number in digits, not 'soon'"),
        ("COLLAB_IDLE_S", "nan", "COLLAB_IDLE_S must be a number in digits, not 'nan'"),
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
def test_invalid_value_is_refused_with_variable_and_rule(
    variable: str, value: str, words: str
) -> None:
    """An invalid value is refused with one line that names the variable and the rule."""
    with pytest.raises(ConfigError) as caught:
        load({variable: value})

    assert str(caught.value) == words


@pytest.mark.parametrize(
    "number",
    [setting for setting in all_settings() if setting.is_number],
    ids=lambda setting: setting.name,
)
def test_number_is_accepted_at_bounds_and_refused_beyond(number: Setting[float]) -> None:
    """Every number is accepted at its bounds and refused beyond them."""
    companion = {"COLLAB_PING_S": "3600"} if number.name == "pong_s" else {"COLLAB_PONG_S": "1"}
    for bound in (number.low, number.high):
        assert getattr(load({**companion, number.variable: f"{bound}"})[0], number.name) == bound
    for beyond in (number.low - 1, number.high + 1):
        with pytest.raises(ConfigError, match=number.variable):
            load({**companion, number.variable: f"{beyond}"})


@pytest.mark.parametrize(
    "address",
    [setting for setting in all_settings() if setting.name.endswith("_url")],
    ids=lambda setting: setting.name,
)
@pytest.mark.parametrize("blank", [" ", "\t", "\n", "\u00a0"])
def test_address_with_blank_is_refused(address: Setting[str], blank: str) -> None:
    """An address that was pasted in two parts is refused at the start, and not at its first use."""
    schemes = {"cloudinary_url": "cloudinary://key:secret@", "smtp_url": "smtp://"}
    given = f"{schemes.get(address.name, 'https://')}exam{blank}ple.org"
    with pytest.raises(ConfigError, match=f"^{address.variable} must not have blanks in it$"):
        load({address.variable: given})


_OTHER_NUMBERS = (
    "1_0", "+1", "1e0", "1E0", "0x1", "0b1", "0o1", "1 0", "1,0", "1.", "--1", "-", ".", "1.0.0",
    "inf", "-infinity", "nan", "١", "１", "१", "1٠", "²", "½", "Ⅷ", "一", "1\u200b", "\ufeff1",
    "1s", "1 MiB",
)  # fmt: skip
"""Texts that Python or people may read as a number, but that other programs read differently."""
_OTHER_WHOLE_NUMBERS = (*_OTHER_NUMBERS, "1.0", ".1", "0" * 5000 + "1")


@pytest.mark.parametrize(
    "number",
    [setting for setting in all_settings() if setting.is_number],
    ids=lambda setting: setting.name,
)
def test_number_is_refused_unless_it_is_written_in_plain_digits(number: Setting[float]) -> None:
    """Every number is refused by name if it has anything but ASCII digits and one point."""
    is_whole = isinstance(number.default, int)
    words = f"{number.variable} must be a {'whole ' if is_whole else ''}number in digits, not "
    for text in _OTHER_WHOLE_NUMBERS if is_whole else _OTHER_NUMBERS:
        with pytest.raises(ConfigError) as caught:
            load({number.variable: text})
        assert str(caught.value) == words + repr(text)


def test_unknown_variables_cause_warning() -> None:
    """A misspelt limit causes a warning. Variables of other programs do not."""
    assert load({"COLLAB_IDEL_S": "5", "PATH": "x"})[1] == [
        "COLLAB_IDEL_S is not a setting of this server"
    ]
