"""The sockets on which the server listens, and the URL at which it is reached."""

import contextlib
import errno
import os
import socket

from collab_server.config import Config
from collab_server.starting.errors import PortInUse, StartError

ALL_ADDRESSES = "*"
"""The value of HOST that stands for every address of this machine, IPv4 and IPv6."""
EVERY_ADDRESS = {
    ALL_ADDRESSES: (socket.AF_INET, socket.AF_INET6),
    "0.0.0.0": (socket.AF_INET,),
    "::": (socket.AF_INET6,),
}
"""The values of HOST that stand for all addresses of one or more address families."""

_BACKLOG = 128
_ATTEMPTS = 5
"""Attempts to find a free port. A port that is free for IPv4 may be in use for IPv6,
and then another port is tried."""


def listen(config: Config) -> list[socket.socket]:
    """Return sockets that listen on HOST and PORT; raises StartError."""
    attempts = 1 if config.port else _ATTEMPTS
    while True:
        attempts -= 1
        try:
            return _bind(config)
        except (OSError, UnicodeError) as error:
            if not attempts or not _is_in_use(error):
                raise _why_not_bound(config, error) from error


def _bind(config: Config) -> list[socket.socket]:
    """Return a socket for each address of HOST that this machine has, all with the same port."""
    host = bare_host(config)
    addresses = socket.getaddrinfo(
        None if host == ALL_ADDRESSES else host,
        config.port,
        type=socket.SOCK_STREAM,
        flags=socket.AI_PASSIVE,
    )
    bound: list[socket.socket] = []
    absent: OSError | None = None
    with contextlib.ExitStack() as opened:
        for family, address in dict.fromkeys((entry[0], entry[4]) for entry in addresses):
            port = bound[0].getsockname()[1] if bound else config.port
            try:
                listening = socket.create_server(
                    (address[0], port, *address[2:]), family=family, backlog=_BACKLOG
                )
            except OSError as error:
                if error.errno not in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT):
                    raise
                absent = error  # for example ::1 for localhost on a machine without IPv6
                continue
            opened.callback(listening.close)
            listening.setblocking(False)
            bound.append(listening)
        if absent and not bound:
            raise absent
        opened.pop_all()
    return bound


def _is_in_use(error: Exception) -> bool:
    return isinstance(error, OSError) and error.errno == errno.EADDRINUSE


def _why_not_bound(config: Config, error: Exception) -> StartError:
    if _is_in_use(error):
        other = config.port + 1 if config.port < 65_535 else config.port - 1
        return PortInUse(f"PORT {config.port} is in use; choose another, for example PORT={other}")
    if isinstance(error, UnicodeError | socket.gaierror):
        reason = getattr(error, "strerror", None) or "no name of a machine"
        return StartError(
            f"HOST {config.host}: {reason}; HOST is an address or a name, without http:// and port"
        )
    reason = os.strerror(error.errno or 0) if isinstance(error, OSError) else str(error)
    return StartError(f"PORT {config.port} on HOST {config.host}: {reason}")


def public_url(config: Config, port: int) -> str:
    """Return the URL for reaching the server from this machine."""
    host = bare_host(config)
    families = EVERY_ADDRESS.get(host)
    if families:
        host = "localhost" if socket.AF_INET in families else "::1"
    return url_at(host, port)


def bare_host(config: Config) -> str:
    """Return HOST without the brackets that an IPv6 address may have."""
    return config.host.removeprefix("[").removesuffix("]")


def url_at(host: str, port: int) -> str:
    """Return the URL of a server at a name or an address."""
    return f"http://[{host.replace('%', '%25')}]:{port}" if ":" in host else f"http://{host}:{port}"
