"""Finds out whether a server that a test started was ended by its watchdog.

The supervisor starts a new process soon, so the test might not notice. But the watchdog writes
the stacks of all threads to the server's output before the process ends.
"""

import re

_STACK = r"(?:Current thread|Thread) 0x[0-9a-f]+ [^\n]*\(most recent call first\):\n(?:  [^\n]*\n)+"
_STACKS = re.compile(rf"(?:\A|(?<!\)!)(?<!\n)\n)({_STACK}(?:\n{_STACK})*)")
"""Matches stacks that the watchdog wrote. If native code fails, or a time limit is over,
faulthandler writes `Fatal Python error: …` and an empty line, or `Timeout (0:03:00)!`, before the
stacks."""


def stacks(output: str) -> list[str]:
    """Return the stacks that watchdogs wrote to an output: one text for each process."""
    return _STACKS.findall(output)
