"""Tests the texts of mails."""

import pytest

from handlers.mail import letters
from handlers.mail.letters import Letter

URL = "https://code.example.org:8443"
LETTERS = [
    letters.forgotten_password("ada", "ada@example.org", URL, "t0ken"),
    letters.changed_email("ada", "ada@example.org", "new@example.org", URL),
]


def test_forgotten_password_has_link_on_line_of_its_own() -> None:
    """The token is behind a #, so no server sees it. Mail programs recognize the line as a link."""
    assert f"\n\n{URL}/reset#t0ken\n\n" in LETTERS[0].text
    assert "t0ken" not in LETTERS[0].subject


def test_changed_email_goes_to_old_address_and_names_new_one() -> None:
    """So users notice a change that they did not make."""
    assert (LETTERS[1].to, "new@example.org" in LETTERS[1].text) == ("ada@example.org", True)


@pytest.mark.parametrize("letter", LETTERS, ids=["forgotten_password", "changed_email"])
def test_letters_are_short_lines_that_name_the_server(letter: Letter) -> None:
    """Mails can be read in a small window, and name the server that sends them."""
    assert "code.example.org:8443" in letter.subject
    assert letter.text.startswith("Hello ada,\n\n")
    assert max(map(len, letter.text.splitlines())) <= 78
