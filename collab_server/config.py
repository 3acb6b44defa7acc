"""The configuration: one frozen dataclass, each field of which is one setting.

The settings of rooms and handlers are declared next to the code that uses them, all others here.
Flags, `.env.example` and docs/configuration.md list the settings in the order of the fields.

Not for reading and checking their values, which is `collab_server.config_loading`.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any

from crdt import limits
from crdt.settings import Setting, number, text
from handlers import settings
from handlers.http.network import normalize_origin

MIN_SECRET_BYTES = 32


class ConfigError(Exception):
    """A variable has a wrong value; the message names the variable and the rule in one line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """All settings."""

    host: str = text(
        "host", "localhost",
        "address or name to listen on; * is all addresses, 0.0.0.0 all of IPv4, :: all of IPv6",
        prefix="",
    ).field()
    port: int = number(
        "port", 5000, 0, 65_535, "TCP port; 0 chooses a free port", prefix=""
    ).field()
    data_dir: str = text(
        "data_dir", "data", "folder of the embedded store (collab.db) and of the generated secret; "
        "~ is the home folder", prefix="",
    ).field()
    mongo_uri: str = text(
        "mongo_uri", "",
        "where everything is stored: mongodb://… or mongodb+srv://…; unset: the embedded SQLite "
        "store", prefix="",
    ).field()
    jwt_secret: str = text(
        "jwt_secret", "",
        "the secret that signs tokens, at least 32 bytes; unset: made once and kept in DATA_DIR",
        prefix="",
    ).field()
    cors_origin: str = text(
        "cors_origin", "", "other origins that browsers may call from, separated by commas",
        prefix="",
    ).field()
    cloudinary_url: str = text(
        "cloudinary_url", "",
        "where pictures are stored: cloudinary://key:secret@cloud; unset: in the store", prefix="",
    ).field()
    smtp_url: str = text(
        "smtp_url", "", "the mail server: smtp://user:password@host:587 or smtps://…; unset: no "
        "mails", prefix=""
    ).field()
    mail_from: str = text(
        "mail_from", "", "the sender of mails: collab@example.org, or Collab <collab@example.org>",
        prefix="",
    ).field()
    public_url: str = settings.PUBLIC_URL.field()
    run_origin: str = settings.RUN_ORIGIN.field()
    trust_proxy: int = settings.TRUST_PROXY.field()
    runner_url: str = settings.RUNNER_URL.field()

    metrics_token: str = settings.METRICS_TOKEN.field()
    event_loop: str = text(
        "event_loop", "auto", "auto: uvloop if it is installed, otherwise asyncio",
        allowed=("auto", "uvloop", "asyncio"),
    ).field()
    supervisor: str = text(
        "supervisor", "on",
        "on: a server that dies is started again immediately; off: for systemd and containers",
        allowed=("on", "off"),
    ).field()
    watchdog_s: float = number(
        "watchdog_s", 30.0, 0, 3_600,
        "seconds after which a server that does not respond is ended; 0: never",
    ).field()
    memory_mb: float = number(
        "memory_mb", 0.0, 0, 16_777_216,
        "MiB that the server may allocate; 0: three quarters of the memory of machine or container",
    ).field()
    workers: int = limits.WORKERS.field()
    worker_mb: int = limits.WORKER_MB.field()
    worker_idle_s: float = limits.WORKER_IDLE_S.field()
    log_format: str = text(
        "log_format", "auto", "auto: lines on a terminal, otherwise JSON",
        allowed=("auto", "text", "json"),
    ).field()
    log_level: str = text(
        "log_level", "info", "least severe level to log",
        allowed=("debug", "info", "warning", "error"),
    ).field()
    drain_s: float = number(
        "drain_s", 10.0, 0, 300, "seconds to write everything after SIGTERM"
    ).field()
    flush_ms: int = limits.FLUSH_MS.field()
    idle_s: float = limits.IDLE_S.field()
    bcrypt_cost: int = number(
        "bcrypt_cost", 12, 4, 16, "work factor of password hashes; below 10 for tests only"
    ).field()
    access_token_s: int = number(
        "access_token_s", 900, 1, 86_400, "life of an access token in seconds"
    ).field()
    refresh_idle_s: int = settings.REFRESH_IDLE_S.field()
    refresh_s: int = settings.REFRESH_S.field()
    auto_version_pause_s: float = limits.AUTO_VERSION_PAUSE_S.field()
    auto_version_s: float = limits.AUTO_VERSION_S.field()

    max_update_bytes: int = limits.MAX_UPDATE_BYTES.field()
    max_sync_bytes: int = limits.MAX_SYNC_BYTES.field()
    max_text_bytes: int = limits.MAX_TEXT_BYTES.field()
    max_state_bytes: int = limits.MAX_STATE_BYTES.field()
    max_deleted_bytes: int = limits.MAX_DELETED_BYTES.field()
    author_share_percent: int = limits.AUTHOR_SHARE_PERCENT.field()
    max_queued_bytes: int = settings.MAX_QUEUED_BYTES.field()
    max_unsaved_room_bytes: int = limits.MAX_UNSAVED_ROOM_BYTES.field()
    max_unsaved_bytes: int = limits.MAX_UNSAVED_BYTES.field()
    updates_per_s: float = settings.UPDATES_PER_S.field()
    updates_burst: float = settings.UPDATES_BURST.field()
    update_bytes_per_s: float = settings.UPDATE_BYTES_PER_S.field()
    presence_ms: int = limits.PRESENCE_MS.field()
    presence_bytes: int = limits.PRESENCE_BYTES.field()
    presence_depth: int = limits.PRESENCE_DEPTH.field()
    presence_clients: int = limits.PRESENCE_CLIENTS.field()
    connections_per_user: int = settings.CONNECTIONS_PER_USER.field()
    connections_per_address: int = settings.CONNECTIONS_PER_ADDRESS.field()
    connections_per_session: int = settings.CONNECTIONS_PER_SESSION.field()
    connections: int = settings.CONNECTIONS.field()
    accepts_per_s: float = settings.ACCEPTS_PER_S.field()
    handshakes_per_min: float = settings.HANDSHAKES_PER_MIN.field()
    refusal_hold_s: float = settings.REFUSAL_HOLD_S.field()
    sign_in_s: float = settings.SIGN_IN_S.field()
    ping_s: float = settings.PING_S.field()
    pong_s: float = settings.PONG_S.field()
    request_s: float = settings.REQUEST_S.field()
    requests_per_5min: int = settings.REQUESTS_PER_5MIN.field()
    anonymous_per_5min: int = settings.ANONYMOUS_PER_5MIN.field()
    pages_per_5min: int = settings.PAGES_PER_5MIN.field()
    signups_per_h: int = settings.SIGNUPS_PER_H.field()
    invited_signups_per_h: int = settings.INVITED_SIGNUPS_PER_H.field()
    guests_per_h: int = settings.GUESTS_PER_H.field()
    invite_share_per_h: int = settings.INVITE_SHARE_PER_H.field()
    address_guests_per_h: int = settings.ADDRESS_GUESTS_PER_H.field()
    invite_failures: int = settings.INVITE_FAILURES.field()
    guest_days: float = number(
        "guest_days", 30.0, 0.001, 3_650, "days without activity after which a guest is deleted"
    ).field()
    sessions_per_day: int = settings.SESSIONS_PER_DAY.field()
    avatars_per_h: int = settings.AVATARS_PER_H.field()
    cloudinary_s: float = number(
        "cloudinary_s", 10.0, 0.1, 300, "seconds that Cloudinary may take for a picture"
    ).field()
    logins_per_5min: int = settings.LOGINS_PER_5MIN.field()
    account_failures: int = settings.ACCOUNT_FAILURES.field()
    stranger_failures_per_day: int = settings.STRANGER_FAILURES_PER_DAY.field()
    address_failures_per_h: int = settings.ADDRESS_FAILURES_PER_H.field()
    mails_per_h: int = settings.MAILS_PER_H.field()
    address_mails_per_h: int = settings.ADDRESS_MAILS_PER_H.field()
    max_json_bytes: int = settings.MAX_JSON_BYTES.field()
    messages_per_10s: float = settings.MESSAGES_PER_10S.field()
    saves_per_s: float = settings.SAVES_PER_S.field()
    runs_per_10s: float = settings.RUNS_PER_10S.field()
    tests_per_min: int = settings.TESTS_PER_MIN.field()
    versions: int = limits.VERSIONS.field()
    auto_versions: int = limits.AUTO_VERSIONS.field()
    runs: int = limits.RUNS.field()
    tests: int = limits.TESTS.field()
    user_bytes: int = limits.USER_BYTES.field()
    user_sessions: int = limits.USER_SESSIONS.field()
    members: int = settings.MEMBERS.field()

    @property
    def origins(self) -> frozenset[str]:
        """The normalized origins in CORS_ORIGIN."""
        return frozenset(
            normalize_origin(part) for part in self.cors_origin.split(",") if part.strip()
        )


def all_settings() -> Iterator[Setting[Any]]:
    """Yield each setting, in the order of the documentation."""
    for field in fields(Config):
        yield field.metadata["setting"]
