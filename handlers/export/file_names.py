"""Makes paths for the files of a document. Every system can create files with these paths.

A file may have any name. Users unpack files on Linux, macOS or Windows, or check them out by git. A
path keeps the letters of all scripts. Only characters that some system forbids are changed, and the
manifest has the name of the root with the file's text.
"""

import hashlib
import json
import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from itertools import accumulate
from types import MappingProxyType
from typing import Final, NamedTuple

MAX_BYTES: Final = 200
"""Longest name in bytes of UTF-8. File systems allow 255,
but some tools use a longer temporary name while they unpack."""

MAX_DECOMPOSED: Final = 240
"""Longest name in UTF-16 code units, with accents as separate characters.
macOS may store it in this form, and allows 255."""

MAX_ENDING_BYTES: Final = 20
"""Longest ending in bytes, such as `.py`, that a shortened name keeps."""

MANIFEST: Final = "original-names.json"

_NOTHING: Mapping[str, str] = MappingProxyType({})
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
    """Gives each file of one export a path. A file keeps its path in all folders and commits."""

    def __init__(self, taken: Collection[str] = (MANIFEST,)) -> None:
        """taken: paths that no file gets."""
        self._reserved = taken
        self._paths: dict[_File, str] = {}

    def paths(
        self, shown: Mapping[str, str], endings: Mapping[str, str] = _NOTHING
    ) -> tuple[dict[str, str], dict[str, str]]:
        """Return {root: path} of the texts, and of the other roots, in one folder or commit.

        shown    {root: the name that users see}; slashes in it separate folders
        endings  {root: ending} of roots that are not texts. Their files have the name of the root,
                 with this ending
        """
        files = [_File(root, name, is_root=False) for root, name in shown.items()]
        files += [_File(root, root + ending, is_root=True) for root, ending in endings.items()]
        folder = _Folder(self._reserved)
        # Files that had a path in an earlier folder come first, so that they keep it.
        earlier = {file: path for file in files if (path := self._paths.get(file, ""))}
        paths = {file: path for file, path in earlier.items() if folder.take(path)}
        for file in files:
            if file not in paths:
                path = folder.add([file.name] if file.is_root else file.name.split("/"))
                paths[file] = path
                self._paths.setdefault(file, path)
        return (
            {file.root: path for file, path in paths.items() if not file.is_root},
            {file.root: path for file, path in paths.items() if file.is_root},
        )

    @property
    def are_original(self) -> bool:
        """Whether each file so far has the name that users see for it."""
        return all(path == file.name and not file.is_root for file, path in self._paths.items())

    def manifest(self) -> str:
        """Return the JSON object {path of the file: name of its root}."""
        listed: dict[str, str] = {}
        # A file may have the path that another file had before. The manifest names the first of
        # them. This is the file of the live document, if that document was named first.
        for (root, _, _), path in self._paths.items():
            listed.setdefault(path, root)
        return json.dumps(dict(sorted(listed.items())), indent=2, ensure_ascii=False) + "\n"


class _File(NamedTuple):
    """A file with the name that users see; is_root: the name is one part, even with slashes."""

    root: str
    name: str
    is_root: bool


class _Folder:
    """Paths of one folder, with folders inside. No system treats two of them as the same file."""

    def __init__(self, reserved: Collection[str]) -> None:
        self._taken = {_key(name): True for name in reserved}
        """{key of the path: whether it is a file; False for a folder}"""
        self._numbers: dict[tuple[str, bool], int] = {}

    def take(self, path: str) -> bool:
        """Take a path as it is; return False, and take nothing, if another file is in its way."""
        *folders, _ = accumulate(path.split("/"), lambda before, part: f"{before}/{part}")
        if self._is_blocked(_key(path), is_file=True) or any(
            self._is_blocked(_key(place), is_file=False) for place in folders
        ):
            return False
        self._taken.update({_key(place): False for place in folders})
        self._taken[_key(path)] = True
        return True

    def add(self, parts: Sequence[str]) -> str:
        """Return a free path for a file, and take it; parts: its folders and its own name."""
        path = ""
        for part in parts[:-1]:
            path = f"{self._free(path, part, is_file=False)}/"
        return self._free(path, parts[-1], is_file=True)

    def _free(self, before: str, part: str, *, is_file: bool) -> str:
        path = before + file_name(part)
        key = _key(path), is_file
        while self._is_blocked(_key(path), is_file=is_file):
            number = self._numbers[key] = self._numbers.get(key, 1) + 1
            path = before + file_name(part, f"-{number}")
        self._taken[_key(path)] = is_file
        return path

    def _is_blocked(self, key: str, *, is_file: bool) -> bool:
        """Whether a path is taken. A folder may have the path of another folder."""
        has_file = self._taken.get(key)
        return bool(has_file) or (is_file and has_file is not None)


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
            _quoted(character) if unicodedata.category(character) in _UNASSIGNED else character
            for character in name
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
    head = ""
    for character in characters:
        if not _fits(head + character + tail):
            break
        head += character
    return head.rstrip("\u200d") + tail


def _key(name: str) -> str:
    """Return a key that is equal for two names if any file system treats them as the same name."""
    plain = unicodedata.normalize("NFD", _IGNORED_BY_HFS.sub("", name))
    return unicodedata.normalize("NFC", plain.upper().casefold())
