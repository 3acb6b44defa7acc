"""Finds the properties of a merged state, for a document that starts from this state."""

from collections.abc import Callable, Set
from dataclasses import dataclass

from crdt.document.view import View
from crdt.document.work import Work, needs_cuts
from crdt.wire.parsed_update import VALUES, Parsed
from crdt.wire.raw_merge import MergedState
from crdt.wire.rewriting.readable import readable


@dataclass(frozen=True, slots=True)
class Traits:
    """The properties of a merged state, for a document that starts from this state.

    merged       the sections of the state, if it has values
    needs_copy   pycrdt can only read a copy of the state, with some content replaced
    is_readable  pycrdt can load the state, or that copy
    needs_cuts   see `View`
    work_s       see `Work.spent_s`
    """

    merged: MergedState | None = None
    needs_copy: bool = False
    is_readable: bool = True
    needs_cuts: bool = False
    work_s: float = 0.0


def inspect(
    state: bytes,
    kinds: int,
    parsed: Parsed | None,
    split_surrogates: Set[int] = frozenset(),
    cpu_s: Callable[[], float] | None = None,
) -> Traits:
    """Return the properties of a state.

    kinds             the kinds of its content, as in `Parsed`
    parsed            its structs; None if they were not read, because the caller knows that the
                      state needs no cuts
    split_surrogates  see `squash`
    cpu_s             see `Work`; if it is given, the state is loaded, which may take long
    """
    has_values = bool(kinds & VALUES)
    needs_copy = has_values and readable(state) is not state
    view = View(
        split_surrogates,
        needs_copy=needs_copy,
        needs_cuts=parsed is not None and needs_cuts(parsed),
    )
    work = Work(cpu_s or float)
    if cpu_s:
        measure = work.start_load(len(state))
        view.load(state)
        measure.finish_known()
    merged = MergedState(state, parsed) if has_values else None
    return Traits(merged, needs_copy, not view.has_failed, view.needs_cuts, work.spent_s)
