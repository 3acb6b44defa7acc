"""The last look at an update before it is applied: what it may be, and in which form."""

from crdt import scan
from crdt.content import ScanLimits
from crdt.entries import separate
from crdt.known import Known
from crdt.parsed import Parsed, without_structs
from crdt.updates import EMPTY


def admitted(known: Known, parsed: Parsed, author: str, limits: ScanLimits, *, carries: bool) -> Parsed | None:
    """Return what of an update is to be applied; None for nothing.

    carries  see `Known.admit`

    Raises what that raises, Gap also for what is known in part, and Rejected for structs that have no place.
    """
    known.admit(parsed, author, carries=carries)
    if known.has_some_of(parsed):
        update = without_structs(parsed)
        return None if update == EMPTY else scan.parse(update, limits)
    known.places.lay(parsed)
    if parsed.heaps:
        parsed = scan.parse(separate(parsed.update, set(parsed.heaps)), limits)
        known.places.lay(parsed)
    return parsed
