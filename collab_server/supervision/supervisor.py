"""Keeps a server running: has the listening sockets, and starts a new process when the one that serves dies.

The process that serves is a fork, so a new one is there in a fraction of a second; who connects meanwhile waits
in the sockets' queue. This process does nothing else: no event loop, no threads, no store.
"""

import contextlib
import logging
import os
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from socket import socket

from collab_server.logs import complain, flush_outputs
from collab_server.process import CANNOT_START
from collab_server.supervision.watchdog import STUCK

_OWN_FAULT = frozenset(
    (signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGILL, signal.SIGFPE, signal.SIGSYS, signal.SIGTRAP, STUCK)
)
"""What native code dies of, and what the watchdog sends; anybody may send SIGKILL."""
_FORWARDED = (signal.SIGTERM, signal.SIGINT)
_FIRST_PAUSE_S = 0.1
_LONGEST_PAUSE_S = 30.0
_TIMES_LONGER = 3
_LIVED_S = 60.0
"""Who has lived for this long begins with short pauses again."""
_FIRST_STARTS = 3
"""Starts after which a server that has never served is given up, if a signal ended each of them."""
_STEP_S = 0.05

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Start:
    """What a process that is to serve is told.

    parent      readable as soon as the supervisor is gone, None without one
    deaths      how many died before it
    is_sure     the last one died by its own fault
    on_serving  to be called once it serves
    """

    parent: int | None = None
    deaths: int = 0
    is_sure: bool = False
    on_serving: Callable[[], object] = lambda: None


Serve = Callable[[Start], int]


class Supervisor:
    """Used once: `run`."""

    def __init__(self, sockets: Sequence[socket], serve: Serve) -> None:
        """serve: serves in a process of its own and returns its exit code."""
        self._sockets = sockets
        self._serve = serve
        self._child = 0
        self._is_stopping = False
        self._has_served = False

    def run(self) -> int:
        """Return the exit code of the last process: when it was asked to end, or could not even start once."""
        parent, self._alive = os.pipe()
        self._heard, self._said = os.pipe()
        os.set_blocking(self._heard, False)
        before = {number: signal.signal(number, self._forward) for number in _FORWARDED}
        pause_s, start = _FIRST_PAUSE_S, Start(parent, on_serving=self._note_serving)
        try:
            while True:
                began = time.monotonic()
                code = self._live_once(start)
                if self._is_stopping or code == 0 or self._is_hopeless(code, start.deaths + 1):
                    return code if code >= 0 else 128 - code
                lived_s = time.monotonic() - began
                is_first = lived_s >= _LIVED_S or not start.deaths
                pause_s = _FIRST_PAUSE_S if is_first else min(_TIMES_LONGER * pause_s, _LONGEST_PAUSE_S)
                _log.error("the serving process %s; a new one starts in %.1f s", _how(code), pause_s)
                self._rest(pause_s)
                if self._is_stopping:
                    return 128 - code if code < 0 else code  # type: ignore[unreachable]  # a signal sets it meanwhile
                start = replace(start, deaths=start.deaths + 1, is_sure=-code in _OWN_FAULT)
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
            for descriptor in (parent, self._alive, self._heard, self._said):
                os.close(descriptor)

    def _is_hopeless(self, code: int, starts: int) -> bool:
        """Whether no process has ever served, and another one would end as the last one did."""
        if not self._has_served:
            with contextlib.suppress(BlockingIOError):
                self._has_served = bool(os.read(self._heard, 1))
        if self._has_served or (code < 0 and starts < _FIRST_STARTS):
            return False
        if code < 0:
            complain(f"cannot start: the serving process {_how(code)}")
        return True

    def _note_serving(self) -> None:
        """Tell the supervisor, in the process that serves, that it does."""
        self._has_served = True
        os.write(self._said, b"1")

    def _live_once(self, start: Start) -> int:
        """Return how the process ended: its exit code, or minus the signal it died of."""
        signal.pthread_sigmask(signal.SIG_BLOCK, _FORWARDED)
        child = os.fork()
        if not child:
            self._be_the_child(start)
        self._child = child
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _FORWARDED)
        if self._is_stopping:
            self._signal(signal.SIGTERM)
        _, status = os.waitpid(child, 0)
        self._child = 0
        return os.waitstatus_to_exitcode(status)

    def _be_the_child(self, start: Start) -> None:
        """Serve, and end; never returns."""
        code = 1
        try:
            os.close(self._alive)
            os.setpgid(0, 0)  # or Ctrl-C would reach it twice, from the terminal and from its parent
            for number in _FORWARDED:
                signal.signal(number, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _FORWARDED)
            code = self._serve(start)
        except BaseException as error:
            if self._has_served:
                _log.exception("the serving process failed")
            else:
                complain(f"cannot start: {type(error).__name__}: {error}")
                code = CANNOT_START
        finally:
            try:
                logging.shutdown()
                flush_outputs()
            finally:
                os._exit(code)

    def _forward(self, number: int, _frame: object) -> None:
        if not self._is_stopping:
            for listening in self._sockets:  # or who connects now would wait for an answer until the end
                listening.close()
        self._is_stopping = True
        self._signal(number)

    def _signal(self, number: int) -> None:
        if self._child:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._child, number)

    def _rest(self, pause_s: float) -> None:
        until = time.monotonic() + pause_s
        while not self._is_stopping and time.monotonic() < until:
            time.sleep(_STEP_S)


def _how(code: int) -> str:
    if code >= 0:
        return f"ended with code {code}"
    name = signal.Signals(-code).name if -code in signal.valid_signals() else str(-code)
    return f"stood still and was ended ({name})" if -code == STUCK else f"died by {name}"
