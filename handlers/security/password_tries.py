"""How often a password may be tried, so that nobody guesses one, and nobody is locked out by the guesses of others.

Not for: whether the password is right (`handlers.security.passwords`).
"""

from dataclasses import dataclass

from handlers.throttling.rates import Backoff, RateLimiter, Recent


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try of a password.

    account  whose password it is to be
    address  where the try comes from
    device   mark of a device on which the account has signed in before (`KnownDevices`), "" for any other
    is_new   whether the account has not signed in on this device or from this address before
    """

    account: str
    address: str
    device: str
    is_new: bool

    @property
    def place(self) -> str:
        return _place(self.account, self.device or self.address)


class PasswordTries:
    """Counts by place first. An account and an address count as a whole only what comes from places new to the account.

    So wrong passwords of strangers make strangers wait, while the account's own devices and addresses go on signing in.
    Whoever guesses from one place waits longer and longer; whoever guesses from many shares what one account or one
    address allows.
    """

    def __init__(
        self,
        *,
        places: Backoff,
        tries: RateLimiter,
        accounts: RateLimiter,
        addresses: RateLimiter,
        known_places: Recent,
    ) -> None:
        """tries: of a place, right ones too, because each costs a hash; known_places: those that signed in rightly."""
        self._places = places
        self._tries = tries
        self._accounts = accounts
        self._addresses = addresses
        self._known_places = known_places

    def attempt(self, account: str, address: str, device: str = "") -> Attempt:
        """Return a try that was not made yet; see `Attempt`."""
        is_new = not device and not self._known_places.has(_place(account, address))
        return Attempt(account, address, device, is_new)

    def begin(self, attempt: Attempt) -> int:
        """Count a try as failed until `succeeded`, so that simultaneous ones count too.

        Returns the whole seconds to wait before the try; it is not counted then, and must not be made.
        """
        wait_s = self._places.wait_s(attempt.place) or self._tries.wait_s(attempt.place)
        if not wait_s and attempt.is_new:
            wait_s = self._count_stranger(attempt)
        if not wait_s:
            self._places.note(attempt.place)
        return wait_s

    def succeeded(self, attempt: Attempt) -> None:
        """Take the count of a try back: the password was right.

        The failures of a known device are forgotten, since it is one person's. Those of an address stay: somebody else
        may have made them, and gets no new tries.
        """
        self.take_back(attempt)
        if attempt.device:
            self._places.forget(attempt.place)
        self.learn(attempt.account, attempt.address)

    def take_back(self, attempt: Attempt) -> None:
        """Take the count of a try back: nobody has learned whether the password was right."""
        self._places.take_back(attempt.place)
        if attempt.is_new:
            self._accounts.refund(attempt.account)
            self._addresses.refund(attempt.address)

    def learn(self, account: str, address: str) -> None:
        """Remember that an account is used from an address."""
        self._known_places.note(_place(account, address))

    def _count_stranger(self, attempt: Attempt) -> int:
        # the address first: one that may try no more must not fill the table of accounts, which forgets the oldest
        wait_s = self._addresses.wait_s(attempt.address)
        if not wait_s and (wait_s := self._accounts.wait_s(attempt.account)):
            self._addresses.refund(attempt.address)
        return wait_s


def _place(account: str, where: str) -> str:
    """Return the key of an account at a device or an address; neither of these has spaces."""
    return f"{where} {account}"
