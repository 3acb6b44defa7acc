"""The contract of `storage.base.Store`, run on every store; knows nothing of how one stores.

Invites are in `test_invites.py`, guests and tickets in `test_guests.py`, the end of accounts in
`test_people.py`, who owns and who has read what in `test_owners.py`.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import pytest

from storage.base import Store
from storage.errors import Conflict, LimitReached, LogConflict, NotFound, OwnerStays, StoreError, TokenReused
from storage.records import Access, Login, Member, Role, Session, SessionChanges, SessionListing, Status, VersionKind
from tests.storage.conftest import Connect
from tests.storage.rows import (
    HOUR,
    NOW,
    ODD_TEXTS,
    Seed,
    checkpoint,
    chunk,
    login,
    member,
    message,
    session,
    user,
    version,
)

RETRY_MS = 30_000
MANY = 1_000

odd_text = pytest.mark.parametrize("text", ODD_TEXTS.values(), ids=ODD_TEXTS.keys())


class TestOpening:
    async def test_a_new_store_counts_as_cleanly_closed(self, connect: Connect) -> None:
        """The first run has nothing to recover."""
        store = connect()

        is_clean = await store.open()

        await store.close(is_clean=True)
        assert is_clean is True

    async def test_after_a_clean_close(self, connect: Connect) -> None:
        """Opening says that the run before wrote everything."""
        first, second = connect(), connect()
        await first.open()
        await first.close(is_clean=True)

        is_clean = await second.open()

        await second.close(is_clean=True)
        assert is_clean is True

    async def test_after_an_unclean_close(self, connect: Connect) -> None:
        """Opening says that the run before may have lost what it had in memory."""
        first, second = connect(), connect()
        await first.open()
        await first.close(is_clean=False)

        is_clean = await second.open()

        await second.close(is_clean=True)
        assert is_clean is False

    async def test_an_unclean_end_is_told_once_repaired_by_a_clean_close(self, connect: Connect) -> None:
        """Only the run before counts, not the one before that."""
        answers = []
        for is_clean in (False, False, True, True, False, True):
            store = connect()
            answers.append(await store.open())
            await store.close(is_clean=is_clean)

        assert answers == [True, False, False, True, True, False]

    async def test_rows_outlive_the_store_that_wrote_them(self, connect: Connect) -> None:
        """Also an unclean close keeps every write that returned."""
        first, second = connect(), connect()
        await first.open()
        await Seed(first).user("ada")
        await first.close(is_clean=False)

        await second.open()
        found = await second.user("u-ada")

        await second.close(is_clean=True)
        assert found == user("ada")

    async def test_ping(self, store: Store) -> None:
        """An open store answers."""
        await store.ping()


class TestUsers:
    async def test_a_user_comes_back_as_stored(self, store: Store, seed: Seed) -> None:
        """Every field, and the spelling of the name."""
        full = user("ada", username="Ada", full_name="Ada Lovelace", avatar="https://pics.example.org/ada")
        await seed.user("ada", username="Ada", full_name="Ada Lovelace", avatar="https://pics.example.org/ada")

        found = await store.user("u-ada")

        assert found == full
        assert found is not None
        assert found.is_guest is False

    async def test_a_guest_comes_back_as_stored(self, store: Store, seed: Seed) -> None:
        """What guests don't have stays None."""
        guest = await seed.user("guest", email=None, password_hash=None, is_guest=True)

        found = await store.user("u-guest")

        assert found == guest
        assert found is not None
        assert found.is_guest is True

    async def test_guests_do_not_share_an_email(self, store: Store, seed: Seed) -> None:
        """No e-mail address is not an e-mail address that is taken."""
        await seed.user("guest1", email=None, is_guest=True)
        await seed.user("guest2", email=None, is_guest=True)

        found = await store.users(["u-guest1", "u-guest2"])

        assert found.keys() == {"u-guest1", "u-guest2"}

    async def test_nobody(self, store: Store) -> None:
        """An unknown id is None, not an error."""
        assert await store.user("u-nobody") is None

    async def test_users_leaves_out_unknown_ids(self, store: Store, seed: Seed) -> None:
        """Those that exist come by id."""
        await seed.user("ada")
        await seed.user("bob")

        found = await store.users(["u-bob", "u-nobody", "u-ada", "u-bob"])

        assert dict(found) == {"u-ada": user("ada"), "u-bob": user("bob")}

    async def test_users_takes_any_iterable(self, store: Store, seed: Seed) -> None:
        """Also one that can be read only once, or is empty."""
        await seed.user("ada")

        assert dict(await store.users(iter(["u-ada"]))) == {"u-ada": user("ada")}
        assert dict(await store.users([])) == {}

    async def test_users_takes_many_ids(self, store: Store, seed: Seed) -> None:
        """More than a statement may have parameters."""
        await seed.user("ada")

        found = await store.users([*(f"u-{number}" for number in range(40_000)), "u-ada"])

        assert dict(found) == {"u-ada": user("ada")}

    @pytest.mark.parametrize(
        ("taken", "wanted"),
        [("ada", "ada"), ("ada", "ADA"), ("STRASSE", "straße"), ("straße", "Strasse"), ("ΣΊΣΥΦΟΣ", "σίσυφος")],
    )
    async def test_user_names_are_unique_case_folded(self, store: Store, seed: Seed, taken: str, wanted: str) -> None:
        """A name that differs in case only is taken, in every alphabet."""
        await seed.user("first", username=taken)

        with pytest.raises(Conflict) as caught:
            await seed.user("second", username=wanted)

        assert caught.value.field == "username"

    @pytest.mark.parametrize("wanted", ["ada@example.org", "ADA@Example.ORG"])
    async def test_emails_are_unique_case_folded(self, store: Store, seed: Seed, wanted: str) -> None:
        """An e-mail address that differs in case only is taken."""
        await seed.user("first", email="ada@example.org")

        with pytest.raises(Conflict) as caught:
            await seed.user("second", email=wanted)

        assert caught.value.field == "email"

    async def test_a_refused_user_leaves_nothing(self, store: Store, seed: Seed) -> None:
        """Neither the user nor his login is stored."""
        await seed.user("ada")

        with pytest.raises(Conflict):
            await store.add_user(user("eve", username="ADA"), login("eve"))

        assert await store.user("u-eve") is None
        assert await store.user_by_name("eve@example.org") is None
        assert await store.signed_in("l-eve-1", NOW) is None

    async def test_one_of_many_at_once_gets_the_name(self, store: Store) -> None:
        """Concurrent sign-ups under one name: one succeeds, the others are told why not."""
        names = [f"user{number}" for number in range(20)]

        results = await asyncio.gather(
            *(store.add_user(user(name, username="ada"), login(name)) for name in names), return_exceptions=True
        )

        assert results.count(None) == 1
        assert [error.field for error in results if isinstance(error, Conflict)] == ["username"] * 19

    @pytest.mark.parametrize("name", ["Straße", "STRASSE", "strasse", "ada@example.org", "ADA@Example.ORG"])
    async def test_user_by_name(self, store: Store, seed: Seed, name: str) -> None:
        """A user is found by name or e-mail address, whatever the case."""
        made = await seed.user("ada", username="Straße")
        await seed.user("bob")

        assert await store.user_by_name(name) == made

    async def test_user_by_name_folds_the_stored_email_too(self, store: Store, seed: Seed) -> None:
        """An address that was stored with capitals is found by any spelling."""
        await seed.user("ada", email="Ada@Example.org")

        found = [await store.user_by_name(name) for name in ("Ada@Example.org", "ada@example.org")]

        assert [one and one.id for one in found] == ["u-ada", "u-ada"]

    @pytest.mark.parametrize("name", ["nobody", "", "ada%", "ad_", "ada@example", "u-ada", "None"])
    async def test_user_by_name_of_nobody(self, store: Store, seed: Seed, name: str) -> None:
        """Names are compared whole; guests are not found by having no address."""
        await seed.user("ada")
        await seed.user("guest", email=None)

        assert await store.user_by_name(name) is None

    async def test_rename(self, store: Store, seed: Seed) -> None:
        """The new name finds the user, the old one is free."""
        ada = await seed.user("ada")

        renamed = await store.rename_user("u-ada", "Countess")

        assert renamed == replace(ada, username="Countess")
        assert await store.user("u-ada") == renamed
        assert await store.user_by_name("countess") == renamed
        assert await store.user_by_name("ada") is None
        await seed.user("other", username="ada")

    async def test_rename_to_another_spelling_of_the_own_name(self, store: Store, seed: Seed) -> None:
        """One's own name is not taken."""
        ada = await seed.user("ada")

        assert await store.rename_user("u-ada", "ADA") == replace(ada, username="ADA")

    @pytest.mark.parametrize("name", ["Straße", "STRASSE"])
    async def test_rename_to_a_taken_name(self, store: Store, seed: Seed, name: str) -> None:
        """The name of another in any case is a conflict, and nothing changes."""
        ada = await seed.user("ada")
        await seed.user("bob", username="straße")

        with pytest.raises(Conflict) as caught:
            await store.rename_user("u-ada", name)

        assert caught.value.field == "username"
        assert await store.user("u-ada") == ada

    async def test_rename_nobody(self, store: Store) -> None:
        """An unknown user is not found."""
        with pytest.raises(NotFound):
            await store.rename_user("u-nobody", "name")

    @odd_text
    async def test_odd_text_in_users(self, store: Store, seed: Seed, text: str) -> None:
        """Names and avatars come back character by character."""
        made = await seed.user("ada", username=f"x{text}", full_name=text, avatar=text)

        assert await store.user("u-ada") == made
        assert await store.user_by_name(f"X{text}") == made

    async def test_an_avatar_may_be_large(self, store: Store, seed: Seed) -> None:
        """A megabyte of text in one field."""
        made = await seed.user("ada", avatar="ä" * (1 << 20))

        assert await store.user("u-ada") == made


