"""Opens the store, the secret and the notes of crashes, before a server serves.

The command `check` uses `rehearse`, which undoes every step.
Not for: putting a server together (`collab_server.app`).
"""

import asyncio
import logging
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from collab_server import crashes
from collab_server.config import Config, ConfigError
from collab_server.crashes import Crashes
from collab_server.starting.errors import PortInUse, StartError
from collab_server.starting.listening import listen
from collab_server.starting.secret import read_secret, try_secret
from collab_server.starting.stores import make_store, variable
from storage.copying import PortableStore
from storage.errors import StoreUnavailable
from storage.places import try_file, try_folder

_EPOCH_NAME = "epoch"
_log = logging.getLogger(__name__)


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
    another DATA_DIR. A backup that was made during a run has the epoch of that run. If this epoch
    stayed, a restore of the backup would not be noticed. So the epoch also changes during a run
    and at its end, see `renew_epoch`.

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
            "belongs to another database; open editors send the edits that the server's database "
            "lacks (docs/storage.md)"
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

    Returns the name of the server that has the store open, "" for none. Raises StartError if a step
    fails, with the message that a start would print. It is no error here if a server has the store
    open and uses the port.
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
    try_secret(config)
    try_file(folder / crashes.MARK_NAME)
    crashes.read_notes(folder)
