"""Ids of structs, packed into one integer: cheaper to keep in sets and to compare than a pair."""

MAX_CLOCK = (1 << 31) - 2
"""The largest clock of a struct: yrs' 32-bit arithmetic overflows beyond it."""

NO_ID = -1
"""Instead of a packed id: there is no such struct."""

CLOCK_BITS = 31
"""Bits of a clock in a packed id."""

CLOCK_MASK = (1 << CLOCK_BITS) - 1


def pack_id(client: int, clock: int) -> int:
    """Return the packed id of a struct: the client id in front, the clock in the low 31 bits."""
    return client << CLOCK_BITS | clock


def client_of(packed: int) -> int:
    """Return the client id in a packed id."""
    return packed >> CLOCK_BITS


def clock_of(packed: int) -> int:
    """Return the clock in a packed id."""
    return packed & CLOCK_MASK