class TestLogins:
    async def test_the_first_login(self, store: Store, seed: Seed) -> None:
        """A new user is signed in by the login that came with him."""
        ada = await seed.user("ada")

        assert await store.signed_in("l-ada-1", NOW) == ada

    async def test_another_login(self, store: Store, seed: Seed) -> None:
        """Logins of one user stand side by side."""
        ada = await seed.user("ada")

        await store.add_login(login("ada", 2))

        assert await store.signed_in("l-ada-1", NOW) == ada
        assert await store.signed_in("l-ada-2", NOW) == ada

    async def test_an_unknown_login(self, store: Store, seed: Seed) -> None:
        """Nobody is signed in by it."""
        await seed.user("ada")

        assert await store.signed_in("l-nobody", NOW) is None

    async def test_admission(self, store: Store, seed: Seed) -> None:
        """Login, session and membership at once, each as it is read alone."""
        ada, bob = await seed.user("ada"), await seed.user("bob")
        session = await seed.session("one", owner_id=ada.id)

        for one, name in ((ada, "ada"), (bob, "bob")):
            member = await store.member("one", one.id)
            assert await store.admission(f"l-{name}-1", "one", NOW) == (one, session, member)
        assert (await store.admission("l-ada-1", "one", NOW)).member.role is Role.OWNER
        assert await store.admission("l-ada-1", "another", NOW) == (ada, None, None)
        assert await store.admission("l-ada-1", "one", NOW + HOUR) is None
        assert await store.admission("l-nobody", "one", NOW) is None

    async def test_signed_in_until_expiry(self, store: Store, seed: Seed) -> None:
        """A login counts until just before `expires_at`."""
        ada = await seed.user("ada")

        assert await store.signed_in("l-ada-1", NOW + HOUR - 1) == ada
        assert await store.signed_in("l-ada-1", NOW + HOUR) is None
        assert await store.signed_in("l-ada-1", NOW + HOUR + 1) is None

    async def test_signed_in_until_ended(self, store: Store, seed: Seed) -> None:
        """Ending one login leaves the user's other ones."""
        ada = await seed.user("ada")
        await store.add_login(login("ada", 2))

        await store.end_login("l-ada-1")

        assert await store.signed_in("l-ada-1", NOW) is None
        assert await store.signed_in("l-ada-2", NOW) == ada

    async def test_ending_twice_is_harmless(self, store: Store, seed: Seed) -> None:
        """So is ending what never was."""
        await seed.user("ada")

        await store.end_login("l-ada-1")
        await store.end_login("l-ada-1")
        await store.end_login("l-nobody")

        assert await store.signed_in("l-ada-1", NOW) is None

    async def test_signed_in_sees_the_new_name(self, store: Store, seed: Seed) -> None:
        """The user comes as he is now."""
        await seed.user("ada")
        renamed = await store.rename_user("u-ada", "Countess")

        assert await store.signed_in("l-ada-1", NOW) == renamed

    async def test_add_login_drops_those_that_expired(self, store: Store, seed: Seed) -> None:
        """Asked for the past, a dropped login is gone while one that had not expired is there."""
        ada = await seed.user("ada")
        await store.add_login(login("ada", 2, expires_at=NOW + 3 * HOUR))

        await store.add_login(login("ada", 3, created_at=NOW + 2 * HOUR, expires_at=NOW + 3 * HOUR))

        assert await store.signed_in("l-ada-1", NOW) is None
        assert await store.signed_in("l-ada-2", NOW) == ada
        assert await store.signed_in("l-ada-3", NOW) == ada

    async def test_add_login_leaves_the_logins_of_others(self, store: Store, seed: Seed) -> None:
        """Only the user's own expired logins go."""
        await seed.user("ada")
        bob = await seed.user("bob")

        await store.add_login(login("ada", 2, created_at=NOW + 2 * HOUR, expires_at=NOW + 3 * HOUR))

        assert await store.signed_in("l-bob-1", NOW) == bob


class TestRotation:
    async def rotate(self, store: Store, presented: str, successor: str, now: int = NOW, **changed: Any) -> Login:
        given = {"login_id": "l-ada-1", "expires_at": now + HOUR, "retry_ms": RETRY_MS, **changed}
        return await store.rotate_login(presented=presented, successor=successor, now=now, **given)

    async def test_the_current_token(self, store: Store, seed: Seed) -> None:
        """Its successor becomes current, and the login lives on."""
        ada = await seed.user("ada")

        rotated = await self.rotate(store, "hash-0", "hash-1", NOW + 1000)

        assert rotated == login(
            "ada",
            token_hash="hash-1",
            previous_hash="hash-0",
            generation=1,
            rotated_at=NOW + 1000,
            expires_at=NOW + 1000 + HOUR,
            used_at=NOW + 1000,
        )
        assert await store.signed_in("l-ada-1", NOW + HOUR + 500) == ada

    async def test_a_chain_of_rotations(self, store: Store, seed: Seed) -> None:
        """Each successor is the next current token."""
        await seed.user("ada")

        for number in range(1, 6):
            rotated = await self.rotate(store, f"hash-{number - 1}", f"hash-{number}", NOW + number)

        assert (rotated.generation, rotated.token_hash, rotated.previous_hash) == (5, "hash-5", "hash-4")

    async def test_other_logins_stay_as_they_are(self, store: Store, seed: Seed) -> None:
        """A rotation is about one login."""
        await seed.user("ada")
        await store.add_login(login("ada", 2))
        await self.rotate(store, "hash-0", "hash-1")

        other = await self.rotate(store, "hash-0", "other-1", login_id="l-ada-2")

        assert (other.id, other.generation, other.token_hash) == ("l-ada-2", 1, "other-1")

    @pytest.mark.parametrize("later", [0, 1, RETRY_MS])
    async def test_a_retry_within_the_window(self, store: Store, seed: Seed, later: int) -> None:
        """The same exchange again changes nothing and gives the same login."""
        ada = await seed.user("ada")
        rotated = await self.rotate(store, "hash-0", "hash-1", NOW + 1000)

        retried = await self.rotate(store, "hash-0", "hash-1", NOW + 1000 + later)

        assert retried == rotated
        assert await store.signed_in("l-ada-1", NOW + 1000 + HOUR - 1) == ada
        assert await store.signed_in("l-ada-1", NOW + 1000 + HOUR) is None

    async def test_the_successor_works_after_a_retry(self, store: Store, seed: Seed) -> None:
        """A client that lost the answer goes on as if it had not."""
        await seed.user("ada")
        await self.rotate(store, "hash-0", "hash-1")
        await self.rotate(store, "hash-0", "hash-1")

        rotated = await self.rotate(store, "hash-1", "hash-2")

        assert rotated.generation == 2

    async def test_the_old_token_after_the_window(self, store: Store, seed: Seed) -> None:
        """Somebody has a copy: the login ends."""
        await seed.user("ada")
        await self.rotate(store, "hash-0", "hash-1", NOW)

        with pytest.raises(TokenReused):
            await self.rotate(store, "hash-0", "hash-1", NOW + RETRY_MS + 1)

        await self.assert_ended(store)

    async def test_a_retry_does_not_move_the_window(self, store: Store, seed: Seed) -> None:
        """The window counts from the exchange, not from the last retry."""
        await seed.user("ada")
        await self.rotate(store, "hash-0", "hash-1", NOW)
        await self.rotate(store, "hash-0", "hash-1", NOW + RETRY_MS)

        with pytest.raises(TokenReused):
            await self.rotate(store, "hash-0", "hash-1", NOW + RETRY_MS + 1)

        await self.assert_ended(store)

    async def test_the_old_token_with_another_successor(self, store: Store, seed: Seed) -> None:
        """Within the window too, that is not a retry."""
        await seed.user("ada")
        await self.rotate(store, "hash-0", "hash-1")

        with pytest.raises(TokenReused):
            await self.rotate(store, "hash-0", "forged")

        await self.assert_ended(store)

    @pytest.mark.parametrize(("presented", "successor"), [("unknown", "hash-2"), ("hash-1", "hash-0"), ("", "")])
    async def test_an_unknown_token(self, store: Store, seed: Seed, presented: str, successor: str) -> None:
        """A token that the login never had ends it."""
        await seed.user("ada")

        with pytest.raises(TokenReused):
            await self.rotate(store, presented, successor)

        await self.assert_ended(store)

    async def test_a_token_from_before_the_one_before(self, store: Store, seed: Seed) -> None:
        """Only the newest exchange can be retried."""
        await seed.user("ada")
        await self.rotate(store, "hash-0", "hash-1")
        await self.rotate(store, "hash-1", "hash-2")

        with pytest.raises(TokenReused):
            await self.rotate(store, "hash-0", "hash-1")

        await self.assert_ended(store)

    async def test_reuse_leaves_the_other_logins(self, store: Store, seed: Seed) -> None:
        """The user's other devices stay signed in."""
        ada = await seed.user("ada")
        await store.add_login(login("ada", 2))

        with pytest.raises(TokenReused):
            await self.rotate(store, "unknown", "hash-1")

        assert await store.signed_in("l-ada-2", NOW) == ada

    @pytest.mark.parametrize("presented", ["hash-0", "unknown"])
    async def test_an_expired_login(self, store: Store, seed: Seed, presented: str) -> None:
        """Whatever token is shown, an expired login is not found."""
        await seed.user("ada")

        with pytest.raises(NotFound):
            await self.rotate(store, presented, "hash-1", NOW + HOUR)

    async def test_just_before_expiry(self, store: Store, seed: Seed) -> None:
        """The last millisecond renews the login."""
        await seed.user("ada")

        rotated = await self.rotate(store, "hash-0", "hash-1", NOW + HOUR - 1)

        assert rotated.expires_at == NOW + 2 * HOUR - 1

    async def test_an_ended_login(self, store: Store, seed: Seed) -> None:
        """An ended login is not found."""
        await seed.user("ada")
        await store.end_login("l-ada-1")

        with pytest.raises(NotFound):
            await self.rotate(store, "hash-0", "hash-1")

    async def test_expiry_never_passes_the_end(self, store: Store, seed: Seed) -> None:
        """However often it is used, a login expires at `ends_at`."""
        await seed.user("ada")

        rotated = await self.rotate(store, "hash-0", "hash-1", expires_at=NOW + 100 * HOUR)

        assert rotated.expires_at == NOW + 10 * HOUR
        assert rotated.ends_at == NOW + 10 * HOUR
        assert await store.signed_in("l-ada-1", NOW + 10 * HOUR) is None

    async def test_fifty_tabs_refresh_at_once(self, store: Store, seed: Seed) -> None:
        """One exchange, everybody has its result."""
        await seed.user("ada")

        results = await asyncio.gather(*(self.rotate(store, "hash-0", "hash-1", NOW + 5) for _ in range(50)))

        assert set(results) == {results[0]}
        assert (results[0].generation, results[0].token_hash) == (1, "hash-1")

    async def assert_ended(self, store: Store) -> None:
        assert await store.signed_in("l-ada-1", NOW) is None
        for token in ("hash-0", "hash-1", "hash-2"):
            with pytest.raises(NotFound):
                await self.rotate(store, token, "next")


