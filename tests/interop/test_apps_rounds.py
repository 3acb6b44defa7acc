"""Random rounds of nine kinds of app, and of all mixed (`apps_rounds`).
COLLAB_ROUNDS says how many, 20 without it.
"""

import os
import time

import pytest

from tests.interop import apps_rounds
from tests.interop.apps_world import report


@pytest.mark.slow
@pytest.mark.timeout(7200)
async def test_random_rounds_of_all_kinds_of_app_end_equal_everywhere() -> None:
    """No close but 1012; clients, newcomers and the restarted server are equal;
    every route answers.
    """
    seed = int(os.environ.get("COLLAB_ROUNDS_SEED", time.time()))

    problems = await apps_rounds.play(int(os.environ.get("COLLAB_ROUNDS", "20")), seed)

    assert not problems, report(
        f"{problem}\n  again: {apps_rounds.repeat(problem)}" for problem in problems
    )
