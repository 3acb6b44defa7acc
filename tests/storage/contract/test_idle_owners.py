"""Tests of `AccountStore` on every store: guests who own a session and are idle."""

from storage.base import Store
from tests.storage.rows import DAY, MANY, NOW, Seed, member, session

IDLE = NOW + 40 * DAY


class TestIdleOwners:
    async def owners(self, seed: Seed, *names: str) -> None:
        """Make guests who each own a session, and were active one after the other."""
        for at, name in enumerate(names):
            await seed.user(
                name,
                email=None,
                password_hash=None,
                is_guest=True,
                guest_of=f"s-{name}",
                created_at=NOW + at,
            )
            await seed.session(f"s-{name}", owner_id=f"u-{name}")

    async def test_idle_owners_are_guests_who_own_session(self, store: Store, seed: Seed) -> None:
        """The result has neither users nor guests of other people's sessions."""
        await self.owners(seed, "gus", "gil", "gia")
        await seed.user("ada")
        await seed.session()
        await seed.invite()
        await seed.guest("bob")

        assert await store.idle_owners(NOW + DAY, MANY) == ["u-gus", "u-gil", "u-gia"]
        assert await store.idle_owners(NOW + DAY, 2) == ["u-gus", "u-gil"]
        assert await store.idle_owners(NOW + 1, MANY) == ["u-gus"]

    async def test_owner_of_session_that_others_use_is_kept(self, store: Store, seed: Seed) -> None:
        """If the guest were removed, only an editor with an account could get the session.

        Otherwise the session would be deleted.
        """
        await self.owners(seed, "gus", "gil")
        for name in ("gus", "gil"):
            await seed.invite(1, f"s-{name}")
        await seed.guest("gia", "s-gus-secret-1", guest_of="s-gus", created_at=NOW + 9)
        await seed.guest("guy", "s-gil-secret-1", guest_of="s-gil", created_at=NOW + 9)
        ada = await seed.user("ada")
        await store.join(member(ada.id, "s-gil"), MANY)

        assert await store.idle_owners(NOW + 9, MANY) == ["u-gil"]
        assert await store.idle_owners(NOW + 10, MANY) == ["u-gus", "u-gil"]

    async def test_sweep_does_not_count_owners_who_are_kept(self, store: Store, seed: Seed) -> None:
        """Owners who are kept do not count for the limit, so other guests are removed."""
        await self.owners(seed, "gus", "gil")
        await seed.user("ada")
        await seed.session()
        await seed.invite()
        await seed.guest("gia", created_at=NOW + 5)

        assert [user.id for user in await store.sweep(NOW, IDLE, 1)] == ["u-gia"]

    async def test_sweep_keeps_guest_who_owns_session(self, store: Store, seed: Seed) -> None:
        """A sweep would leave a session without an owner, so it leaves these guests alone."""
        await self.owners(seed, "gus")

        assert await store.sweep(NOW, IDLE, MANY) == []

        assert await store.session("s-gus") == session("s-gus", owner_id="u-gus")

    async def test_delete_user_before_time_deletes_idle_guest_only(
        self, store: Store, seed: Seed
    ) -> None:
        """A guest who was active meanwhile stays, and so does a user."""
        await self.owners(seed, "gus")
        ada = await seed.user("ada")

        for user_id, before in (("u-gus", NOW), ("u-ada", IDLE)):
            refused = await store.delete_user(
                user_id, IDLE, deletes_sessions=False, guests_before=before
            )
            assert refused.deleted == refused.logins == ()
        deletion = await store.delete_user(
            "u-gus", IDLE, deletes_sessions=False, guests_before=NOW + DAY
        )

        assert deletion.deleted == ("s-gus",)
        assert await store.session("s-gus") is None
        assert await store.user("u-ada") == ada

    async def test_delete_user_before_time_keeps_session_that_others_use(
        self, store: Store, seed: Seed
    ) -> None:
        """Somebody may have come back to it after the list of idle owners was made."""
        await self.owners(seed, "gus")
        await seed.invite(1, "s-gus")
        assert await store.idle_owners(NOW + 9, MANY) == ["u-gus"]
        await seed.guest("gia", "s-gus-secret-1", guest_of="s-gus", created_at=NOW + 9)

        refused = await store.delete_user(
            "u-gus", IDLE, deletes_sessions=False, guests_before=NOW + 9
        )

        assert refused.deleted == ()
        assert await store.session("s-gus") == session("s-gus", owner_id="u-gus")
        deletion = await store.delete_user(
            "u-gus", IDLE, deletes_sessions=False, guests_before=NOW + 10
        )
        assert deletion.deleted == ("s-gus",)
