"""Rules for the characters of names, titles and chat, in all languages. Code has no such rules.

There are three kinds of invisible characters. Some shape the letters or emoji around them, and are
allowed only there. Some set the direction of text. They may set it for a part of a title or a chat
message, but never for the text around that. The third kind gets into a text when it is copied from
a terminal or another program.
"""

import re
import unicodedata
from typing import Final

from storage.names import is_like_reserved

DELETED_NAME: Final = "deleted user"
"""The name that is shown for users whose account was deleted."""

SERVER_NAME: Final = "collab-server"
"""The committer of all commits in exported repositories,
and the author of commits that belong to no version."""

NAMELESS: Final = "somebody"
"""The author of a commit if the user's name has no character that git can store."""

_RESERVED: Final = {
    DELETED_NAME: "is the name that deleted accounts have: choose another name",
    SERVER_NAME: "is the server's own name: choose another name",
    NAMELESS: "is the name that exports use if they cannot show a name: choose another name",
}
"""{name that the server itself shows: the fault of a user's name that looks like it}."""

DIRECTION_MARKS: Final = frozenset("\u200e\u200f\u061c")
"""Invisible characters with a direction (LRM, RLM, ALM).
Keyboards for Hebrew and Arabic have them."""

_EMBEDDINGS = re.compile("[\u202a\u202b\u202c]")
"""Matches old characters that set the direction of a part of a line.
Windows copies such characters together with paths."""
_OVERRIDES = re.compile("[\u202d\u202e]")
"""Matches characters after which letters are shown in a different order than they are stored."""
_ISOLATES = frozenset("\u2066\u2067\u2068")
_ISOLATE_END = "\u2069"
_DIRECTIONS: Final = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")

_LINE_ENDS = re.compile("\r\n|[\r\v\f\x85\u2028\u2029]")
_TERMINAL = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[ -/]*[0-~]"
)
"""Matches control sequences of terminals (ECMA-48): colours, cursor moves, window titles,
character sets."""

_FLAG = re.compile("\U0001f3f4[\U000e0030-\U000e0039\U000e0061-\U000e007a]{1,6}\U000e007f")
"""Matches the flag of a region, such as Scotland: a black flag, tag letters, and an end tag."""

_SHAPERS: Final = frozenset("\u200c\u200d")
_BREAKS: Final = frozenset("\u00ad\u2060")
"""Soft hyphen and word joiner, which allow or forbid a line break inside a word."""
_SPACE_WITHOUT_WIDTH = "\u200b"
"""Zero-width space, which separates words in scripts without spaces, such as Khmer."""
_MONGOLIAN_VOWEL_SEPARATOR = "\u180e"

_VISIBLE_FORMATS: Final = frozenset(
    "\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd"
) | frozenset(map(chr, range(0x13430, 0x13440)))
"""Characters of the category Cf that are visible or arrange hieroglyphs. Others are invisible."""

_FILLERS: Final = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
"""Invisible characters of other categories."""

_SELECTOR = re.compile("[\u180b-\u180d\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef]")
"""Matches variation selectors. Each selects a variant of the character before it."""

_MOST_MARKS = 30
"""Most combining marks in a row, as in the Stream-Safe Text Format of Unicode (UAX 15).
Tibetan needs eight."""

_VIRAMA = 9
"""The combining class of signs such as the virama.
A joiner after such a sign selects a form of the letter."""

_WITH_VARIANTS: Final = ("CJK ", "MANICHAEAN ", "MONGOLIAN ", "MYANMAR ", "PHAGS-PA ")
"""Scripts whose letters have variants, which a selector after the letter selects."""


def composed(text: str) -> str:
    """Return a text in normal form C.

    Runs of combining marks that are longer than in any language are composed in parts.
    Otherwise Python would sort the marks of one letter in quadratic time: 40,000 marks took 2 s.
    """
    if text.isascii():
        return text
    made, start, marks = [], 0, 0
    for at, character in enumerate(text):
        marks = marks + 1 if unicodedata.combining(character) else 0
        if marks == _MOST_MARKS:
            made.append(unicodedata.normalize("NFC", text[start : at + 1]))
            start, marks = at + 1, 0
    made.append(unicodedata.normalize("NFC", text[start:]))
    return "".join(made)


def without_marks(text: str) -> str:
    """Return a name without direction marks. A name needs none, because it is shown alone."""
    return "".join(character for character in text if character not in DIRECTION_MARKS)


def isolated(text: str) -> str:
    """Return a text in which each change of direction ends in its own line.

    The text may still have overrides.
    """
    if not _DIRECTIONS & set(text):
        return text
    return "\n".join(map(_balanced, _EMBEDDINGS.sub("", text).split("\n")))


