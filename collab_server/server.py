"""Start, drain, stop."""

import asyncio
import errno
import logging
import os
import secrets
import signal
import socket
from collections.abc import Callable
from pathlib import Path

from tornado.httpserver import HTTPServer
from tornado.iostream import IOStream
from tornado.netutil import bind_sockets

from collab_server.app import Parts, make_parts, wall_clock
from collab_server.config import MIN_SECRET_BYTES, Config, ConfigError
from collab_server.crashes import Crashes
from collab_server.housekeeping import Housekeeping
from collab_server.stores import make_store, variable
from handlers.http.network import subscriber
from handlers.rates import RateLimiter
from storage.base import Store
from storage.errors import StoreUnavailable

_SECRET_NAME = "secret"  # noqa: S105 - a file name
_MAX_HEADER_BYTES = 16 << 10
_MAX_BUFFER_BYTES = 8 << 20

_log = logging.getLogger(__name__)


class StartError(Exception):
    """The server cannot start; the message says why in one line."""


class Listener(HTTPServer):
    """The HTTP server; it closes connections of an address that opens too many, before anything is read.

    A handshake costs most of a millisecond before any of its headers could be counted.

    limiter  by address; None behind proxies, which are one address for everybody
    """

    limiter: RateLimiter | None = None

    def handle_stream(self, stream: IOStream, address: tuple[str, int]) -> None:
        if self.limiter and self.limiter.wait_s(subscriber(address[0])):
            stream.close()
            return
        super().handle_stream(stream, address)


class Server:
    """One running server: `start`, `stopped`, `stop`."""

    def __init__(
        self,
        parts: Parts,
        store: Store,
        http: Listener,
        sockets: list[socket.socket],
        housekeeping: Housekeeping,
    ) -> None:
        self.parts = parts
        self.housekeeping = housekeeping
        self._store = store
        self._http = http
        self.port = int(sockets[0].getsockname()[1])
        self._stop = asyncio.Event()
        self._is_drained = False

    @property
    def url(self) -> str:
        """Where people reach this server from this machine."""
        host = self.parts.config.host
        return f"http://{'localhost' if host in ('0.0.0.0', '::', '') else host}:{self.port}"

    @classmethod
    async def start(
        cls,
        config: Config,
        sockets: list[socket.socket] | None = None,
        *,
        died_by_itself: bool = False,
        free_memory: Callable[[], object] | None = None,
    ) -> "Server":
        """Open the store and listen; raises StartError.

        sockets         bound already, see `listen`
        died_by_itself  the process before this one ended by its own fault, see `Quarantine.note`
        free_memory     gives freed memory back to the system
        """
        sockets = sockets or listen(config)
        store = make_store(config)
        try:
            is_clean, secret, crashes = await _opened(config, store, died_by_itself=died_by_itself)
        except (StoreUnavailable, OSError, ConfigError) as error:
            for listening in sockets:
                listening.close()
            await store.close(is_clean=False)
            raise StartError(f"{variable(config)}: {error}") from error
        parts = make_parts(config, store, secret, is_clean=is_clean, crashes=crashes)
        parts.services.rooms.start()
        parts.services.connections.start()
        parts.services.lag.start()
        parts.socketio.start()
        housekeeping = Housekeeping(parts.services, config.guest_days, free_memory=free_memory)
        housekeeping.start()
        http = _listener(config, parts)
        http.add_sockets(sockets)
        return cls(parts, store, http, sockets, housekeeping)

    def request_stop(self) -> None:
        """Ask the server to stop; harmless more than once."""
        self._stop.set()

    def stop_when_readable(self, descriptor: int) -> None:
        """Stop as soon as whoever has the other end of a pipe is gone."""
        loop = asyncio.get_running_loop()

        def gone() -> None:
            loop.remove_reader(descriptor)
            _log.error("the supervisor is gone")
            self.request_stop()

        loop.add_reader(descriptor, gone)

    def stop_on_signals(self) -> None:
        """Stop on SIGTERM or SIGINT; call in the task that is going to await `run_until_stopped`.

        Further signals do not cut the writing short, which has its own bound; once it is over, one
        more ends what remains (raises CancelledError there).
        """
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._signalled, asyncio.current_task())

    async def run_until_stopped(self) -> None:
        """Serve until asked to stop, then stop."""
        await self._stop.wait()
        await self.stop()

    def _signalled(self, task: "asyncio.Task[None] | None") -> None:
        if self._is_drained and task:
            task.cancel()
        self._stop.set()

    async def stop(self) -> None:
        """Stop listening, close sockets with 1012, write everything, close the store."""
        services, life = self.parts.services, self.parts.life
        life.is_draining = True
        _log.info("stopping: editors are sent away, everything is written")
        self._http.stop()
        is_saved = False
        try:
            is_saved = await services.rooms.drain(self.parts.config.drain_s)
        finally:
            self._is_drained = True
            await services.connections.stop()
            services.lag.stop()
            await self.parts.socketio.stop()
            await self.housekeeping.stop()
            services.passwords.close()
            services.pictures.close()
            await self._http.close_all_connections()
            await self._store.close(is_clean=is_saved)
            self.parts.crashes.close()
        if is_saved:
            _log.info("stopped, everything is written")
        else:
            _log.error("stopped with edits that could not be saved; clients still have them and bring them back")


async def _opened(config: Config, store: Store, *, died_by_itself: bool) -> tuple[bool, str, Crashes]:
    """Open what is in DATA_DIR and the store; return whether the run before ended cleanly, the secret, the crashes.

    Raises StoreUnavailable, OSError or ConfigError.
    """
    is_clean = await store.open()
    secret = read_secret(config)
    crashes = Crashes(Path(config.data_dir))
    try:
        crashes.look_back(wall_clock(), is_sure=died_by_itself)
    except BaseException:
        crashes.close()
        raise
    return is_clean, secret, crashes


def _listener(config: Config, parts: Parts) -> Listener:
    """Return the HTTP server, which does not listen yet."""
    http = Listener(
        parts.application,
        xheaders=False,
        max_header_size=_MAX_HEADER_BYTES,
        max_buffer_size=_MAX_BUFFER_BYTES,
        max_body_size=_MAX_BUFFER_BYTES,
        body_timeout=config.request_s,
        idle_connection_timeout=config.request_s,  # also bounds how long headers may take
    )
    http.limiter = None if config.trust_proxy else parts.services.limiters.accepts
    return http


def listen(config: Config) -> list[socket.socket]:
    """Return sockets that are bound; raises StartError."""
    try:
        return bind_sockets(config.port, config.host)
    except OSError as error:
        raise StartError(_why_not_bound(config, error)) from error


def _why_not_bound(config: Config, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"PORT {config.port} is in use; choose another, for example PORT={config.port + 1}"
    return f"PORT {config.port} on HOST {config.host}: {error.strerror or error}"


def read_secret(config: Config) -> str:
    """Return JWT_SECRET, or the one in DATA_DIR, made on the first start; raises ConfigError or OSError."""
    if config.jwt_secret:
        return config.jwt_secret
    path = Path(config.data_dir) / _SECRET_NAME
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        secret = path.read_text().strip()
        if len(secret) < MIN_SECRET_BYTES:
            raise ConfigError(f"{path} must hold at least {MIN_SECRET_BYTES} bytes; delete it for a new one") from None
        return secret
    secret = secrets.token_urlsafe(48)
    with os.fdopen(descriptor, "w") as file:
        file.write(secret + "\n")
    return secret
