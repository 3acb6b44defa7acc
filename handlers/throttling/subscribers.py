"""Maps a network address to the key under which limits count its subscriber."""

import ipaddress

_SUBSCRIBER_BITS = 64


def subscriber(address: str) -> str:
    """Return the key of an address for limits.

    For IPv6, the key is the /64 network, because one subscriber has all addresses in it.
    """
    if ":" not in address:
        return address
    try:
        parsed = ipaddress.IPv6Address(address.partition("%")[0])
    except ValueError:
        return address
    if parsed.ipv4_mapped:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.IPv6Network((parsed, _SUBSCRIBER_BITS), strict=False))
