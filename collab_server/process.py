"""Runs one process that serves: takes listening sockets, and returns an exit code.

Not for: restarting a process, or ending one that hangs (`collab_server.supervision`).
"""

import asyncio
import gc
import logging
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field

from collab_server import __version__, logs
from collab_server.config import Config, ConfigError
from collab_server.server import Server
from collab_server.starting import stores
from collab_server.starting.errors import StartError
from collab_server.starting.listening import EVERY_ADDRESS, bare_host, url_at

try:
    import uvloop
except ImportError:  # some platforms have no uvloop
    uvloop = None  # type: ignore[assignment]

CANNOT_START = 2
"""Exit code of a process that has printed why it cannot serve."""
_CUT_SHORT = 1
_MIDDLE, _OLDEST = 1, 2
"""Generations of objects: those that survived one collection, and those that survived two. A
collection of the oldest looks at all objects."""
_ELSEWHERE = {socket.AF_INET: "192.0.2.1", socket.AF_INET6: "2001:db8::1"}
"""{address family: an address that no machine has}. RFC 5737 and RFC 3849 reserve them."""

_SWITCH_S = 0.001
"""Seconds after which a thread gives the interpreter's lock to a thread that waits for it. Python's
own value is 0.005. The event loop releases the lock at each system call. A thread that reads rows
or updates may then keep the lock for this time. An example with Python's own value: ten system
calls, each with a wait for two such threads, take 100 ms."""

_COLLECTIONS = 700, 10, 5
"""Thresholds of Python's garbage collector. The last one is half of Python's own: a collection of
all objects then comes after 35,000 new ones, and `short_collections` keeps the others out of it."""
_DUE_S = 0.003
_LONG_S = 0.002
"""Seconds of CPU time. All objects are collected after collections of the middle generation that
together took longer than the first. Objects that survive this are set aside if it took longer than
the second."""
_ASIDE_S = 600.0
_MANY_ASIDE = 200_000
"""Seconds and number of objects after which those that were set aside are collected, too. With
2,000 clients that poll, that holds the event loop for 0.3 s; with the modules alone for 40 ms, so a
small server never does it. Until then, such objects stay if they are unused and in a cycle of
references: some 20 MB at most, while fewer are set aside."""

_log = logging.getLogger(__name__)

LoopFactory = Callable[[], asyncio.AbstractEventLoop]


@dataclass(frozen=True, slots=True)
class Safeguards:
    """Objects and facts from `collab_server.supervision` for a process that serves.

    The defaults are for a process without supervision.

    watchdog        a context that is entered while the event loop runs
    parent          a descriptor that becomes readable when the supervisor ends
    is_first        whether this is the supervisor's first process
    died_by_itself  whether the previous process ended by its own fault, see `Quarantine.note`
    free_memory     gives freed memory back to the system
    on_serving      called as soon as the process serves
    """

    watchdog: AbstractContextManager[None] = field(default_factory=nullcontext)
    parent: int | None = None
    is_first: bool = True
    died_by_itself: bool = False
    free_memory: Callable[[], object] | None = None
    on_serving: Callable[[], object] = lambda: None


def loop_factory(config: Config) -> LoopFactory:
    """Return the factory of the event loop that the configuration chooses.

    `auto` chooses uvloop if it is installed, because uvloop halves the cost of a message.
    Raises ConfigError if the configuration asks for uvloop and it is not installed.
    """
    if config.event_loop == "asyncio" or (config.event_loop == "auto" and uvloop is None):
        return asyncio.new_event_loop
    if uvloop is None:
        raise ConfigError(
            "COLLAB_EVENT_LOOP is uvloop, which is not installed; use auto or asyncio"
        )
    return uvloop.new_event_loop


def serve(
    config: Config, sockets: list[socket.socket], loop_factory: LoopFactory, safeguards: Safeguards
) -> int:
    """Serve until SIGTERM or SIGINT; return the exit code."""
    sys.setswitchinterval(_SWITCH_S)
    with asyncio.Runner(loop_factory=loop_factory) as runner:
        return runner.run(_serve(config, sockets, safeguards))


