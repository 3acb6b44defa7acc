"""Keeps a server running: holds the listening sockets, and replaces a server process that dies.

The server process is a fork, so a new one starts in a fraction of a second. Clients that connect
meanwhile wait in the queues of the sockets, which stay open here. The supervisor does nothing else.
It has no event loop, no threads and no store, so few faults can end it, and fork(2) is safe.

Two pipes connect the supervisor with its children. They work even after SIGKILL,
because the kernel closes them:

    parent <- alive   only the supervisor has the end `alive`, and nothing is ever written. When the
                      supervisor ends for any reason, a child reads the end of the file at
                      `parent`, and stops
    heard <- said     a child writes one byte when it serves for the first time

An example of the pauses: a server has served once, and from then on each process dies while it
starts. The next processes start after 0.1, 0.3, 0.9, 2.7, 8.1, 24.3, 30, 30 … seconds. If a process
has run for a minute before it dies, the next process starts after 0.1 seconds.
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
    (
        signal.SIGSEGV,
        signal.SIGABRT,
        signal.SIGBUS,
        signal.SIGILL,
        signal.SIGFPE,
        signal.SIGSYS,
        signal.SIGTRAP,
        STUCK,
    )
)
"""Signals that mean a fault of the process itself: faults of native code, or the watchdog.

SIGKILL is not among them: an operator may send it to any process, and the kernel sends it when
memory is short.
"""
_FORWARDED = (signal.SIGTERM, signal.SIGINT)
_FIRST_PAUSE_S = 0.1
_LONGEST_PAUSE_S = 30.0
_TIMES_LONGER = 3
_LIVED_S = 60.0
"""Seconds after which a process counts as running well.
If it dies later than that, the pauses begin again with the shortest."""
_FIRST_STARTS = 3
"""Starts after which the supervisor gives up,
if no process has served and each was ended by a signal."""
_STEP_S = 0.05

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Start:
    """Facts for a process that is going to serve.

    parent      a descriptor that becomes readable when the supervisor ends,
                None without a supervisor
    deaths      how many earlier processes died
    is_sure     whether the last of these died by its own fault
    on_serving  called by the process as soon as it serves
    """

    parent: int | None = None
    deaths: int = 0
    is_sure: bool = False
    on_serving: Callable[[], object] = lambda: None


Serve = Callable[[Start], int]


class Supervisor:
    """Starts processes that serve, one after another. Call `run` once."""

    def __init__(self, sockets: Sequence[socket], serve: Serve) -> None:
        """serve: a function that serves in a child process and returns its exit code."""
        self._sockets = sockets
        self._serve = serve
        self._child = 0
        self._is_stopping = False
        self._has_served = False

    def run(self) -> int:
        """Start processes until one ends by request or cannot start; return its exit code."""
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
                pause_s = (
                    _FIRST_PAUSE_S if is_first else min(_TIMES_LONGER * pause_s, _LONGEST_PAUSE_S)
                )
                _log.error(
                    "the serving process %s; a new one starts in %.1f s", _how(code), pause_s
                )
                self._rest(pause_s)
                if self._is_stopping:
                    return 128 - code if code < 0 else code  # type: ignore[unreachable]  # a signal handler sets it
                start = replace(start, deaths=start.deaths + 1, is_sure=-code in _OWN_FAULT)
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
            for descriptor in (parent, self._alive, self._heard, self._said):
                os.close(descriptor)

    def _is_hopeless(self, code: int, starts: int) -> bool:
        """Whether no process has ever served, and a new process would probably fail too.

        A process that ends with an exit code has found a problem, such as a wrong setting, and a
        new start would find it again. A process that a signal ends may have met a temporary fault,
        so the start is tried `_FIRST_STARTS` times.
        """
        if not self._has_served:
            with contextlib.suppress(BlockingIOError):
                self._has_served = bool(os.read(self._heard, 1))
        if self._has_served or (code < 0 and starts < _FIRST_STARTS):
            return False
        if code < 0:
            complain(f"cannot start: the serving process {_how(code)}")
        return True

    def _note_serving(self) -> None:
        """Tell the supervisor that this process serves; called in the child."""
        self._has_served = True
        os.write(self._said, b"1")

    def _live_once(self, start: Start) -> int:
        """Start a process and wait until it ends.

        Returns its exit code, or minus the number of the signal that ended it.
        """
        # A signal that arrives right after the fork would be lost. The parent does not know
        # `_child` yet, and the child still has the parent's handler. So signals are blocked until
        # both processes are ready: the parent knows its child, and the child has its own handlers.
        # A SIGTERM from before the fork has set `_is_stopping`, and is passed on below.
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
            # Otherwise Ctrl-C would reach the child twice: from the terminal and from its parent.
            os.setpgid(0, 0)
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
                # sys.exit would run the parent's exit handlers, and the code after the fork.
                os._exit(code)

    def _forward(self, number: int, _frame: object) -> None:
        if not self._is_stopping:
            # Otherwise clients that connect now would wait in the queues of the sockets.
            for listening in self._sockets:
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
