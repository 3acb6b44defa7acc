"""Decides who is staff of a session: the members that know its hidden tests.

No other module decides this, so that other members than the owner can become staff here.
"""

from collections.abc import Iterable

from storage.records import Member, Role


def is_staff(member: Member) -> bool:
    """Whether a member may know of hidden tests and their results."""
    return member.role is Role.OWNER


def staff_of(members: Iterable[Member]) -> frozenset[str]:
    """Return the ids of the users among these members that are staff."""
    return frozenset(member.user_id for member in members if is_staff(member))
