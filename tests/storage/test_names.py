"""Tests of user names: when two names count as one, and when they look alike."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.names import are_confusable, is_like_reserved, name_key, name_skeleton
from tests.names import ORDINARY

_VISIBLE = st.text(st.characters(exclude_categories=["Cf", "Cs"]))


@given(_VISIBLE)
def test_key_of_name_without_joiners_is_its_case_folded_form(name: str) -> None:
    """A name without joiners has the key that older releases stored for it."""
    composed = unicodedata.normalize("NFC", name)

    assert name_key(composed) == composed.casefold()


@given(_VISIBLE.map(lambda name: unicodedata.normalize("NFC", name)), st.data())
def test_key_is_the_same_with_invisible_characters(name: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(name)))
    unseen = data.draw(st.characters(categories=["Cf"]))

    assert name_key(name[:at] + unseen + name[at:]) == name_key(name)


LOOKS_LIKE_VICTIM = [
    "ｖｉｃｔｉｍ", "Ｖictim", "vi\u0441tim", "v\u0131ctim", "v\u0456\u0441t\u0456m", "\u03bdictim",
    "\u0475ictim",
    "𝐯𝐢𝐜𝐭𝐢𝐦", "ⓥictim", "ⅴictim", "vi\u034fctim", "vic\ufe0ftim", "\u2800victim", "vic\u3164tim",
    "VICTIM",
    "vic\U000e0100tim", "victim\u180b",
]  # fmt: skip


@pytest.mark.parametrize("name", LOOKS_LIKE_VICTIM, ids=ascii)
def test_names_that_look_alike_have_one_skeleton(name: str) -> None:
    assert name_skeleton(name) == name_skeleton("victim")


@pytest.mark.parametrize(
    ("name", "other"),
    [("víctim", "victim"), ("Ana", "Anna"), ("анна", "анка"), ("李小龙", "李小虎"),
     ("محمد", "أحمد"), ("דוד", "דנה"),
     ("Ana 👩\u200d💻", "Ana 👨\u200d💻"), ("김철수", "김철호"), ("สมชาย", "สมหญิง"), ("👩", "👨"),
     ("v ictim", "victim")],
)  # fmt: skip
def test_names_that_look_different_have_different_skeletons(name: str, other: str) -> None:
    assert name_skeleton(name) != name_skeleton(other)


@pytest.mark.parametrize(
    ("name", "other"), [("anna1", "annal"), ("Team I", "Team 1"), ("b0b", "bob"), ("mam", "marn")]
)
def test_names_of_ascii_are_not_confusable(name: str, other: str) -> None:
    assert not are_confusable(name, other)


@pytest.mark.parametrize(
    ("name", "other"),
    [("ตา", "ดา"), ("คาว", "ดาว"), ("ชาย", "ซาย"), ("מא", "םא"), ("דן", "דו"), ("בן", "בו"),
     ("Գոհար", "Զոհար"),
     ("Ρόσα", "Ρόοα"), ("müller1", "müllerl"), ("Юра0", "Юраo")],
)  # fmt: skip
def test_names_that_differ_in_letters_of_one_script_are_not_confusable(
    name: str, other: str
) -> None:
    assert not are_confusable(name, other)


@pytest.mark.parametrize(
    ("name", "other"),
    [("müller1", "mü\u0661\u0661er1"), ("v\u0131ctim1", "victiml"), ("Иван", "Ивaн"), ("דן", "ד1"),
     ("ตาa", "ดา\u0430"),
     ("ада", "ада\u200c")],
)  # fmt: skip
def test_names_that_differ_in_letters_of_two_scripts_are_confusable(name: str, other: str) -> None:
    assert are_confusable(name, other)


def test_name_of_ascii_and_its_look_alike_are_confusable() -> None:
    assert are_confusable("anna1", "аnna1")
    assert are_confusable("аnna1", "anna1")


@given(st.text(min_size=1))
def test_skeleton_is_the_same_for_names_with_the_same_key(name: str) -> None:
    """The skeleton is made from the key, so names with the same key have the same skeleton."""
    assert name_skeleton(name_key(name)) == name_skeleton(name) or not name_key(name)


def test_skeleton_of_each_ordinary_name_is_its_own() -> None:
    """Ordinary names of all scripts have different skeletons.

    So the server accepts all of them together, and does not say that two of them look alike.
    """
    skeletons = {name_skeleton(name): name for name in ORDINARY}

    assert len(skeletons) == len(ORDINARY)


@pytest.mark.parametrize(
    "name", ["deIeted user", "de1eted user", "DE|ETED\u2003USER", "deIеted-user", "cleleted user"]
)
def test_names_like_a_reserved_name_are_found_even_in_ascii(name: str) -> None:
    assert is_like_reserved(name, "deleted user")


@pytest.mark.parametrize("name", ORDINARY, ids=ascii)
def test_ordinary_name_is_not_like_a_reserved_name(name: str) -> None:
    """Names without letters, such as an emoji, are like no reserved name either."""
    assert not is_like_reserved(name, "deleted user")
