"""Builds the parts of a server from a configuration and an open store."""

import asyncio
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from tornado.web import Application

from collab_server import __version__
from collab_server.config import Config
from collab_server.crashes import Crashes
from collab_server.routes import make_app
from crdt.assembly import Assembly, assemble
from crdt.history.version_writer import VersionSettings
from crdt.lifecycle.environment import Environment
from crdt.limits import AwarenessLimits, LimitCounters, RoomLimits, RoomsSettings
from crdt.settings import Setting, chosen
from crdt.workers import Workers, WorkersSettings
from handlers import ids, settings
from handlers.connections import Connections, SocketLimits
from handlers.http import notifications
from handlers.http.network import normalize_origin
from handlers.mail.outbox import Outbox
from handlers.mail.smtp import MailServer
from handlers.runner.piston import Runner
from handlers.security.known_devices import KnownDevices
from handlers.security.password_tries import PasswordTries
from handlers.security.passwords import Passwords
from handlers.security.pictures import Pictures
from handlers.security.refreshing import Refresher
from handlers.security.tokens import Tokens
from handlers.services import Limiters, Services, WebSettings
from handlers.socketio.endpoint import SocketIOEndpoint
from handlers.sync import frames
from handlers.throttling.rates import Backoff, RateLimiter, Recent
from storage.avatars import Avatars, CloudinaryAvatars, StoredAvatars
from storage.base import Store

_SLOWED_PER_S = 1 / 60
_HOUR_S = 3_600
_DAY_S = 24 * _HOUR_S
_INVITED_S = _HOUR_S
_KNOWN_PLACE_S = 30 * _DAY_S
_ACCEPTS_BURST_S = 30
"""Seconds: an address may open together as many connections as its rate allows in this time. That
is enough for 240 browsers with six connections each."""


@dataclass
class Life:
    """The state of the process, for readiness probes."""

    is_draining: bool = False


@dataclass(slots=True)
class Parts:
    """The parts of a server, for the code that starts and stops them."""

    config: Config
    services: Services
    crashes: Crashes
    socketio: SocketIOEndpoint
    application: Application
    life: Life = field(default_factory=Life)


def wall_clock() -> int:
    """Return the time in milliseconds since 1970."""
    return time.time_ns() // 1_000_000


def make_parts(
    config: Config,
    store: Store,
    secret: str,
    *,
    is_clean: bool,
    crashes: Crashes,
    clock: Callable[[], int] = wall_clock,
) -> Parts:
    """Build the server on an open store; call inside the event loop.

    is_clean  whether the previous run wrote everything, and the store is unchanged since then
    crashes   the sessions and users that earlier processes worked for when they died
    """
    life = Life()
    limit_counters = LimitCounters()
    connections = Connections(chosen(SocketLimits, config), limit_counters)
    environment = Environment(
        clock=clock,
        random_below=secrets.randbelow,
        fill_changed=notifications.of_fill(connections.tell),
        accepts_foreign=not is_clean,
        encode=frames.framed,
        mark=crashes.mark,
        quarantine=crashes.quarantine,
        limit_counters=limit_counters,
        workers=Workers(chosen(WorkersSettings, config)),
        cpu_s=time.thread_time,
    )
    assembly = assemble(store, _room_settings(config), _version_settings(config), environment)
    services = _services(config, store, secret, environment, assembly, connections, life)
    socketio = SocketIOEndpoint(services, config.max_sync_bytes)
    return Parts(config, services, crashes, socketio, make_app(config, services, socketio), life)


def _services(
    config: Config,
    store: Store,
    secret: str,
    environment: Environment,
    assembly: Assembly,
    connections: Connections,
    life: Life,
) -> Services:
    clock, limit_counters = environment.clock, environment.limit_counters
    web_settings = _web_settings(config)
    tokens = Tokens(secret, config.access_token_s, clock, secrets.token_bytes)
    return Services(
        store=store,
        rooms=assembly.rooms,
        versions=assembly.versions,
        history_reader=assembly.history_reader,
        redactor=assembly.redactor,
        runs=assembly.runs,
        program_tests=assembly.program_tests,
        text_changes=assembly.text_changes,
        tokens=tokens,
        refresher=_refresher(store, tokens, web_settings),
        passwords=Passwords(config.bcrypt_cost),
        password_tries=_password_tries(Rates(config, limit_counters)),
        known_devices=KnownDevices(secret, secrets.token_bytes),
        limiters=_limiters(config, Rates(config, limit_counters)),
        connections=connections,
        avatars=_avatars(config),
        pictures=Pictures(environment.workers),
        outbox=Outbox(mail_server(config)),
        runner=Runner(config.runner_url, clock) if config.runner_url else None,
        settings=web_settings,
        clock=clock,
        random_bytes=secrets.token_bytes,
        is_draining=lambda: life.is_draining,
        message_listeners=[notifications.of_messages(connections.tell)],
        limit_counters=limit_counters,
        workers=environment.workers,
    )


def _room_settings(config: Config) -> RoomsSettings:
    return chosen(
        RoomsSettings,
        config,
        room=chosen(RoomLimits, config, awareness=chosen(AwarenessLimits, config)),
        flush_delay_s=config.flush_ms / 1000,
        idle_ms=int(config.idle_s * 1000),
        maintenance_interval_s=min(1.0, config.idle_s),
    )


