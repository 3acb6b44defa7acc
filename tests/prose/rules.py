"""Checks the rules of prose about words, people, clauses without a noun, and long sentences.

They help readers whose second language is English.
A rule whose findings are mostly wrong does not belong here.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.prose.passages import passages
from tests.prose.sentences import Sentence, sentences

MAX_WORDS = 30
"""The most words in a sentence of a document. Writers should aim at 25, and the other five are for
names, numbers and short lists."""

WORDS = {
    r"at once": "immediately, or together",
    r"in place of": "instead of",
    r"beside": "alongside, next to, or besides",
    r"anew": "again",
    r"(?:let|lets|letting) go of": "release",
    r"so many(?! (?:\S+ ){0,3}that\b)": "N, or how many",
    r"by now": "already",
    r"as above": "what is meant: a docstring and a cell are complete alone",
    r"what that raises": "the names of the errors",
    r"dear(?:er|est)?": "expensive",
    r"(?:come|comes|came|coming) round": "respond, or take its turn",
    r"whilst|amongst|whence|thereof|whereof|lest|hitherto": "a word of everyday English",
    r"all the same(?=[.,;:)]|$)": "still, or nevertheless",
    r"(?<!all )(?<!is )(?<!are )(?<!was )(?<!were )(?<!be )(?<!not )(?<!looks )(?<!look )(?<!stays "
    r")(?<!stay )"
    r"the same(?=[.,;:)]|$)": "its noun: the same document, the same answer",
    r"it was \d+(?:[.,]\d+)*": "the present only: history is for the commit",
}
"""{regular expression of words to avoid: words to write instead}."""

_PRONOUNS = r"he|she|him|his|her|hers|himself|herself"

_VERB = (
    r"(?:is|was|has|had|does|did|may|must|can|cannot|will|would|should|gets|stays|waits|pays|keeps|reads|finds|sees|"
    r"loses|comes|goes|takes|stands|makes|costs|begins|ends|says|counts|becomes|belongs|learns|knows|helps|holds|"
    r"uses|runs|starts|leaves|gives|looks|needs|wants|writes|tells|sends|shows|signs|turns|returns|raises|asks|puts|"
    r"fails|works|lives|falls|brings|calls|\w+n't)"
)
_BEGINNING = r"(?:^|[;:] )"

_HEADLESS = (
    re.compile(r"\bwhoever\b", re.IGNORECASE),
    re.compile(
        r"\b(?:to|for|from|than|with|as|except|only|even|but|unless|against|without|before|near)"
        r" who\b(?! (?:a|an|the|they|you|we)\b)",
        re.IGNORECASE,
    ),
    re.compile(
        r"\b(?:refus|admit|admitt|disconnect|throttl|evict|kick|reject|serv|block|stop|stopp|delay|slow|charg|reach|"
        r"let|protect|trust|invit|remov|keep|kept|catch|caught|hold|held)(?:e|s|es|ed|ing)? who\b",
        re.IGNORECASE,
    ),
    re.compile(
        rf"{_BEGINNING}who (?!of |else |a |an |the |they |you |is \w+ing,)\S+ "
        r"(?:(?!and who|or who|, what|, which|\bhow\b)[^;:?])*?(?<!they )(?<!it "
        rf")\b{_VERB}\b[^?]*$",
        re.IGNORECASE,
    ),
    re.compile(rf"{_BEGINNING}who \w+s\b[^;:,?]*, {_VERB}\b[^?]*$", re.IGNORECASE),
)
"""Matches clauses with "who" that are used for a person without a noun.

They are subjects, or objects after a preposition or a verb about people. Questions are allowed:
"says who wrote it", "Who wrote each line of a text."
"""
_HEADLESS_WHAT = re.compile(
    rf"{_BEGINNING}what "
    r"(?:is|are|was|were|has|have|does|do|may|must|can|cannot|will|[a-z]+s|[a-z]+ed)\b(?!')"
    rf"(?:(?!\band what|\bor what|, and\b)[^;:?])*?\s{_VERB}\b[^?]*$",
    re.IGNORECASE,
)
"""Matches clauses with "what" as a subject, such as "What is beyond a limit is refused".
They are allowed in titles, such as "What it costs"."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A place that breaks a rule."""

    line: int
    wrong: str
    instead: str

    def __str__(self) -> str:
        return f"{self.line}: {self.wrong} -> {self.instead}"


def findings(path: Path) -> list[Finding]:
    """Return the findings in a file, in the order of its lines."""
    faults = {
        finding
        for passage in passages(path)
        for sentence in sentences(passage)
        for finding in check(sentence, is_document=path.suffix == ".md")
    }
    return sorted(faults, key=lambda finding: (finding.line, finding.wrong))


def check(sentence: Sentence, *, is_document: bool) -> Iterator[Finding]:
    """Yield the findings in a sentence.

    The length is checked only for sentences of documents.
    """
    yield from _words(sentence)
    yield from _clauses(sentence)
    if sentence.text.startswith("Of ") and not sentence.text.startswith("Of course"):
        yield _finding(
            sentence,
            0,
            f"“{_start(sentence.text)}” does not begin with its subject",
            "subject, verb, object",
        )
    count = sentence.words()
    if is_document and count > MAX_WORDS:
        wrong = f"“{_start(sentence.text)}” has {count} words"
        yield _finding(sentence, 0, wrong, f"sentences of up to 25 words (at most {MAX_WORDS})")


def _words(sentence: Sentence) -> Iterator[Finding]:
    rules = {**WORDS, _PRONOUNS: "they, their, or the user"}
    for words, instead in rules.items():
        for match in re.finditer(
            rf'(?<![\w"“-])(?:{words})(?![\w"”-])', sentence.text, re.IGNORECASE
        ):
            yield _finding(sentence, match.start(), f"“{match[0]}”", instead)


def _clauses(sentence: Sentence) -> Iterator[Finding]:
    people = next(
        (match for pattern in _HEADLESS if (match := pattern.search(sentence.text))), None
    )
    things = None if sentence.is_title else _HEADLESS_WHAT.search(sentence.text)
    if people:
        wrong = f"“{_start(people[0].lstrip(';: '))}” stands for people without a noun"
        yield _finding(
            sentence, people.start(), wrong, "the noun: a user who, a client that, anyone who"
        )
    if things:
        wrong = f"“{_start(things[0].lstrip(';: '))}” stands for things without a noun"
        yield _finding(
            sentence, things.start(), wrong, "the noun: files that, changes that, anything that"
        )


def _finding(sentence: Sentence, at: int, wrong: str, instead: str) -> Finding:
    return Finding(sentence.lines[at], wrong, instead)


def _start(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:39]}…"