class TestSessions:
    async def test_a_session_comes_back_as_stored(self, store: Store, seed: Seed) -> None:
        """Every field, with its type."""
        made = await seed.session(
            access=Access.INVITE, join_role=Role.VIEWER, status=Status.ENDED, main_root="main.py", updated_at=NOW + 5
        )

        found = await store.session("s1")

        assert found == made
        assert found is not None
        assert found.access is Access.INVITE
        assert found.join_role is Role.VIEWER
        assert found.status is Status.ENDED

    async def test_a_session_starts_with_its_owner(self, store: Store, seed: Seed) -> None:
        """The owner is the only member."""
        await seed.session()

        members = await store.members("s1")

        assert members == [member("u-ada", role=Role.OWNER)]
        assert members[0].role is Role.OWNER

    async def test_a_session_without_code_starts_with_an_empty_log(self, store: Store, seed: Seed) -> None:
        """No first chunk, no log."""
        await seed.session()

        assert await store.chunks("s1", 0, MANY) == []
        assert await store.checkpoint("s1") is None
        assert await store.messages("s1", None, MANY) == []
        assert await store.newest_version("s1") is None

    async def test_a_session_with_code_starts_with_a_chunk(self, store: Store, seed: Seed) -> None:
        """The first chunk is there with the session, and the log goes on after it."""
        await seed.session(first=chunk(1, 3))

        await store.append_chunks([chunk(4, 4)])

        assert await store.chunks("s1", 0, MANY) == [chunk(1, 3), chunk(4, 4)]

    async def test_a_session_whose_first_chunk_is_refused_is_not_stored(self, store: Store) -> None:
        """Session, owner and chunk come together or not at all."""
        with pytest.raises(LogConflict):
            await store.add_session(session(), member("u-ada", role=Role.OWNER), chunk(2, 3))

        assert await store.session("s1") is None
        assert await store.member("s1", "u-ada") is None
        assert await store.sessions_of("u-ada", None, MANY) == []

    async def test_no_session(self, store: Store) -> None:
        """An unknown id is None, not an error."""
        assert await store.session("s-none") is None

    @odd_text
    async def test_odd_text_in_sessions(self, store: Store, seed: Seed, text: str) -> None:
        """Titles and root names come back character by character."""
        made = await seed.session(title=text, language=text, main_root=text)

        assert await store.session("s1") == made

    async def test_change_every_field(self, store: Store, seed: Seed) -> None:
        """What is named changes, and the session counts as active now."""
        made = await seed.session()
        changes = SessionChanges("New", "rust", Access.INVITE, Role.VIEWER, Status.ENDED)

        changed = await store.change_session("s1", changes, NOW + 10)

        assert changed == replace(
            made,
            title="New",
            language="rust",
            access=Access.INVITE,
            join_role=Role.VIEWER,
            status=Status.ENDED,
            updated_at=NOW + 10,
        )
        assert changed.status is Status.ENDED
        assert await store.session("s1") == changed

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("title", "New"),
            ("title", ""),
            ("language", ""),
            ("access", Access.INVITE),
            ("join_role", Role.VIEWER),
            ("status", Status.ENDED),
        ],
    )
    async def test_change_one_field(self, store: Store, seed: Seed, field: str, value: Any) -> None:
        """None leaves the others; empty text is a value."""
        made = await seed.session()
        await seed.session("s2")

        changed = await store.change_session("s1", SessionChanges(**{field: value}), NOW + 10)

        assert changed == replace(made, **{field: value}, updated_at=NOW + 10)
        assert await store.session("s2") == session("s2")

    async def test_changes_at_once_do_not_undo_each_other(self, store: Store, seed: Seed) -> None:
        """Two people changing two fields both succeed."""
        made = await seed.session()

        await asyncio.gather(
            store.change_session("s1", SessionChanges(title="New"), NOW + 1),
            store.change_session("s1", SessionChanges(language="rust"), NOW + 1),
        )

        assert await store.session("s1") == replace(made, title="New", language="rust", updated_at=NOW + 1)

    async def test_change_no_session(self, store: Store) -> None:
        """An unknown session is not found."""
        with pytest.raises(NotFound):
            await store.change_session("s-none", SessionChanges(title="New"), NOW)

    async def test_delete_removes_everything(self, store: Store, seed: Seed) -> None:
        """Members, messages, log, checkpoint and versions go with the session."""
        await self.fill(store, seed, "s1")

        await store.delete_session("s1")

        assert await store.session("s1") is None
        await self.assert_empty(store, "s1")
        assert await store.sessions_of("u-ada", None, MANY) == []
        assert await store.sessions_of("u-bob", None, MANY) == []

    async def test_delete_leaves_nothing_for_a_session_of_the_same_id(self, store: Store, seed: Seed) -> None:
        """What comes after starts from nothing, with numbers from 1."""
        await self.fill(store, seed, "s1")
        await store.delete_session("s1")

        made = await seed.session("s1", owner_id="u-carl")

        assert await store.members("s1") == [member("u-carl", role=Role.OWNER)]
        assert await store.session("s1") == made
        assert await store.member("s1", "u-bob") is None
        assert await store.member("s1", "u-gone") is None
        assert await store.messages("s1", None, MANY) == []
        assert await store.chunks("s1", 0, MANY) == []
        assert await store.checkpoint("s1") is None
        assert await store.versions("s1", None, MANY, with_files=True) == []
        assert (await store.add_message(message())).sequence == 1
        assert (await store.add_version(version(), MANY))[0].number == 1
        assert await store.append_chunks([chunk(1, 1)]) == set()

    async def test_delete_leaves_the_other_sessions(self, store: Store, seed: Seed) -> None:
        """Their rows are where they were."""
        await self.fill(store, seed, "s1")
        await self.fill(store, seed, "s2")

        await store.delete_session("s1")

        assert await store.session("s2") is not None
        assert [one.user_id for one in await store.members("s2")] == ["u-ada", "u-bob"]
        assert len(await store.messages("s2", None, MANY)) == 1
        assert len(await store.chunks("s2", 0, MANY)) == 2
        assert await store.checkpoint("s2") is not None
        assert await store.newest_version("s2") is not None

    async def test_deleting_twice_is_harmless(self, store: Store, seed: Seed) -> None:
        """So is deleting what never was."""
        await seed.session()

        await store.delete_session("s1")
        await store.delete_session("s1")
        await store.delete_session("s-none")

        assert await store.session("s1") is None

    async def test_add_and_delete_leave_users_alone(self, store: Store, seed: Seed) -> None:
        """Deleting a session of his does not sign anybody out."""
        ada = await seed.user("ada")
        await seed.session()

        await store.delete_session("s1")

        assert await store.signed_in("l-ada-1", NOW) == ada

    async def fill(self, store: Store, seed: Seed, session_id: str) -> None:
        """A session with a row of every kind, and a member who was removed."""
        await seed.session(session_id, first=chunk(1, 1, session_id=session_id))
        await store.join(member("u-bob", session_id), MANY)
        await store.join(member("u-gone", session_id), MANY)
        await store.remove_member(session_id, "u-gone")
        await store.add_message(message(session_id=session_id))
        await store.append_chunks([chunk(2, 5, session_id=session_id)])
        await store.put_checkpoint(checkpoint(5, session_id))
        await store.add_version(version(session_id=session_id), MANY)

    async def assert_empty(self, store: Store, session_id: str) -> None:
        assert await store.members(session_id) == []
        for user_id in ("u-ada", "u-bob", "u-gone"):
            assert await store.member(session_id, user_id) is None
        assert await store.messages(session_id, None, MANY) == []
        assert await store.chunks(session_id, 0, MANY) == []
        assert await store.checkpoint(session_id) is None
        assert await store.newest_version(session_id) is None
        assert await store.version(session_id, 1) is None
        assert await store.versions(session_id, None, MANY, with_files=False) == []


