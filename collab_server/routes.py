"""All routes of the server, and Tornado's application that answers them."""

import re
from typing import Any

from tornado.httputil import HTTPServerRequest
from tornado.routing import URLSpec
from tornado.web import Application, RequestHandler

from collab_server.config import Config
from collab_server.logs import log_request
from handlers.api import account, avatar, chat, invite, pages, redact, replay, session, versions
from handlers.api.logins import auth, guest, recovery
from handlers.export import export
from handlers.http import network
from handlers.monitoring import health, metrics
from handlers.running import frame, program_tests, remote, runs
from handlers.services import Services
from handlers.socketio.endpoint import SocketIOEndpoint
from handlers.socketio.transport import SocketIOHandler
from handlers.sync import handshake

_FRAME_OVERHEAD_BYTES = 64
"""Bytes that a message may have in addition to its payload: its type and lengths."""

_ABSOLUTE = re.compile(r"https?://([A-Za-z0-9._~:\[\]-]+)(?=/|$)", re.IGNORECASE)
"""Matches scheme and host. A URL with a user name does not match."""

ROUTES: tuple[tuple[str, type[RequestHandler]], ...] = (
    (r"/user/signup", auth.SignupHandler),
    (r"/user/login", auth.LoginHandler),
    (r"/user/refresh", auth.RefreshHandler),
    (r"/user/logout", auth.LogoutHandler),
    (r"/user/me", account.MeHandler),
    (r"/user/usage", account.UsageHandler),
    (r"/user/password", account.PasswordHandler),
    (r"/user/password/forgot", recovery.ForgotHandler),
    (r"/user/password/reset", recovery.ResetHandler),
    (r"/user/email", account.EmailHandler),
    (r"/user/logins", account.LoginsHandler),
    (r"/user/logins/([^/]+)", account.LoginByIdHandler),
    (r"/user/guest", guest.GuestHandler),
    (r"/user/avatar", avatar.AvatarHandler),
    (r"/user/([^/]+)/avatar", avatar.PictureHandler),
    (r"/session", session.SessionsHandler),
    (r"/session/([^/]+)", session.SessionHandler),
    (r"/session/([^/]+)/join", session.JoinHandler),
    (r"/session/([^/]+)/leave", session.LeaveHandler),
    (r"/session/([^/]+)/compact", session.CompactHandler),
    (r"/session/([^/]+)/members/([^/]+)", session.MemberHandler),
    (r"/session/([^/]+)/invites", invite.InvitesHandler),
    (r"/session/([^/]+)/invites/([^/]+)", invite.InviteHandler),
    (r"/session/([^/]+)/ticket", invite.TicketHandler),
    (r"/session/([^/]+)/runs", runs.RunsHandler),
    (r"/session/([^/]+)/runs/([0-9]+)", runs.RunHandler),
    (r"/session/([^/]+)/runs/remote", remote.RemoteRunHandler),
    (r"/session/([^/]+)/tests", program_tests.ProgramTestsHandler),
    (r"/session/([^/]+)/tests/order", program_tests.OrderHandler),
    (r"/session/([^/]+)/tests/([^/]+)", program_tests.ProgramTestHandler),
    (r"/session/([^/]+)/preview", invite.LinkPreviewHandler),
    (r"/invite/([^/]+)", invite.PreviewHandler),
    (r"/chat/send", chat.SendHandler),
    (r"/chat/([^/]+)/read", chat.ReadHandler),
    (r"/chat/([^/]+)", chat.MessagesHandler),
    (r"/code/([^/]+)/save", versions.SaveHandler),
    (r"/code/([^/]+)/latest", versions.LatestHandler),
    (r"/code/([^/]+)/files", versions.FilesHandler),
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
    (r"/features", recovery.FeaturesHandler),
    (r"/healthz", health.LiveHandler),
    (r"/readyz", health.ReadyHandler),
    (r"/metrics", metrics.MetricsHandler),
    (r"/", pages.AppHandler),
    (r"/signin", pages.AppHandler),
    (r"/signup", pages.AppHandler),
    (r"/forgot", pages.AppHandler),
    (r"/reset", pages.AppHandler),
    (r"/profile", pages.AppHandler),
    (r"/developers", pages.AppHandler),
    (r"/s/([^/]+)", pages.AppHandler),
    (r"/s/([^/]+)/versions", pages.AppHandler),
    (r"/s/([^/]+)/replay", pages.AppHandler),
    (r"/join/([^/]+)", pages.AppHandler),
    (r"/sw.js", pages.WorkerHandler),
    (r"/docs", pages.DocsHandler),
    (r"/openapi.json", pages.OpenApiHandler),
    (r"/run/", frame.FrameHandler),
    (r"/run/preview", frame.PreviewHandler),
    (r"/static/run/(.+)", frame.RunnerFileHandler),
    (r"/static/(.+)", pages.AssetHandler),
)
"""All routes. `handlers.http.api_docs.openapi` and docs/api.md describe the routes of the API."""


class _Application(Application):
    """Tornado's application, with two more rules about the host of a request.

    It also accepts requests whose target is a whole URL. Clients send such requests to proxies. And
    at the second origin for programs (RUN_ORIGIN), it has nothing but what programs need.
    """

    def find_handler(self, request: HTTPServerRequest, **options: Any) -> Any:
        """If the target is a URL, take the host from it instead of from the Host header.

        RFC 9112, section 3.2.2, requires this.
        """
        if absolute := _ABSOLUTE.match(request.path):
            request.headers["Host"] = request.host = absolute[1]
            request.path = request.path[absolute.end() :] or "/"
            request.uri = request.path + (f"?{request.query}" if request.query else "")
        delegate = super().find_handler(request, **options)
        services: Services = self.settings["default_handler_args"]["services"]
        run_origin = services.settings.run_origin
        if not run_origin or not network.is_for(request, run_origin):
            return delegate
        if issubclass(delegate.handler_class, frame.RunnerHandler):
            return delegate
        return self.get_handler_delegate(request, frame.NothingElseHandler, {"services": services})


def make_app(config: Config, services: Services, socketio: SocketIOEndpoint) -> Application:
    """Return Tornado's application with all routes."""
    given = {"services": services}
    specs = [URLSpec(pattern, handler, given) for pattern, handler in ROUTES]
    return _Application(
        specs,
        default_handler_class=pages.MissingPageHandler,
        default_handler_args=given,
        log_function=log_request,
        socketio=socketio,
        websocket_ping_interval=config.ping_s,
        websocket_ping_timeout=config.pong_s,
        websocket_max_message_size=config.max_sync_bytes + _FRAME_OVERHEAD_BYTES,
    )
