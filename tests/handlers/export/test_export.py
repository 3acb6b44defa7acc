"""Tests the download of a session."""

import pytest

from tests.api import Api
from tests.handlers.clients import code_of, guest_of


async def test_export_in_bad_format_or_by_stranger_is_refused(ada: Api) -> None:
    session_id, other = await ada.new_session(), await ada.new_session()

    assert code_of(await ada.get(f"/code/{session_id}/export?format=tar")) == (422, "invalid")
    assert code_of(await (await guest_of(ada, session_id)).get(f"/code/{other}/export")) == (
        404,
        "not_found",
    )


@pytest.mark.parametrize(
    ("title", "plain", "name"),
    [
        ("Pairing, 2nd round", "Pairing, 2nd round.zip", "Pairing%2C%202nd%20round.zip"),
        ("Gespräch", "", "Gespr%C3%A4ch.zip"),
        ('a"b/c', "", "a%2522b%252Fc.zip"),
        ("con", "_con.zip", "_con.zip"),
    ],
)
async def test_download_is_named_after_the_title_of_the_session(
    ada: Api, title: str, plain: str, name: str
) -> None:
    """For any title, both names in the header are valid on every system."""
    session_id = await ada.new_session(title=title)

    header = (await ada.get(f"/code/{session_id}/export")).headers["Content-Disposition"]

    plain = plain or f"session-{session_id}.zip"
    assert header == f"attachment; filename=\"{plain}\"; filename*=UTF-8''{name}"
