"""Tests the rules for texts in all languages: what is kept, made harmless or refused."""

import re
import unicodedata
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.http.rules import text_rules
from tests.names import ORDINARY as NAMES

LOOKING_LIKE_OTHERS = [
    "victim\u200d", "\u200dvictim", "victim\u200c", "vic\u200d\u200dtim", "vic\u200btim",
    "victim\u00ad",
    "\u2060victim", "vic\ufefftim", "victim\ufe0f", "vic\ufe00tim", "victim\u034f", "vic\u034ftim",
    "\u2800victim", "victim\u3164", "vic\u180etim", "vic\u2063tim", "vic\U000e0061tim",
    "🏴\U000e0061",
    "victim\U000e007f", "vic\U000e0100tim", "vic \u200dtim", "אב\ufe0fג", "victim 👩\u200d",
    "👩\u200dvictim\u200d", "\u200d", "\u115f\u1160", "victim\uff20", "victim@",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_name_of_any_script_is_accepted(name: str) -> None:
    assert text_rules.fault_of_name(name) == ""
    assert text_rules.direction_in(name) == ""
    assert not text_rules.is_blank(name)


@pytest.mark.parametrize("name", LOOKING_LIKE_OTHERS, ids=ascii)
def test_name_with_invisible_character_that_joins_nothing_is_refused(name: str) -> None:
    """A name with an invisible character could look like another name, so it is refused.

    The message names the character.
    """
    fault = text_rules.fault_of_name(name)

    assert re.search(r"may not contain (@|invisible characters \(U\+[0-9A-F]{4,5}\))", fault)


@given(st.text())
def test_fault_of_any_name_is_found_without_error(name: str) -> None:
    assert isinstance(text_rules.fault_of_name(name), str)


def test_name_loses_direction_marks() -> None:
    assert text_rules.without_marks("\u200fדוד\u200e\u061c") == "דוד"


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("\u2067שלום\u2069", "\u2067שלום\u2069"),
        ("\u2067שלום", "\u2067שלום\u2069"),
        ("a\u2069b", "ab"),
        ("\u2066a\nb\u2069", "\u2066a\u2069\nb"),
        ("\u202aC:\\Users\\ada\u202c", "C:\\Users\\ada"),
        ("a\u200fb", "a\u200fb"),
    ],
    ids=ascii,
)
def test_isolated_text_does_not_change_direction_of_other_text(text: str, result: str) -> None:
    assert text_rules.isolated(text) == result


@given(
    st.text(
        st.sampled_from(
            "ab\u05d0\n\u2066\u2067\u2068\u2069\u202a\u202b\u202c\u202d\u202e\r\v\x1b[m"
        )
    )
)
def test_chat_text_of_any_text_is_balanced_in_each_line(text: str) -> None:
    result = text_rules.chat_text(text)

    assert not set(result) & set("\u202a\u202b\u202c\u202d\u202e\r\v")
    for line in result.split("\n"):
        depth = 0
        for character in line:
            depth += (character in "\u2066\u2067\u2068") - (character == "\u2069")
            assert depth >= 0
        assert depth == 0


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b[38;5;208mx\x1b[K", "x"),
        ("\x9b1mx", "x"),
        ("\x1b]8;;https://example.org\x1b\\link\x1b]8;;\x07", "link"),
        ("\x1b(Btext\x1b=", "text"),
        ("a\r\nb\rc\vd\fe\x85f\u2028g\u2029h", "a\nb\nc\nd\ne\nf\ng\nh"),
        ("tab\tstays", "tab\tstays"),
    ],
    ids=ascii,
)
def test_chat_text_copied_from_programs_is_readable(text: str, result: str) -> None:
    assert text_rules.chat_text(text) == result


@pytest.mark.parametrize("character", ["\0", "\a", "\x1b", "\x7f", "\u202e"], ids=ascii)
def test_control_character_is_named(character: str) -> None:
    assert f"(U+{ord(character):04X})" in text_rules.control_in(f"a{character}b")


@pytest.mark.parametrize(
    "text", ["", " \n\t", "\u200b", "\ufeff", "\u2060\u3164\u2800", "\u2066\u2069"], ids=ascii
)
def test_text_without_visible_character_is_blank(text: str) -> None:
    assert text_rules.is_blank(text)


@pytest.mark.parametrize(
    "name",
    ["deleted user", "Deleted  User", "ｄeleted user", "dеleted usеr", "deleted\u2003user",
     "deIeted user",
     "DE1ETED USER", "de|eted user", "deΙeted user", "de\u04c0eted user", "cleleted user",
     "deleted-user",
     "DeletedUser", "«deleted user»", "deleted us\u1eb9r"],
    ids=ascii,
)  # fmt: skip
def test_name_of_deleted_users_is_reserved(name: str) -> None:
    """Forms of the reserved name with similar letters, other spaces or marks are also refused."""
    assert "deleted accounts have" in text_rules.fault_of_name(name)


@pytest.mark.parametrize(
    ("name", "fault"),
    [("collab-server", "the server's own name"), ("CoIlab Server", "the server's own name"),
     ("c0l1ab-server", "the server's own name"),
     ("coll\u0430b-server", "the server's own name"),
     ("Somebody", "exports use"), ("sornebody", "exports use"),
     ("s0meb0dy", "exports use")],
    ids=ascii,
)  # fmt: skip
def test_name_that_exports_use_for_no_user_is_reserved(name: str, fault: str) -> None:
    assert fault in text_rules.fault_of_name(name)


@pytest.mark.parametrize(
    "name", ["deleted users", "user", "Ida Collins", "server", "collab", "some body else"]
)
def test_name_that_only_begins_like_a_reserved_one_is_accepted(name: str) -> None:
    assert text_rules.fault_of_name(name) == ""


def test_corpus_of_names_is_composed() -> None:
    """The names of the corpus are composed, because names are composed before they are checked."""
    assert [name for name in NAMES if unicodedata.normalize("NFC", name) != name] == []


@pytest.mark.parametrize(
    "text",
    ["", "plain", "e\u0301", "\u1100\u1161\u11a8", "a" + "\u0301\u0327" * 14, "𝒳\u0323\u0307"],
)
def test_composed_text_is_in_normal_form(text: str) -> None:
    assert text_rules.composed(text) == unicodedata.normalize("NFC", text)


def test_long_runs_of_marks_are_composed_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Long runs of marks are composed in parts, and no character is lost.

    No part has more marks than real languages use, so sorting the marks stays fast.
    """
    text = "a" + "\u0301\u0327" * 2_000 + "b"
    parts: list[str] = []
    normalize = unicodedata.normalize

    def noted(form: Literal["NFC"], part: str) -> str:
        parts.append(part)
        return normalize(form, part)

    monkeypatch.setattr(unicodedata, "normalize", noted)

    made = text_rules.composed(text)

    assert "".join(parts) == text
    assert max(sum(map(unicodedata.combining, part)) // 202 for part in parts) <= 34
    assert sorted(normalize("NFD", made)) == sorted(normalize("NFD", text))