class TestSessionsOf:
    async def test_with_membership(self, store: Store, seed: Seed) -> None:
        """Each session comes with the role that the user has there."""
        own = await seed.session("s1", owner_id="u-ada", updated_at=NOW + 1)
        other = await seed.session("s2", owner_id="u-bob", updated_at=NOW + 2)
        await store.join(member("u-ada", "s2", role=Role.VIEWER, joined_at=NOW + 3), MANY)
        await seed.session("s3", owner_id="u-bob")

        found = await store.sessions_of("u-ada", None, MANY)

        assert found == [
            SessionListing(other, member("u-ada", "s2", role=Role.VIEWER, joined_at=NOW + 3), 0),
            SessionListing(own, member("u-ada", "s1", role=Role.OWNER), 0),
        ]
        assert found[0].member.role is Role.VIEWER

    async def test_of_nobody(self, store: Store, seed: Seed) -> None:
        """A user who is nowhere a member has no sessions."""
        await seed.session()

        assert await store.sessions_of("u-bob", None, MANY) == []

    async def test_without_those_he_was_removed_from_or_left(self, store: Store, seed: Seed) -> None:
        """Only sessions that he is a member of."""
        for session_id in ("s1", "s2", "s3"):
            await seed.session(session_id)
            await store.join(member("u-bob", session_id), MANY)
        await store.remove_member("s1", "u-bob")
        await store.leave("s2", "u-bob")

        found = await store.sessions_of("u-bob", None, MANY)

        assert [one.session.id for one in found] == ["s3"]

    @pytest.mark.parametrize("limit", [1, 2, 3, 7, 8])
    async def test_pages_with_equal_times(self, store: Store, seed: Seed, limit: int) -> None:
        """Every session is on one page once, however the pages cut through equal times."""
        for number, moment in enumerate([5, 3, 3, 3, 3, 3, 1]):
            await seed.session(f"s{number}", updated_at=NOW + moment)

        seen: list[Session] = []
        before = None
        while page := await store.sessions_of("u-ada", before, limit):
            assert len(page) <= limit
            seen += [one.session for one in page]
            before = (seen[-1].updated_at, seen[-1].id)

        assert {one.id for one in seen} == {f"s{number}" for number in range(7)}
        assert [one.updated_at - NOW for one in seen] == [5, 3, 3, 3, 3, 3, 1]

    async def test_pages_are_full(self, store: Store, seed: Seed) -> None:
        """A page has `limit` sessions if there are as many."""
        for number in range(5):
            await seed.session(f"s{number}", updated_at=NOW + number)

        page = await store.sessions_of("u-ada", None, 3)
        rest = await store.sessions_of("u-ada", (NOW + 2, "s2"), 3)

        assert [one.session.id for one in page] == ["s4", "s3", "s2"]
        assert [one.session.id for one in rest] == ["s1", "s0"]

    async def test_the_order_is_the_same_each_time(self, store: Store, seed: Seed) -> None:
        """Equal times have an order too."""
        for number in range(10):
            await seed.session(f"s{number}")

        lists = [[one.session.id for one in await store.sessions_of("u-ada", None, MANY)] for _ in range(3)]

        assert lists[0] == lists[1] == lists[2]


class TestActivity:
    """`Session.updated_at` moves with edits, messages and versions; by how fine a step is the store's choice."""

    MUCH_LATER = NOW + 10 * HOUR

    @pytest.mark.parametrize("action", ["edit", "message", "version", "change"])
    async def test_activity_moves_a_session_up(self, store: Store, seed: Seed, action: str) -> None:
        """The session that something happened in comes first."""
        await seed.session("s1", updated_at=NOW)
        await seed.session("s2", updated_at=NOW + HOUR)

        await self.act(store, action, self.MUCH_LATER)

        found = await store.sessions_of("u-ada", None, MANY)
        assert [(one.session.id, one.session.updated_at) for one in found] == [
            ("s1", self.MUCH_LATER),
            ("s2", NOW + HOUR),
        ]

    @pytest.mark.parametrize("action", ["edit", "message", "version", "change"])
    async def test_time_never_runs_backwards(self, store: Store, seed: Seed, action: str) -> None:
        """What carries an earlier time does not make the session older."""
        await seed.session("s1", updated_at=self.MUCH_LATER)

        await self.act(store, action, NOW)

        found = await store.session("s1")
        assert found is not None
        assert found.updated_at == self.MUCH_LATER

    async def act(self, store: Store, action: str, now: int) -> None:
        match action:
            case "edit":
                await store.append_chunks([chunk(1, 1, created_at=now)])
            case "message":
                await store.add_message(message(created_at=now))
            case "version":
                await store.add_version(version(created_at=now), MANY)
            case "change":
                await store.change_session("s1", SessionChanges(title="New"), now)


