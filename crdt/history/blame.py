"""Finds the author of each run and each line of a text.

An item of the merged document has a client id and clocks. The table of authorship says which user
brought these clocks, and when. So the answer is exact even for text that edits of other users
moved, and it costs one walk over the text.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, TypeVar

from crdt.document.server_edits import code_root
from crdt.errors import NoText
from crdt.log.authorship import GRAIN_S, Authorship
from crdt.reading.documents import documents_of
from crdt.reading.item_order import ItemOrder
from crdt.reading.items import as_text
from crdt.reading.text_order import TextOrder
from storage.errors import NotFound

MAX_RUNS = 20_000
"""Most runs of an answer. If there are more, neighbouring runs of one author are joined,
however far apart their times are."""
MAX_LINES = 50_000
"""Most lines of an answer. A megabyte may have a million lines,
and JSON needs a hundred bytes for each."""
_GAP_MS = GRAIN_S * 1_000

_View = TypeVar("_View")


@dataclass(slots=True)
class BlameRun:
    """Text of one author without a gap, in UTF-16 code units.

    at          milliseconds since 1970 of the newest part, accurate to two seconds
    is_carried  the author sent it under a client id of another user, see `crdt.room.claims`
    """

    start: int
    length: int
    author: str
    at: int
    is_carried: bool = False


@dataclass(frozen=True, slots=True)
class BlameLine:
    """One line, without its line end.

    Author, time and `is_carried` are those of the line's newest part.
    Author and time are None if the line has no part.
    """

    text: str
    author: str | None
    at: int | None
    is_carried: bool = False


@dataclass(frozen=True, slots=True)
class Blame:
    """Runs and lines of one text."""

    runs: list[BlameRun]
    lines: list[BlameLine]


class Question(NamedTuple):
    """The text whose authors are asked for: a root, or None for the session's code.

    texts  names of the roots that are known to be texts
    """

    root: str | None
    main_root: str
    texts: Sequence[str]


def blamed(
    parts: Sequence[bytes],
    question: Question,
    owners: Mapping[int, str],
    authorship: Authorship,
    view: Callable[[Blame], _View],
) -> tuple[str, _View]:
    """Return (root, a view of its text's blame) of a document that is given in parts.

    Raises NotFound for a root that does not exist, NoText for a root that is not a text.
    """
    order = TextOrder()
    for part in parts:
        order.apply(part)
    texts = {**dict.fromkeys((question.main_root, *question.texts), ""), **order.texts()}
    root = code_root(texts, question.main_root) if question.root is None else question.root
    if root not in texts:
        document = documents_of(order).get(root)
        raise NoText({root: document["type"]}) if document else NotFound("text")
    return root, view(blame(order, root, owners, authorship))


def blame(order: ItemOrder, root: str, owners: Mapping[int, str], authorship: Authorship) -> Blame:
    """Return the authors of a root's text."""
    parts: list[str] = []
    runs: list[BlameRun] = []
    start = 0
    for item in order.visible(root):
        text = item.text or ""
        # One item may have been typed in several bursts: then it has several pieces. Items of one
        # burst may be far apart in the text, so each item looks up its own pieces.
        pieces = authorship.of(item.client, item.clock, item.clock + item.length)
        ends = [*(clock for clock, _, _ in pieces[1:]), item.clock + item.length]
        owner = owners.get(item.client)
        runs += (
            BlameRun(
                start + clock - item.clock,
                end - clock,
                user or owner or "",
                at,
                is_carried=bool(user) and user != owner,
            )
            for (clock, at, user), end in zip(pieces, ends, strict=False)
        )
        parts.append(text)
        start += item.length
    # Lines are made from the runs before they are joined. A joined run has only one time, so all
    # lines in it would show the time of the newest.
    lines = _lines("".join(parts), runs)
    joined = _joined(runs, _GAP_MS)
    return Blame(joined if len(joined) <= MAX_RUNS else _joined(runs, None), lines)


def _joined(runs: list[BlameRun], gap_ms: int | None) -> list[BlameRun]:
    """Join neighbouring runs of one author that are at most `gap_ms` apart in time.

    If it is None, they are joined however far apart they are.
    """
    joined: list[BlameRun] = []
    for run in runs:
        last = joined[-1] if joined else None
        # People type in bursts of a few letters, and each burst has its own time. Bursts of one
        # author in a row are one run if their times differ by no more than the accuracy of the
        # times.
        is_same = last and (last.author, last.is_carried) == (run.author, run.is_carried)
        if last and is_same and (gap_ms is None or abs(run.at - last.at) <= gap_ms):
            last.length += run.length
            last.at = max(last.at, run.at)
        else:
            joined.append(replace(run))
    return joined


def _lines(text: str, runs: list[BlameRun]) -> list[BlameLine]:
    """Return the lines of a text with their authors.

    An empty line belongs to the author of its line end. An empty last line belongs to the author of
    the line before it.
    """
    lines = []
    at = number = 0
    newest: BlameRun | None = None
    # Runs and lines are both in the order of the text, so one pass over both is enough. `number` is
    # the first run that reaches beyond the line's beginning. A run that ends inside a line is
    # passed after this line. A run of several lines stays until its last line.
    #
    # An example: Ada typed "a" and two line ends, then Bob "b". The lines are "a" of Ada, an empty
    # one of Ada, who typed its line end, and "b" of Bob.
    for line in text.split("\n", MAX_LINES)[:MAX_LINES]:
        end = at + len(line)
        newest = _newest(runs, number, at, end if line else end + 1) or newest
        lines.append(_line(line, newest))
        at = end + 1
        while number < len(runs) and runs[number].start + runs[number].length <= at:
            newest = runs[number] if runs[number].start + runs[number].length == at else newest
            number += 1
    return lines


def _line(text: str, newest: BlameRun | None) -> BlameLine:
    if newest is None:
        return BlameLine(as_text(text), None, None)
    return BlameLine(as_text(text), newest.author, newest.at, is_carried=newest.is_carried)


def _newest(runs: list[BlameRun], number: int, start: int, end: int) -> BlameRun | None:
    """Return the newest run between two positions.

    number  index of the first run that reaches beyond `start`
    """
    newest = None
    while number < len(runs) and runs[number].start < end:
        run = runs[number]
        if run.start + run.length > start and (newest is None or run.at >= newest.at):
            newest = run
        number += 1
    return newest
