"""Opens the sockets, the store, the secret and the notes of crashes, before a server serves.

The command `check` uses `rehearse`, which undoes every step.
Not for: putting a server together (`collab_server.app`).
"""

import asyncio
import contextlib
import errno
import logging
import os
import secrets
import socket
from dataclasses import dataclass
from pathlib import Path

from collab_server import crashes
from collab_server.config import MIN_SECRET_BYTES, Config, ConfigError
from collab_server.crashes import Crashes
from collab_server.stores import make_store, variable
from storage.copying import PortableStore
from storage.errors import StoreUnavailable
from storage.places import try_file, try_folder

ALL_ADDRESSES = "*"
"""The value of HOST that stands for every address of this machine, IPv4 and IPv6."""
EVERY_ADDRESS = {
    ALL_ADDRESSES: (socket.AF_INET, socket.AF_INET6),
    "0.0.0.0": (socket.AF_INET,),
    "::": (socket.AF_INET6,),
}
"""The values of HOST that stand for all addresses of one or more address families."""

_SECRET_NAME = "secret"  # noqa: S105 - a file name
_MAX_SECRET_BYTES = 64 << 10
_EPOCH_NAME = "epoch"
_log = logging.getLogger(__name__)
_BACKLOG = 128
_ATTEMPTS = 5
"""Attempts to find a free port. A port that is free for IPv4 may be in use for IPv6,
and then another port is tried."""


class StartError(Exception):
    """The server cannot start; the message is one line with the reason."""


class PortInUse(StartError):
    """Another program listens on PORT."""


@dataclass(frozen=True, slots=True)
class Opened:
    """The results of opening.

    is_clean     whether the previous run ended cleanly
    is_restored  whether the store was changed since the previous run, see `begin_epoch`
    secret       the secret that signs tokens
    """

    is_clean: bool
    is_restored: bool
    secret: str
    crashes: Crashes


async def open_all(
    config: Config, store: PortableStore, now: int, *, died_by_itself: bool
) -> Opened:
    """Open the store and the files in DATA_DIR.

    If that fails, close everything and raise StartError.

    now             milliseconds since 1970
    died_by_itself  whether the previous process ended by its own fault, see `Quarantine.note`
    """
    try:
        is_clean = await store.open()
    except StoreUnavailable as error:
        await store.close(is_clean=False)
        raise StartError(_in_store(config, error)) from error
    try:
        secret = read_secret(config)
        is_restored = await begin_epoch(config, store)
        noted = Crashes(Path(config.data_dir))
        try:
            noted.look_back(now, is_sure=died_by_itself)
        except BaseException:
            noted.close()
            raise
    except (OSError, ConfigError, StoreUnavailable) as error:
        await store.close(is_clean=is_clean)
        raise StartError(_in_data_dir(config, error)) from error
    return Opened(is_clean, is_restored, secret, noted)


async def begin_epoch(config: Config, store: PortableStore) -> bool:
    """Begin a new epoch; return whether the store was changed since the previous run, and log it.

    Each start writes a new random name, the epoch, into the store and into a file in DATA_DIR. If
    the two names differ at the next start, the store was restored from a backup, or belongs to
    another DATA_DIR. A backup may have been made during the last run. So the epoch also changes
    during a run and at its end, see `renew_epoch`.

    Raises OSError or StoreUnavailable.
    """
    try:
        noted = _epoch_file(config).read_text(encoding="ascii", errors="replace").split()
    except FileNotFoundError:
        noted = []
    before = await store.note(_EPOCH_NAME)
    is_restored = bool(noted and before) and before not in noted
    if is_restored:
        _log.warning(
            "the database is not as the last run left it: a backup was restored, or DATA_DIR "
            "belongs to another "
            "database; open editors send the edits that it lacks (docs/storage.md)"
        )
    await renew_epoch(config, store)
    return is_restored