class TestMembers:
    async def test_join(self, store: Store, seed: Seed) -> None:
        """Who joins is a member with the role that was given."""
        await seed.session()

        joined = await store.join(member("u-bob", role=Role.VIEWER, joined_at=NOW + 1), MANY)

        assert joined == member("u-bob", role=Role.VIEWER, joined_at=NOW + 1)
        assert await store.member("s1", "u-bob") == joined

    async def test_joining_again_changes_nothing(self, store: Store, seed: Seed) -> None:
        """The membership that there was is returned, with its role and time."""
        await seed.session()
        first = await store.join(member("u-bob", role=Role.VIEWER), MANY)

        again = await store.join(member("u-bob", role=Role.OWNER, joined_at=NOW + 9), MANY)

        assert again == first
        assert await store.member("s1", "u-bob") == first

    async def test_fifty_joins_of_one_user(self, store: Store, seed: Seed) -> None:
        """He is a member once."""
        await seed.session()

        results = await asyncio.gather(
            *(store.join(member("u-bob", joined_at=NOW + number), MANY) for number in range(50))
        )

        assert set(results) == {results[0]}
        assert len(await store.members("s1")) == 2

    async def test_join_no_session(self, store: Store) -> None:
        """One cannot be a member of nothing."""
        with pytest.raises(NotFound):
            await store.join(member(), MANY)

        assert await store.member("s1", "u-bob") is None

    async def test_the_limit(self, store: Store, seed: Seed) -> None:
        """The last place is given, no more; members come back in."""
        await seed.session()
        bob = await store.join(member("u-bob"), 2)

        with pytest.raises(LimitReached):
            await store.join(member("u-carl"), 2)

        assert await store.member("s1", "u-carl") is None
        assert await store.join(member("u-bob"), 2) == bob

    async def test_the_limit_under_a_rush(self, store: Store, seed: Seed) -> None:
        """Of many at once just as many get in as there is room for."""
        await seed.session()

        results = await asyncio.gather(
            *(store.join(member(f"u-{number}"), 10) for number in range(30)), return_exceptions=True
        )

        assert sum(isinstance(one, Member) for one in results) == 9
        assert sum(isinstance(one, LimitReached) for one in results) == 21
        assert len(await store.members("s1")) == 10

    async def test_one_who_left_makes_room(self, store: Store, seed: Seed) -> None:
        """His place is free for somebody else."""
        await seed.session()
        await store.join(member("u-bob"), 2)
        await store.leave("s1", "u-bob")

        joined = await store.join(member("u-carl"), 2)

        assert joined == member("u-carl")

    async def test_one_who_was_removed_makes_room(self, store: Store, seed: Seed) -> None:
        """Who is not among the members does not count as one."""
        await seed.session()
        await store.join(member("u-bob"), 2)
        await store.remove_member("s1", "u-bob")

        joined = await store.join(member("u-carl"), 2)

        assert joined == member("u-carl")

    async def test_limits_of_sessions_are_separate(self, store: Store, seed: Seed) -> None:
        """A full session does not fill another."""
        await seed.session("s1")
        await seed.session("s2")
        await store.join(member("u-bob", "s1"), 2)

        assert await store.join(member("u-carl", "s2"), 2) == member("u-carl", "s2")

    async def test_members_are_sorted_by_age(self, store: Store, seed: Seed) -> None:
        """The eldest comes first, and equal times keep one order."""
        await seed.session()
        for name, joined_at in (("late", NOW + 9), ("b", NOW + 5), ("a", NOW + 5), ("early", NOW + 1)):
            await store.join(member(f"u-{name}", joined_at=joined_at), MANY)

        found = await store.members("s1")

        assert [one.joined_at - NOW for one in found] == [0, 1, 5, 5, 9]
        assert [one.user_id for one in found][::2] == ["u-ada", found[2].user_id, "u-late"]
        assert found == await store.members("s1")

    async def test_removed(self, store: Store, seed: Seed) -> None:
        """He is not among the members; his row tells that he was."""
        await seed.session()
        await store.join(member("u-bob"), MANY)

        await store.remove_member("s1", "u-bob")

        assert [one.user_id for one in await store.members("s1")] == ["u-ada"]
        found = await store.member("s1", "u-bob")
        assert found == member("u-bob", is_removed=True)
        assert found is not None
        assert found.is_removed is True

    async def test_removed_stays_removed(self, store: Store, seed: Seed) -> None:
        """Joining does not let him back, also if the session is full."""
        await seed.session()
        await store.join(member("u-bob"), MANY)
        await store.remove_member("s1", "u-bob")

        assert await store.join(member("u-bob"), MANY) == member("u-bob", is_removed=True)
        assert await store.join(member("u-bob"), 1) == member("u-bob", is_removed=True)
        assert [one.user_id for one in await store.members("s1")] == ["u-ada"]

    async def test_leaving_is_no_way_around_removal(self, store: Store, seed: Seed) -> None:
        """One who was removed has no membership to forget."""
        await seed.session()
        await store.join(member("u-bob"), MANY)
        await store.remove_member("s1", "u-bob")

        with pytest.raises(NotFound):
            await store.leave("s1", "u-bob")

        assert await store.member("s1", "u-bob") == member("u-bob", is_removed=True)

    async def test_removing_twice(self, store: Store, seed: Seed) -> None:
        """One who was removed is no member to remove."""
        await seed.session()
        await store.join(member("u-bob"), MANY)
        await store.remove_member("s1", "u-bob")

        with pytest.raises(NotFound):
            await store.remove_member("s1", "u-bob")

        assert await store.member("s1", "u-bob") == member("u-bob", is_removed=True)

    async def test_set_role(self, store: Store, seed: Seed) -> None:
        """Only the role changes, and only his."""
        await seed.session()
        await store.join(member("u-bob"), MANY)
        await store.join(member("u-carl"), MANY)

        changed = await store.set_role("s1", "u-bob", Role.VIEWER)

        assert changed == member("u-bob", role=Role.VIEWER)
        assert await store.member("s1", "u-bob") == changed
        assert await store.member("s1", "u-carl") == member("u-carl")

    async def test_set_role_readmits(self, store: Store, seed: Seed) -> None:
        """One who was removed is a member again, as old as he was."""
        await seed.session()
        await store.join(member("u-bob", joined_at=NOW + 1), MANY)
        await store.remove_member("s1", "u-bob")

        changed = await store.set_role("s1", "u-bob", Role.VIEWER)

        assert changed == member("u-bob", role=Role.VIEWER, joined_at=NOW + 1)
        assert changed in await store.members("s1")
        assert [one.session.id for one in await store.sessions_of("u-bob", None, MANY)] == ["s1"]

    async def test_leave(self, store: Store, seed: Seed) -> None:
        """He is forgotten and may join anew, under other conditions."""
        await seed.session()
        await store.join(member("u-bob"), MANY)

        await store.leave("s1", "u-bob")

        assert await store.member("s1", "u-bob") is None
        assert await store.join(member("u-bob", role=Role.VIEWER), MANY) == member("u-bob", role=Role.VIEWER)

    @pytest.mark.parametrize("session_id", ["s1", "s-none"])
    async def test_not_found(self, store: Store, seed: Seed, session_id: str) -> None:
        """Who is no member has no role, cannot be removed, cannot leave."""
        await seed.session()

        with pytest.raises(NotFound):
            await store.set_role(session_id, "u-bob", Role.VIEWER)
        with pytest.raises(NotFound):
            await store.remove_member(session_id, "u-bob")
        with pytest.raises(NotFound):
            await store.leave(session_id, "u-bob")

        assert await store.member(session_id, "u-bob") is None

    @pytest.mark.parametrize("role", Role)
    async def test_the_owner_keeps_his_role(self, store: Store, seed: Seed, role: Role) -> None:
        """Whatever role it would be, also his own."""
        await seed.session()
        await store.join(member("u-bob"), MANY)

        with pytest.raises(OwnerStays):
            await store.set_role("s1", "u-ada", role)

        assert await store.members("s1") == [member("u-ada", role=Role.OWNER), member("u-bob")]

    async def test_the_owner_cannot_be_removed(self, store: Store, seed: Seed) -> None:
        """He is a member as before, also if there is nobody else."""
        await seed.session()

        with pytest.raises(OwnerStays):
            await store.remove_member("s1", "u-ada")

        assert await store.members("s1") == [member("u-ada", role=Role.OWNER)]

    async def test_the_owner_cannot_leave(self, store: Store, seed: Seed) -> None:
        """He is a member as before, also if there is an editor who could follow him."""
        await seed.session()
        await store.join(member("u-bob"), MANY)

        with pytest.raises(OwnerStays):
            await store.leave("s1", "u-ada")

        assert await store.members("s1") == [member("u-ada", role=Role.OWNER), member("u-bob")]

    async def test_membership_is_per_session(self, store: Store, seed: Seed) -> None:
        """Removed here, a member there."""
        for session_id in ("s1", "s2"):
            await seed.session(session_id)
            await store.join(member("u-bob", session_id), MANY)

        await store.remove_member("s1", "u-bob")

        assert await store.member("s2", "u-bob") == member("u-bob", "s2")


class TestMessages:
    async def test_the_store_numbers_messages(self, store: Store, seed: Seed) -> None:
        """Numbers count from 1, whatever the caller wrote there."""
        await seed.session()

        first = await store.add_message(message("one", sequence=77))
        second = await store.add_message(message("two", created_at=NOW + 1))

        assert first == message("one", sequence=1)
        assert second == message("two", sequence=2, created_at=NOW + 1)
        assert await store.messages("s1", None, MANY) == [first, second]

    async def test_each_session_has_its_own_numbers(self, store: Store, seed: Seed) -> None:
        """A message here does not count there."""
        await seed.session("s1")
        await seed.session("s2")
        await store.add_message(message("one", "s1"))

        added = await store.add_message(message("uno", "s2"))

        assert added.sequence == 1
        assert await store.messages("s2", None, MANY) == [added]

    async def test_fifty_at_once(self, store: Store, seed: Seed) -> None:
        """Numbers have neither gaps nor duplicates, and everybody learns his own."""
        await seed.session()

        added = await asyncio.gather(*(store.add_message(message(f"text {number}")) for number in range(50)))

        assert sorted(one.sequence for one in added) == list(range(1, 51))
        assert await store.messages("s1", None, MANY) == sorted(added, key=lambda one: one.sequence)

    async def test_numbers_decide_the_order(self, store: Store, seed: Seed) -> None:
        """Equal times and a clock that ran backwards don't shuffle messages."""
        await seed.session()
        for text, created_at in (("one", NOW), ("two", NOW), ("three", NOW - HOUR), ("four", NOW)):
            await store.add_message(message(text, created_at=created_at))

        lists = [[one.text for one in await store.messages("s1", None, MANY)] for _ in range(2)]

        assert lists == [["one", "two", "three", "four"]] * 2

    async def test_no_session(self, store: Store) -> None:
        """A message to nowhere is refused, reading from nowhere gives nothing."""
        with pytest.raises(NotFound):
            await store.add_message(message())

        assert await store.messages("s1", None, MANY) == []

    @pytest.mark.parametrize(
        ("before", "limit", "expected"),
        [
            (None, 3, [8, 9, 10]),
            (8, 3, [5, 6, 7]),
            (5, 10, [1, 2, 3, 4]),
            (2, 3, [1]),
            (1, 3, []),
            (0, 3, []),
            (100, 2, [9, 10]),
            (None, 10, list(range(1, 11))),
        ],
    )
    async def test_paging_backwards(
        self, store: Store, seed: Seed, before: int | None, limit: int, expected: list[int]
    ) -> None:
        """The newest below `before`, oldest first."""
        await seed.session()
        for number in range(1, 11):
            await store.add_message(message(f"text {number}"))

        found = await store.messages("s1", before, limit)

        assert [one.sequence for one in found] == expected

    @odd_text
    async def test_odd_text(self, store: Store, seed: Seed, text: str) -> None:
        """Text and names come back character by character."""
        await seed.session()

        added = await store.add_message(message(text, sender_name=text))

        assert await store.messages("s1", None, 1) == [added]
        assert added.text == text

    async def test_a_megabyte(self, store: Store, seed: Seed) -> None:
        """A large message is not cut."""
        await seed.session()

        added = await store.add_message(message("ä" * (1 << 19)))

        assert await store.messages("s1", None, 1) == [added]


