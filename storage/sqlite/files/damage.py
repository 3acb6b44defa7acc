"""Whether an error of SQLite means that a file is damaged, so that trying again does not help."""

import sqlite3

_PRIMARY_CODE = 0xFF
"""The bits of SQLite's extended result codes that say what kind of error it is."""


def is_malformed(error: Exception) -> bool:
    """Whether SQLite cannot use a page of the file: rows on it can be neither read nor changed."""
    return getattr(error, "sqlite_errorcode", 0) & _PRIMARY_CODE == sqlite3.SQLITE_CORRUPT
