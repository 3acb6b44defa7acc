"""Names the files of a document by its table of files, the root map `files`.

A file is a root text. The table has the name of each file, its place in the list, and whether it
is deleted. A root text without an entry is a file under the name of its root. Editors of all kinds
write the table, so it is read without trust: wrong values count as missing, and invalid names are
repaired. docs/documents.md describes the format.

`tests/cases/file_names.json` has cases that this module and the web app both pass. Not for names
that every file system accepts: see `handlers.export.file_names`.
"""

import math
import re
import sys
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple, TypeVar

TABLE_ROOT: Final = "files"
"""Name of the root map that is the table."""

MAX_ENTRIES: Final = 5_000
"""Entries that are read, the first ones by key. A document may have far fewer roots, so only a
faulty client makes more."""

MAX_NAME: Final = 255
"""Longest name with its folders, in UTF-16 code units. File systems allow 255."""

MAX_PART: Final = 100
"""Longest part between two slashes, in UTF-16 code units."""

FEW_FILES: Final = 50
"""Files whose names the event loop reads: in less than a millisecond, or in 30 ms if all names are
as long as possible. A worker reads larger tables."""

NO_NAME: Final = "(no name)"
"""The name of a file if neither its entry nor its root has a name, as in the web app."""

_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")
"""Matches control characters, line separators, and characters that change the order in which a
name is shown."""

# These are the spaces of JavaScript's `trim`. Python's `strip` removes other characters.
_SPACES: Final = (
    " \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f"
    "\u3000\ufeff"
)


_Document = TypeVar("_Document", bound=Mapping[str, Any])


class File(NamedTuple):
    """A file of a document.

    root        name of the root text with its contents
    name        the unique name that users see, with folders; of a deleted file, its last name,
                which another file may have now
    is_deleted  it is hidden from lists; its text is still in the document
    """

    root: str
    name: str
    is_deleted: bool = False


class Naming(NamedTuple):
    """How files without an entry are named.

    main_root  the root that is called `main.<suffix>`
    suffix     the ending of files in the session's language, without a dot
    """

    main_root: str
    suffix: str


class _Row(NamedTuple):
    """A file before its name is unique; `order` is infinite for files without an order."""

    root: str
    name: str
    order: float
    is_first: bool = False
    is_deleted: bool = False

    def place_in_list(self) -> tuple[float, bool, bytes, bytes]:
        return self.order, not self.is_first, _utf_16(self.name), _utf_16(self.root)

    def place_in_queue(self) -> tuple[float, bool, bytes]:
        """Return the key of the order in which files take their names."""
        return self.order, not self.is_first, _utf_16(self.root)


def is_table(entries: object) -> bool:
    """Whether the content of the root `files`, as JSON, is a table, and not a map of an app."""
    return isinstance(entries, Mapping) and any(map(_is_entry, entries.values()))


