"""Tests how many passwords can be guessed from one address and from many, with the best timing."""

import itertools

from handlers.security.password_tries import PasswordTries
from handlers.throttling.rates import Backoff, RateLimiter, Recent
from tests.clock import Seconds

DAY_S = 86_400
HOUR_S = 3_600


def tries_of(clock: Seconds) -> PasswordTries:
    """Return the object that the default settings make."""
    return PasswordTries(
        places=Backoff(5, clock),
        tries=RateLimiter(60 / 300, 60, clock),
        accounts=RateLimiter(240 / DAY_S, 240, clock),
        addresses=RateLimiter(300 / HOUR_S, 300, clock),
        known_places=Recent(30 * DAY_S, clock),
    )


def guess(tries: PasswordTries, account: str, address: str, device: str = "") -> bool:
    """Make a wrong try. Return False if the try had to wait."""
    return not tries.begin(tries.attempt(account, address, device))


def sign_in(tries: PasswordTries, account: str, address: str, device: str = "") -> bool:
    """Try to sign in with the right password. Return False if the try had to wait."""
    attempt = tries.attempt(account, address, device)
    if tries.begin(attempt):
        return False
    tries.succeeded(attempt)
    return True


def guesses_of_a_day(tries_in_a_row: int) -> int:
    """Return the number of guesses at one account that one address has in a day.

    The address pauses for an hour after every `tries_in_a_row` tries.
    """
    clock = Seconds()
    tries, made = tries_of(clock), 0
    while clock.now < DAY_S:
        for _ in range(tries_in_a_row):
            attempt = tries.attempt("ada", "here")
            clock.advance(tries.begin(attempt))
            made += not tries.begin(attempt)
        clock.advance(HOUR_S)
    return made


def test_one_address_has_few_guesses_at_an_account_with_any_pauses() -> None:
    """With the best pauses, one address has at most 240 guesses at an account in a day."""
    assert max(guesses_of_a_day(count) for count in range(1, 30)) <= 240


def test_many_addresses_share_the_guesses_at_an_account() -> None:
    """Many addresses together have only the guesses that one account allows strangers.

    These are the daily number and a burst.
    """
    clock = Seconds()
    tries, made = tries_of(clock), 0
    addresses = itertools.cycle(range(20_000))
    while clock.now < DAY_S:
        made += sum(guess(tries, "ada", f"address {next(addresses)}") for _ in range(20))
        clock.advance(10)

    assert 240 <= made <= 2 * 240 + 1


def test_one_address_has_bounded_guesses_at_all_accounts() -> None:
    """The guesses of one address at all accounts together are bounded."""
    clock = Seconds()
    tries, made = tries_of(clock), 0
    for number in range(DAY_S // 4):
        made += guess(tries, f"account {number}", "here")
        clock.advance(4)

    assert made <= 300 * 25


def test_right_passwords_of_own_account_give_no_guesses_at_others() -> None:
    """Signing in to one's own account between guesses gives no additional guesses."""
    clock = Seconds()
    tries = tries_of(clock)
    made = 0
    for number in range(2_000):
        made += guess(tries, f"victim {number}", "here")
        guess(tries, "eve", "here")
        sign_in(tries, "eve", "here")

    assert made <= 300


def test_known_place_and_device_sign_in_while_strangers_guess() -> None:
    """The owner can sign in at a known place or device, even if strangers guess often.

    A new place must wait.
    """
    tries = tries_of(Seconds())
    assert sign_in(tries, "ada", "home")
    for number in range(1_000):
        guess(tries, "ada", f"address {number}")
        guess(tries, f"account {number}", "home")

    assert not sign_in(tries, "ada", "a new place")
    assert sign_in(tries, "ada", "home")
    assert sign_in(tries, "ada", "a new place", device="mark")


def test_class_that_signs_in_together_for_the_first_time_gets_in() -> None:
    """240 users of one address can sign in together.

    Each try counts as failed until it ends. After that, a successful try does not count.
    """
    tries = tries_of(Seconds())
    attempts = [tries.attempt(f"student {number}", "school") for number in range(240)]

    waits = [tries.begin(attempt) for attempt in attempts]
    for attempt in attempts:
        tries.succeeded(attempt)

    assert waits == [0] * 240
    assert sum(guess(tries, f"nobody {number}", "school") for number in range(400)) == 300, (
        "nothing is left over"
    )


def test_shared_account_signs_in_for_a_whole_class() -> None:
    """Sixty students may sign in to one account within five minutes. Further sign-ins must wait."""
    tries = tries_of(Seconds())

    assert [sign_in(tries, "class", "school") for _ in range(61)] == [True] * 60 + [False]


def test_refused_try_counts_for_nobody() -> None:
    """A try that the address may not make is not counted for the account."""
    clock = Seconds()
    tries = tries_of(clock)
    for number in range(300):
        assert guess(tries, f"account {number}", "here")

    assert not any(guess(tries, "ada", "here") for _ in range(1_000))

    assert sum(guess(tries, "ada", f"address {number}") for number in range(1_000)) == 240


def test_address_over_its_limit_cannot_make_limits_forget_an_account() -> None:
    """An address over its limit cannot make the limits forget an account.

    Limits keep 10,000 accounts, and an address could fill them with invented names.
    """
    tries = tries_of(Seconds())
    assert sum(guess(tries, "ada", f"address {number}") for number in range(1_000)) == 240

    assert sum(guess(tries, f"nobody {number}", "here") for number in range(20_000)) == 300

    assert not guess(tries, "ada", "another address")
