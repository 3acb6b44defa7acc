"""When two user names are one name."""

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from storage.names import name_key

_VISIBLE = st.text(st.characters(exclude_categories=["Cf", "Cs"]))


@given(_VISIBLE)
def test_key_of_name_without_joiners_is_its_case_folded_form(name: str) -> None:
    """So names of before joiners were allowed keep the key that is stored for them."""
    composed = unicodedata.normalize("NFC", name)

    assert name_key(composed) == composed.casefold()


@given(_VISIBLE.map(lambda name: unicodedata.normalize("NFC", name)), st.data())
def test_key_is_the_same_with_characters_that_nobody_sees(name: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(name)))
    unseen = data.draw(st.characters(categories=["Cf"]))

    assert name_key(name[:at] + unseen + name[at:]) == name_key(name)
