"""Work in steps, for tests of the code that runs such work."""

import threading

from crdt.errors import Rejected
from crdt.steps import Steps


def counting(until: int, seen: list[int]) -> Steps[str]:
    """Record each step. The last step may run in a thread. The result tells whether it did."""
    for number in range(until):
        seen.append(number)
        yield None
    thread = yield threading.get_ident
    return "here" if thread == threading.get_ident() else "elsewhere"


def refused() -> Steps[None]:
    """Raise Rejected in the second step."""
    yield None
    raise Rejected("no")
