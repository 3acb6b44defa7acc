"""The body of a request, read piece by piece within limits, and parsed as strict JSON."""

import json
from collections.abc import Mapping
from typing import Any, NoReturn

from crdt.room.awareness import is_shallow
from handlers import errors
from handlers.http import large_json
from handlers.http.large_json import MAX_STRUCTURE, TooMuchStructure
from handlers.throttling.rates import Budget

_DRAINED_BYTES = 16 << 20
"""A body over its limit by at most this many bytes is read to its end and dropped.
Browsers show the answer only if the whole body was read."""
_MAX_JSON_DEPTH = 16


class Body:
    """The body of one request.

    limit   most bytes that it may have
    budget  counts the bytes of all bodies in memory
    payer   key under which the budget counts this body's bytes
    """

    def __init__(self, limit: int, budget: Budget) -> None:
        self.payer = ""
        self._limit = limit
        self._budget = budget
        self._data = bytearray()
        self._is_drained = False
        self._is_released = False

    def declared(self, content_length: str) -> None:
        """Note the Content-Length.

        Raises ApiError 413 if the body is so large that it will not be read to its end.
        """
        if (
            content_length.isascii()
            and content_length.isdigit()
            and int(content_length) > self._limit
        ):
            self._is_drained = int(content_length) <= self._limit + _DRAINED_BYTES
            if not self._is_drained:
                raise self._too_large()

    def add(self, chunk: bytes) -> None:
        """Add a piece.

        Raises ApiError 413 if the body is too large.
        Raises ApiError 503 if all arriving bodies together would take too much memory.
        """
        if self._is_drained:
            return
        if len(self._data) + len(chunk) > self._limit:
            raise self._too_large()
        if self._is_released or not self._budget.take(self.payer, len(chunk)):
            raise errors.unavailable("Too much is being sent at the same time.")
        self._data += chunk

    def bytes(self) -> bytes:
        """Return the whole body; raises ApiError 413 if it was too large to keep."""
        if self._is_drained:
            raise self._too_large()
        return bytes(self._data)

    def release(self) -> None:
        """Give the body's bytes back to the budget, once; nothing can be added afterwards."""
        if not self._is_released:
            self._budget.give_back(self.payer, len(self._data))
            self._is_released = True

    def _too_large(self) -> errors.ApiError:
        return errors.too_large(f"The body may have at most {self._limit} bytes.")


def parse_json(body: bytes) -> Mapping[str, Any]:
    """Parse a JSON object strictly.

    Raises ApiError 400 for values that would break other code later: NaN and infinities, repeated
    keys, lone surrogates, and nesting that exhausts the stack. Raises ApiError 413 for a large body
    that does not consist of long texts.
    """
    try:
        text = body.decode()
        if len(text) > MAX_STRUCTURE:
            value = large_json.loads(text, _unique)
        else:
            value = json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant)
        json.dumps(value, ensure_ascii=False).encode()
    except TooMuchStructure as error:
        message = f"The body may have at most {MAX_STRUCTURE} characters besides long texts."
        raise errors.too_large(message) from error
    except (ValueError, RecursionError) as error:
        raise errors.ApiError(400, "bad_json", "The body is not valid JSON.") from error
    if not isinstance(value, dict):
        raise errors.ApiError(400, "bad_json", "The body must be a JSON object.")
    if not is_shallow(value, _MAX_JSON_DEPTH):
        raise errors.ApiError(400, "bad_json", "The body is nested too deep.")
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document = dict(pairs)
    if len(document) != len(pairs):
        raise ValueError("a key twice")
    return document


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)
