"""The routes, and how the parts are put together."""

import asyncio
import secrets
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from tornado.routing import URLSpec
from tornado.web import Application, RequestHandler

from collab_server import __version__
from collab_server.config import Config
from collab_server.crashes import Crashes
from collab_server.logs import log_request
from crdt.assembly import assemble
from crdt.history.version_writer import VersionSettings
from crdt.lifecycle.environment import Environment
from crdt.limits import AwarenessLimits, RoomLimits, RoomsSettings
from crdt.settings import Setting, chosen
from handlers import ids, settings
from handlers.api import account, auth, avatar, chat, guest, invite, pages, redact, replay, session, versions
from handlers.connections import SocketLimits, Sockets
from handlers.export import export
from handlers.http import notifications
from handlers.http.base import NotFoundHandler
from handlers.limits import FailureWindow, RateLimiter
from handlers.monitoring import health, metrics
from handlers.security.passwords import Passwords
from handlers.security.pictures import Pictures
from handlers.security.tokens import Tokens
from handlers.services import Limiters, Services, WebSettings
from handlers.socketio.endpoint import SocketIOEndpoint
from handlers.socketio.transport import SocketIOHandler
from handlers.sync import frames, handshake
from storage.avatars import Avatars, CloudinaryAvatars, StoredAvatars
from storage.base import Store

_FRAME_OVERHEAD_BYTES = 64
_SLOWED_PER_S = 1 / 60
_ACCOUNT_WINDOW_S = 30 * 60
_ADDRESS_WINDOW_S = 15 * 60

ROUTES: tuple[tuple[str, type[RequestHandler]], ...] = (
    (r"/user/signup", auth.SignupHandler),
    (r"/user/login", auth.LoginHandler),
    (r"/user/refresh", auth.RefreshHandler),
    (r"/user/logout", auth.LogoutHandler),
    (r"/user/me", account.MeHandler),
    (r"/user/password", account.PasswordHandler),
    (r"/user/logins", account.LoginsHandler),
    (r"/user/logins/([^/]+)", account.OneLoginHandler),
    (r"/user/guest", guest.GuestHandler),
    (r"/user/avatar", avatar.AvatarHandler),
    (r"/user/([^/]+)/avatar", avatar.PictureHandler),
    (r"/session", session.SessionsHandler),
    (r"/session/([^/]+)", session.SessionHandler),
    (r"/session/([^/]+)/join", session.JoinHandler),
    (r"/session/([^/]+)/leave", session.LeaveHandler),
    (r"/session/([^/]+)/members/([^/]+)", session.MemberHandler),
    (r"/session/([^/]+)/invites", invite.InvitesHandler),
    (r"/session/([^/]+)/invites/([^/]+)", invite.InviteHandler),
    (r"/session/([^/]+)/ticket", invite.TicketHandler),
    (r"/invite/([^/]+)", invite.PreviewHandler),
    (r"/chat/send", chat.SendHandler),
    (r"/chat/([^/]+)/read", chat.ReadHandler),
    (r"/chat/([^/]+)", chat.MessagesHandler),
    (r"/code/([^/]+)/save", versions.SaveHandler),
    (r"/code/([^/]+)/latest", versions.LatestHandler),
    (r"/code/([^/]+)/restore", versions.RestoreHandler),
    (r"/code/([^/]+)/diff", versions.DiffHandler),
    (r"/code/([^/]+)/export", export.ExportHandler),
    (r"/code/([^/]+)/timeline", replay.TimelineHandler),
    (r"/code/([^/]+)/replay", replay.ReplayHandler),
    (r"/code/([^/]+)/blame", replay.BlameHandler),
    (r"/code/([^/]+)/redact", redact.RedactHandler),
    (r"/code/([^/]+)/at/([0-9]+)", replay.MomentHandler),
    (r"/code/([^/]+)/versions", versions.VersionsHandler),
    (r"/code/([^/]+)/versions/([0-9]+)", versions.VersionHandler),
    (r"/sync/([^/]+)", handshake.SyncHandler),
    (r"/socket.io/", SocketIOHandler),
    (r"/healthz", health.LiveHandler),
    (r"/readyz", health.ReadyHandler),
    (r"/metrics", metrics.MetricsHandler),
    (r"/", pages.AppHandler),
    (r"/signin", pages.AppHandler),
    (r"/signup", pages.AppHandler),
    (r"/profile", pages.AppHandler),
    (r"/developers", pages.AppHandler),
    (r"/s/([^/]+)", pages.AppHandler),
    (r"/s/([^/]+)/versions", pages.AppHandler),
    (r"/s/([^/]+)/replay", pages.AppHandler),
    (r"/join/([^/]+)", pages.AppHandler),
    (r"/docs", pages.DocsHandler),
    (r"/openapi.json", pages.OpenApiHandler),
    (r"/static/(.+)", pages.AssetHandler),
)
"""All routes; those of the API are described in `handlers.http.openapi` and docs/api.md."""


@dataclass
class Life:
    """What the process is doing, for readiness."""

    is_draining: bool = False


