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
from collab_server.logs import log_request
from collab_server.supervision.crashes import Crashes
from crdt.history.reader import Past
from crdt.history.redactor import Redactor
from crdt.history.versions import History, HistorySettings
from crdt.lifecycle.rooms import Rooms
from crdt.limits import AwarenessLimits, RoomLimits, RoomsSettings
from handlers import ids
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
    rooms = Rooms(
        store,
        _room_settings(config),
        clock=clock,
        random_below=secrets.randbelow,
        accepts_carried=not is_clean,
        encode=frames.framed,
        mark=crashes.mark,
        quarantine=crashes.quarantine,
        reached=reached,
    )
    history_settings = HistorySettings(
        auto_pause_ms=int(config.auto_version_pause_s * 1000),
        auto_interval_ms=int(config.auto_version_s * 1000),
        versions=config.versions,
        auto_versions=config.auto_versions,
    )
    life = Life()
    past = Past(store, rooms)
    services = Services(
        store=store,
        rooms=rooms,
        history=History(store, rooms, history_settings),
        past=past,
        redactor=Redactor(store, rooms, past),
        tokens=Tokens(secret, config.access_token_s, clock, secrets.token_bytes),
        passwords=Passwords(config.bcrypt_cost),
        limiters=_limiters(config, reached),
        sockets=Sockets(_socket_limits(config), reached),
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
    return RoomsSettings(
        room=RoomLimits(
            update_bytes=config.max_update_bytes,
            sync_bytes=config.max_sync_bytes,
            text_bytes=config.max_text_bytes,
            state_bytes=config.max_state_bytes,
            unsaved_bytes=config.max_unsaved_room_bytes,
            presence_interval_ms=config.presence_ms,
            awareness=AwarenessLimits(config.presence_bytes, config.presence_depth, config.presence_clients),
        ),
        flush_delay_s=config.flush_ms / 1000,
        unsaved_bytes=config.max_unsaved_bytes,
        idle_ms=int(config.idle_s * 1000),
        tend_interval_s=min(1.0, config.idle_s),
    )


def _limiters(config: Config, reached: Counter[str]) -> Limiters:
    monotonic = asyncio.get_running_loop().time

    def limiter(name: str, per_s: float, burst: float) -> RateLimiter:
        return RateLimiter(per_s, burst, monotonic, partial(reached.update, (name,)))

    def window(name: str, limit: int, window_s: float) -> FailureWindow:
        return FailureWindow(limit, window_s, monotonic, partial(reached.update, (name,)))

    return Limiters(
        signed_in=limiter("requests_per_5min", config.requests_per_5min / 300, config.requests_per_5min),
        anonymous=limiter("anonymous_per_5min", config.anonymous_per_5min / 300, config.anonymous_per_5min),
        signups=limiter("signups_per_h", config.signups_per_h / 3600, config.signups_per_h),
        guests=limiter("guests_per_h", config.guests_per_h / 3600, config.guests_per_h),
        pictures=limiter("avatars_per_h", config.avatars_per_h / 3600, config.avatars_per_h),
        messages=limiter("messages_per_10s", config.messages_per_10s / 10, 2 * config.messages_per_10s),
        saves=limiter("saves_per_s", config.saves_per_s, max(5.0, 5 * config.saves_per_s)),
        account_failures=window("account_failures", config.account_failures, _ACCOUNT_WINDOW_S),
        address_failures=window("address_failures", config.address_failures, _ADDRESS_WINDOW_S),
        handshakes=limiter("handshakes_per_min", config.handshakes_per_min / 60, config.handshakes_per_min),
        accepts=limiter("accepts_per_s", config.accepts_per_s, 10 * config.accepts_per_s),
        slowed=limiter("handshakes_per_min", _SLOWED_PER_S, 1),
    )


def _avatars(config: Config) -> Avatars:
    if not config.cloudinary_url:
        return StoredAvatars()
    return CloudinaryAvatars(config.cloudinary_url, config.cloudinary_s, lambda: ids.new_id(secrets.token_bytes))


def _socket_limits(config: Config) -> SocketLimits:
    return SocketLimits(
        updates_per_s=config.updates_per_s,
        updates_burst=config.updates_burst,
        bytes_per_s=config.update_bytes_per_s,
        sync_bytes=config.max_sync_bytes,
        queued_bytes=config.max_queued_bytes,
        per_user=config.connections_per_user,
        per_address=config.connections_per_address,
        per_session=config.connections_per_session,
        in_all=config.connections,
        refusal_hold_s=config.refusal_hold_s,
        sign_in_s=config.sign_in_s,
        ping_s=config.ping_s,
        pong_s=config.pong_s,
    )


def _web_settings(config: Config) -> WebSettings:
    return WebSettings(
        origins=config.origins,
        trusted_hops=config.trust_proxy,
        json_bytes=config.max_json_bytes,
        request_s=config.request_s,
        members=config.members,
        refresh_idle_s=config.refresh_idle_s,
        refresh_s=config.refresh_s,
        metrics_token=config.metrics_token,
        version=__version__,
    )
