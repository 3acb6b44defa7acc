"""When two user names are one name, and when they only look alike. Which characters a name may have is checked before.

Two names with the same key are one name: nobody can sign in by one and mean the other. Two names with the same skeleton
look the same in many fonts (Unicode Technical Standard 39), so a new name must not have the skeleton of another one.
Names that were given before this rule stay.
"""

import json
import unicodedata
from functools import cache
from importlib.resources import files
from typing import Any

import confusable_homoglyphs

_UNSEEN = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0").union(
    map(chr, (*range(0x180B, 0x1810), *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)))
)
"""Characters that nobody sees, apart from those of the category Cf: fillers, and selectors of a variant."""

_TOLD_APART = tuple(
    frozenset(map(chr, letters))
    for letters in (range(0x0E01, 0x0E2F), range(0x05D0, 0x05EB), range(0x0561, 0x0587), range(0x03B1, 0x03CA))
)
"""The letters of Thai, Hebrew, Armenian and Greek. The table finds more of them alike than their readers do."""


def name_key(name: str) -> str:
    """Return what no two users may share: their name without capitals and without characters that nobody sees.

    Joiners and soft hyphens shape the letters around them, so a name keeps them. Two names that differ in nothing
    else look the same in most fonts, and one of them could be taken for the other.
    """
    visible = "".join(character for character in name if unicodedata.category(character) != "Cf")
    return unicodedata.normalize("NFC", visible).casefold()


def name_skeleton(name: str) -> str:
    """Return what names that look alike have in common: `victim`, full-width, with a Cyrillic `с` or a dotless `ı`."""
    alike = _look_alikes()
    shape = "".join(alike.get(character, character) for character in _shape(name))
    return _folded(" ".join(shape.split())) or name_key(name)


def are_confusable(name: str, other: str) -> bool:
    """Whether two names look alike.

    Those of ASCII only do not: 1, l and I, or m and rn, are told apart by their owners, such as anna1 and annal.
    Names that differ only in letters of one such script do not either: the table says that the Thai letters ค, ด and ต
    are alike, and the Hebrew vav and final nun.
    """
    if (name.isascii() and other.isascii()) or name_skeleton(name) != name_skeleton(other):
        return False
    shapes = [_shape(name), _shape(other)]
    differing = [pair for pair in zip(*shapes, strict=False) if pair[0] != pair[1]]
    return len(shapes[0]) != len(shapes[1]) or not differing or not all(map(_are_told_apart, differing))


def _shape(name: str) -> str:
    """Return the characters that skeletons are made of."""
    plain = _folded("".join(character for character in name if not _is_unseen(character)))
    return " ".join(unicodedata.normalize("NFD", plain).split())


def _are_told_apart(pair: tuple[str, str]) -> bool:
    """Whether two characters are of one script whose readers know them as different letters."""
    return all(map(str.isascii, pair)) or any(all(map(letters.__contains__, pair)) for letters in _TOLD_APART)


def _is_unseen(character: str) -> bool:
    return character in _UNSEEN or unicodedata.category(character) == "Cf"


def _folded(text: str) -> str:
    """Return a text without capitals, and each character in its plain form: `Ａ` is `a`, `ﬁ` is `fi`."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


@cache
def _look_alikes() -> dict[str, str]:
    """Return {character: the one that stands for all that look like it}; the table is read once, when it is needed.

    The library's table says of each character which ones look like it, in both directions. Those that are connected
    are one group, for which its first character stands: the one with the lowest code point.
    """
    text = files(confusable_homoglyphs).joinpath("confusables.json").read_bytes()
    table = json.loads(text, object_hook=_character)  # with the names of all characters it takes 3 MiB more
    first: dict[str, str] = {}
    for character, others in table.items():
        for other in others:
            _join(first, _plain(character), _plain(other))
    return {character: _first(first, character) for character in first}


def _character(entry: dict[str, Any]) -> object:
    """Return the character that an entry of the table is about, and the table, which has no text at "c", as it is."""
    character = entry.get("c")
    return character if isinstance(character, str) else entry


def _plain(characters: str) -> str:
    """Letters that are written from right to left stand between direction marks in the table."""
    return characters.replace("\u200e", "")


def _join(first: dict[str, str], one: str, other: str) -> None:
    """Note that two characters look alike; sequences of several are left out."""
    if len(one) == len(other) == 1:
        low, high = sorted((_first(first, one), _first(first, other)))
        first[high] = low


def _first(first: dict[str, str], character: str) -> str:
    """Return the first character of a group."""
    while (lower := first.setdefault(character, character)) != character:
        character = lower
    return character