def chat_text(text: str) -> str:
    """Return a chat message in its stored form.

    It has one kind of line ends, no control sequences, and no overrides of direction.
    """
    return isolated(_OVERRIDES.sub("", _LINE_ENDS.sub("\n", _TERMINAL.sub("", text))))


def control_in(
    text: str, *, allowed: str = "", directions: frozenset[str] = frozenset("\u202d\u202e")
) -> str:
    """Return a sentence about the first control or direction character, "" if there is none."""
    for character in text:
        is_control = (
            unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") and character not in allowed
        )
        if is_control or character in directions:
            return f"may not contain control or direction characters ({_code(character)})"
    return ""


def fault_of_name(name: str) -> str:
    """Return the first fault in the characters of a user's name, "" if there is none."""
    if "@" in unicodedata.normalize("NFKC", name):
        return "may not contain @"
    for reserved, fault in _RESERVED.items():
        if is_like_reserved(name, reserved):
            return fault
    plain = _FLAG.sub("\U0001f3f4", name)
    for index, character in enumerate(plain):
        if _is_invisible(character) and not _shapes(plain, index):
            return (
                f"may not contain invisible characters ({_code(character)}) where they join nothing"
            )
    return ""


def is_blank(text: str) -> bool:
    """Whether a text has no visible character."""
    return not any(
        not character.isspace()
        and character not in _FILLERS
        and unicodedata.category(character) != "Cf"
        for character in text
    )


def direction_in(text: str) -> str:
    """Return the first fault in a line of text, "" if there is none.

    The line may have direction marks, but no other direction characters.
    """
    return control_in(text, directions=_DIRECTIONS)


def _balanced(line: str) -> str:
    """Return a line in which each isolate character has its end, and each end has its isolate."""
    balanced, depth = [], 0
    for character in line:
        if character == _ISOLATE_END and not depth:
            continue
        depth += (character in _ISOLATES) - (character == _ISOLATE_END)
        balanced.append(character)
    return "".join(balanced) + _ISOLATE_END * depth


def _is_invisible(character: str) -> bool:
    is_format = unicodedata.category(character) == "Cf" and character not in _VISIBLE_FORMATS
    return is_format or character in _FILLERS or _is_selector(character)


def _is_selector(character: str) -> bool:
    return bool(_SELECTOR.match(character))


def _shapes(text: str, index: int) -> bool:
    """Whether the invisible character at `index` shapes the characters around it."""
    character, before, after = text[index], text[index - 1 : index], text[index + 1 : index + 2]
    if not before:
        return False
    if character in _SHAPERS:
        return _joins(text, index, before, after)
    if character in _BREAKS:
        return _kind(before) in "LNM" and _kind(after) in "LN"
    if character == _SPACE_WITHOUT_WIDTH:
        return (
            unicodedata.category(before) in ("Lo", "Mn", "Mc")
            and unicodedata.category(after or " ") == "Lo"
        )
    if character == _MONGOLIAN_VOWEL_SEPARATOR:
        return _is_of(("MONGOLIAN ",), before) and _is_of(("MONGOLIAN ",), after)
    return _is_selector(character) and _has_variants(before, after)


def _joins(text: str, index: int, before: str, after: str) -> bool:
    """Whether a joiner is between letters, between emoji, or after a sign that removes a vowel."""
    if unicodedata.combining(before) == _VIRAMA:
        return True
    if _kind(before) in "LMN" and _kind(after) in "LMN" and not _is_selector(before):
        return True
    base = before if not _is_selector(before) else text[index - 2 : index - 1]
    return text[index] == "\u200d" and _is_emoji(base) and _is_emoji(after)


def _has_variants(before: str, after: str) -> bool:
    is_keycap = before in "0123456789#*" and after == "\u20e3"
    return (
        is_keycap
        or _is_emoji(before)
        or before in "\u203c\u2049\u3030\u303d"
        or _is_of(_WITH_VARIANTS, before)
    )


def _kind(character: str) -> str:
    """Return the first letter of a character's category; a space for an empty text."""
    return unicodedata.category(character)[0] if character else " "


def _is_emoji(character: str) -> bool:
    """Whether a character may be part of an emoji.

    It may be a symbol, a skin tone, or an emoji that is newer than Python's Unicode tables.
    """
    return bool(character) and (
        unicodedata.category(character) in ("So", "Sm", "Sk")
        or "\U0001f000" <= character <= "\U0001faff"
    )


def _is_of(scripts: tuple[str, ...], character: str) -> bool:
    return bool(character) and unicodedata.name(character, "").startswith(scripts)


def _code(character: str) -> str:
    return f"U+{ord(character):04X}"
