"""What an error of SQLite means for rows: whether their page is damaged,
and what can still be read.
"""

import sqlite3
from typing import Any

_PRIMARY_CODE = 0xFF
"""The bits of SQLite's extended result codes that say what kind of error it is."""


def is_malformed(error: Exception) -> bool:
    """Whether SQLite cannot use a page of the file: rows on it can be neither read nor changed."""
    return getattr(error, "sqlite_errorcode", 0) & _PRIMARY_CODE == sqlite3.SQLITE_CORRUPT


def read_or_keys(
    db: sqlite3.Connection, query: str, values: tuple[Any, ...], keys: str, one: str
) -> list[sqlite3.Row]:
    """Return the rows of a list.

    If one is on a malformed page, read each alone, and return its key if that fails too.

    query, values  of the list
    keys           query of the keys of all rows, with the first of `values`. It must need an index
                   only, no page of the table. "" if the list has one row
    one            query of one row, with the columns of its key as parameters
    """
    try:
        return db.execute(query, values).fetchall()
    except sqlite3.DatabaseError as error:
        if not is_malformed(error):
            raise
    rows = []
    for key in db.execute(keys, values[:1]).fetchall() if keys else ():
        try:
            row = db.execute(one, dict(key)).fetchone()
        except sqlite3.DatabaseError as error:
            if not is_malformed(error):
                raise
            row = key
        rows += [row] if row else []
    return rows
