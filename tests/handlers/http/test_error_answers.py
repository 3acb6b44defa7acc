"""Tests the headers of error answers. `tests.handlers.test_errors` tests each kind of error."""

import re

import pytest

from tests.api import Api
from tests.handlers.problems import METHODS


@pytest.mark.parametrize("path", METHODS)
async def test_answer_405_names_allowed_methods(ada: Api, path: str) -> None:
    """Every answer 405 has the header `Allow`, which RFC 9110 requires."""
    answer = await ada.request("PUT", path, {})

    assert (
        set(re.split(r",\s*", answer.headers.get("Allow", ""))) - {"OPTIONS", "HEAD"}
        == METHODS[path]
    )
