"""Tests of large updates that enter the view in steps, with other edits between the steps."""

import random
import weakref
from collections.abc import Iterator

import pytest

from crdt.document.document import Document
from crdt.document.work import FEW_STRUCTS
from crdt.errors import LimitExceeded
from crdt.limits import MAX_WORK_S
from crdt.structs.struct_index import StructIndex
from crdt.wire.parsed_update import Parsed
from crdt.wire.slicing import delete_set
from crdt.wire.update_parser import parse
from tests.crdt.harness import Typist, keystroke
from tests.crdt.struct_bytes import placed, text, update_of

ROOT = "codemirror"
BASE = "0123456789" * 60
LARGE = 590
"""Inserts of an update that is slow in many slices, so the view is loaded again."""


class Clock:
    """A CPU clock that advances with each reading."""

    def __init__(self, step_s: float) -> None:
        self.now = 0.0
        self.step_s = step_s

    def __call__(self) -> float:
        self.now += self.step_s
        return self.now


def inserts(count: int = 10 * FEW_STRUCTS, client: int = 2) -> Parsed:
    """Return an update that inserts an "x" after each of the first `count` letters of the base."""
    return parse(
        update_of(
            *(placed(text("x"), left=(1, k), right=(1, k + 1)) for k in range(count)), client=client
        )
    )


def expected(count: int = 400) -> str:
    return "".join(letter + ("x" if k < count else "") for k, letter in enumerate(BASE))


def opened(step_s: float = 0.0006) -> tuple[Document, Typist]:
    """Return a document with the base and "!" as its text, and a typist who has it."""
    subject = Document(cpu_s=Clock(step_s))
    typist = Typist(1)
    subject.apply(parse(typist.insert(0, BASE)))
    subject.apply(parse(typist.insert(len(BASE), "!")))
    return subject, typist


def steps(subject: Document, parsed: Parsed) -> Iterator[None]:
    """Do the steps of a preparation, including the calls that the server makes in a thread."""
    work = subject.prepare(parsed)
    answer = None
    while True:
        try:
            call = work.send(answer)
        except StopIteration:
            return
        answer = call() if call else None
        yield


def test_prepared_update_before_it_is_applied_is_only_in_the_view() -> None:
    """A prepared update is in no text and no state until it is applied.

    To apply it takes no time.
    """
    subject, _ = opened()
    update = inserts(400)
    before = subject.state()

    for _ in steps(subject, update):
        assert subject.texts([ROOT]) == {ROOT: BASE + "!"}
        assert subject.state() == before

    subject._work.cpu_s = lambda: pytest.fail("it is integrated again")
    assert subject.apply(update)
    assert subject.texts([ROOT]) == {ROOT: expected() + "!"}


@pytest.mark.parametrize("step_s", [0.00025, 0.0004, 0.0006])
@pytest.mark.parametrize("is_resting", [False, True])
def test_edits_between_the_steps_are_kept(step_s: float, is_resting: bool) -> None:
    """Edits between the steps are kept, whether the view is loaded, reloaded or dropped."""
    subject, typist = opened(step_s)
    if is_resting:
        subject.rest()
    update = inserts(400)
    source = random.Random(step_s)

    typed = 0
    for _ in steps(subject, update):
        letter = typist.insert(len(typist.text), "k")
        typed += 1
        if source.random() < 0.5:
            subject.defer(keystroke(letter))
        else:
            subject.apply(parse(letter))
        if source.random() < 0.1:
            subject.rest()

    assert typed > 1
    assert subject.apply(update)
    assert subject.texts([ROOT]) == {ROOT: expected() + "!" + "k" * typed}
    assert Document(subject.state()).texts([ROOT]) == subject.texts([ROOT])


def until_replaced(subject: Document, work: Iterator[None]) -> None:
    """Do the steps of a preparation until the view shows a new pycrdt document.

    The update is slow, and loading the view again is fast.
    """
    before = id(subject._view.token)
    for _ in work:
        if subject._view.needs_cuts:
            subject._work.cpu_s = Clock(0)
        if id(subject._view.token) != before:
            return
    pytest.fail("the view was not loaded again, or no step came after that")


def test_old_document_is_freed_in_a_step_of_its_own() -> None:
    """Freeing 100,000 structs takes 16 ms, so it does not happen at the end of a load."""
    subject, _ = opened()
    old = weakref.ref(subject._view.token)
    work = steps(subject, inserts(LARGE))

    until_replaced(subject, work)

    assert old()
    assert not list(work)
    assert not old()


def test_cut_while_the_old_document_is_freed_is_remembered() -> None:
    """A character is cut while the old document is freed: then no view has the document's text."""
    subject, _ = opened()
    work = steps(subject, inserts(LARGE))
    until_replaced(subject, work)
    subject._work.spent_s = 1.0  # loading takes long, so the view is not loaded again right away

    subject.apply(parse(update_of(text("-"), client=3)), cuts=True)
    list(work)

    assert not subject.is_proven


def test_prepared_update_that_is_not_applied_is_forgotten() -> None:
    subject, _ = opened()
    for _ in steps(subject, inserts(400)):
        pass

    subject.forget_prepared()

    assert subject.texts([ROOT]) == {ROOT: BASE + "!"}
    assert subject.apply(inserts(400))
    assert subject.texts([ROOT]) == {ROOT: expected() + "!"}


def test_deletion_that_a_prepared_update_also_makes_is_a_change() -> None:
    """A deletion that a prepared update also contains is a change of the document.

    Only the view already has the deletion, and the prepared update may never be
    applied.
    """
    subject, _ = opened()
    deletion = delete_set([(1, 0, 5)])
    for _ in steps(subject, parse(inserts(400).update.removesuffix(b"\0") + deletion)):
        pass

    assert subject.apply(parse(b"\0" + deletion))
    subject.forget_prepared()

    assert subject.texts([ROOT]) == {ROOT: BASE[5:] + "!"}
    assert Document(subject.state()).texts([ROOT]) == subject.texts([ROOT])


def test_preparation_that_takes_too_long_or_is_given_up_leaves_no_trace() -> None:
    subject, _ = opened()
    before = subject.state()
    given_up = subject.prepare(inserts(400))
    call = next(given_up)
    assert call
    given_up.send(call())
    given_up.close()
    subject._work.cpu_s = Clock(MAX_WORK_S)

    with pytest.raises(LimitExceeded, match="too long"):
        list(steps(subject, inserts(400)))

    assert subject.state() == before
    assert subject.texts([ROOT]) == {ROOT: BASE + "!"}


def test_update_of_few_texts_is_not_prepared() -> None:
    subject, _ = opened()

    assert not list(steps(subject, inserts(FEW_STRUCTS)))


def test_places_of_an_update_stay_valid_until_a_part_arrives() -> None:
    """The places found for an update stay valid until a part of that update arrives."""
    index = StructIndex()
    typist = Typist(1)
    index.take_stored(parse(typist.insert(0, BASE)), "ada")
    update = inserts(3)
    known = index.known_of(update)
    index.take_stored(parse(typist.insert(0, "more")), "ada")
    assert index.known_of(update) == known

    index.take_stored(inserts(1), "bob")

    assert index.known_of(update) != known
