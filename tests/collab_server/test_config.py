"""Tests that settings have types and bounds, and are documented."""

from dataclasses import fields

from collab_server.config import Config, all_settings
from collab_server.config_loading import load
from crdt import limits
from crdt.settings import Setting
from docs.generate import ROOT, configuration, env_example
from handlers import settings
from handlers.socketio import client
from handlers.sync import rate_gate
from handlers.throttling import rates
from tests.interop.limit_rows import NO_LIMITS


def test_config_defaults_of_limits_match_table() -> None:
    """Operators rely on the defaults of limits, so no default may change by mistake.

    The table has all settings that limit clients.
    """
    kib, mib, minute, hour = 1 << 10, 1 << 20, 60, 3_600
    promised = {
        "max_update_bytes": 4 * mib, "max_sync_bytes": 4 * mib, "max_text_bytes": mib,
        "max_state_bytes": 8 * mib, "author_share_percent": 50,
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
        "members": 200, "runs": 200, "runs_per_10s": 5, "tests": 100, "tests_per_min": 60,
    }  # fmt: skip

    assert {name: getattr(Config(), name) for name in promised} == promised
    numbers = {setting.name for setting in all_settings() if setting.is_number}
    assert numbers - NO_LIMITS.keys() - promised.keys() == set()
    assert [30 * minute, hour] == [rates._LONGEST_WAIT_S, rates._FAILURES_KEPT_S]
    assert [rate_gate._MAX_OVER_S, client._OVER_S] == [10, 10]


_BY_FIELD = {field.name: field.metadata["setting"] for field in fields(Config)}
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
    assert {field.name: field.type for field in fields(Config)} == {
        setting.name: type(setting.default) for setting in all_settings()
    }


def test_origins_are_normalized() -> None:
    """Upper case and a trailing slash in an origin make no difference."""
    config, _ = load({"CORS_ORIGIN": "https://Example.org/, http://localhost:3000"})

    assert config.origins == {"https://example.org", "http://localhost:3000"}


def test_configuration_documents_match_table() -> None:
    """docs/configuration.md and .env.example agree with the table of settings."""
    assert (ROOT / "docs" / "configuration.md").read_text() == configuration()
    assert (ROOT / ".env.example").read_text() == env_example()
    assert load({}, ROOT / ".env.example")[0] == Config()
