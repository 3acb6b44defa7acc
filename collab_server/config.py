"""The configuration: one frozen dataclass out of the environment and `.env`, read here only.

Each field is one variable with default, bounds and help; the command's flags, `.env.example` and
docs/configuration.md come from the same table.
"""

import os
from collections.abc import Iterator, Mapping
from dataclasses import Field, dataclass, field, fields
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

from dotenv import dotenv_values

from handlers.http.network import normalize_origin

PREFIX = "COLLAB_"
MIN_SECRET_BYTES = 32
LEAST_MEMORY_MB = 512
"""The stacks of threads count too, and a picture takes 350 MiB while it is read."""


class ConfigError(Exception):
    """A variable is wrong; the message names it and the rule, in one line."""


def _number(variable: str, default: float, low: float, high: float, about: str) -> Any:
    return field(default=default, metadata={"variable": variable, "low": low, "high": high, "about": about})


def _text(variable: str, default: str, about: str, allowed: tuple[str, ...] = ()) -> Any:
    return field(default=default, metadata={"variable": variable, "allowed": allowed, "about": about})


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """All settings. The metadata of each field is its documentation."""

    host: str = _text("HOST", "localhost", "address to listen on; 0.0.0.0 for all")
    port: int = _number("PORT", 5000, 0, 65_535, "TCP port; 0 takes a free one")
    data_dir: str = _text("DATA_DIR", "data", "folder of the embedded store (collab.db) and of the generated secret")
    mongo_uri: str = _text("MONGO_URI", "", "where everything is stored: mongodb://… or mongodb+srv://…; unset: the embedded SQLite store")
    jwt_secret: str = _text("JWT_SECRET", "", "signs tokens, at least 32 bytes; unset: made once and kept in DATA_DIR")
    cors_origin: str = _text("CORS_ORIGIN", "", "other origins that browsers may call from, separated by commas")
    cloudinary_url: str = _text("CLOUDINARY_URL", "", "where avatars go: cloudinary://key:secret@cloud; unset: kept in the store")
    trust_proxy: int = _number("TRUST_PROXY", 0, 0, 10, "number of proxies in front whose X-Forwarded-* is believed")

    metrics_token: str = _text("METRICS_TOKEN", "", "a bearer token that /metrics asks for; unset: for this machine only")
    event_loop: str = _text("COLLAB_EVENT_LOOP", "auto", "auto: uvloop where it is installed, else asyncio", ("auto", "uvloop", "asyncio"))
    supervisor: str = _text("COLLAB_SUPERVISOR", "on", "on: a server that dies is started again at once; off: leave that to systemd or the like", ("on", "off"))
    watchdog_s: float = _number("COLLAB_WATCHDOG_S", 30, 0, 3_600, "seconds after which a server that does not come round is ended; 0: never")
    memory_mb: float = _number("COLLAB_MEMORY_MB", 0, 0, 16_777_216, "MiB that the server may allocate; 0: three quarters of what the machine or container has")
    log_format: str = _text("COLLAB_LOG_FORMAT", "auto", "auto: lines on a terminal, else JSON", ("auto", "text", "json"))
    log_level: str = _text("COLLAB_LOG_LEVEL", "info", "least severe level to log", ("debug", "info", "warning", "error"))
    drain_s: float = _number("COLLAB_DRAIN_S", 10, 0, 300, "seconds to write everything after SIGTERM")
    flush_ms: int = _number("COLLAB_FLUSH_MS", 500, 0, 1_000, "milliseconds that edits gather at most before a commit: 5 for each session being edited, at least 200")
    idle_s: float = _number("COLLAB_IDLE_S", 30, 0.1, 86_400, "seconds until a room that nobody uses is closed")
    bcrypt_cost: int = _number("COLLAB_BCRYPT_COST", 12, 4, 16, "work factor of password hashes; below 10 for tests only")
    access_token_s: int = _number("COLLAB_ACCESS_TOKEN_S", 900, 1, 86_400, "life of an access token in seconds")
    refresh_idle_s: int = _number("COLLAB_REFRESH_IDLE_S", 1_209_600, 1, 31_536_000, "a login ends after this many unused seconds")
    refresh_s: int = _number("COLLAB_REFRESH_S", 2_592_000, 1, 31_536_000, "a login ends after this many seconds in any case")
    auto_version_pause_s: float = _number("COLLAB_AUTO_VERSION_PAUSE_S", 30, 1, 86_400, "a version is made when typing pauses this long")
    auto_version_s: float = _number("COLLAB_AUTO_VERSION_S", 300, 1, 86_400, "a version is made after this many seconds of typing")

    max_update_bytes: int = _number("COLLAB_MAX_UPDATE_BYTES", 256 << 10, 1_024, 16 << 20, "one edit")
    max_sync_bytes: int = _number("COLLAB_MAX_SYNC_BYTES", 4 << 20, 1_024, 64 << 20, "what a client brings when it connects; any WebSocket message")
    max_text_bytes: int = _number("COLLAB_MAX_TEXT_BYTES", 1 << 20, 1_024, 64 << 20, "text of a document")
    max_state_bytes: int = _number("COLLAB_MAX_STATE_BYTES", 8 << 20, 65_536, 256 << 20, "stored state of a document; twice that while edits are not merged yet")
    max_queued_bytes: int = _number("COLLAB_MAX_QUEUED_BYTES", 4 << 20, 65_536, 256 << 20, "queued for a client that reads slowly, then it is closed (1013)")
    max_unsaved_room_bytes: int = _number("COLLAB_MAX_UNSAVED_ROOM_BYTES", 8 << 20, 65_536, 1 << 30, "edits of a room in memory while the store is away, then 4503")
    max_unsaved_bytes: int = _number("COLLAB_MAX_UNSAVED_BYTES", 64 << 20, 65_536, 8 << 30, "the same for all rooms together")
    updates_per_s: float = _number("COLLAB_UPDATES_PER_S", 60, 1, 1_000_000, "edits a second of one connection; above, it is slowed, then closed (1008)")
    updates_burst: float = _number("COLLAB_UPDATES_BURST", 300, 1, 10_000_000, "edits at once of one connection")
    update_bytes_per_s: float = _number("COLLAB_UPDATE_BYTES_PER_S", 512 << 10, 1_024, 1 << 30, "bytes a second of one connection")
    presence_ms: int = _number("COLLAB_PRESENCE_MS", 100, 0, 10_000, "least milliseconds between two presence states of one connection")
    presence_bytes: int = _number("COLLAB_PRESENCE_BYTES", 4_096, 256, 1 << 20, "one presence state as JSON")
    presence_depth: int = _number("COLLAB_PRESENCE_DEPTH", 8, 2, 64, "levels of a presence state")
    presence_clients: int = _number("COLLAB_PRESENCE_CLIENTS", 4, 1, 1_000, "Yjs client ids that one connection may announce")
    connections_per_user: int = _number("COLLAB_CONNECTIONS_PER_USER", 10, 1, 100_000, "connections of a user to one session")
    connections_per_address: int = _number("COLLAB_CONNECTIONS_PER_ADDRESS", 60, 1, 100_000, "connections from one address")
    connections_per_session: int = _number("COLLAB_CONNECTIONS_PER_SESSION", 100, 1, 100_000, "connections to one session")
    connections: int = _number("COLLAB_CONNECTIONS", 5_000, 1, 1_000_000, "connections in all")
    accepts_per_s: float = _number("COLLAB_ACCEPTS_PER_S", 20, 1, 1_000_000, "connections a second that an address may open, ten times as many at once; behind proxies (TRUST_PROXY) not counted")
    handshakes_per_min: float = _number("COLLAB_HANDSHAKES_PER_MIN", 30, 1, 1_000_000, "connection attempts a minute of one user")
    refusal_hold_s: float = _number("COLLAB_REFUSAL_HOLD_S", 3, 0, 60, "seconds that a refused connection or request (429) is held, so that clients do not storm back")
    sign_in_s: float = _number("COLLAB_SIGN_IN_S", 10, 0.1, 300, "seconds for a Socket.IO client to sign in")
    ping_s: float = _number("COLLAB_PING_S", 25, 1, 3_600, "seconds between WebSocket pings")
    pong_s: float = _number("COLLAB_PONG_S", 20, 1, 3_600, "seconds to answer a ping; at most COLLAB_PING_S")
    request_s: float = _number("COLLAB_REQUEST_S", 10, 1, 3_600, "seconds for a client to send a request")
    requests_per_5min: int = _number("COLLAB_REQUESTS_PER_5MIN", 900, 1, 10_000_000, "REST requests of a signed-in user in five minutes")
    anonymous_per_5min: int = _number("COLLAB_ANONYMOUS_PER_5MIN", 100, 1, 10_000_000, "REST requests of an address without sign-in in five minutes")
    signups_per_h: int = _number("COLLAB_SIGNUPS_PER_H", 20, 1, 10_000_000, "new accounts an hour from one address")
    guests_per_h: int = _number("COLLAB_GUESTS_PER_H", 200, 1, 10_000_000, "new guests an hour from one address")
    guest_days: float = _number("COLLAB_GUEST_DAYS", 30, 0.001, 3_650, "days without activity after which a guest is cleaned up")
    avatars_per_h: int = _number("COLLAB_AVATARS_PER_H", 20, 1, 10_000_000, "pictures that a user may upload an hour")
    cloudinary_s: float = _number("COLLAB_CLOUDINARY_S", 10, 0.1, 300, "seconds that Cloudinary may take for a picture")
    account_failures: int = _number("COLLAB_ACCOUNT_FAILURES", 5, 1, 1_000_000, "failed logins to one account in 30 minutes, then it waits")
    address_failures: int = _number("COLLAB_ADDRESS_FAILURES", 20, 1, 1_000_000, "failed logins from one address in 15 minutes, then it waits")
    max_json_bytes: int = _number("COLLAB_MAX_JSON_BYTES", 64 << 10, 1_024, 16 << 20, "a JSON body (those with code: 1 MiB of code)")
    messages_per_10s: float = _number("COLLAB_MESSAGES_PER_10S", 5, 1, 1_000_000, "chat messages of a user in ten seconds; twice as many at once")
    saves_per_s: float = _number("COLLAB_SAVES_PER_S", 1, 0.01, 1_000_000, "versions a second saved in one session; five at once")
    versions: int = _number("COLLAB_VERSIONS", 1_000, 2, 10_000_000, "versions of a session; the oldest automatic ones make room for others")
    auto_versions: int = _number("COLLAB_AUTO_VERSIONS", 500, 1, 10_000_000, "automatic versions that a session keeps; others are never dropped")
    members: int = _number("COLLAB_MEMBERS", 200, 1, 100_000, "members of a session")

    @property
    def origins(self) -> frozenset[str]:
        """The origins in CORS_ORIGIN, normalized."""
        return frozenset(normalize_origin(part) for part in self.cors_origin.split(",") if part.strip())


