"""Tests of exchanging refresh tokens with a real store, above all after a restored backup."""

import hashlib
import secrets
from collections.abc import AsyncIterator, Iterable
from dataclasses import replace

import pytest

from handlers.errors import ApiError
from handlers.security.refreshing import Refresher
from handlers.security.tokens import LAST_GENERATION, RefreshToken, Tokens
from storage.base import Store
from storage.errors import TokenReused
from storage.logins.records import Login
from tests.storage.conftest import PLACES
from tests.storage.rows import HOUR, NOW, login, user

RETRY_MS = 20_000
WARNING = "WARNING handlers.security.refreshing: the database is older than a login of user u-ada"


@pytest.fixture(params=PLACES)
async def store(request: pytest.FixtureRequest) -> AsyncIterator[Store]:
    async with PLACES[request.param](request) as connect:
        opened = connect()
        await opened.open()
        yield opened
        await opened.close(is_clean=True)


class Device:
    """A sign-in of ada with its refresh tokens. Each exchange advances the clock."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.now = NOW
        self.tokens = Tokens("s" * 40, 900, lambda: self.now, secrets.token_bytes)
        self.chain: list[RefreshToken] = []
        self.start()

    def start(self) -> None:
        """Begin to serve, as after a start of the server."""
        self.refresher = Refresher(self.store, self.tokens, RETRY_MS, HOUR)

    async def sign_in(self, first: RefreshToken | None = None, generation: int = 0) -> None:
        """Sign up with a first token; it may have the form of an earlier release."""
        token = first or self.tokens.new_refresh_token()
        self.chain = [token]
        row = login(id=token.login_id, token_hash=token.hash, generation=generation)
        await self.store.add_user(user("ada"), row)

    async def use(self, token: RefreshToken, after_ms: int = RETRY_MS + 1) -> RefreshToken:
        """Exchange a token. Like a client, send it as a text."""
        self.now += after_ms
        read = self.tokens.read_refresh_token(str(token))
        signed_in, newest = await self.refresher.exchange(read, self.now)
        assert signed_in.id == "u-ada"
        return newest

    async def refresh(self, times: int = 1) -> RefreshToken:
        for _ in range(times):
            self.chain.append(await self.use(self.chain[-1]))
        return self.chain[-1]

    async def backup(self) -> Login:
        (row,) = await self.store.logins("u-ada", self.now)
        return row

    async def restore(self, row: Login) -> None:
        """Restore the row of the login from the backup."""
        await self.store.end_login(row.id)
        await self.store.add_login(row)

    async def assert_ended(self, tokens: Iterable[RefreshToken]) -> None:
        assert await self.store.logins("u-ada", self.now) == []
        for token in tokens:
            with pytest.raises(ApiError) as refused:
                await self.use(token)
            assert (refused.value.status, refused.value.code) == (401, "not_signed_in")


@pytest.fixture
def device(store: Store) -> Device:
    return Device(store)


@pytest.mark.parametrize("since", [1, 2, 7])
async def test_login_refreshed_since_the_backup_continues(
    device: Device, expect_log, since: int
) -> None:
    """The newest token works, even if the login was refreshed often since the backup.

    Afterwards, one token follows another as usual, and a repeated request does no harm.
    """
    expect_log(WARNING)
    await device.sign_in()
    await device.refresh(2)
    row = await device.backup()
    before = await device.refresh(since)
    await device.restore(row)

    after = await device.refresh()

    assert after.generation == before.generation + 1
    assert await device.use(before, RETRY_MS) == after
    assert (await device.refresh(3)).generation == after.generation + 3


async def test_restore_is_logged_once_for_each_start(device: Device, caplog, expect_log) -> None:
    """The first login that is later than the database gives a warning, and others do not."""
    expect_log(WARNING)
    await device.sign_in()
    row = await device.backup()
    for _ in range(2):
        await device.refresh(2)
        await device.restore(row)
        await device.refresh()
    first = len(caplog.messages)
    await device.restore(row)
    device.start()
    await device.refresh()

    assert (first, len(caplog.messages)) == (1, 2)


async def test_lost_answer_before_a_restore_ends_nothing(device: Device, expect_log) -> None:
    """The browser did not get its newest token before the restore.

    It continues with the token that it has.
    """
    expect_log(WARNING)
    await device.sign_in()
    row = await device.backup()
    own = await device.refresh(2)
    lost = await device.use(own)
    await device.restore(row)

    assert await device.use(own) == lost


@pytest.mark.parametrize(
    ("is_thief_first", "uses"), [(False, 0), (True, 1), (True, 2), (True, 3), (True, 6)]
)
async def test_thief_with_a_used_token_ends_the_login_after_a_restore(
    device: Device, expect_log, is_thief_first: bool, uses: int
) -> None:
    """After a restore, a used token works once more, but not together with the owner's tokens.

    In one case the thief comes after the owner. In the other, the thief exchanges some tokens
    first. The login ends for both.
    """
    expect_log(WARNING)
    await device.sign_in()
    row = await device.backup()
    await device.refresh(4)
    thiefs = [device.chain[1]]
    await device.restore(row)

    async def steal() -> None:
        for _ in range(uses):
            thiefs.append(await device.use(thiefs[-1]))

    async def meet() -> None:
        if is_thief_first:
            await steal()
        await device.refresh()
        await device.use(thiefs[-1])

    with pytest.raises(TokenReused):
        await meet()

    await device.assert_ended([*device.chain, *thiefs])


@pytest.mark.parametrize("altered", ["generation", "mac"])
async def test_altered_token_is_an_unknown_token(device: Device, altered: str) -> None:
    """A token with a later generation and a wrong MAC ends its login, as a used token does."""
    await device.sign_in()
    await device.refresh()
    generation, chain, mac = device.chain[0].secret.split(".")
    secret = f"9.{chain}.{mac}" if altered == "generation" else f"{generation}.{chain}.{mac[1:]}A"

    with pytest.raises(TokenReused):
        await device.use(RefreshToken(device.chain[0].login_id, secret))

    await device.assert_ended(device.chain)


async def test_no_token_is_later_than_a_locked_login(device: Device) -> None:
    """The login of a guest who becomes a user is locked. Any of the guest's tokens ends it."""
    await device.sign_in()
    await device.refresh(3)
    row = await device.backup()
    await device.restore(replace(row, token_hash="nobody has it", generation=LAST_GENERATION))

    with pytest.raises(TokenReused):
        await device.refresh()

    await device.assert_ended(device.chain)


def of_earlier_release(token: RefreshToken) -> RefreshToken:
    return RefreshToken(token.login_id, token.chain)


async def test_token_of_earlier_release_is_exchanged_for_one_with_a_generation(
    device: Device, expect_log
) -> None:
    """Such a token has no generation.

    Its successor gets the next generation of the store. A late request gets the newest token, also
    after a restored backup from before the upgrade.
    """
    expect_log(WARNING)
    old = of_earlier_release(device.tokens.new_refresh_token())
    await device.sign_in(old, generation=40)
    row = await device.backup()

    first = await device.use(old)
    second = await device.use(first, 5_000)

    assert (first.generation, second.generation) == (41, 42)
    assert await device.use(old, 5_000) == second
    await device.restore(row)
    assert (await device.use(second)).generation == 43
    with pytest.raises(TokenReused):
        await device.use(old)


async def test_earlier_release_can_exchange_a_token_with_a_generation(device: Device) -> None:
    """After a downgrade, the earlier release hashes the secret. Both releases agree on it."""
    await device.sign_in()
    token = await device.refresh()
    login_id, _, secret = str(token).partition(".")

    row = await device.backup()

    assert row.token_hash == hashlib.sha256(secret.encode()).hexdigest()
    assert row.id == login_id