def _version_settings(config: Config) -> VersionSettings:
    return chosen(
        VersionSettings,
        config,
        auto_pause_ms=int(config.auto_version_pause_s * 1000),
        auto_interval_ms=int(config.auto_version_s * 1000),
    )


def _web_settings(config: Config) -> WebSettings:
    return chosen(
        WebSettings,
        config,
        origins=config.origins,
        public_url=normalize_origin(config.public_url) if config.public_url else "",
        run_origin=normalize_origin(config.run_origin) if config.run_origin else "",
        version=__version__,
    )


def _refresher(store: Store, tokens: Tokens, settings: WebSettings) -> Refresher:
    return Refresher(store, tokens, settings.retry_window_s * 1000, settings.refresh_idle_s * 1000)


def mail_server(config: Config) -> MailServer | None:
    """Return the mail server of SMTP_URL, None without one."""
    return MailServer.at(config.smtp_url, config.mail_from) if config.smtp_url else None


def _avatars(config: Config) -> Avatars:
    if not config.cloudinary_url:
        return StoredAvatars()
    return CloudinaryAvatars(
        config.cloudinary_url, config.cloudinary_s, lambda: ids.new_id(secrets.token_bytes)
    )


class Rates:
    """Makes rate limiters with the configured numbers.

    Each limiter counts its refusals under the name of its setting.
    """

    def __init__(self, config: Config, limit_counters: LimitCounters) -> None:
        """Call inside the event loop."""
        self._config = config
        self._limit_counters = limit_counters
        self.monotonic = asyncio.get_running_loop().time

    def limiter(
        self, setting: Setting[float] | Setting[int], per_s: float, burst: float
    ) -> RateLimiter:
        """Return a limiter of `per_s` tokens a second, with `burst` at the beginning."""
        return RateLimiter(
            per_s, burst, self.monotonic, partial(self._limit_counters.count, setting)
        )

    def every(self, setting: Setting[int], seconds: float) -> RateLimiter:
        """Return a limiter that allows as many requests in `seconds` as a setting says.

        The requests may come without pauses between them.
        """
        limit = getattr(self._config, setting.name)
        return self.limiter(setting, limit / seconds, limit)

    def backoff(self, setting: Setting[int]) -> Backoff:
        """Return a Backoff: waits that grow with failures.

        A setting says how many failures cause no wait.
        """
        free = getattr(self._config, setting.name)
        return Backoff(free, self.monotonic, partial(self._limit_counters.count, setting))

    def recent(self, kept_s: float) -> Recent:
        """Return a memory of keys, each of which is kept for `kept_s` seconds."""
        return Recent(kept_s, self.monotonic)


def _password_tries(rates: Rates) -> PasswordTries:
    return PasswordTries(
        places=rates.backoff(settings.ACCOUNT_FAILURES),
        tries=rates.every(settings.LOGINS_PER_5MIN, 300),
        accounts=rates.every(settings.STRANGER_FAILURES_PER_DAY, _DAY_S),
        addresses=rates.every(settings.ADDRESS_FAILURES_PER_H, _HOUR_S),
        known_places=rates.recent(_KNOWN_PLACE_S),
    )


def _limiters(config: Config, rates: Rates) -> Limiters:
    return Limiters(
        signed_in=rates.every(settings.REQUESTS_PER_5MIN, 300),
        anonymous=rates.every(settings.ANONYMOUS_PER_5MIN, 300),
        pages=rates.every(settings.PAGES_PER_5MIN, 300),
        signups=rates.every(settings.SIGNUPS_PER_H, _HOUR_S),
        invited_signups=rates.every(settings.INVITED_SIGNUPS_PER_H, _HOUR_S),
        guests=rates.every(settings.GUESTS_PER_H, _HOUR_S),
        invite_shares=rates.every(settings.INVITE_SHARE_PER_H, _HOUR_S),
        address_guests=rates.every(settings.ADDRESS_GUESTS_PER_H, _HOUR_S),
        wrong_invites=rates.every(settings.INVITE_FAILURES, 900),
        invited=rates.recent(_INVITED_S),
        new_sessions=rates.every(settings.SESSIONS_PER_DAY, _DAY_S),
        mails=rates.every(settings.MAILS_PER_H, _HOUR_S),
        address_mails=rates.every(settings.ADDRESS_MAILS_PER_H, _HOUR_S),
        pictures=rates.every(settings.AVATARS_PER_H, _HOUR_S),
        messages=rates.limiter(
            settings.MESSAGES_PER_10S, config.messages_per_10s / 10, 2 * config.messages_per_10s
        ),
        saves=rates.limiter(
            settings.SAVES_PER_S, config.saves_per_s, max(5.0, 5 * config.saves_per_s)
        ),
        runs=rates.limiter(
            settings.RUNS_PER_10S, config.runs_per_10s / 10, max(3.0, config.runs_per_10s * 0.6)
        ),
        tests=rates.every(settings.TESTS_PER_MIN, 60),
        handshakes=rates.limiter(
            settings.HANDSHAKES_PER_MIN, config.handshakes_per_min / 60, config.handshakes_per_min
        ),
        accepts=rates.limiter(
            settings.ACCEPTS_PER_S, config.accepts_per_s, _ACCEPTS_BURST_S * config.accepts_per_s
        ),
        slowed=rates.limiter(settings.HANDSHAKES_PER_MIN, _SLOWED_PER_S, 1),
    )
