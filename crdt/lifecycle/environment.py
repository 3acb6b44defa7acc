"""The parts of the surrounding program that the rooms of a process use."""

from collections.abc import Callable
from dataclasses import dataclass, field

from crdt.crashmark import CrashMark
from crdt.limits import LimitCounters
from crdt.quarantine import Quarantine
from crdt.workers import Workers


@dataclass(frozen=True, slots=True)
class Environment:
    """Clock, random numbers, frames, workers, and data from earlier processes.

    clock            returns milliseconds since 1970
    random_below     returns a random integer from 0 to below its argument
    fill_changed     called with a session's id when its document becomes half full, and when it is
                     no longer half full
    accepts_foreign  the last process ended without saving all updates it had relayed (see `Room`)
    encode           returns a frame as bytes for the socket
    mark             names the session and user that native code works for
    quarantine       the sessions that are set aside
    limit_counters   how often each limit refused something
    workers          processes for work that would block the event loop
    cpu_s            returns seconds of CPU time that the calling thread has used
    """

    clock: Callable[[], int]
    random_below: Callable[[int], int]
    fill_changed: Callable[[str], None]
    accepts_foreign: bool = False
    encode: Callable[[bytes], bytes] = bytes
    mark: CrashMark = field(default_factory=CrashMark)
    quarantine: Quarantine = field(default_factory=Quarantine)
    limit_counters: LimitCounters = field(default_factory=LimitCounters)
    workers: Workers = field(default_factory=Workers)
    cpu_s: Callable[[], float] = float
