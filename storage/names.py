"""Decides whether two user names count as one name, and whether they look alike.

This is not for checking a name's characters, which callers have done before. Names with the same
key count as one name, which only one user can have. Names with the same skeleton look alike in many
fonts (Unicode Technical Standard 39), so a new name must not have the skeleton of an existing name.
Users that had such a name before this rule keep it.
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
"""Invisible characters that are not in the Unicode category Cf: fillers and variation selectors."""

_TOLD_APART = tuple(
    frozenset(map(chr, letters))
    for letters in (
        range(0x0E01, 0x0E2F),
        range(0x05D0, 0x05EB),
        range(0x0561, 0x0587),
        range(0x03B1, 0x03CA),
    )
)
"""Letters of Thai, Hebrew, Armenian and Greek.
The table says that some of them look alike, although readers of these scripts tell them apart."""

_ONE_STROKE = str.maketrans("i1|0", "lllo")
"""Characters of ASCII that look like `l` or `o` in many fonts, mapped to that letter.
It is applied to names in lower case, so it needs no capital I."""
_TWO_AS_ONE = (("rn", "m"), ("vv", "w"), ("cl", "d"))
"""Pairs of letters that look like one letter."""


def name_key(name: str) -> str:
    """Return the key that no two users may share:
    the name in lower case, without invisible characters.

    The displayed name keeps its joiners and soft hyphens, which shape the letters around them.
    But two names that differ only in such characters look the same in most fonts, so they must
    have the same key.
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
    `_TOLD_APART` do not count as alike either. For example, the table says that the Thai letters
    ค, ด and ต look alike, but readers of Thai tell them apart.
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
    """Whether a name could be mistaken for a reserved name.

    This check is stricter than `are_confusable`, which lets both anna1 and annal exist. Nobody
    needs a name that resembles a reserved name. So here i, l, 1 and | are one letter, and only
    letters and digits count: `deIeted-user` with a capital I is like `deleted user`.
    """
    return _bare_skeleton(name) == _bare_skeleton(reserved)


def _bare_skeleton(name: str) -> str:
    """Return a name's skeleton with only letters and digits.

    ASCII characters that look alike are replaced by one letter.
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
    """Return a text in lower case, with each character in its compatibility form.

    For example, `Ａ` becomes `a`, and `ﬁ` becomes `fi`.
    """
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


@cache
def _look_alikes() -> dict[str, str]:
    """Return {character: the character that represents its group}.

    The library's table lists for each character the characters that look like it, in both
    directions. Characters that are connected, directly or through other characters, form a group.
    The character with the lowest code point represents the group. The table is read at the first
    call.
    """
    text = files(confusable_homoglyphs).joinpath("confusables.json").read_bytes()
    # The hook drops the names of the characters, which would take 3 MiB more.
    table = json.loads(text, object_hook=_character)
    first: dict[str, str] = {}
    for character, others in table.items():
        for other in others:
            _join(first, _plain(character), _plain(other))
    return {character: _first(first, character) for character in first}


def _character(entry: dict[str, Any]) -> object:
    """Return the character of a table entry; return any other JSON object unchanged."""
    character = entry.get("c")
    return character if isinstance(character, str) else entry


def _plain(characters: str) -> str:
    """Return characters without the direction marks that the table puts around some letters."""
    return characters.replace("\u200e", "")


def _join(first: dict[str, str], character: str, other: str) -> None:
    """Note that two characters look alike; ignores sequences of several characters."""
    if len(character) == len(other) == 1:
        low, high = sorted((_first(first, character), _first(first, other)))
        first[high] = low


def _first(first: dict[str, str], character: str) -> str:
    """Return the character that represents the group of a character."""
    while (lower := first.setdefault(character, character)) != character:
        character = lower
    return character