async def renew_epoch(config: Config, store: PortableStore) -> None:
    """Give the store a new epoch, so that all backups made until now have a different epoch.

    The file and the store cannot be written together. So the file first gets the new epoch, and
    keeps the old epoch too until the store has the new one. An example: the file has "B A", and
    the process dies before the store gets B. The next start finds A in the store and in the file,
    so it knows that nothing was restored.

    Raises OSError or StoreUnavailable.
    """
    path, before, epoch = _epoch_file(config), await store.note(_EPOCH_NAME), secrets.token_hex(16)
    await asyncio.to_thread(_replace, path, f"{epoch} {before}\n")
    await store.set_note(_EPOCH_NAME, epoch)
    await asyncio.to_thread(_replace, path, f"{epoch}\n")


def _epoch_file(config: Config) -> Path:
    return Path(config.data_dir) / _EPOCH_NAME


def _replace(path: Path, text: str) -> None:
    """Replace a file durably, because the store must never have a newer epoch than the file."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    new = path.with_suffix(".new")
    with new.open("w", encoding="ascii") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


async def rehearse(config: Config) -> str:
    """Try all steps of a start, and undo them.

    Returns the name of the server that has the store open, "" for none. Raises StartError with the
    message with which a start would end. It is no error here if a server has the store open and
    uses the port.
    """
    is_port_used: PortInUse | None = None
    try:
        for bound in listen(config):
            bound.close()
    except PortInUse as error:
        is_port_used = error
    try:
        holder = await make_store(config).look()
    except StoreUnavailable as error:
        raise StartError(_in_store(config, error)) from error
    try:
        await asyncio.to_thread(_try_data_dir, config)
    except (OSError, ConfigError) as error:
        raise StartError(_in_data_dir(config, error)) from error
    if is_port_used and not holder:
        raise is_port_used
    return holder


def _in_store(config: Config, error: Exception) -> str:
    return f"{variable(config)}: {error}" if config.mongo_uri else _in_data_dir(config, error)


def _in_data_dir(config: Config, error: Exception) -> str:
    return f"DATA_DIR {config.data_dir}: {error}"


def _try_data_dir(config: Config) -> None:
    folder = Path(config.data_dir)
    try_folder(folder)
    secret = folder / _SECRET_NAME
    if not config.jwt_secret:
        if os.path.lexists(secret):
            _stored_secret(secret)
        else:
            try_file(secret)
    try_file(folder / crashes.MARK_NAME)
    crashes.read_notes(folder)


def read_secret(config: Config) -> str:
    """Return JWT_SECRET, or else the secret in DATA_DIR, which the first start makes.

    Raises ConfigError or OSError.
    """
    if config.jwt_secret:
        return config.jwt_secret
    path = Path(config.data_dir) / _SECRET_NAME
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return _stored_secret(path)
    secret = secrets.token_urlsafe(48)
    with os.fdopen(descriptor, "w") as file:
        file.write(secret + "\n")
    return secret


def _stored_secret(path: Path) -> str:
    """Return the secret in a file; raises ConfigError or OSError."""
    if path.exists() and not path.is_file():
        raise ConfigError(f"{path} must be a file; delete it for a new one")
    with path.open("rb") as file:
        stored = file.read(_MAX_SECRET_BYTES)
    try:
        secret = stored.decode().strip()
    except UnicodeDecodeError:
        raise ConfigError(f"{path} must be text in UTF-8; delete it for a new one") from None
    if any(character < " " and not character.isspace() for character in secret):
        raise ConfigError(
            f"{path} must be text, without control characters; delete it for a new one"
        )
    if len(secret.encode()) < MIN_SECRET_BYTES:
        raise ConfigError(
            f"{path} must hold at least {MIN_SECRET_BYTES} bytes; delete it for a new one"
        )
    return secret


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
    return url_at(
        {ALL_ADDRESSES: "localhost", "0.0.0.0": "localhost", "::": "::1"}.get(host, host), port
    )


def bare_host(config: Config) -> str:
    """Return HOST without the brackets that an IPv6 address may have."""
    return config.host.removeprefix("[").removesuffix("]")


def url_at(host: str, port: int) -> str:
    """Return the URL of a server at a name or an address."""
    return f"http://[{host.replace('%', '%25')}]:{port}" if ":" in host else f"http://{host}:{port}"
