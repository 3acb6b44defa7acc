"""Finds the properties of a merged state, for a document that starts from this state."""

from collections.abc import Callable, Set
from dataclasses import dataclass, replace

from crdt.document.integration import loads_quickly
from crdt.document.merged_state import MergedState
from crdt.document.view import View
from crdt.document.work import Work, needs_cuts
from crdt.wire.parsed_update import VALUES, Parsed
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
    merged = MergedState(state, parsed) if has_values else None
    traits = Traits(merged, needs_copy, needs_cuts=parsed is not None and needs_cuts(parsed))
    return traits if cpu_s is None else _loaded(traits, state, split_surrogates, cpu_s)


def inspect_quickly(
    state: bytes, traits: Traits, split_surrogates: Set[int], cpu_s: Callable[[], float]
) -> Traits | None:
    """Load a state, and add what this shows to its traits; return None if loading takes long.

    traits  the properties that `inspect` found without a clock

    Even a few kilobytes may take pycrdt seconds. The call that loads them holds the interpreter. So
    first a copy is loaded in slices, and given up if it takes more than some milliseconds.
    """
    copy = _view(traits, split_surrogates).copy(state)
    if traits.needs_cuts or not loads_quickly(copy, cpu_s):
        return None
    return _loaded(traits, state, split_surrogates, cpu_s)


def _view(traits: Traits, split_surrogates: Set[int]) -> View:
    return View(split_surrogates, needs_copy=traits.needs_copy, needs_cuts=traits.needs_cuts)


def _loaded(
    traits: Traits, state: bytes, split_surrogates: Set[int], cpu_s: Callable[[], float]
) -> Traits:
    view, work = _view(traits, split_surrogates), Work(cpu_s)
    measure = work.start_load(len(state))
    view.load(state)
    measure.finish_known()
    return replace(traits, is_readable=not view.has_failed, work_s=work.spent_s)
