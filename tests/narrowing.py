"""Telling the type checker what a test knows.
Not for: checks that a test is about, which are plain asserts.
"""

from typing import TypeVar

_T = TypeVar("_T")


def required(value: _T | None) -> _T:
    """Return a value that has to be there; fails if it is None."""
    assert value is not None
    return value
