"""Whether an error of SQLite means that a file is damaged, so that trying again does not help."""

import sqlite3

_PRIMARY_CODE = 0xFF
"""The bits of SQLite's extended result codes that say what kind of error it is."""


def is_malformed(error: Exception) -> bool:
    """Whether SQLite cannot use a page of the file: rows on it can be neither read nor changed."""
    return getattr(error, "sqlite_errorcode", 0) & _PRIMARY_CODE == sqlite3.SQLITE_CORRUPT


def is_damage(error: Exception) -> bool:
    """Whether SQLite says that what it reads is not what was written; a text that is no UTF-8 has no code."""
    if isinstance(error, sqlite3.OperationalError) and not hasattr(error, "sqlite_errorcode"):
        return str(error).startswith("Could not decode")
    return is_malformed(error)
