"""Starts a server, lets it serve, and stops it."""

import asyncio
import logging
import signal
import socket
from collections.abc import Callable
from contextlib import suppress
from functools import partial

from collab_server.app import Parts, make_parts, wall_clock
from collab_server.config import Config
from collab_server.housekeeping import Housekeeping
from collab_server.opening import open_all, renew_epoch
from collab_server.starting.listening import listen, public_url
from collab_server.starting.stores import make_store
from handlers.listener import Listener
from storage.copying import PortableStore
from storage.errors import StoreError

_MAX_HEADER_BYTES = 16 << 10
_MAX_BUFFER_BYTES = 8 << 20

_log = logging.getLogger(__name__)


class Server:
    """One running server. `start` makes it, and `stop` ends it."""

    def __init__(
        self,
        parts: Parts,
        store: PortableStore,
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
        """The URL for reaching this server from this machine."""
        return public_url(self.parts.config, self.port)

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

        sockets         sockets that are bound already, see `listen`
        died_by_itself  whether the previous process ended by its own fault, see `Quarantine.note`
        free_memory     gives freed memory back to the system
        """
        sockets = sockets or listen(config)
        store = make_store(config)
        try:
            opened = await open_all(config, store, wall_clock(), died_by_itself=died_by_itself)
        except BaseException:
            for listening in sockets:
                listening.close()
            raise
        is_clean = opened.is_clean and not opened.is_restored
        parts = make_parts(config, store, opened.secret, is_clean=is_clean, crashes=opened.crashes)
        parts.services.rooms.start()
        parts.services.connections.start()
        parts.services.lag.start()
        parts.services.outbox.start()
        parts.socketio.start()
        renew = partial(renew_epoch, config, store)
        housekeeping = Housekeeping(
            parts.services, config.guest_days, renew_epoch=renew, free_memory=free_memory
        )
        housekeeping.start()
        http = _listener(config, parts)
        http.add_sockets(sockets)
        return cls(parts, store, http, sockets, housekeeping)

    def request_stop(self) -> None:
        """Ask the server to stop; a second call has no effect."""
        self._stop.set()

    def stop_when_readable(self, descriptor: int) -> None:
        """Stop as soon as the process at the other end of a pipe has ended."""
        loop = asyncio.get_running_loop()

        def gone() -> None:
            loop.remove_reader(descriptor)
            _log.error("the supervisor is gone")
            self.request_stop()

        loop.add_reader(descriptor, gone)

    def stop_on_signals(self) -> None:
        """Stop on SIGTERM or SIGINT; call it in the task that awaits `run_until_stopped`.

        Further signals do not interrupt the writing of documents, which has its own time limit.
        After the writing, one more signal raises CancelledError in that task, which ends the stop.
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
        """Stop listening, close sockets with code 1012, write everything, and close the store."""
        services, life = self.parts.services, self.parts.life
        life.is_draining = True
        _log.info("stopping: closing the connections of editors, and writing everything")
        self._http.stop()
        is_saved = False
        try:
            is_saved = await services.rooms.drain(self.parts.config.drain_s)
        finally:
            self._is_drained = True
            await services.workers.close()
            await services.connections.stop()
            services.lag.stop()
            await services.outbox.stop()
            await self.parts.socketio.stop()
            await self.housekeeping.stop()
            services.passwords.close()
            await self._http.close_all_connections()
            # If this fails, the store keeps its epoch, and the file has this epoch too.
            with suppress(OSError, StoreError):
                await renew_epoch(self.parts.config, self._store)
            await self._store.close(is_clean=is_saved)
            self.parts.crashes.close()
        if is_saved:
            _log.info("stopped, everything is written")
        else:
            _log.error(
                "stopped with edits that could not be saved; clients still have them and bring "
                "them back"
            )


def _listener(config: Config, parts: Parts) -> Listener:
    """Return the HTTP server, which does not listen yet."""
    http = Listener(
        parts.application,
        xheaders=False,
        max_header_size=_MAX_HEADER_BYTES,
        max_buffer_size=_MAX_BUFFER_BYTES,
        max_body_size=_MAX_BUFFER_BYTES,
        body_timeout=config.request_s,
        # This also limits the time in which headers must arrive.
        idle_connection_timeout=config.request_s,
    )
    http.limiter = None if config.trust_proxy else parts.services.limiters.accepts
    return http
