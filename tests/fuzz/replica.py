"""An honest client: a copy of the room's document, and one valid edit in it."""

from random import Random

import pycrdt

from tests.fuzz import contents

_FORMATS = ({"bold": True}, {"bold": None}, {"color": "#f00"})
_VALUES = (1, -5, 2**40, 0.5, True, None, "é😀", b"\x00\x01", [1, [2]], {"k": {"l": 1}})


def edit(source: Random, state: bytes, client: int) -> bytes | None:
    """Return the update of one edit under this client id.

    Return None if the edit changes nothing or pycrdt panics.
    """
    made: list[bytes] = []
    try:
        doc: pycrdt.Doc[pycrdt.Text] = pycrdt.Doc(client_id=client)
        doc.apply_update(state)
        subscription = doc.observe(lambda event: made.append(event.update))
        with doc.transaction():
            source.choice((_type, _type, _type, _delete, _replace, _format, _map, _array, _xml))(
                source, doc
            )
        doc.unobserve(subscription)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException:
        return None
    return bytes(made[0]) if made else None


def _text(source: Random, doc: pycrdt.Doc) -> tuple[pycrdt.Text, list[int]]:
    """Return a text and the byte offsets between its characters.

    If the text has embeds, they shift the offsets, so only the first offset is returned.
    """
    text = doc.get(source.choice(("codemirror", "codemirror", "main.py")), type=pycrdt.Text)
    places = [0]
    for character in str(text):
        places.append(places[-1] + len(character.encode()))
    return text, places if len(text) == places[-1] else places[:1]


def _type(source: Random, doc: pycrdt.Doc) -> None:
    text, places = _text(source, doc)
    text.insert(source.choice(places), source.choice(contents.TEXTS))


def _delete(source: Random, doc: pycrdt.Doc) -> None:
    text, places = _text(source, doc)
    first, last = sorted(source.choices(places, k=2))
    if first < last:
        del text[first:last]


def _replace(source: Random, doc: pycrdt.Doc) -> None:
    _delete(source, doc)
    _type(source, doc)


def _format(source: Random, doc: pycrdt.Doc) -> None:
    text, places = _text(source, doc)
    first, last = sorted(source.choices(places, k=2))
    if first < last:
        text.format(first, last, source.choice(_FORMATS))
    else:
        text.insert_embed(first, {"image": "x"})


def _map(source: Random, doc: pycrdt.Doc) -> None:
    settings = doc.get("settings", type=pycrdt.Map)
    key = source.choice(contents.KEYS)
    if key in settings and source.random() < 0.3:
        del settings[key]
    else:
        settings[key] = source.choice((*_VALUES, pycrdt.Text("inside"), pycrdt.Map({"k": 1})))


def _array(source: Random, doc: pycrdt.Doc) -> None:
    array = doc.get("list", type=pycrdt.Array)
    if len(array) and source.random() < 0.3:
        del array[source.randrange(len(array))]
    else:
        array.insert(
            source.randint(0, len(array)),
            source.choice((*_VALUES, pycrdt.Array([1]), pycrdt.Text("t"))),
        )


def _xml(source: Random, doc: pycrdt.Doc) -> None:
    children = doc.get("prosemirror", type=pycrdt.XmlFragment).children
    if len(children) and source.random() < 0.3:
        del children[source.randrange(len(children))]
    else:
        children.insert(
            source.randint(0, len(children)),
            pycrdt.XmlElement("p", {"class": "c"}, [pycrdt.XmlText("t")]),
        )
