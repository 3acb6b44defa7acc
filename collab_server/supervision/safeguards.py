"""Runs `collab-server run`: a process that serves, with the configured safeguards."""

import gc
import os
from contextlib import nullcontext
from functools import partial
from socket import socket

from collab_server.config import Config
from collab_server.process import LoopFactory, Safeguards, serve
from collab_server.supervision import allocator
from collab_server.supervision.memory import limit_memory
from collab_server.supervision.supervisor import Start, Supervisor
from collab_server.supervision.watchdog import Watchdog


def run(config: Config, sockets: list[socket], loop_factory: LoopFactory) -> int:
    """Serve on sockets that listen; return the exit code.

    With the supervisor, a child process serves. If it dies, a new child process serves. Without the
    supervisor, this process serves.
    """
    allocator.keep_little()
    if config.supervisor == "off" or not hasattr(os, "fork"):
        return _serve(config, sockets, loop_factory, Start())
    # Without this, a garbage collection would write to all objects made so far,
    # and the child would no longer share their memory with its parent.
    gc.freeze()
    return Supervisor(sockets, partial(_serve, config, sockets, loop_factory)).run()


def _serve(config: Config, sockets: list[socket], loop_factory: LoopFactory, start: Start) -> int:
    limit_memory(config.memory_mb)
    safeguards = Safeguards(
        watchdog=Watchdog(config.watchdog_s) if config.watchdog_s else nullcontext(),
        parent=start.parent,
        is_first=not start.deaths,
        died_by_itself=start.is_sure,
        free_memory=allocator.give_back,
        on_serving=start.on_serving,
    )
    return serve(config, sockets, loop_factory, safeguards)
