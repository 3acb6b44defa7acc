"""`collab-server` with a fault in it: pycrdt fails as it could on an update that nobody foresaw.

python -m tests.collab_server.failing FAULT run:
FAULT is what happens inside `apply` of an update with TRIGGER in it.
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
    """Hold on to the interpreter, as native code would."""
    until = time.monotonic() + 60
    sys.setswitchinterval(100)
    while time.monotonic() < until:
        pass


def hoard() -> None:
    """Take more memory than there may be."""
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