def settings() -> Iterator[tuple[Field[Any], Mapping[str, Any]]]:
    """Yield each field of Config with its metadata: variable, about, and low and high or allowed."""
    for one in fields(Config):
        yield one, one.metadata


def load(environment: Mapping[str, str] | None = None, env_file: Path | None = None) -> tuple[Config, list[str]]:
    """Return (configuration, warnings) from `.env` and the environment, the latter winning.

    Raises ConfigError for the first variable that is wrong.
    """
    given: dict[str, str] = {}
    if env_file is not None:
        given.update({name: value for name, value in dotenv_values(env_file).items() if value is not None})
    given.update(os.environ if environment is None else environment)
    values: dict[str, Any] = {}
    known = set()
    for one, meta in settings():
        known.add(meta["variable"])
        text = given.get(meta["variable"], "").strip()
        if text:
            values[one.name] = _parse(one, text)
    config = Config(**values)
    _check(config)
    unknown = sorted(name for name in given if name.startswith(PREFIX) and name not in known)
    return config, [f"{name} is not a setting of this server" for name in unknown]


def _parse(one: Field[Any], text: str) -> Any:
    meta = one.metadata
    variable = meta["variable"]
    if "low" not in meta:
        if meta["allowed"] and text not in meta["allowed"]:
            raise ConfigError(f"{variable} must be one of {', '.join(meta['allowed'])}, not {text!r}")
        return text
    kind = cast(type, one.type)
    try:
        value = kind(text)
    except ValueError:
        raise ConfigError(
            f"{variable} must be a {'whole ' if kind is int else ''}number, not {text!r}"
        ) from None
    if not meta["low"] <= value <= meta["high"]:
        raise ConfigError(f"{variable} must be from {meta['low']} to {meta['high']}, not {text}")
    return value