def table_in(documents: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """Return the table among the roots that are not texts; None if there is none.

    documents  {root: its content} as in `crdt.reading.documents`
    """
    table = documents.get(TABLE_ROOT)
    value = table["value"] if table else None
    return value if isinstance(value, Mapping) and is_table(value) else None


def without_table(documents: Mapping[str, _Document]) -> Mapping[str, _Document]:
    """Return the roots that are not texts, without the table."""
    if table_in(documents) is None:
        return documents
    return {root: document for root, document in documents.items() if root != TABLE_ROOT}


def are_few(table: Mapping[str, Any] | None, roots: Collection[str]) -> bool:
    """Whether a table and root texts make so few files that the event loop may read their names."""
    return len(table or ()) + len(roots) <= FEW_FILES


def read_files(entries: object, roots: Iterable[str], naming: Naming) -> tuple[File, ...]:
    """Return all files of a document in the order of its list, with the deleted ones among them.

    entries  the content of the root map `files` as JSON; None if there is none
    roots    names of the document's root texts
    """
    table = entries if isinstance(entries, Mapping) and is_table(entries) else {}
    rows = list(_rows(table, roots, naming))
    names = _unique(sorted((row for row in rows if not row.is_deleted), key=_Row.place_in_queue))
    return tuple(
        File(row.root, names.get(row.root, row.name), row.is_deleted)
        for row in sorted(rows, key=_Row.place_in_list)
    )


def repaired(name: str) -> str:
    """Return a valid name that is as near to `name` as possible; "" if no character is left."""
    # The name is cut first, so the cost of all further steps is bounded.
    name = _CONTROLS.sub("", _cut(name, MAX_NAME).replace("\\", "/"))
    parts: list[str] = []
    size = 0
    for part in unicodedata.normalize("NFC", name).split("/"):
        part = _cut(part.strip(_SPACES), MAX_PART).rstrip(_SPACES)  # noqa: PLW2901
        if part in ("", ".", ".."):
            continue
        size += _length(part) + bool(parts)
        if size > MAX_NAME:
            break
        parts.append(part)
    return "/".join(parts)


def _rows(entries: Mapping[str, Any], roots: Iterable[str], naming: Naming) -> Iterator[_Row]:
    seen = {TABLE_ROOT} if entries else set()
    for root in sorted(entries, key=_utf_16)[:MAX_ENTRIES]:
        entry = entries[root]
        if root in seen or not _is_entry(entry):
            continue
        seen.add(root)
        name = repaired(entry["name"]) or _own_name(root)
        order, is_deleted = _order(entry.get("order")), entry.get("deleted") is True
        yield _Row(root, name, order, is_first=False, is_deleted=is_deleted)
    for root in dict.fromkeys(roots):
        if root in seen:
            continue
        if root == naming.main_root:
            yield _Row(root, f"main.{naming.suffix}", 0, is_first=True)
        else:
            yield _Row(root, _own_name(root), math.inf)


def _is_entry(value: object) -> bool:
    return isinstance(value, Mapping) and isinstance(value.get("name"), str)


def _order(value: object) -> float:
    """Return the order of an entry; infinite if it has none, so its file is last in lists."""
    # In Python, `True` is a number; and numbers of JavaScript have the range of `float`.
    if isinstance(value, bool) or not isinstance(value, int | float):
        return math.inf
    is_finite = abs(value) <= sys.float_info.max
    return float(value) if is_finite else math.inf


def _own_name(root: str) -> str:
    """Return the name of a file that has none in the table."""
    return repaired(root) or NO_NAME


def _unique(rows: Iterable[_Row]) -> dict[str, str]:
    """Return {root: unique name}; of two equal names, the later row's gets a number.

    A file cannot have the name of a folder. So if `src` is a file, a later `src/main` becomes
    `src 2/main`; and if `src/main` came first, a later `src` becomes `src 2`.
    """
    taken: dict[str, bool] = {}
    numbers: dict[tuple[str, bool], int] = {}
    names = {}
    for row in rows:
        *folders, last = row.name.split("/")
        path = key = ""
        for folder in folders:
            part, place = _claim(key, folder, taken, numbers, is_file=False)
            path, key = f"{path}{part}/", f"{place}/"
        names[row.root] = path + _claim(key, last, taken, numbers, is_file=True)[0]
    return names


def _claim(
    before: str,
    part: str,
    taken: dict[str, bool],
    numbers: dict[tuple[str, bool], int],
    *,
    is_file: bool,
) -> tuple[str, str]:
    """Take the path of a part; return (the part, perhaps with a number, the path folded).

    before   the folders before the part, folded, with a slash at the end
    taken    {folded path: whether it is a file; False for a folder}
    numbers  {(folded path, whether it is a file): the number from which a search goes on}.
             Smaller numbers never become free again, so a number is tried only once
    """
    place = before + _folded(part)
    key = place, is_file
    number = numbers.get(key, 1)
    while True:
        shown = part if number == 1 else _numbered(part, number)
        place = before + _folded(shown)
        # A folder may have many files, so only a file of its name is in its way.
        if not (place in taken if is_file else taken.get(place)):
            break
        number += 1
    if number > 1:
        numbers[key] = number
    taken[place] = is_file
    return shown, place


def _numbered(part: str, number: int) -> str:
    """Return a part with a number before its suffix. A dot at the beginning starts no suffix."""
    stem, _, suffix = part.rpartition(".")
    return f"{stem} {number}.{suffix}" if stem else f"{part} {number}"


def _folded(part: str) -> str:
    """Return a key that is equal for parts that count as the same name.

    The keys of parts, joined by slashes, equal the key of the path: no character combines with a
    slash.
    """
    return part.lower() if part.isascii() else unicodedata.normalize("NFC", part).lower()


def _cut(text: str, most: int) -> str:
    """Return at most `most` UTF-16 code units of a text, without half a character at the end."""
    if len(text) <= most // 2:
        return text
    return text[:most].encode("utf-16-le", "replace")[: 2 * most].decode("utf-16-le", "ignore")


def _length(text: str) -> int:
    return len(text) if text.isascii() else len(_utf_16(text)) // 2


def _utf_16(text: str) -> bytes:
    """Return a sort key for a string: JavaScript sorts by UTF-16 code units."""
    return text.encode("utf-16-be", "surrogatepass")