async def _serve(config: Config, sockets: list[socket.socket], safeguards: Safeguards) -> int:
    with safeguards.watchdog, ExitStack() as stack:
        try:
            server = await Server.start(
                config,
                sockets,
                died_by_itself=safeguards.died_by_itself,
                free_memory=safeguards.free_memory,
            )
            # A server's parts live as long as the process, so garbage collections skip them.
            # `Server.start` does not freeze, because a program may start several servers.
            gc.freeze()
            gc.set_threshold(*_COLLECTIONS)
            stack.enter_context(short_collections(asyncio.get_running_loop()))
            if safeguards.parent is not None:
                server.stop_when_readable(safeguards.parent)
            server.stop_on_signals()
            if safeguards.is_first:
                _greet(config, server)
        except StartError as error:
            logs.complain(str(error))
            return CANNOT_START
        except Exception as error:  # any error here would also end the next start
            logs.complain(f"cannot start: {type(error).__name__}: {error}")
            _log.debug("cannot start", exc_info=True)
            return CANNOT_START
        safeguards.on_serving()
        try:
            await server.run_until_stopped()
        except asyncio.CancelledError:
            return _CUT_SHORT
    return 0


@contextmanager
def short_collections(
    loop: asyncio.AbstractEventLoop, now_s: Callable[[], float] = time.monotonic
) -> Iterator[None]:
    """Keep garbage collections short during a block, however many objects there are.

    A collection of all objects holds the event loop until it has looked at each of them. So the
    objects that survive a long one are set aside (`gc.freeze`), and the next one looks at newer
    objects only. Python counts objects, and subtracts those that were freed meanwhile. While many
    clients come and go, tens of thousands are new when it collects them. So the time of collections
    of the middle generation, whose survivors become old, decides when all objects are collected.
    """
    begun_s, all_at, before = 0.0, now_s() + _ASIDE_S, gc.get_freeze_count()
    spent_s, is_due = 0.0, False

    def collected(phase: str, info: dict[str, int]) -> None:
        nonlocal begun_s, spent_s, is_due
        generation = info["generation"]
        if generation < _MIDDLE:
            return
        if phase == "start":
            begun_s = time.thread_time()
            return
        took_s = time.thread_time() - begun_s
        spent_s = spent_s + took_s if generation == _MIDDLE else 0.0
        if spent_s > _DUE_S and not is_due:
            is_due = True
            loop.call_soon_threadsafe(collect_all)
        if generation == _OLDEST and took_s > _LONG_S:
            gc.freeze()
            loop.call_soon_threadsafe(collect_the_rest)

    def collect_all() -> None:
        nonlocal is_due
        is_due = False
        gc.collect()

    def collect_the_rest() -> None:
        # Python postpones a collection until the new objects are a quarter of those that survived
        # the last one. This collection finds few objects, so that is a small number again.
        nonlocal all_at
        if now_s() >= all_at and gc.get_freeze_count() - before >= _MANY_ASIDE:
            all_at = now_s() + _ASIDE_S
            gc.unfreeze()
        gc.collect()

    gc.callbacks.append(collected)
    try:
        yield
    finally:
        gc.callbacks.remove(collected)


def _greet(config: Config, server: Server) -> None:
    websocket = server.url.replace("http", "ws", 1)
    logs.say(f"collab-server {__version__} runs on {server.url} (data in {stores.shown(config)})")
    logs.say(
        f"Next: open {server.url} for a first session; Yjs editors connect to "
        f"{websocket}/sync/<id>."
    )
    families = EVERY_ADDRESS.get(bare_host(config), ())
    for address in filter(None, map(_own_address, families)):
        logs.say(f"Others open {url_at(address, server.port)}")
    if families and not config.trust_proxy:
        logs.complain(
            "warning: without TLS everybody in the network can read everything, even passwords; "
            "docs/proxies.md shows how to put a proxy with TLS in front"
        )


def _own_address(family: socket.AddressFamily) -> str | None:
    """Return this machine's address for other machines, None if the family has no route.

    Connecting a UDP socket sends nothing. The kernel only chooses a route and the local address
    of that route.
    """
    with socket.socket(family, socket.SOCK_DGRAM) as towards:
        try:
            towards.connect((_ELSEWHERE[family], 9))
        except OSError:
            return None
        return str(towards.getsockname()[0])
