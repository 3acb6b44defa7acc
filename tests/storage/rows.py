"""Rows with a value in every field. A test gives only the fields that matter to it."""

from typing import Any

import pytest

from storage.base import Store
from storage.logins.records import Login, Ticket
from storage.program_tests.records import Kind, ProgramTest, Wanted
from storage.records import (
    Access,
    Avatar,
    Checkpoint,
    Chunk,
    Invite,
    Member,
    Message,
    Role,
    Session,
    Status,
    User,
    Version,
    VersionKind,
)
from storage.runs.records import CaseResult, Outcome, Run, RunReport

NOW = 4_000_000_000_000
"""The time of the tests, in ms.

It is so far in the future that no store deletes a row by itself as expired.
"""
HOUR = 3_600_000
DAY = 24 * HOUR

ODD_TEXTS = {
    "german": "Grüße, STRASSE und straße",
    "cjk": "日本語 한국어 中文",
    "right to left": "שלום مرحبا",
    "emoji": "👩‍👩‍👧‍👦 🏳️‍🌈 \U0001f600",
    "combining": "e\u0301 is not \u00e9",
    "line ends": "a\r\nb\rc\nd\u2028e\u2029f\u0085g",
    "invisible": "\ufeff\u200b\u202ereversed\u202c\x01\x1b\x7f",
    "outermost": "\ufffd\uffff\U0010ffff",
    "quotes": """'; DROP TABLE users; -- "`\\ %s ? :id $1""",
    "spaces": "  \t around  \n",
    "empty": "",
}
odd_text = pytest.mark.parametrize("text", ODD_TEXTS.values(), ids=ODD_TEXTS.keys())
"""A decorator that runs a test with texts that a store could damage."""

MANY = 1_000
"""A limit for tests that do not test the limit."""


def user(name: str = "ada", **fields: Any) -> User:
    """Return a user with the id u-<name>."""
    return User(
        **{
            "id": f"u-{name}",
            "username": name,
            "email": f"{name}@example.org",
            "password_hash": "$2b$04$hash",
            "full_name": name.title(),
            "avatar": None,
            "is_guest": False,
            "created_at": NOW,
            **fields,
        }
    )


def guest(name: str = "gil", **fields: Any) -> User:
    """Return a guest of s1 with the id u-<name>."""
    return user(
        name, **{"email": None, "password_hash": None, "is_guest": True, "guest_of": "s1", **fields}
    )


def avatar(name: str = "ada", data: bytes = b"\x89PNG", **fields: Any) -> Avatar:
    """Return a picture of user u-<name>."""
    return Avatar(**{"user_id": f"u-{name}", "data": data, "created_at": NOW, **fields})


def login(name: str = "ada", number: int = 1, **fields: Any) -> Login:
    """Return a login of user u-<name>, valid for an hour and renewable for ten hours."""
    return Login(
        **{
            "id": f"l-{name}-{number}",
            "user_id": f"u-{name}",
            "token_hash": "hash-0",
            "previous_hash": None,
            "generation": 0,
            "created_at": NOW,
            "rotated_at": NOW,
            "expires_at": NOW + HOUR,
            "ends_at": NOW + 10 * HOUR,
            "device": "Firefox on Linux",
            **fields,
        }
    )


def session(session_id: str = "s1", **fields: Any) -> Session:
    return Session(
        **{
            "id": session_id,
            "title": "Paper",
            "language": "python",
            "owner_id": "u-ada",
            "access": Access.LINK,
            "join_role": Role.EDITOR,
            "status": Status.OPEN,
            "main_root": "code",
            "created_at": NOW,
            "updated_at": NOW,
            **fields,
        }
    )


def member(user_id: str = "u-bob", session_id: str = "s1", **fields: Any) -> Member:
    return Member(
        **{
            "session_id": session_id,
            "user_id": user_id,
            "role": Role.EDITOR,
            "joined_at": NOW,
            **fields,
        }
    )


def invite(number: int = 1, session_id: str = "s1", **fields: Any) -> Invite:
    """Return an invite for an hour and any number of uses.

    Its secret is <session>-secret-<number>.
    """
    return Invite(
        **{
            "id": f"i-{session_id}-{number:04}",
            "session_id": session_id,
            "secret_hash": f"{session_id}-secret-{number}",
            "role": Role.EDITOR,
            "created_by": "u-ada",
            "created_at": NOW,
            "expires_at": NOW + HOUR,
            "max_uses": None,
            **fields,
        }
    )


def ticket(name: str = "ada", number: int = 1, **fields: Any) -> Ticket:
    """Return a ticket of login l-<name>-1, valid for half an hour."""
    return Ticket(
        **{
            "hash": f"ticket-{name}-{number}",
            "user_id": f"u-{name}",
            "login_id": f"l-{name}-1",
            "session_id": "s1",
            "expires_at": NOW + HOUR // 2,
            **fields,
        }
    )


