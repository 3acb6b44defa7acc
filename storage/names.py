"""When two user names are one name; which characters a name may have is checked before it comes here."""

import unicodedata


def name_key(name: str) -> str:
    """Return what no two users may share: their name without capitals and without characters that nobody sees.

    Joiners and soft hyphens shape the letters around them, so a name keeps them. Two names that differ in nothing
    else look the same in most fonts, and one of them could be taken for the other.
    """
    visible = "".join(character for character in name if unicodedata.category(character) != "Cf")
    return unicodedata.normalize("NFC", visible).casefold()
