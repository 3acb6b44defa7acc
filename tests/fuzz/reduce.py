"""Makes a finding small: it removes frames and structs as long as the problem still happens."""

import copy
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from time import monotonic

from crdt.wire import y_protocol
from crdt.wire.content import GC, SKIP
from tests.fuzz import campaign, structure
from tests.fuzz.campaign import Finding
from tests.fuzz.mutations import update_in
from tests.fuzz.sequences import Sent, Sequence
from tests.fuzz.structure import Struct, Update

_TRIED_TOGETHER = 40
_MAX_S = 60


def reduced(finding: Finding) -> Finding:
    """Return the finding with fewer frames and structs.

    If the problem does not happen again, return the finding unchanged.
    """
    deadline = monotonic() + _MAX_S
    size = max(1, len(finding.sequence) // 2)
    while monotonic() < deadline:
        candidates = list(_without(finding.sequence, size) if size else _simpler(finding.sequence))
        smaller = _first_that_fails(finding, candidates)
        if smaller:
            finding = smaller
            size = min(size, len(finding.sequence) // 2)
        elif size == 0:
            break
        else:
            size //= 2
    return finding


def _without(sequence: Sequence, size: int) -> Iterator[Sequence]:
    for at in range(0, len(sequence), size):
        if rest := sequence[:at] + sequence[at + size :]:
            yield rest


def _simpler(sequence: Sequence) -> Iterator[Sequence]:
    """Yield copies of the sequence, each with one of its updates made simpler in one way."""
    for at, (user, frame) in enumerate(sequence):
        update = update_in(frame)
        parsed = structure.parse(update) if update else None
        for smaller in _smaller(parsed) if parsed else ():
            yield [
                *sequence[:at],
                Sent(user, y_protocol.sync_update(smaller.encode())),
                *sequence[at + 1 :],
            ]


def _smaller(update: Update) -> Iterator[Update]:
    """Yield copies of an update, each simpler in one way.

    A copy lacks one deleted range, the last struct of a section, or one origin of a struct.
    Or it has text instead of other content.
    """
    for index in range(len(update.deleted)):
        yield _changed(update, partial(_drop_deleted, index))
    for number, section in enumerate(update.sections):
        yield _changed(update, partial(_drop_last, number))
        for index, struct in enumerate(section.structs):
            for change in _ways(struct):
                yield _changed(update, partial(_change_struct, number, index, change))


def _drop_deleted(index: int, update: Update) -> None:
    del update.deleted[index]


def _change_struct(
    number: int, index: int, change: Callable[[Struct], None], update: Update
) -> None:
    change(update.sections[number].structs[index])


def _drop_last(number: int, update: Update) -> None:
    del update.sections[number].structs[-1:]
    update.sections = [section for section in update.sections if section.structs]


def _ways(struct: Struct) -> Iterator[Callable[[Struct], None]]:
    plain = structure.text("q" * struct.length)
    if struct.kind in (GC, SKIP):
        return
    if struct.length < 200 and struct.body != plain.body and struct.key is None:
        yield lambda struct: _fill(struct, plain)
    if struct.left and struct.right:
        yield lambda struct: setattr(struct, "left", None)
        yield lambda struct: setattr(struct, "right", None)


def _fill(struct: Struct, other: Struct) -> None:
    struct.kind, struct.body = other.kind, other.body


def _changed(update: Update, change: Callable[[Update], object]) -> Update:
    copied = copy.deepcopy(update)
    change(copied)
    return copied


def _first_that_fails(finding: Finding, candidates: list[Sequence]) -> Finding | None:
    """Try the candidates in a few processes. A candidate also fails if its process dies."""
    for start in range(0, len(candidates), _TRIED_TOGETHER):
        some = {
            str(start + number): candidate
            for number, candidate in enumerate(candidates[start:][:_TRIED_TOGETHER])
        }
        report = campaign.play(some, compare=finding.needs_yjs)
        similar = [
            candidate
            for candidate in report.findings
            if candidate.what == finding.what and candidate.name in some
        ]
        if similar:
            first = min(similar, key=lambda candidate: int(candidate.name))
            return replace(finding, detail=first.detail, sequence=some[first.name])
    return None