class TestLog:
    async def test_chunks_come_back_as_stored(self, store: Store, seed: Seed) -> None:
        """In order, with data that may be any bytes."""
        await seed.session()
        every_byte = chunk(1, 1, bytes(range(256)))
        empty = chunk(2, 9, b"", created_at=NOW + 1)

        gone = await store.append_chunks([every_byte, empty])

        assert gone == set()
        found = await store.chunks("s1", 0, MANY)
        assert found == [every_byte, empty]
        assert type(found[0].data) is bytes

    async def test_nothing_to_append(self, store: Store) -> None:
        """An empty call is fine."""
        assert await store.append_chunks([]) == set()

    async def test_any_iterable(self, store: Store, seed: Seed) -> None:
        """Also one that can be read only once."""
        await seed.session()

        await store.append_chunks(chunk(number, number) for number in (1, 2, 3))

        assert [one.first for one in await store.chunks("s1", 0, MANY)] == [1, 2, 3]

    async def test_many_sessions_in_one_call(self, store: Store, seed: Seed) -> None:
        """Each log continues on its own."""
        await seed.session("s1", first=chunk(1, 4))
        await seed.session("s2")

        await store.append_chunks([chunk(1, 1, session_id="s2"), chunk(5, 5), chunk(2, 3, session_id="s2")])

        assert [(one.first, one.last) for one in await store.chunks("s1", 0, MANY)] == [(1, 4), (5, 5)]
        assert [(one.first, one.last) for one in await store.chunks("s2", 0, MANY)] == [(1, 1), (2, 3)]

    async def test_the_same_call_again(self, store: Store, seed: Seed) -> None:
        """A repetition is passed over."""
        await seed.session("s1")
        await seed.session("s2")
        chunks = [chunk(1, 3), chunk(4, 4), chunk(1, 2, session_id="s2")]
        await store.append_chunks(chunks)

        gone = await store.append_chunks(chunks)

        assert gone == set()
        assert await store.chunks("s1", 0, MANY) == chunks[:2]
        assert await store.chunks("s2", 0, MANY) == chunks[2:]

    async def test_an_old_chunk_again(self, store: Store, seed: Seed) -> None:
        """Also one that others have come after."""
        await seed.session()
        chunks = [chunk(1, 3), chunk(4, 4), chunk(5, 9)]
        await store.append_chunks(chunks)

        await store.append_chunks([chunks[1]])

        assert await store.chunks("s1", 0, MANY) == chunks

    async def test_an_old_chunk_with_a_new_one(self, store: Store, seed: Seed) -> None:
        """The old one is passed over, the new one appended."""
        await seed.session()
        await store.append_chunks([chunk(1, 3)])

        await store.append_chunks([chunk(1, 3), chunk(4, 6)])

        assert await store.chunks("s1", 0, MANY) == [chunk(1, 3), chunk(4, 6)]

    async def test_twice_in_one_call(self, store: Store, seed: Seed) -> None:
        """It is there once."""
        await seed.session()

        await store.append_chunks([chunk(1, 3), chunk(1, 3), chunk(4, 4)])

        assert await store.chunks("s1", 0, MANY) == [chunk(1, 3), chunk(4, 4)]

    @pytest.mark.parametrize(
        "wrong",
        [
            pytest.param(chunk(8, 9), id="hole"),
            pytest.param(chunk(0, 0), id="before the start"),
            pytest.param(chunk(6, 8), id="overlaps the end"),
            pytest.param(chunk(2, 3), id="inside a chunk"),
            pytest.param(chunk(1, 6), id="two chunks as one"),
            pytest.param(chunk(4, 5, b"s1 4-6"), id="another end"),
            pytest.param(chunk(4, 8, b"s1 4-6"), id="another end beyond"),
            pytest.param(chunk(4, 6, b"other"), id="other data at the end"),
            pytest.param(chunk(1, 3, b"other"), id="other data at the start"),
        ],
    )
    @pytest.mark.parametrize("is_first", [True, False], ids=["first", "last"])
    async def test_what_does_not_continue_the_log(
        self, store: Store, seed: Seed, wrong: Any, *, is_first: bool
    ) -> None:
        """It is a conflict, and of the whole call nothing is written."""
        await seed.session("s1")
        await seed.session("s2")
        log = [chunk(1, 3), chunk(4, 6)]
        await store.append_chunks(log)
        fitting = chunk(1, 1, session_id="s2", created_at=NOW + HOUR)

        with pytest.raises(LogConflict):
            await store.append_chunks([wrong, fitting] if is_first else [fitting, wrong])

        assert await store.chunks("s1", 0, MANY) == log
        assert await store.chunks("s2", 0, MANY) == []
        assert await store.session("s2") == session("s2")

    async def test_a_conflict_leaves_the_chunks_of_its_own_session_unwritten_too(
        self, store: Store, seed: Seed
    ) -> None:
        """A good chunk before a hole is not kept."""
        await seed.session()

        with pytest.raises(LogConflict):
            await store.append_chunks([chunk(1, 1), chunk(3, 3)])

        assert await store.chunks("s1", 0, MANY) == []

    async def test_an_empty_log_starts_at_one(self, store: Store, seed: Seed) -> None:
        """Anything else is a hole."""
        await seed.session()

        with pytest.raises(LogConflict):
            await store.append_chunks([chunk(2, 2)])

    async def test_sessions_that_are_gone(self, store: Store, seed: Seed) -> None:
        """Their ids are returned, and the others are written."""
        await seed.session("s1")
        await seed.session("s2")
        await store.delete_session("s2")

        gone = await store.append_chunks(
            [chunk(5, 5, session_id="s2"), chunk(1, 1), chunk(6, 6, session_id="s2"), chunk(1, 1, session_id="s3")]
        )

        assert gone == {"s2", "s3"}
        assert await store.chunks("s1", 0, MANY) == [chunk(1, 1)]
        assert await store.chunks("s2", 0, MANY) == []
        assert await store.chunks("s3", 0, MANY) == []

    async def test_one_of_many_at_once_gets_the_position(self, store: Store, seed: Seed) -> None:
        """Two writers cannot both continue at one place."""
        await seed.session()

        results = await asyncio.gather(
            *(store.append_chunks([chunk(1, 1, b"%d" % number)]) for number in range(20)), return_exceptions=True
        )

        assert results.count(set()) == 1
        assert sum(isinstance(one, LogConflict) for one in results) == 19
        assert len(await store.chunks("s1", 0, MANY)) == 1

    @pytest.mark.parametrize(
        ("after", "limit", "expected"),
        [
            (0, MANY, [1, 4, 5, 10]),
            (1, MANY, [1, 4, 5, 10]),
            (2, MANY, [1, 4, 5, 10]),
            (3, MANY, [4, 5, 10]),
            (4, MANY, [5, 10]),
            (7, MANY, [5, 10]),
            (9, MANY, [10]),
            (10, MANY, []),
            (99, MANY, []),
            (0, 2, [1, 4]),
            (7, 1, [5]),
        ],
    )
    async def test_chunks_after(self, store: Store, seed: Seed, after: int, limit: int, expected: list[int]) -> None:
        """From the chunk that holds the first entry beyond `after`, also if that is inside it."""
        await seed.session()
        await store.append_chunks([chunk(1, 3), chunk(4, 4), chunk(5, 9), chunk(10, 10)])

        found = await store.chunks("s1", after, limit)

        assert [one.first for one in found] == expected

    async def test_paging_through_a_long_log(self, store: Store, seed: Seed) -> None:
        """Reading on after the last entry seen gives every chunk once; the order is by number, not by text."""
        await seed.session()
        log = [chunk(number, number) for number in range(1, 121)]
        await store.append_chunks(log)

        seen = await store.chunks("s1", 0, 7)
        while page := await store.chunks("s1", seen[-1].last, 7):
            seen += page

        assert seen == log

    async def test_chunks_of_no_session(self, store: Store) -> None:
        """Nothing."""
        assert await store.chunks("s-none", 0, MANY) == []

    async def test_four_megabytes(self, store: Store, seed: Seed) -> None:
        """A large chunk is not cut."""
        await seed.session()
        large = chunk(1, 1, bytes(range(256)) * (4 << 12))

        await store.append_chunks([large])

        assert await store.chunks("s1", 0, MANY) == [large]


