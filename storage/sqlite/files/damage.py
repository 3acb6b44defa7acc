"""Tells whether an error of SQLite means a damaged page, and reads the undamaged rows of a list."""

import sqlite3
from typing import Any

_PRIMARY_CODE = 0xFF
"""The bits of SQLite's extended result codes that hold the primary code."""


def is_malformed(error: Exception) -> bool:
    """Whether an error means a damaged page. Its rows cannot be read or changed."""
    return getattr(error, "sqlite_errorcode", 0) & _PRIMARY_CODE == sqlite3.SQLITE_CORRUPT


def read_or_keys(
    db: sqlite3.Connection, query: str, values: tuple[Any, ...], keys: str, row_query: str
) -> list[sqlite3.Row]:
    """Return the rows of a list, and only the key of a row that is on a malformed page.

    If the query for the whole list fails, each row is read alone.

    query, values  the query for the whole list, and its parameters
    keys           the query for the keys of all rows, with the first of `values` as its parameter.
                   It must read only an index, no page of the table. "" if the list has one row
    row_query      the query for one row, with the columns of the row's key as parameters
    """
    try:
        return db.execute(query, values).fetchall()
    except sqlite3.DatabaseError as error:
        if not is_malformed(error):
            raise
    rows = []
    for key in db.execute(keys, values[:1]).fetchall() if keys else ():
        try:
            row = db.execute(row_query, dict(key)).fetchone()
        except sqlite3.DatabaseError as error:
            if not is_malformed(error):
                raise
            row = key
        rows += [row] if row else []
    return rows
