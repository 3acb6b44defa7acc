"""Tests which store a configuration selects, and how the store is named in messages."""

import subprocess
import sys
from pathlib import Path

import pytest

from collab_server.config import Config
from collab_server.starting import stores
from storage.sqlite.store import SqliteStore
from tests.processes import ROOT


def test_make_store_without_uri_is_sqlite(tmp_path: Path) -> None:
    """Without MONGO_URI, the store is a SQLite file in DATA_DIR."""
    config = Config(data_dir=str(tmp_path))

    assert isinstance(stores.make_store(config), SqliteStore)
    assert stores.sqlite_path(config) == tmp_path / "collab.db"
    assert (stores.variable(config), stores.shown(config)) == ("DATA_DIR", str(tmp_path))


def test_make_store_imports_mongo_driver_only_for_mongo_uri() -> None:
    """MongoDB's driver, which costs memory and time, is imported only if MONGO_URI is set."""
    program = (
        "import sys\n"
        "from collab_server.starting import stores\n"
        "from collab_server.config import Config\n"
        "stores.make_store(Config(mongo_uri=sys.argv[1]))\n"
        "print('pymongo' in sys.modules)\n"
    )

    imported = [
        subprocess.run(
            [sys.executable, "-c", program, uri],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for uri in ("", "mongodb://localhost")
    ]

    assert imported == ["False\n", "True\n"]


@pytest.mark.parametrize(
    ("uri", "shown"),
    [
        ("mongodb://ada:hidden@localhost:27017/collab?w=1", "mongodb://localhost:27017/collab"),
        ("mongodb+srv://ada:h%40idden@cluster.example.net", "mongodb+srv://cluster.example.net"),
        ("mongodb://a:1,b:2/collab", "mongodb://a:1,b:2/collab"),
        ("mongodb://[bad", "mongodb://[bad"),
        ("mongodb://ada:hid@den@localhost/collab", "mongodb://localhost/collab"),
        ("mongodb://ada:hid/den@localhost/collab", "mongodb://…"),
        ("mongodb://ada:hid?den@localhost/collab", "mongodb://…"),
        ("mongodb://localhost/collab?appName=a@b", "mongodb://…"),
    ],
)
def test_public_uri_has_no_password(uri: str, shown: str) -> None:
    """The shown address contains no user, no password and no options."""
    assert stores.public_uri(uri) == stores.shown(Config(mongo_uri=uri)) == shown
    assert stores.variable(Config(mongo_uri=uri)) == "MONGO_URI"