class TestPacking:
    async def test_spans(self, store: Store, seed: Seed) -> None:
        """First and last entry of each chunk, in order of numbers."""
        await seed.session("s1")
        await seed.session("s2")
        await store.append_chunks([chunk(number, number) for number in range(1, 12)])
        await store.append_chunks([chunk(12, 20), chunk(1, 3, session_id="s2")])

        assert await store.chunk_spans("s1") == [*((number, number) for number in range(1, 12)), (12, 20)]
        assert await store.chunk_spans("s-none") == []

    @pytest.mark.parametrize(("first", "last"), [(1, 3), (4, 9), (4, 5), (1, 12), (10, 12), (10, 10)])
    async def test_one_for_many(self, store: Store, seed: Seed, first: int, last: int) -> None:
        """The new chunk is there instead of those that it covers; the others stay, and the log goes on."""
        await seed.session("s1")
        await seed.session("s2")
        log = [chunk(1, 3), chunk(4, 4), chunk(5, 5), chunk(6, 9), chunk(10, 10), chunk(11, 12)]
        await store.append_chunks([*log, chunk(1, 12, session_id="s2")])
        packed = chunk(first, last, b"packed", created_at=NOW + 9)

        await store.replace_chunks(packed)
        await store.replace_chunks(packed)
        await store.append_chunks([chunk(13, 13)])

        kept = [one for one in log if one.last < first or one.first > last]
        expected = sorted([*kept, packed, chunk(13, 13)], key=lambda one: one.first)
        assert await store.chunks("s1", 0, MANY) == expected
        assert await store.chunk_spans("s1") == [(one.first, one.last) for one in expected]
        assert await store.chunks("s2", 0, MANY) == [chunk(1, 12, session_id="s2")]
        seen = await store.chunks("s1", 0, 2)
        while page := await store.chunks("s1", seen[-1].last, 2):
            seen += page
        assert seen == expected

    @pytest.mark.parametrize(("first", "last"), [(1, 2), (2, 3), (4, 6), (7, 8), (8, 9)])
    async def test_only_what_is_exactly_there(self, store: Store, seed: Seed, first: int, last: int) -> None:
        """A chunk that cuts another in two, or goes beyond the log, changes nothing."""
        await seed.session()
        log = [chunk(1, 3), chunk(4, 4), chunk(5, 7)]
        await store.append_chunks(log)

        with pytest.raises(LogConflict):
            await store.replace_chunks(chunk(first, last, b"packed"))
        assert await store.chunks("s1", 0, MANY) == log

    async def test_of_no_session(self, store: Store) -> None:
        with pytest.raises(NotFound):
            await store.replace_chunks(chunk(1, 1, session_id="s-none"))

    async def test_large_ones(self, store: Store, seed: Seed) -> None:
        """Megabytes go and come whole, and the old ones leave nothing."""
        await seed.session()
        large = bytes(range(256)) * (1 << 16)
        await store.append_chunks([chunk(1, 1, large), chunk(2, 2)])

        for data in (large[::-1], b"small", large):
            await store.replace_chunks(chunk(1, 2, data))
            assert await store.chunks("s1", 0, MANY) == [chunk(1, 2, data)]


class TestCheckpoints:
    async def test_a_checkpoint_comes_back_as_stored(self, store: Store, seed: Seed) -> None:
        """Every byte of it."""
        await seed.session()
        put = checkpoint(3, state=bytes(range(256)), owners=b"")

        await store.put_checkpoint(put)

        found = await store.checkpoint("s1")
        assert found == put
        assert found is not None
        assert type(found.state) is bytes

    @pytest.mark.parametrize("session_id", ["s1", "s-none"])
    async def test_none(self, store: Store, seed: Seed, session_id: str) -> None:
        """A session without a checkpoint has none, nor has one that does not exist."""
        await seed.session()

        assert await store.checkpoint(session_id) is None

    @pytest.mark.parametrize("sequence", [3, 4, 100])
    async def test_a_newer_one_replaces(self, store: Store, seed: Seed, sequence: int) -> None:
        """Also one of the same position: it may have been packed anew."""
        await seed.session()
        await store.put_checkpoint(checkpoint(3))
        newer = checkpoint(sequence, state=b"new", owners=b"too", created_at=NOW + 1)

        await store.put_checkpoint(newer)

        assert await store.checkpoint("s1") == newer

    async def test_an_older_one_is_passed_over(self, store: Store, seed: Seed) -> None:
        """A checkpoint that comes late does not undo a newer one."""
        await seed.session()
        await store.put_checkpoint(checkpoint(3))

        await store.put_checkpoint(checkpoint(2, created_at=NOW + 1))

        assert await store.checkpoint("s1") == checkpoint(3)

    async def test_checkpoints_of_sessions_are_separate(self, store: Store, seed: Seed) -> None:
        """Each session has one."""
        await seed.session("s1")
        await seed.session("s2")
        await store.put_checkpoint(checkpoint(3, "s1"))

        await store.put_checkpoint(checkpoint(1, "s2"))

        assert await store.checkpoint("s1") == checkpoint(3, "s1")
        assert await store.checkpoint("s2") == checkpoint(1, "s2")

    async def test_a_session_that_is_gone(self, store: Store, seed: Seed) -> None:
        """Nothing is left behind for it."""
        await seed.session()
        await store.delete_session("s1")

        with pytest.raises(NotFound):
            await store.put_checkpoint(checkpoint())

        assert await store.checkpoint("s1") is None

    async def test_four_megabytes(self, store: Store, seed: Seed) -> None:
        """A large document is not cut."""
        await seed.session()
        put = checkpoint(1, state=bytes(range(256)) * (4 << 12), owners=b"\xff" * (1 << 20))

        await store.put_checkpoint(put)

        assert await store.checkpoint("s1") == put


class TestVersions:
    async def test_the_store_numbers_versions(self, store: Store, seed: Seed) -> None:
        """Numbers count from 1, whatever the caller wrote there."""
        await seed.session()

        first = await store.add_version(version("1", number=77), MANY)
        second = await store.add_version(version("2", kind=VersionKind.FINAL), MANY)

        assert first == (version("1", number=1), True)
        assert second == (version("2", number=2, kind=VersionKind.FINAL), True)

    async def test_a_version_comes_back_as_stored(self, store: Store, seed: Seed) -> None:
        """Every field, with its type."""
        await seed.session()
        files = {"code": "a", "b/ü.py": "", "": "c"}
        given = version(files=files, sequence=0, kind=VersionKind.RESTORE, label="", contributors=())

        added, _ = await store.add_version(given, MANY)

        found = await store.version("s1", 1)
        assert added == replace(given, number=1)
        assert found == added
        assert found is not None
        assert found.kind is VersionKind.RESTORE
        assert found.contributors == ()
        assert await store.newest_version("s1") == added

    async def test_contributors_keep_their_order(self, store: Store, seed: Seed) -> None:
        """They are a tuple again."""
        await seed.session()

        await store.add_version(version(contributors=("u-c", "u-a", "u-b")), MANY)

        found = await store.newest_version("s1")
        assert found is not None
        assert found.contributors == ("u-c", "u-a", "u-b")

    async def test_files_may_be_any_mapping(self, store: Store, seed: Seed) -> None:
        """A read-only view too: the record asks for no more than a Mapping."""
        await seed.session()

        added, is_new = await store.add_version(version(files=MappingProxyType({"code": "a"})), MANY)

        assert is_new
        assert dict(added.files or {}) == {"code": "a"}
        assert await store.version("s1", 1) == version("a", number=1)

    async def test_fifty_at_once(self, store: Store, seed: Seed) -> None:
        """Numbers have neither gaps nor duplicates, and everybody learns his own."""
        await seed.session()

        results = await asyncio.gather(*(store.add_version(version(f"code {n}"), MANY) for n in range(50)))

        assert all(is_new for _, is_new in results)
        assert sorted(added.number for added, _ in results) == list(range(1, 51))
        stored = await store.versions("s1", None, MANY, with_files=True)
        assert stored == sorted((added for added, _ in results), key=lambda one: -one.number)

    async def test_fifty_of_the_same_at_once(self, store: Store, seed: Seed) -> None:
        """One is stored, everybody has it."""
        await seed.session()

        results = await asyncio.gather(*(store.add_version(version(label=f"label {n}"), MANY) for n in range(50)))

        assert sum(is_new for _, is_new in results) == 1
        assert {added.label for added, _ in results} == {results[0][0].label}
        assert [added.number for added, _ in results] == [1] * 50

    async def test_the_same_files_again(self, store: Store, seed: Seed) -> None:
        """The existing version is returned as it is, whatever else the new one would say."""
        await seed.session()
        first, _ = await store.add_version(version("a", label="first"), MANY)

        again = await store.add_version(version("a", label="second", kind=VersionKind.AUTO, sequence=9), MANY)

        assert again == (first, False)
        assert await store.versions("s1", None, MANY, with_files=True) == [first]

    async def test_files_are_the_same_in_any_order(self, store: Store, seed: Seed) -> None:
        """A mapping has no order."""
        await seed.session()
        await store.add_version(version(files={"a": "1", "b": "2"}), MANY)

        _, is_new = await store.add_version(version(files={"b": "2", "a": "1"}), MANY)

        assert not is_new

    @pytest.mark.parametrize("files", [{"code": "b"}, {"code": "a", "x": ""}, {"other": "a"}, {"code": "a "}, {}])
    async def test_other_files(self, store: Store, seed: Seed, files: dict[str, str]) -> None:
        """The least difference makes a new version."""
        await seed.session()
        await store.add_version(version("a"), MANY)

        added, is_new = await store.add_version(version(files=files), MANY)

        assert (added.number, is_new) == (2, True)

    async def test_composed_and_decomposed_characters_are_different(self, store: Store, seed: Seed) -> None:
        """Text is compared as it is, not normalized."""
        await seed.session()
        await store.add_version(version("\u00e9"), MANY)

        _, is_new = await store.add_version(version("e\u0301"), MANY)

        assert is_new

    async def test_only_the_newest_is_compared(self, store: Store, seed: Seed) -> None:
        """Going back to an older text is a version."""
        await seed.session()

        results = [await store.add_version(version(code), MANY) for code in ("a", "b", "a")]

        assert [(added.number, is_new) for added, is_new in results] == [(1, True), (2, True), (3, True)]

    async def test_the_same_files_in_another_session(self, store: Store, seed: Seed) -> None:
        """Sessions have nothing to do with each other."""
        await seed.session("s1")
        await seed.session("s2")
        await store.add_version(version("a", "s1"), MANY)

        added, is_new = await store.add_version(version("a", "s2"), MANY)

        assert (added.session_id, added.number, is_new) == ("s2", 1, True)

    async def test_the_limit(self, store: Store, seed: Seed) -> None:
        """The last one is stored, no more; the same files as the newest's are not one more."""
        await seed.session()
        await store.add_version(version("a"), 2)
        newest, _ = await store.add_version(version("b"), 2)

        with pytest.raises(LimitReached):
            await store.add_version(version("c"), 2)

        assert await store.add_version(version("b"), 2) == (newest, False)
        assert await store.newest_version("s1") == newest
        found = await store.session("s1")
        assert found == session()

    async def test_no_session(self, store: Store) -> None:
        """There is nothing to make a version of, and none to find."""
        with pytest.raises(NotFound):
            await store.add_version(version(), MANY)

        assert await store.version("s1", 1) is None
        assert await store.newest_version("s1") is None
        assert await store.versions("s1", None, MANY, with_files=True) == []

    async def test_one_version(self, store: Store, seed: Seed) -> None:
        """Found by its number, None if there is no such."""
        await seed.session()
        for code in ("a", "b", "c"):
            await store.add_version(version(code), MANY)

        assert await store.version("s1", 2) == version("b", number=2)
        assert await store.version("s1", 0) is None
        assert await store.version("s1", 4) is None
        assert await store.newest_version("s1") == version("c", number=3)

    async def test_the_newest_is_by_number(self, store: Store, seed: Seed) -> None:
        """After ten comes eleven, and the clock does not matter."""
        await seed.session()
        for number in range(1, 12):
            await store.add_version(version(f"code {number}", created_at=NOW - number), MANY)

        newest = await store.newest_version("s1")

        assert newest is not None
        assert newest.number == 11

    @pytest.mark.parametrize(
        ("before", "limit", "expected"),
        [
            (None, 3, [12, 11, 10]),
            (10, 3, [9, 8, 7]),
            (4, 10, [3, 2, 1]),
            (1, 3, []),
            (0, 3, []),
            (100, 2, [12, 11]),
            (None, 12, list(range(12, 0, -1))),
        ],
    )
    @pytest.mark.parametrize("with_files", [True, False])
    async def test_paging(
        self, store: Store, seed: Seed, before: int | None, limit: int, expected: list[int], *, with_files: bool
    ) -> None:
        """The newest below `before`, newest first."""
        await seed.session()
        for number in range(1, 13):
            await store.add_version(version(f"code {number}"), MANY)

        found = await store.versions("s1", before, limit, with_files=with_files)

        assert [one.number for one in found] == expected

    async def test_without_files(self, store: Store, seed: Seed) -> None:
        """Everything but the files, which are None."""
        await seed.session()
        for code in ("a", "b"):
            await store.add_version(version(code), MANY)

        described = await store.versions("s1", None, MANY, with_files=False)
        whole = await store.versions("s1", None, MANY, with_files=True)

        assert whole == [version("b", number=2), version("a", number=1)]
        assert described == [replace(one, files=None) for one in whole]

    @odd_text
    async def test_odd_text(self, store: Store, seed: Seed, text: str) -> None:
        """Code, file names, labels and names come back character by character."""
        await seed.session()
        given = version(files={text: text, "code": text}, label=text, author_name=text, contributors=(text,))

        added, _ = await store.add_version(given, MANY)

        assert await store.version("s1", 1) == added == replace(given, number=1)

    async def test_a_megabyte(self, store: Store, seed: Seed) -> None:
        """A large text is not cut, and is seen to be the same."""
        await seed.session()
        large = {"code": "日" * (1 << 20), "b": "x" * (1 << 20)}

        added, _ = await store.add_version(version(files=large), MANY)

        assert await store.newest_version("s1") == added == version(files=large, number=1)
        assert await store.add_version(version(files=large), MANY) == (added, False)


