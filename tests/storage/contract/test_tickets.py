"""Tests of `InviteStore` on every store: tickets."""

import asyncio

import pytest

from storage.base import Store
from storage.errors import NotFound
from tests.storage.rows import (
    DAY,
    NOW,
    Seed,
    odd_text,
    ticket,
)


class TestTickets:
    async def test_ticket_comes_back_as_stored_once(self, store: Store, seed: Seed) -> None:
        """A ticket comes back with every field, and only once."""
        await seed.user("ada")
        made = ticket(session_id="s7")
        await store.add_ticket(made)

        taken = await store.take_ticket("ticket-ada-1", NOW)

        assert taken == made
        assert await store.take_ticket("ticket-ada-1", NOW) is None

    async def test_ticket_taken_by_fifty_callers_is_given_to_one(
        self, store: Store, seed: Seed
    ) -> None:
        """One of fifty callers gets the ticket."""
        await seed.user("ada")
        await store.add_ticket(ticket())

        results = await asyncio.gather(*(store.take_ticket("ticket-ada-1", NOW) for _ in range(50)))

        assert [result for result in results if result] == [ticket()]

    @pytest.mark.parametrize(("later", "is_valid"), [(-1, True), (0, False), (DAY, False)])
    async def test_ticket_is_valid_until_just_before_expiry(
        self, store: Store, seed: Seed, later: int, *, is_valid: bool
    ) -> None:
        """A ticket is valid until just before `expires_at`."""
        await seed.user("ada")
        made = ticket()
        await store.add_ticket(made)

        taken = await store.take_ticket(made.hash, made.expires_at + later)

        assert taken == (made if is_valid else None)

    async def test_ticket_of_unknown_hash_is_not_found(self, store: Store, seed: Seed) -> None:
        """An unknown hash gives no ticket, and the stored ticket stays."""
        await seed.user("ada")
        await store.add_ticket(ticket())

        for secret in ("", "ticket-ada-2", "TICKET-ADA-1", "ticket%"):
            assert await store.take_ticket(secret, NOW) is None

        assert await store.take_ticket("ticket-ada-1", NOW) == ticket()

    async def test_ticket_taken_leaves_other_tickets_of_same_login(
        self, store: Store, seed: Seed
    ) -> None:
        """Taking one ticket leaves the other tickets of the same login."""
        await seed.user("ada")
        tickets = [ticket("ada", number) for number in (1, 2, 3)]
        for stored in tickets:
            await store.add_ticket(stored)

        taken = [await store.take_ticket(ticket.hash, NOW) for ticket in reversed(tickets)]

        assert taken == tickets[::-1]

    async def test_add_ticket_repeated_stores_it_once(self, store: Store, seed: Seed) -> None:
        """A ticket that is added twice can be taken only once."""
        await seed.user("ada")
        await store.add_ticket(ticket())

        await store.add_ticket(ticket())

        assert await store.take_ticket("ticket-ada-1", NOW) == ticket()
        assert await store.take_ticket("ticket-ada-1", NOW) is None

    async def test_add_ticket_for_unknown_user_is_not_found(self, store: Store) -> None:
        """A ticket of an unknown user is not stored."""
        with pytest.raises(NotFound):
            await store.add_ticket(ticket("nobody"))

        assert await store.take_ticket("ticket-nobody-1", NOW) is None

    async def test_ticket_of_guest_is_valid(self, store: Store, seed: Seed) -> None:
        """A guest may have tickets, too."""
        await seed.session()
        await seed.invite()
        await seed.guest()

        await store.add_ticket(ticket("gil"))

        assert await store.take_ticket("ticket-gil-1", NOW) == ticket("gil")

    @odd_text
    async def test_ticket_hashes_and_ids_are_compared_exactly(
        self, store: Store, seed: Seed, text: str
    ) -> None:
        """Hashes and ids are compared character by character."""
        await seed.user("ada")
        made = ticket(hash=f"x{text}", login_id=text, session_id=text)

        await store.add_ticket(made)

        assert await store.take_ticket(f"X{text}", NOW) is None
        assert await store.take_ticket(f"x{text}", NOW) == made