def message(text: str = "hello", session_id: str = "s1", **fields: Any) -> Message:
    """Return a message before it has a number. Its id is made from its text."""
    return Message(
        **{
            "session_id": session_id,
            "sequence": 0,
            "id": f"m-{text[:20]}",
            "sender_id": "u-ada",
            "sender_name": "Ada",
            "text": text,
            "created_at": NOW,
            **fields,
        }
    )


def chunk(
    first: int, last: int, data: bytes | None = None, session_id: str = "s1", **fields: Any
) -> Chunk:
    return Chunk(
        **{
            "session_id": session_id,
            "first": first,
            "last": last,
            "data": f"{session_id} {first}-{last}".encode() if data is None else data,
            "created_at": NOW,
            **fields,
        }
    )


def checkpoint(sequence: int = 1, session_id: str = "s1", **fields: Any) -> Checkpoint:
    return Checkpoint(
        **{
            "session_id": session_id,
            "sequence": sequence,
            "state": b"state %d" % sequence,
            "owners": b"owners %d" % sequence,
            "created_at": NOW,
            **fields,
        }
    )


def version(code: str = "print(1)", session_id: str = "s1", **fields: Any) -> Version:
    """Return a version before it has a number."""
    return Version(
        **{
            "session_id": session_id,
            "number": 0,
            "sequence": 7,
            "files": {"code": code},
            "main_root": "code",
            "label": "draft",
            "kind": VersionKind.MANUAL,
            "author_id": "u-ada",
            "author_name": "Ada",
            "contributors": ("u-ada", "u-bob"),
            "created_at": NOW,
            **fields,
        }
    )


def report(stdout: str = "1\n", **fields: Any) -> RunReport:
    """Return a report with every field filled in."""
    return RunReport(
        **{
            "root": "code",
            "language": "python",
            "name": "main.py",
            "stdin": "5\n",
            "stdout": stdout,
            "stderr": "warning\n",
            "exit": 0,
            "ms": 12,
            "is_cut": True,
            "cases": (CaseResult("adds", True, "3", "3"), CaseResult("fails", False)),
            "hidden": (CaseResult("overflows", False, "0", "-1"),),
            **fields,
        }
    )


def run(stdout: str = "1\n", session_id: str = "s1", **fields: Any) -> Run:
    """Return a run before it has a number. Its id is made from its output."""
    return Run(
        **{
            "session_id": session_id,
            "number": 0,
            "id": f"r-{stdout[:20]}",
            "user_id": "u-ada",
            "user_name": "Ada",
            "sequence": 7,
            "outcome": Outcome.DONE,
            "created_at": NOW,
            "report": report(stdout),
            **fields,
        }
    )


def program_test(name: str = "adds", session_id: str = "s1", **fields: Any) -> ProgramTest:
    """Return a test of a program at the first place. Its id is made from its name."""
    return ProgramTest(
        **{
            "session_id": session_id,
            "id": f"t-{name[:20]}",
            "position": 1,
            "is_hidden": False,
            "created_at": NOW,
            "wanted": Wanted(Kind.CASE, name, "code", "1 2\n", "3\n"),
            **fields,
        }
    )


class Seed:
    """Puts rows into a store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def user(self, name: str = "ada", **fields: Any) -> User:
        """Add a user with login l-<name>-1."""
        made = user(name, **fields)
        await self._store.add_user(made, login(name, user_id=made.id))
        return made

    async def session(
        self, session_id: str = "s1", first: Chunk | None = None, **fields: Any
    ) -> Session:
        """Add a session and its owner as a member; the owner is u-ada by default."""
        made = session(session_id, **fields)
        await self._store.add_session(
            made, member(made.owner_id, session_id, role=Role.OWNER), first
        )
        return made

    async def invite(self, number: int = 1, session_id: str = "s1", **fields: Any) -> Invite:
        made = invite(number, session_id, **fields)
        await self._store.add_invite(made, 1_000)
        return made

    async def unusable_invites(self) -> None:
        """Add invites of "s1": 1 is usable, 2 is revoked, and 3 is used up.

        "s2" gets a usable invite 1 of its own.
        """
        for session_id in ("s1", "s2"):
            await self.session(session_id)
            await self.invite(1, session_id)
        await self.invite(2)
        await self.invite(3, max_uses=1)
        await self._store.revoke_invite("s1", invite(2).id)
        await self._store.use_invite("s1-secret-3", member(), 1_000)

    async def guest(
        self, name: str = "gil", secret_hash: str = "s1-secret-1", **fields: Any
    ) -> User:
        """Add a guest with login l-<name>-1, who came by an invite that must exist."""
        made = guest(name, **fields)
        await self._store.add_guest(
            made, login(name, created_at=made.created_at), secret_hash, 1_000
        )
        return made


NAMES = ("ada", "bob", "carl")
"""The users in a session that `family` makes."""


async def family(store: Store, seed: Seed, session_id: str = "s1") -> None:
    """Add a session of u-ada with the editors u-bob and u-carl."""
    if not await store.users(["u-ada"]):
        for name in NAMES:
            await seed.user(name)
    await seed.session(session_id)
    for number, name in enumerate(NAMES[1:], 1):
        await store.join(member(f"u-{name}", session_id, joined_at=NOW + number), MANY)