@dataclass(slots=True)
class Parts:
    """A server's parts, for whoever starts and stops them."""

    config: Config
    services: Services
    crashes: Crashes
    socketio: SocketIOEndpoint
    application: Application
    life: Life = field(default_factory=Life)


def wall_clock() -> int:
    """Milliseconds since 1970."""
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

    is_clean  what `Store.open` returned
    crashes   whom earlier processes died for
    """
    reached: Counter[str] = Counter()
    environment = Environment(
        clock=clock,
        random_below=secrets.randbelow,
        accepts_foreign=not is_clean,
        encode=frames.framed,
        mark=crashes.mark,
        quarantine=crashes.quarantine,
        reached=reached,
    )
    life = Life()
    parts = assemble(store, _room_settings(config), _version_settings(config), environment)
    services = Services(
        store=store,
        rooms=parts.rooms,
        versions=parts.versions,
        history_reader=parts.history_reader,
        redactor=parts.redactor,
        tokens=Tokens(secret, config.access_token_s, clock, secrets.token_bytes),
        passwords=Passwords(config.bcrypt_cost),
        limiters=_limiters(config, reached),
        sockets=Sockets(chosen(SocketLimits, config), reached),
        avatars=_avatars(config),
        pictures=Pictures(),
        settings=_web_settings(config),
        clock=clock,
        random_bytes=secrets.token_bytes,
        is_draining=lambda: life.is_draining,
        reached=reached,
    )
    services.message_listeners.append(notifications.of_messages(services.sockets))
    socketio = SocketIOEndpoint(services, config.max_sync_bytes)
    return Parts(config, services, crashes, socketio, make_app(config, services, socketio), life)


def make_app(config: Config, services: Services, socketio: SocketIOEndpoint) -> Application:
    """Return Tornado's application with all routes."""
    given = {"services": services}
    specs = [URLSpec(pattern, handler, given) for pattern, handler in ROUTES]
    return Application(
        specs,
        default_handler_class=NotFoundHandler,
        default_handler_args=given,
        log_function=log_request,
        socketio=socketio,
        websocket_ping_interval=config.ping_s,
        websocket_ping_timeout=config.pong_s,
        websocket_max_message_size=config.max_sync_bytes + _FRAME_OVERHEAD_BYTES,
    )


def _room_settings(config: Config) -> RoomsSettings:
    return chosen(
        RoomsSettings,
        config,
        room=chosen(RoomLimits, config, awareness=chosen(AwarenessLimits, config)),
        flush_delay_s=config.flush_ms / 1000,
        idle_ms=int(config.idle_s * 1000),
        tend_interval_s=min(1.0, config.idle_s),
    )


def _version_settings(config: Config) -> VersionSettings:
    return chosen(
        VersionSettings,
        config,
        auto_pause_ms=int(config.auto_version_pause_s * 1000),
        auto_interval_ms=int(config.auto_version_s * 1000),
    )


def _web_settings(config: Config) -> WebSettings:
    return chosen(WebSettings, config, origins=config.origins, version=__version__)


def _avatars(config: Config) -> Avatars:
    if not config.cloudinary_url:
        return StoredAvatars()
    return CloudinaryAvatars(config.cloudinary_url, config.cloudinary_s, lambda: ids.new_id(secrets.token_bytes))


def _limiters(config: Config, reached: Counter[str]) -> Limiters:
    monotonic = asyncio.get_running_loop().time

    def limiter(setting: Setting[float] | Setting[int], per_s: float, burst: float) -> RateLimiter:
        return RateLimiter(per_s, burst, monotonic, partial(reached.update, (setting.name,)))

    def every(setting: Setting[int], seconds: float) -> RateLimiter:
        limit = getattr(config, setting.name)
        return limiter(setting, limit / seconds, limit)

    def window(setting: Setting[int], window_s: float) -> FailureWindow:
        return FailureWindow(
            getattr(config, setting.name), window_s, monotonic, partial(reached.update, (setting.name,))
        )

    return Limiters(
        signed_in=every(settings.REQUESTS_PER_5MIN, 300),
        anonymous=every(settings.ANONYMOUS_PER_5MIN, 300),
        signups=every(settings.SIGNUPS_PER_H, 3600),
        guests=every(settings.GUESTS_PER_H, 3600),
        pictures=every(settings.AVATARS_PER_H, 3600),
        messages=limiter(settings.MESSAGES_PER_10S, config.messages_per_10s / 10, 2 * config.messages_per_10s),
        saves=limiter(settings.SAVES_PER_S, config.saves_per_s, max(5.0, 5 * config.saves_per_s)),
        account_failures=window(settings.ACCOUNT_FAILURES, _ACCOUNT_WINDOW_S),
        address_failures=window(settings.ADDRESS_FAILURES, _ADDRESS_WINDOW_S),
        handshakes=limiter(settings.HANDSHAKES_PER_MIN, config.handshakes_per_min / 60, config.handshakes_per_min),
        accepts=limiter(settings.ACCEPTS_PER_S, config.accepts_per_s, 10 * config.accepts_per_s),
        slowed=limiter(settings.HANDSHAKES_PER_MIN, _SLOWED_PER_S, 1),
    )