async def _store_everything(store: Store) -> list[Any]:
    """What a store tells about u-ada and s1."""
    return [
        dict(await store.users(["u-ada"])),
        await store.signed_in("l-ada-1", NOW),
        await store.signed_in("l-ada-2", NOW),
        await store.session("s1"),
        await store.sessions_of("u-ada", None, MANY),
        await store.members("s1"),
        await store.member("s1", "u-bob"),
        await store.messages("s1", None, MANY),
        await store.chunks("s1", 0, MANY),
        await store.checkpoint("s1"),
        await store.versions("s1", None, MANY, with_files=True),
    ]


REPEATABLE: dict[str, Callable[[Store], Awaitable[Any]]] = {
    "add_user": lambda store: store.add_user(user("ada"), login("ada")),
    "rename_user": lambda store: store.rename_user("u-ada", "Countess"),
    "add_login": lambda store: store.add_login(login("ada", 2)),
    "rotate_login": lambda store: store.rotate_login("l-ada-1", "hash-0", "hash-1", NOW, NOW + HOUR, RETRY_MS),
    "end_login": lambda store: store.end_login("l-ada-1"),
    "add_session": lambda store: store.add_session(session(), member("u-ada", role=Role.OWNER), chunk(1, 3)),
    "change_session": lambda store: store.change_session("s1", SessionChanges(title="New"), NOW + 1),
    "delete_session": lambda store: store.delete_session("s1"),
    "join": lambda store: store.join(member("u-carl"), 3),
    "set_role": lambda store: store.set_role("s1", "u-bob", Role.VIEWER),
    "remove_member": lambda store: store.remove_member("s1", "u-bob"),
    "leave": lambda store: store.leave("s1", "u-bob"),
    "add_message": lambda store: store.add_message(message()),
    "append_chunks": lambda store: store.append_chunks([chunk(4, 5)]),
    "put_checkpoint": lambda store: store.put_checkpoint(checkpoint()),
    "add_version": lambda store: store.add_version(version(), MANY),
}


class TestRetention:
    async def test_automatic_versions_make_room(self, store: Store, seed: Seed) -> None:
        """At the limit the oldest automatic one goes for whatever comes; numbers are never used again."""
        await seed.session()
        for number, kind in enumerate(["auto", "manual", "auto", "auto"]):
            await store.add_version(version(f"{number}", kind=VersionKind(kind)), 4)

        added, _ = await store.add_version(version("5", kind=VersionKind.MANUAL), 4)
        await store.add_version(version("6", kind=VersionKind.AUTO), 4)

        assert added.number == 5
        assert [one.number for one in await store.versions("s1", None, MANY, with_files=False)] == [6, 5, 4, 2]
        assert await store.count_versions("s1") == (4, 2)
        assert await store.version("s1", 1) is None

    async def test_peoples_own_are_never_dropped(self, store: Store, seed: Seed) -> None:
        """Where there are no automatic ones left, there is no place for another version of any kind."""
        await seed.session()
        for number, kind in enumerate([VersionKind.MANUAL, VersionKind.RESTORE, VersionKind.FINAL, VersionKind.AUTO]):
            await store.add_version(version(f"{number}", kind=kind), 4)
        await store.add_version(version("5"), 4)

        for kind in VersionKind:
            with pytest.raises(LimitReached):
                await store.add_version(version("6", kind=kind), 4)

        assert [one.number for one in await store.versions("s1", None, MANY, with_files=False)] == [5, 3, 2, 1]

    async def test_few_automatic_ones_are_kept(self, store: Store, seed: Seed) -> None:
        """Their own limit is for them alone."""
        await seed.session()
        for number in range(6):
            await store.add_version(version(f"{number}", kind=VersionKind.AUTO), MANY, 2)
            await store.add_version(version(f"m{number}", kind=VersionKind.MANUAL), MANY, 2)

        found = await store.versions("s1", None, MANY, with_files=False)

        assert [one.number for one in found if one.kind is VersionKind.AUTO] == [11, 9]
        assert await store.count_versions("s1") == (8, 2)
        assert await store.count_versions("s-none") == (0, 0)

    async def test_redacted_texts(self, store: Store, seed: Seed) -> None:
        """The texts are replaced, and nothing else of a version; one that is gone stays gone."""
        await seed.session()
        first, _ = await store.add_version(version("a secret", label="kept"), MANY)
        second, _ = await store.add_version(version("other"), MANY)

        await store.redact_version(replace(first, files={"code": "a ██████"}, label="ignored"))
        await store.redact_version(replace(first, number=9))
        await store.scrub()

        assert await store.version("s1", 1) == replace(first, files={"code": "a ██████"})
        assert await store.version("s1", 2) == second
        assert await store.version("s1", 9) is None


class TestRepeating:
    """After StoreUnavailable a write may have happened, and every write can be repeated."""

    @pytest.mark.parametrize("name", REPEATABLE)
    async def test_a_write_can_be_repeated(self, store: Store, seed: Seed, name: str) -> None:
        """The second time changes nothing; at most it is refused for good, as by a name that is taken."""
        write = REPEATABLE[name]
        if name != "add_user":
            await seed.user("ada")
        if name != "add_session":
            await seed.session(first=chunk(1, 3))
            await store.join(member("u-bob"), MANY)
        await write(store)
        once = await _store_everything(store)

        with contextlib.suppress(NotFound, Conflict, LogConflict):
            await write(store)

        assert await _store_everything(store) == once

    async def test_errors_are_of_one_family(self, store: Store) -> None:
        """Whoever calls a store can catch what it raises by one name."""
        with pytest.raises(StoreError):
            await store.add_message(message())
