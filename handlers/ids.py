"""Makes identifiers that people can read aloud and type.

They are Crockford's base32 in lower case, without i, l, o and u.
"""

from collections.abc import Callable

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_LOOKALIKES = str.maketrans({"o": "0", "i": "1", "l": "1", "-": None, " ": None})
_ID_CHARACTERS = 16
_TIME_CHARACTERS = 10
_SECRET_CHARACTERS = 26


def new_id(random_bytes: Callable[[int], bytes]) -> str:
    """Return 80 random bits in 16 characters."""
    return _encode(int.from_bytes(random_bytes(10)), _ID_CHARACTERS)


def new_sortable_id(random_bytes: Callable[[int], bytes], now: int) -> str:
    """Return 26 characters that sort by time: the milliseconds `now`, then 80 random bits."""
    return _encode(now, _TIME_CHARACTERS) + new_id(random_bytes)


def new_secret(random_bytes: Callable[[int], bytes]) -> str:
    """Return 130 random bits in 26 characters, for invites and tickets."""
    return _encode(int.from_bytes(random_bytes(17)), _SECRET_CHARACTERS)


def normalize(text: str) -> str:
    """Return the id for a typed text, which may have capitals, dashes or look-alike characters."""
    return text.lower().translate(_LOOKALIKES)


def _encode(value: int, characters: int) -> str:
    return "".join(_ALPHABET[value >> 5 * place & 31] for place in reversed(range(characters)))
