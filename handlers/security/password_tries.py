"""Limits how often a password may be tried.

So nobody can guess a password, and guesses of strangers do not lock a user out.
Not for: checking a password (`handlers.security.passwords`).
"""

from dataclasses import dataclass

from handlers.throttling.rates import Backoff, RateLimiter, Recent


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try of a password.

    account  the account whose password is tried
    address  the address from which the try comes
    device   mark of a device on which the account has signed in before (`KnownDevices`),
             "" for any other device
    is_new   whether the account has not signed in on this device or from this address before
    """

    account: str
    address: str
    device: str
    is_new: bool

    @property
    def place(self) -> str:
        """The key of the account on its device, or from its address if no device is known."""
        return _place(self.account, self.device or self.address)


class PasswordTries:
    """Counts tries by place. A place is an account on a device, or an account from an address.

    Each place has its own growing waits. A try from a place that is new to the account also counts
    for the whole account and for the whole address. So wrong passwords of strangers make strangers
    wait, while the account's own devices and addresses can sign in. A thief who guesses from one
    place waits longer and longer. If the thief has many places, all these places share the tries
    that the account allows. If the thief guesses the passwords of many accounts, all these tries
    share the tries that the address allows.

    An example: a stranger tries passwords of Ann's account from a hundred addresses. Soon the
    account allows no more tries from new places. Ann's own laptop is not a new place, so only its
    own tries count, and Ann can sign in.
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
        """Set the limits for each kind of key.

        places        growing waits for each place, after wrong passwords
        tries         rate for each place; right passwords count too, because each costs a hash
        accounts      rate for each account, for tries from new places
        addresses     rate for each address, for tries from places that are new to the account
        known_places  the accounts and addresses of past logins
        """
        self._places = places
        self._tries = tries
        self._accounts = accounts
        self._addresses = addresses
        self._known_places = known_places

    def attempt(self, account: str, address: str, device: str = "") -> Attempt:
        """Return the record of a try that was not made yet."""
        is_new = not device and not self._known_places.has(_place(account, address))
        return Attempt(account, address, device, is_new)

    def begin(self, attempt: Attempt) -> int:
        """Count a try as a failure, and return 0.

        `succeeded` later removes the failure. Counting it now limits simultaneous tries too. If the
        try comes too early, this counts nothing, and returns the whole seconds to wait. The caller
        must not compare the password then.
        """
        wait_s = self._places.wait_s(attempt.place) or self._tries.wait_s(attempt.place)
        if not wait_s and attempt.is_new:
            wait_s = self._count_stranger(attempt)
        if not wait_s:
            self._places.note(attempt.place)
        return wait_s

    def succeeded(self, attempt: Attempt) -> None:
        """Remove the failure that `begin` counted, because the password was right.

        The earlier failures of a known device are removed too, because the device belongs to one
        person. The earlier failures of an address stay, because another person may have caused
        them and must get no new tries.
        """
        self.take_back(attempt)
        if attempt.device:
            self._places.forget(attempt.place)
        self.learn(attempt.account, attempt.address)

    def take_back(self, attempt: Attempt) -> None:
        """Remove the failure that `begin` counted, because the password was not compared."""
        self._places.take_back(attempt.place)
        if attempt.is_new:
            self._accounts.refund(attempt.account)
            self._addresses.refund(attempt.address)

    def forgive(self, attempt: Attempt) -> None:
        """Forget the failures of a place: the user has proved in another way who they are."""
        self._places.forget(attempt.place)
        self.learn(attempt.account, attempt.address)

    def learn(self, account: str, address: str) -> None:
        """Remember that an account is used from an address."""
        self._known_places.note(_place(account, address))

    def _count_stranger(self, attempt: Attempt) -> int:
        # The address is counted first. An address without tries must not add accounts to the
        # table of accounts, which forgets the oldest when it is full.
        wait_s = self._addresses.wait_s(attempt.address)
        if not wait_s and (wait_s := self._accounts.wait_s(attempt.account)):
            self._addresses.refund(attempt.address)
        return wait_s


def _place(account: str, where: str) -> str:
    """Return the key of an account at a device or an address, which have no spaces."""
    return f"{where} {account}"