def _check(config: Config) -> None:
    """Rules beyond a type and bounds."""
    if config.mongo_uri and not config.mongo_uri.startswith(("mongodb://", "mongodb+srv://")):
        raise ConfigError("MONGO_URI must start with mongodb:// or mongodb+srv://")
    if config.jwt_secret and len(config.jwt_secret.encode()) < MIN_SECRET_BYTES:
        raise ConfigError(f"JWT_SECRET must have at least {MIN_SECRET_BYTES} bytes")
    if 0 < config.memory_mb < LEAST_MEMORY_MB:
        raise ConfigError(f"COLLAB_MEMORY_MB must be 0 or at least {LEAST_MEMORY_MB}")
    if 0 < config.watchdog_s < 1:
        raise ConfigError("COLLAB_WATCHDOG_S must be 0 or at least 1")
    if config.pong_s > config.ping_s:
        raise ConfigError("COLLAB_PONG_S must not be greater than COLLAB_PING_S")
    if config.cloudinary_url:
        parts = urlsplit(config.cloudinary_url)
        if parts.scheme != "cloudinary" or not (parts.username and parts.password and parts.hostname):
            raise ConfigError("CLOUDINARY_URL must look like cloudinary://key:secret@cloud")
    try:
        config.origins  # noqa: B018 - parsed for its errors
    except ValueError as error:
        raise ConfigError(f"CORS_ORIGIN: {error}") from None
