"""Makes the store that the configuration chooses."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

from collab_server.config import Config
from storage.copying import PortableStore
from storage.sqlite.store import SqliteStore

if TYPE_CHECKING:
    from storage.mongo.store import MongoStore

SQLITE_NAME = "collab.db"


def make_store(config: Config) -> PortableStore:
    """Return the configured store, not open yet."""
    return mongo_store(config.mongo_uri) if config.mongo_uri else SqliteStore(sqlite_path(config))


def mongo_store(uri: str) -> "MongoStore":
    """Return the MongoDB store at a URI, not open yet."""
    # Imported late: the driver takes a third of a second and 20 MB,
    # which servers on SQLite do not need.
    from storage.mongo.store import MongoStore  # noqa: PLC0415

    return MongoStore(uri)


def sqlite_path(config: Config) -> Path:
    """Return the path of the SQLite file."""
    return Path(config.data_dir).absolute() / SQLITE_NAME


def variable(config: Config) -> str:
    """Return the name of the variable that sets the place of the store."""
    return "MONGO_URI" if config.mongo_uri else "DATA_DIR"


def shown(config: Config) -> str:
    """Return the place of the store for log lines, without user and password."""
    return (
        public_uri(config.mongo_uri) if config.mongo_uri else str(Path(config.data_dir).resolve())
    )


def public_uri(uri: str) -> str:
    """Return a MongoDB URI without user, password and options; works for malformed URIs too."""
    scheme, _, rest = uri.partition("://")
    hosts = re.split("[/?#]", rest, maxsplit=1)[0]
    if "@" in rest[len(hosts) :]:
        # An `@` in an option or in an unescaped password hides where the password ends.
        return f"{scheme}://…"
    return f"{scheme}://{rest.partition('?')[0].partition('#')[0].rpartition('@')[2]}"
