"""Makes names for the files of a document's texts. Every system can create files of these names.

A text may have any name, and its file is unpacked on Linux, macOS or Windows, or checked out by
git. A file's name keeps the letters of all scripts. Only characters that some system forbids are
changed, and the manifest then has the text's own name.
"""

import hashlib
import json
import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping
from typing import Final

MAX_BYTES: Final = 200
"""Longest name in bytes of UTF-8. File systems allow 255,
but some tools use a longer temporary name while they unpack."""

MAX_DECOMPOSED: Final = 240
"""Longest name in UTF-16 code units, with accents as separate characters.
macOS may store it in this form, and allows 255."""

MAX_ENDING_BYTES: Final = 20
"""Longest ending in bytes, such as `.py`, that a shortened name keeps."""

MANIFEST: Final = "original-names.json"

_DIGEST_DIGITS = 10
_FORBIDDEN = re.compile(
    r'[\x00-\x1f\x7f-\x9f/\\:*?"<>|\u2028\u2029\u202a-\u202e\u2066-\u2069\uf000-\uf0ff]|%(?=[0-9a-fA-F]{2})'
)
"""Matches characters that Windows or Linux forbid or replace, characters that change the order in
which a name is shown, and the `%` of escapes."""

_UNASSIGNED = {"Cn", "Cs"}
"""Categories of Unicode that APFS refuses: unassigned characters and lone surrogates."""

_PIECE = re.compile(r"%[C-F][0-9A-F](?:%[89AB][0-9A-F])+|%[0-9A-F]{2}|.", re.DOTALL)
"""Matches a character or its escape."""

_AT_THE_END = re.compile(r"[. ]+$")
_SHORT_NAME = re.compile(r"^[^.]{0,6}~[0-9]+(?:\.[^.]{0,3})?$")
"""Matches short names, which Windows may use for files with longer names.
Examples are `MAIN~1.JAV`, and `git~1` for `.git`."""

_DEVICE = re.compile(
    r"^(?:con|prn|aux|nul|clock\$|conin\$|conout\$|(?:com|lpt)[0-9\u00b9\u00b2\u00b3]) *(?:\.|$)",
    re.I,
)
"""Matches names of devices on Windows, with any ending."""

_TOOLS: Final = frozenset({".git", ".gitmodules", ".gitattributes"})
"""Names with a meaning for git: a repository, its submodules, and rules for changing files at a
checkout."""

_IGNORED_BY_HFS = re.compile("[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]")
"""Characters that the file system of older Macs ignores when it compares names."""


class FileNames:
    """Gives each text of one export a unique file name, for all folders and commits."""

    def __init__(
        self,
        roots: Iterable[str] = (),
        taken: Collection[str] = (MANIFEST,),
        shown: Mapping[str, str] | None = None,
    ) -> None:
        """Name some roots in sorted order, so that every export gives them equal names.

        roots  the roots that get their names first
        taken  names that no file gets
        shown  {root: the name that users see}, if it differs from the root's own name. If another
               text has this name as its own, that text keeps it
        """
        self._shown = shown or {}
        self._names: dict[tuple[str, str], str] = {}
        self._taken = {_key(name) for name in taken}
        self._numbers: dict[str, int] = {}
        for root in sorted(roots, key=lambda root: (root in self._shown, root)):
            self.of(root)

    def of(self, root: str, ending: str = "") -> str:
        """Return the name of the file for a text, or for another root with the given ending."""
        name = self._names.get((root, ending))
        if name is None:
            name = self._names[root, ending] = self._free(
                root + ending if ending else self._shown.get(root, root)
            )
            self._taken.add(_key(name))
        return name

    @property
    def are_original(self) -> bool:
        """Whether each file so far has the name that users see for its text."""
        return all(name == self._shown.get(root, root) for (root, _), name in self._names.items())

    def manifest(self) -> str:
        """Return the JSON object {name of the file: name of the text}."""
        listed = {name: root for (root, _), name in sorted(self._names.items())}
        return json.dumps(listed, indent=2, ensure_ascii=False) + "\n"

    def _free(self, root: str) -> str:
        first = name = file_name(root)
        while _key(name) in self._taken:
            number = self._numbers[_key(first)] = self._numbers.get(_key(first), 1) + 1
            name = file_name(root, f"-{number}")
        return name


def file_name(root: str, mark: str = "") -> str:
    """Return a file name that every system accepts, with `mark` before its ending.

    Two roots may get the same name. `FileNames` then gives them different marks.
    """
    characters = _split(root)
    if _is_reserved("".join(characters)):
        characters.insert(0, "_")
    name = "".join(characters)
    return _shortened(characters, root, mark) if mark or not _fits(name) else name


def _split(root: str) -> list[str]:
    """Return the characters of a name, with forbidden characters escaped as in URLs: `%2F`."""
    name = _FORBIDDEN.sub(lambda match: _quoted(match[0]), root)
    name = _AT_THE_END.sub(lambda match: _quoted(match[0]), name)
    if not name.isascii():
        name = "".join(
            _quoted(one) if unicodedata.category(one) in _UNASSIGNED else one for one in name
        )
    if _SHORT_NAME.match(_IGNORED_BY_HFS.sub("", name)):
        name = name.replace("~", "%7E")
    return _PIECE.findall(name)


def _quoted(characters: str) -> str:
    """Return each byte escaped as in URLs, even bytes that need no escape in URLs."""
    return "".join(f"%{byte:02X}" for byte in characters.encode("utf-8", "surrogatepass"))


def _is_reserved(name: str) -> bool:
    """Whether a file of this name has a special meaning for a system or a tool."""
    plain = _IGNORED_BY_HFS.sub("", name).lower()
    return (
        not name
        or plain.rstrip(" .") in _TOOLS
        or plain.startswith("._")
        or bool(_DEVICE.match(plain))
    )


def _fits(name: str) -> bool:
    decomposed = unicodedata.normalize("NFD", name)
    return (
        len(name.encode()) <= MAX_BYTES
        and len(decomposed.encode("utf-16-le")) // 2 <= MAX_DECOMPOSED
    )


def _shortened(characters: list[str], root: str, mark: str) -> str:
    """Return a shortened name: its beginning, a digest of the root, the mark, and the ending.

    The digest is left out if the whole name fits.
    """
    name = "".join(characters)
    stem, dot, last = name.rpartition(".")
    ending = dot + last
    if not stem or len(ending.encode()) > MAX_ENDING_BYTES:
        stem, ending = name, ""
    if _fits(f"{stem}{mark}{ending}"):
        return f"{stem}{mark}{ending}"
    digest = hashlib.sha256(root.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGEST_DIGITS]
    tail = f"-{digest}{mark}{ending}"
    kept = ""
    for character in characters:
        if not _fits(kept + character + tail):
            break
        kept += character
    return kept.rstrip("\u200d") + tail


def _key(name: str) -> str:
    """Return a key that is equal for two names if any file system treats them as the same name."""
    plain = unicodedata.normalize("NFD", _IGNORED_BY_HFS.sub("", name))
    return unicodedata.normalize("NFC", plain.upper().casefold())
