"""Limits how often a password may be tried.
Nobody can guess one, and guesses of others lock no user out.

Not for: whether the password is right (`handlers.security.passwords`).
"""

from dataclasses import dataclass

from handlers.throttling.rates import Backoff, RateLimiter, Recent


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try of a password.

    account  the account whose password is tried
    address  the address that the try comes from
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
    """Counts tries by place: an account on a device, or from an address.

    Each place has growing waits of its own.

    Tries from places that are new to the account count for the whole account and the whole address
    as well. So wrong passwords of strangers make strangers wait, while the account's own devices
    and addresses go on signing in. A thief that guesses from one place waits longer and longer. If
    the thief has many places, all of them share the tries that an account allows. If the thief
    guesses at many accounts, all of them share the tries that an address allows.

    An example: a stranger tries passwords of Ann's account from a hundred addresses. Soon the
    account takes no more tries from new places. Ann's own laptop is not a new place, so only its
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
        """tries: rate of a place, also of right passwords, which cost a hash too;
        known_places: of past logins.
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
        """Count a try as failed, until `succeeded` takes it back:
        so tries that run at the same time count too.

        Returns 0, or the whole seconds to wait: then the try is not counted, and must not be made.
        """
        wait_s = self._places.wait_s(attempt.place) or self._tries.wait_s(attempt.place)
        if not wait_s and attempt.is_new:
            wait_s = self._count_stranger(attempt)
        if not wait_s:
            self._places.note(attempt.place)
        return wait_s

    def succeeded(self, attempt: Attempt) -> None:
        """Take the count of a try back, because the password was right.

        The earlier failures of a known device are forgotten too, because it belongs to one person.
        Those of an address stay: another person behind it may have made them, and must get no new
        tries.
        """
        self.take_back(attempt)
        if attempt.device:
            self._places.forget(attempt.place)
        self.learn(attempt.account, attempt.address)

    def take_back(self, attempt: Attempt) -> None:
        """Take the count of a try back, because the password was not compared,
        so nobody learned anything.
        """
        self._places.take_back(attempt.place)
        if attempt.is_new:
            self._accounts.refund(attempt.account)
            self._addresses.refund(attempt.address)

    def learn(self, account: str, address: str) -> None:
        """Remember that an account is used from an address."""
        self._known_places.note(_place(account, address))

    def _count_stranger(self, attempt: Attempt) -> int:
        # The address first: one that has no tries left must not fill the table of accounts,
        # which forgets the oldest.
        wait_s = self._addresses.wait_s(attempt.address)
        if not wait_s and (wait_s := self._accounts.wait_s(attempt.account)):
            self._addresses.refund(attempt.address)
        return wait_s


def _place(account: str, where: str) -> str:
    """Return the key of an account at a device or an address; neither of these has spaces."""
    return f"{where} {account}"
