"""Texts that people write, in all languages: what is kept, what is made harmless, what is refused."""

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.http import text_rules

NAMES = [
    "Ada Lovelace", "Žofie Nováková", "José Ñuñez", "Nguyễn Thị Minh Khai", "Łukasz Żółć", "Þórður",
    "Jean-Luc d'Arc", "O’Connor", "Αλέξανδρος", "Владимир", "Ґалаґан", "Հայկ", "ქეთევანი", "דוד בן־גוריון",
    "محمد الأمين", "علی\u200cرضا", "می\u200cترا", "نامه\u200cای ۲\u200cها", "ܝܫܘܥ", "ދިވެހި", "अनुष्का",
    "क्\u200cर", "र\u094d\u200dय", "শ্রাবণী", "র\u200d\u09cdযাব", "ত\u09cd\u200d", "ਗੁਰਪ੍ਰੀਤ", "ગુજરાતી",
    "ଓଡ଼ିଆ", "தமிழ்", "తెలుగు", "ಕನ್ನಡ", "രാജന\u0d4d\u200d", "ശ്രീ", "ශ\u0dca\u200dරී", "ක\u0dca\u200dෂ",
    "สมชาย", "ວຽງຈັນ", "သန်းထွန်း", "សុខ\u200bសុភា", "བསྟན་འཛིན", "ᠮᠣᠩᠭᠣᠯ", "ᠨᠠᠷ\u180eᠠ", "ᠭ\u180bᠠ", "አበበ",
    "ᏣᎳᎩ", "ᐃᓄᒃ", "李小龙", "山田太郎", "葛\U000e0100城", "ガリレオ", "김철수", "ㄱㄴㄷ", "𠮷野家", "𞤀𞤁𞤂", "𐐷𐐲",
    "𑄌𑄋𑄴", "N’Ko ߒߞߏ", "Anna\u00adLena", "Auf\u200clage", "Ana 👩\u200d💻", "👨\u200d👩\u200d👧",
    "👩🏽\u200d🚀", "🏳️\u200d🌈", "🏴\u200d☠️", "❤️", "❤️\u200d🔥", "☺︎", "🙂\u200d↔️", "🧑\u200d⚕️",
    "🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f", "🇩🇪", "1️⃣ first", "‼️", "©️",
    "👁️\u200d🗨️", "⛓️\u200d💥", "🐦\u200d⬛",
]  # fmt: skip
LOOKING_LIKE_OTHERS = [
    "victim\u200d", "\u200dvictim", "victim\u200c", "vic\u200d\u200dtim", "vic\u200btim", "victim\u00ad",
    "\u2060victim", "vic\ufefftim", "victim\ufe0f", "vic\ufe00tim", "victim\u034f", "vic\u034ftim",
    "\u2800victim", "victim\u3164", "vic\u180etim", "vic\u2063tim", "vic\U000e0061tim", "🏴\U000e0061",
    "victim\U000e007f", "vic\U000e0100tim", "vic \u200dtim", "אב\ufe0fג", "victim 👩\u200d",
    "👩\u200dvictim\u200d", "\u200d", "\u115f\u1160", "victim\uff20", "victim@",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_name_of_any_script_is_taken(name: str) -> None:
    assert text_rules.fault_of_name(name) == ""
    assert text_rules.direction_in(name) == ""
    assert not text_rules.is_blank(name)


@pytest.mark.parametrize("name", LOOKING_LIKE_OTHERS, ids=ascii)
def test_name_with_invisible_character_that_joins_nothing_is_refused(name: str) -> None:
    """It would look like another name, or like none. The message names the character."""
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
def test_isolated_text_turns_nothing_outside(text: str, result: str) -> None:
    assert text_rules.isolated(text) == result


@given(st.text(st.sampled_from("ab\u05d0\n\u2066\u2067\u2068\u2069\u202a\u202b\u202c\u202d\u202e\r\v\x1b[m")))
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


@pytest.mark.parametrize("text", ["", " \n\t", "\u200b", "\ufeff", "\u2060\u3164\u2800", "\u2066\u2069"], ids=ascii)
def test_text_without_visible_character_is_blank(text: str) -> None:
    assert text_rules.is_blank(text)


def test_corpus_of_names_is_composed() -> None:
    """As names are when they are checked."""
    assert [name for name in NAMES if unicodedata.normalize("NFC", name) != name] == []
