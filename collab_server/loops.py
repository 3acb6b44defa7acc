"""Which event loop runs the server: uvloop halves what a message costs (facts/speed.md)."""

import asyncio
from collections.abc import Callable

from collab_server.config import Config, ConfigError

try:
    import uvloop
except ImportError:  # it does not install everywhere
    uvloop = None  # type: ignore[assignment]


def factory(config: Config) -> Callable[[], asyncio.AbstractEventLoop]:
    """Return what makes the event loop; raises ConfigError if uvloop is asked for and not installed."""
    if config.event_loop == "asyncio" or (config.event_loop == "auto" and uvloop is None):
        return asyncio.new_event_loop
    if uvloop is None:
        raise ConfigError("COLLAB_EVENT_LOOP is uvloop, which is not installed; use auto or asyncio")
    return uvloop.new_event_loop
