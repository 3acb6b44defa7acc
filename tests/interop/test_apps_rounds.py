"""Random rounds of all kinds of apps (`apps_rounds`).

COLLAB_ROUNDS is the number of rounds, 20 by default.
"""

import os
import time

import pytest

from tests.interop import apps_rounds
from tests.interop.apps_world import report


@pytest.mark.slow
@pytest.mark.timeout(7200)
async def test_random_rounds_of_all_kinds_of_app_end_with_equal_documents() -> None:
    """All clients and the server are equal in the end, and every route answers.

    Connections may be closed only with 1012.
    """
    seed = int(os.environ.get("COLLAB_ROUNDS_SEED", time.time()))

    problems = await apps_rounds.play(int(os.environ.get("COLLAB_ROUNDS", "20")), seed)

    assert not problems, report(
        f"{problem}\n  again: {apps_rounds.repeat(problem)}" for problem in problems
    )
