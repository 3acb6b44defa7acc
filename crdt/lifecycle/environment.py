"""The things that the rooms of a process get from the program around them."""

from collections.abc import Callable
from dataclasses import dataclass, field

from crdt.crashmark import CrashMark
from crdt.limits import LimitCounters
from crdt.quarantine import Quarantine
from crdt.workers import Workers


@dataclass(frozen=True, slots=True)
class Environment:
    """Clock, random numbers, the wire and what earlier processes left behind.

    clock            returns milliseconds since 1970
    random_below     returns a random integer from 0 to below its argument
    accepts_foreign  the server ended without saving all it had relayed (see `Room`)
    encode           returns a frame as it goes over the wire
    mark             names the session and user for whom native code works
    quarantine       which sessions are set aside
    limit_counters   how often each limit refused something
    workers          processes for work that would hold the event loop
    cpu_s            returns seconds of CPU time that the calling thread has used
    """

    clock: Callable[[], int]
    random_below: Callable[[int], int]
    accepts_foreign: bool = False
    encode: Callable[[bytes], bytes] = bytes
    mark: CrashMark = field(default_factory=CrashMark)
    quarantine: Quarantine = field(default_factory=Quarantine)
    limit_counters: LimitCounters = field(default_factory=LimitCounters)
    workers: Workers = field(default_factory=Workers)
    cpu_s: Callable[[], float] = float
