"""A session as a zip file."""

from tests.api import Api
from tests.handlers.clients import code_of, guest_of


async def test_export_in_bad_format_or_by_stranger_is_refused(ada: Api) -> None:
    session_id, other = await ada.new_session(), await ada.new_session()

    assert code_of(await ada.get(f"/code/{session_id}/export?format=tar")) == (422, "invalid")
    assert code_of(await (await guest_of(ada, session_id)).get(f"/code/{other}/export")) == (
        404,
        "not_found",
    )


# -- as a repository ------------------------------------------------------------------------------


# -- as a page that plays -------------------------------------------------------------------------
