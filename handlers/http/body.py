"""A request's body, taken in piece by piece within bounds, and read as strict JSON."""

import json
from collections.abc import Mapping
from typing import Any, NoReturn

from crdt.room.awareness import is_shallow
from handlers import errors
from handlers.http import large_json
from handlers.http.large_json import MAX_STRUCTURE, TooMuchStructure
from handlers.throttling.rates import Budget

_DRAINED_BYTES = 16 << 20
"""A body too large by no more than this is read and dropped: browsers show an answer only then."""
_MAX_JSON_DEPTH = 16


class Body:
    """What one request sends.

    limit   most bytes that it may have
    budget  what all requests together may hold; `payer` is who this one's bytes count for
    """

    def __init__(self, limit: int, budget: Budget) -> None:
        self.payer = ""
        self._limit = limit
        self._budget = budget
        self._data = bytearray()
        self._is_drained = False
        self._is_released = False

    def declared(self, content_length: str) -> None:
        """Note what the client says; raises ApiError 413 if that is not even worth reading to its end."""
        if content_length.isascii() and content_length.isdigit() and int(content_length) > self._limit:
            self._is_drained = int(content_length) <= self._limit + _DRAINED_BYTES
            if not self._is_drained:
                raise self._too_large()

    def add(self, chunk: bytes) -> None:
        """Take a piece; raises ApiError 413, or 503 when too much is being sent by all together."""
        if self._is_drained:
            return
        if len(self._data) + len(chunk) > self._limit:
            raise self._too_large()
        if self._is_released or not self._budget.take(self.payer, len(chunk)):
            raise errors.unavailable("Too much is being sent at once.")
        self._data += chunk

    def bytes(self) -> bytes:
        """Return all of it; raises ApiError 413 if it was too much to keep."""
        if self._is_drained:
            raise self._too_large()
        return bytes(self._data)

    def release(self) -> None:
        """Give back what it held of the budget, the first time; nothing can be added afterwards."""
        if not self._is_released:
            self._budget.give_back(self.payer, len(self._data))
            self._is_released = True

    def _too_large(self) -> errors.ApiError:
        return errors.too_large(f"The body may have at most {self._limit} bytes.")


def parse_json(body: bytes) -> Mapping[str, Any]:
    """Parse a JSON object strictly; raises ApiError 400, or 413 for what is large although it has no long texts.

    Refuses what would break something later: NaN and infinities, a key twice, half a surrogate
    pair, nesting that exhausts the stack.
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
