"""The texts of mails: short, in plain text, and without HTML."""

from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail to one user."""

    to: str
    subject: str
    text: str


def forgotten_password(name: str, email: str, public_url: str, token: str) -> Letter:
    """Return the mail by which a user chooses a new password.

    The token is behind a #. Browsers do not send that part of an address, so no proxy logs it.
    """
    place = _place(public_url)
    return Letter(
        email,
        f"A new password for {place}",
        f"""Hello {name},

somebody asked for a new password for your account at {place}.
Open this link to choose one:

{public_url}/reset#{token}

The link works once, and for one hour. When you have chosen a password,
you are signed out on all your devices.

If it was not you who asked, you need not do anything. Your password
stays as it is.
""",
    )


def changed_email(name: str, old: str, new: str, public_url: str) -> Letter:
    """Return the mail to a user's old address that names the new address."""
    place = _place(public_url)
    return Letter(
        old,
        f"Your e-mail address at {place} has changed",
        f"""Hello {name},

the e-mail address of your account at {place} was changed
to {new}. From now on, mails about your account go there.

If it was not you who changed it, somebody knows your password. Ask the
people who run {place} for help.
""",
    )


def _place(public_url: str) -> str:
    return urlsplit(public_url).netloc
