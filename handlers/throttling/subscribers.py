"""Which addresses of the network limits count as one."""

import ipaddress

_SUBSCRIBER_BITS = 64


def subscriber(address: str) -> str:
    """Return what limits count as one address: of IPv6 the /64, all of which one subscriber has."""
    if ":" not in address:
        return address
    try:
        parsed = ipaddress.IPv6Address(address.partition("%")[0])
    except ValueError:
        return address
    if parsed.ipv4_mapped:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.IPv6Network((parsed, _SUBSCRIBER_BITS), strict=False))
