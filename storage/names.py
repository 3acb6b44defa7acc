"""Decides whether two user names count as one, and whether they look alike.
The characters are checked before.

Names with one key count as one name, which only one user can have. Names with one skeleton look
alike in many fonts (Unicode Technical Standard 39), so a new name must not have the skeleton of an
existing one. Users that had such a name before this rule keep it.
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
"""Invisible characters outside of the Unicode category Cf: fillers, and variation selectors."""

_TOLD_APART = tuple(
    frozenset(map(chr, letters))
    for letters in (
        range(0x0E01, 0x0E2F),
        range(0x05D0, 0x05EB),
        range(0x0561, 0x0587),
        range(0x03B1, 0x03CA),
    )
)
"""Letters of Thai, Hebrew, Armenian and Greek:
the table calls more of them alike than people who read them do."""

_ONE_STROKE = str.maketrans("i1|0", "lllo")
"""Characters of ASCII that one cannot tell from `l` and `o` in many fonts.
A capital I is an `i` by then."""
_TWO_AS_ONE = (("rn", "m"), ("vv", "w"), ("cl", "d"))
"""Pairs of letters that look like one letter."""


def name_key(name: str) -> str:
    """Return the key that no two users may share:
    the name in lower case, without invisible characters.

    Joiners and soft hyphens shape the letters around them, so a name keeps them. Two names that
    differ in nothing else look the same in most fonts, and one of them could be taken for the
    other.
    """
    visible = "".join(character for character in name if unicodedata.category(character) != "Cf")
    return unicodedata.normalize("NFC", visible).casefold()


def name_skeleton(name: str) -> str:
    """Return a form that names share if they look alike.

    For example, `victim` in full-width letters,
    with a Cyrillic `с` or a dotless `ı` has the skeleton of `victim`.
    """
    alike = _look_alikes()
    shape = "".join(alike.get(character, character) for character in _shape(name))
    return _folded(" ".join(shape.split())) or name_key(name)


def are_confusable(name: str, other: str) -> bool:
    """Whether two names look alike.

    Two names of only ASCII never count as alike, although 1, l and I, or m and rn, resemble each
    other: anna1 and annal may both exist. Names that differ only in letters of one script of
    `_TOLD_APART` do not count as alike either. The table calls the Thai letters ค, ด and ต alike,
    and the Hebrew vav and final nun, but readers tell them apart.
    """
    if (name.isascii() and other.isascii()) or name_skeleton(name) != name_skeleton(other):
        return False
    shapes = [_shape(name), _shape(other)]
    differing = [pair for pair in zip(*shapes, strict=False) if pair[0] != pair[1]]
    return (
        len(shapes[0]) != len(shapes[1])
        or not differing
        or not all(map(_are_told_apart, differing))
    )


def is_like_reserved(name: str, reserved: str) -> bool:
    """Whether a name could be taken for a reserved one.

    Stricter than `are_confusable`, also within ASCII.

    Names of people must stay apart from each other, so anna1 and annal may both exist. Nobody needs
    a name like a reserved one, so here i, l, 1 and | are one letter, and only letters and digits
    count: `deIeted-user` with a capital I is like `deleted user`.
    """
    return _bare_skeleton(name) == _bare_skeleton(reserved)


def _bare_skeleton(name: str) -> str:
    """Return a skeleton without spaces, marks and punctuation,
    in which letters that are alike in ASCII are one.
    """
    letters = unicodedata.normalize("NFD", name_skeleton(name)).translate(_ONE_STROKE)
    bare = "".join(filter(str.isalnum, letters))
    for pair, letter in _TWO_AS_ONE:
        bare = bare.replace(pair, letter.translate(_ONE_STROKE))
    return bare


def _shape(name: str) -> str:
    """Return the characters from which a skeleton is made."""
    plain = _folded("".join(character for character in name if not _is_unseen(character)))
    return " ".join(unicodedata.normalize("NFD", plain).split())


def _are_told_apart(pair: tuple[str, str]) -> bool:
    """Whether two characters belong to one script whose readers tell them apart."""
    return all(map(str.isascii, pair)) or any(
        all(map(letters.__contains__, pair)) for letters in _TOLD_APART
    )


def _is_unseen(character: str) -> bool:
    return character in _UNSEEN or unicodedata.category(character) == "Cf"


def _folded(text: str) -> str:
    """Return a text in lower case, with each character in its compatibility form:
    `Ａ` is `a`, `ﬁ` is `fi`.
    """
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


@cache
def _look_alikes() -> dict[str, str]:
    """Return {character: the character that represents its group}.

    The table is read once, when first needed.

    The library's table lists for each character those that look like it, in both directions.
    Characters that are connected, also over others, form a group. The one with the lowest code
    point represents it.
    """
    text = files(confusable_homoglyphs).joinpath("confusables.json").read_bytes()
    # With the names of all characters the table would take 3 MiB more.
    table = json.loads(text, object_hook=_character)
    first: dict[str, str] = {}
    for character, others in table.items():
        for other in others:
            _join(first, _plain(character), _plain(other))
    return {character: _first(first, character) for character in first}


def _character(entry: dict[str, Any]) -> object:
    """Return the character of an entry of the table.

    For the table itself, which has no text at "c", return it.
    """
    character = entry.get("c")
    return character if isinstance(character, str) else entry


def _plain(characters: str) -> str:
    """Return characters without direction marks:
    the table puts them around letters written from right to left.
    """
    return characters.replace("\u200e", "")


def _join(first: dict[str, str], one: str, other: str) -> None:
    """Note that two characters look alike; sequences of several characters are left out."""
    if len(one) == len(other) == 1:
        low, high = sorted((_first(first, one), _first(first, other)))
        first[high] = low


def _first(first: dict[str, str], character: str) -> str:
    """Return the character that represents the group of a character."""
    while (lower := first.setdefault(character, character)) != character:
        character = lower
    return character
