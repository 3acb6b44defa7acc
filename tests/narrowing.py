"""Tells the type checker that a value is not None.

A test uses plain asserts for the facts that it tests.
"""

from typing import TypeVar

_T = TypeVar("_T")


def required(value: _T | None) -> _T:
    """Return a value. Raises: `AssertionError` if it is None."""
    assert value is not None
    return value
