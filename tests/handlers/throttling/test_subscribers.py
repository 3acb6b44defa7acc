"""Tests the keys by which limits count addresses."""

import pytest

from handlers.throttling.subscribers import subscriber


@pytest.mark.parametrize(
    ("address", "counted_as"),
    [
        ("10.0.0.1", "10.0.0.1"),
        ("::1", "::/64"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::ffff:10.0.0.1", "10.0.0.1"),
        ("unix:", "unix:"),
    ],
)
def test_subscriber_of_ipv6_address_is_its_64_prefix(address: str, counted_as: str) -> None:
    """IPv6 addresses count by their /64 prefix, because one subscriber has all of it.

    IPv4 addresses count one by one, in any notation.
    """
    assert subscriber(address) == counted_as
