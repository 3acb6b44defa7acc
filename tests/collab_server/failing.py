"""Runs `collab-server` with a fault in pycrdt, which fails in an unforeseen way on some updates.

python -m tests.collab_server.failing FAULT run:
FAULT names the failure that happens when an update that contains TRIGGER is applied.
"""

import os
import signal
import sys
import time
from typing import Any

import pycrdt

from collab_server.cli import main

TRIGGER = b"BOOM!"


def segfault() -> None:
    os.kill(os.getpid(), signal.SIGSEGV)


def hang() -> None:
    """Keep the interpreter busy for a minute, as native code that never returns would."""
    until = time.monotonic() + 60
    sys.setswitchinterval(100)
    while time.monotonic() < until:
        pass


def hoard() -> None:
    """Ask for more memory (4 GiB) than the process may have."""
    bytearray(4 << 30)


def install(fault: str) -> None:
    call = {"segfault": segfault, "hang": hang, "hoard": hoard}[fault]
    apply_update = pycrdt.Doc.apply_update

    def apply(doc: pycrdt.Doc[Any], update: bytes) -> None:
        if TRIGGER in update:
            call()
        apply_update(doc, update)

    pycrdt.Doc.apply_update = apply  # type: ignore[method-assign,assignment]  # the fault is put into the library


if __name__ == "__main__":
    install(sys.argv.pop(1))
    sys.exit(main())
