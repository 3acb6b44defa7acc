"""Tests that each rule of prose finds bad sentences, and accepts good ones."""

from pathlib import Path

import pytest

from tests.prose.rules import MAX_WORDS, WORDS, findings

EXAMPLES = [
    ("All members are closed at once.", "at once"),
    ("The new row comes in place of the old one.", "in place of"),
    ("The table beside it is empty.", "beside"),
    ("The index is built anew.", "anew"),
    ("It lets go of the lease.", "lets go of"),
    ("Waits so many seconds.", "so many"),
    ("The session may be gone by now.", "by now"),
    ("Returns the update as above.", "as above"),
    ("Raises what that raises.", "what that raises"),
    ("The dearest request takes 5 ms.", "dearest"),
    ("The loop does not come round.", "come round"),
    ("The others wait, lest it fail.", "lest"),
    ("The next attempt comes all the same.", "all the same"),
    ("The second call does the same.", "the same"),
    ("A join takes 20 ms, it was 24.4.", "it was 24.4"),
]


def found(tmp_path: Path, sentence: str) -> list[str]:
    """Return the findings in a document of one sentence."""
    page = tmp_path / "page.md"
    page.write_text(f"# Title\n\n{sentence}\n")
    return [f"{finding.line}: {finding.wrong} -> {finding.instead}" for finding in findings(page)]


@pytest.mark.parametrize(("sentence", "wrong"), EXAMPLES)
def test_bad_word_is_found_with_its_replacement(tmp_path: Path, sentence: str, wrong: str) -> None:
    """For each row of WORDS, an example has one finding, which names the words to write instead."""
    (finding,) = found(tmp_path, sentence)

    assert finding.startswith(f"3: “{wrong}” -> ")
    assert finding.removeprefix(f"3: “{wrong}” -> ") in WORDS.values()


def test_each_word_has_an_example() -> None:
    """WORDS and EXAMPLES have the same number of rows."""
    assert len(EXAMPLES) == len(WORDS)


@pytest.mark.parametrize(
    "sentence",
    [
        "Besides the log there is a checkpoint.",
        "It was `at once` that the constant was named.",
        "There are so many files that a page is needed.",
        "Both answers are the same.",
        "The two names look the same.",
        "Two clients edit the same document.",
        "`https://example.org/beside` is an address.",
        "A [link](beside.md) leads there.",
        "The there-anew-made word is one of its own.",
        'A client types "he" and "llo".',
    ],
)
def test_word_with_another_meaning_is_allowed(tmp_path: Path, sentence: str) -> None:
    """A listed word is allowed inside other words, quotes, code, addresses and clear phrases."""
    assert found(tmp_path, sentence) == []


@pytest.mark.parametrize(
    "pronoun", ["he", "she", "him", "his", "her", "hers", "himself", "herself", "He"]
)
def test_pronoun_of_one_sex_is_found(tmp_path: Path, pronoun: str) -> None:
    """A pronoun such as "he" is found, because people are *they* or *the user*."""
    assert found(tmp_path, f"The owner and {pronoun} again.") == [
        f"3: “{pronoun}” -> they, their, or the user"
    ]


@pytest.mark.parametrize(
    "sentence",
    [
        "Who is in stays as a member.",
        "Who was not held back for so long is no longer over the limit.",
        "The page is for who asks with a token.",
        "It is sent to who listens to it.",
        "Only who was invited gets in.",
        "The server refuses who sends more.",
        "The socket is closed; who connects meanwhile waits in a queue.",
        "A repeated call is harmless: who repeats it is told what is left.",
        "Whoever has the key may read.",
    ],
)
def test_clause_with_who_that_stands_for_people_is_found(tmp_path: Path, sentence: str) -> None:
    """A clause with "who" is found as a subject, as an object, and after a preposition."""
    (finding,) = found(tmp_path, sentence)

    assert "stands for people without a noun -> the noun: a user who" in finding


@pytest.mark.parametrize(
    "sentence",
    [
        "Who may read a session?",
        "A user who is in stays a member.",
        "Those who wait are told.",
        "The log says who wrote each line.",
        "Blame depends on who typed a character.",
        "Who wrote each run and each line of a text.",
        "It keeps a note of who is connected, and who may write.",
        "The owner, who has the key, may read.",
    ],
)
def test_question_or_relative_clause_with_who_is_allowed(tmp_path: Path, sentence: str) -> None:
    """A clause with "who" is allowed after a noun, and as a question, even inside a sentence."""
    assert found(tmp_path, sentence) == []


@pytest.mark.parametrize(
    "sentence",
    [
        "What is beyond the limit is refused.",
        "What fails is done after the next start.",
        "Nothing is lost: what was written before stays.",
    ],
)
def test_clause_with_what_as_subject_is_found(tmp_path: Path, sentence: str) -> None:
    """A clause with "what" as a subject is found, because the reader needs a noun."""
    (finding,) = found(tmp_path, sentence)

    assert "stands for things without a noun -> the noun: files that" in finding


@pytest.mark.parametrize(
    "sentence",
    [
        "What is refused?",
        "The answer says what is refused.",
        "Edits that are beyond the limit are refused.",
        "What a member may do, by role.",
    ],
)
def test_question_with_what_is_allowed(tmp_path: Path, sentence: str) -> None:
    """A clause with "what" is allowed in titles, and as a question, even inside a sentence."""
    assert found(tmp_path, sentence) == []


def test_sentence_that_begins_with_its_object_is_found(tmp_path: Path) -> None:
    """A sentence that begins with its object is found, because the subject comes first."""
    (finding,) = found(tmp_path, "Of a large document everything is sent.")

    assert "does not begin with its subject -> subject, verb, object" in finding
    assert found(tmp_path, "Of course everything is sent.") == []


def test_sentence_of_document_has_a_longest_length(tmp_path: Path) -> None:
    """Only sentences of documents are limited in length. Code in back quotes counts as one word."""
    words = "word " * (MAX_WORDS - 2)

    assert found(tmp_path, f"{words}`two words here` end.") == []
    assert found(tmp_path, f"{words}`code` the end. Short.") == [
        f"3: “{(words + 'x')[:39]}…” has {MAX_WORDS + 1} words -> sentences of up to 25 words (at "
        f"most {MAX_WORDS})"
    ]
    comment = tmp_path / "code.py"
    comment.write_text(f"# {words * 2} end.\n")
    assert findings(comment) == []
