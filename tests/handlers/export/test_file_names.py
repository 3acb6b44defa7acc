"""Tests file names in exports: every system can create each of them.
No system treats two of them as the same file.
"""

import io
import json
import re
import subprocess
import unicodedata
import zipfile
from itertools import accumulate
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handlers.export.file_names import MANIFEST, MAX_BYTES, FileNames, file_name
from tests.api import Api
from tests.handlers.clients import joined, texts_frame
from tests.system_packages import needed_program
from tests.waiting import until

SCRIPTS = [
    "решение_задачи_про_динамическое_программирование.py", "λύση.py", "פתרון.py", "حل.py",
    "علی\u200cرضا.py",
    "समाधान.py", "ශ්\u200dරී.py", "การแก้ปัญหา.py", "解答.py", "解" * 29, "ソリューション.py",
    "ガ.txt", "해결책.py",
    "lösung.py", "\ufb01n.txt", "straße", "👩\u200d💻.py", "👩\u200d💻" * 8,
    "🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f.md", "ﷺ", "Ελλάδα.md",
    "հայերեն", "ქართული",
    "አማርኛ", "ᓄᓇᕗᑦ", "𝔘𝔫𝔦", "e\u0301" * 20,
]  # fmt: skip
RESERVED = [
    *(f"{name}{end}" for name in ("CON", "nul", "aux", "PRN", "com1", "LPT9",
                                  "COM\u00b9") for end in ("", ".txt")),
    "con .txt", "Con.tar.gz", "CONIN$", "conout$", "clock$", "notes.", "notes. .", "x ", " ", ".",
    "..", "...", "a. ",
    ".git", ".GIT", ".Git ", ".git.", ".git...", ".git . .", "git~1", "GIT~1", "git~1.",
    ".git::$INDEX_ALLOCATION",
    ".g\u200cit", ".\u200dgit", ".git\ufeff", "\u200e.git", ".gi\u202at", ".gi\u206ft",
    ".gitmodules", ".gitModules ",
    ".gitattributes", ".gitignore", "gitmod~1", "GI7EBA~1", "MAIN~1.JAV", "._notes.txt",
    ".DS_Store", "desktop.ini",
]  # fmt: skip
ODD = [
    "src/main.py", "../../etc/passwd", "/etc/passwd", "a\\b", "C:\\x", "a:b", "a*b?", '"<x>|',
    "x\0y", "x\ny",
    "x\x7f", "", "%2E%2E", "%", "100%", "%2E", "a%2Fb", "a/b", "_", "a b", "-rf", "~", "a~1",
    "$HOME", "`id`",
    "gpj.\u202exe.bat", "\u2066x\u2069", "x\u2028y", "\U000e0fff", "\ufdd0", "\uf03a", "__proto__",
    "constructor",
    "toString", MANIFEST, "README.txt", "x" * 255, "x." + "y" * 250, ".".join("abc" * 80),
    "я" * 127 + "x", "%" * 200,
    "/" * 80, ("a" * 80 + "/") * 3,
]  # fmt: skip
ALIKE = [
    "Main.java", "main.java", "MAIN.JAVA", "main-2.java", "Main-3.java", "é.py", "e\u0301.py",
    "É.py", "STRASSE",
    "σας", "ΣΑΣ", "σασ", "K.txt", "k.txt", "\u212a.txt", "Å", "\u212b", "A\u030a", "a\u200db", "ab",
    "_con.txt", "i",
    "ı", "I", "İ", "가", unicodedata.normalize("NFD", "가"), "X" * 255, "x" * 254, "ОЧЕНЬ" * 20,
    "очень" * 20,
]  # fmt: skip
CORPUS = list(dict.fromkeys([*SCRIPTS, *RESERVED, *ODD, *ALIKE]))

HFS_IGNORES = dict.fromkeys(
    [*range(0x200C, 0x2010), *range(0x202A, 0x202F), *range(0x206A, 0x2070), 0xFEFF]
)
WINDOWS_DEVICES = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)")


def windows_problem(name: str) -> str:
    """Return the rule of Windows' documentation on file names that a name breaks, or ""."""
    if set(name) & set('<>:"/\\|?*') or min(map(ord, name)) < ord(" "):
        return "a forbidden character"
    if name[-1] in " .":
        return "a space or dot at the end"
    if WINDOWS_DEVICES.fullmatch(name.split(".", maxsplit=1)[0].rstrip(" ").lower()):
        return "a device"
    if re.fullmatch(r"[^.]{1,6}~[0-9]+(\.[^.]{0,3})?", name):
        return "perhaps the short name of another file"
    return "too long" if len(name.encode("utf-16-le")) // 2 > 255 else ""


def problem_on_macs(name: str) -> str:
    """Return why HFS+ or APFS refuses a name or gives it another meaning, or ""."""
    if any(unicodedata.category(letter) in {"Cn", "Cs"} for letter in name):
        return "an unassigned character"
    if name.startswith("._"):
        return "the Finder's data about another file"
    return (
        "too long" if len(unicodedata.normalize("NFD", name).encode("utf-16-le")) // 2 > 255 else ""
    )


def git_problem(name: str) -> str:
    """Return why git refuses a name on some system or treats it as its own file, or ""."""
    plain = name.translate(HFS_IGNORES).lower().rstrip(" .")
    return "git's own" if plain in {".git", "git~1", ".gitmodules", ".gitattributes"} else ""


def problem(name: str) -> str:
    if len(name.encode()) > MAX_BYTES:
        return f"over {MAX_BYTES} bytes"
    return windows_problem(name) or problem_on_macs(name) or git_problem(name)


def as_some_system_has_it(name: str) -> set[str]:
    """Return the forms that a file system without case, or with normalization, may give a name."""
    plain = unicodedata.normalize("NFD", name.translate(HFS_IGNORES))
    return {
        name,
        name.upper(),
        name.lower(),
        plain.casefold(),
        unicodedata.normalize("NFC", name).upper(),
    }


def check(roots: list[str]) -> dict[str, str]:
    """Return {root: name} after checking every name alone and with all other names."""
    names = FileNames()
    named, _ = names.paths({root: root for root in roots})
    parts = {part for name in named.values() for part in name.split("/")}
    assert {part: fault for part in parts if (fault := problem(part))} == {}
    assert json.loads(names.manifest()) == {name: root for root, name in named.items()}
    owners: dict[str, str] = {}
    for name in named.values():
        for form in as_some_system_has_it(name):
            assert owners.setdefault(form, name) == name
    for name in named.values():
        for folder in list(accumulate(name.split("/"), "{}/{}".format))[:-1]:
            assert not as_some_system_has_it(folder) & owners.keys()
    return named


def test_file_names_of_corpus_suit_every_system() -> None:
    check(CORPUS)


@pytest.mark.parametrize("name", [name for name in SCRIPTS if len(name.encode()) <= MAX_BYTES])
def test_file_name_keeps_letters_of_all_scripts(name: str) -> None:
    assert file_name(name) == name


PARTS = st.sampled_from(
    [
        *CORPUS,
        *'abC./\\ ~1%_-:"',
        "\u200d",
        "\ufeff",
        "\u0301",
        "é",
        "я",
        "解",
        ".py",
        ".GIT",
        "nul",
    ]
)


@given(
    st.lists(
        st.text(max_size=20) | st.lists(PARTS, max_size=5).map("".join), max_size=30, unique=True
    )
)
@settings(deadline=None)
def test_file_names_of_any_roots_suit_every_system(roots: list[str]) -> None:
    check(roots)


@pytest.mark.parametrize(
    ("root", "name"),
    [
        ("src/main.py", "src%2Fmain.py"),
        ("100%", "100%"),
        ("a%2Fb", "a%252Fb"),
        ("notes.", "notes%2E"),
        ("con.txt", "_con.txt"),
        (".git", "_.git"),
        ("git~1", "git%7E1"),
        ("", "_"),
    ],
)
def test_forbidden_file_name_is_changed_as_readme_says(root: str, name: str) -> None:
    assert file_name(root) == name


def test_too_long_file_name_keeps_beginning_and_ending() -> None:
    """A shortened name has a digest in the middle, so names with the same beginning differ."""
    first, second = file_name("я" * 200 + "1.py"), file_name("я" * 200 + "2.py")

    assert first != second
    assert re.fullmatch(r"я{90,}-[0-9a-f]{10}\.py", first)
    assert len(first.encode()) <= MAX_BYTES


def test_cut_file_name_has_no_half_escape() -> None:
    assert re.fullmatch(r"(%2F)+-[0-9a-f]{10}", file_name("/" * 255))


def paths(names: FileNames, **shown: str) -> dict[str, str]:
    return names.paths(shown)[0]


def test_similar_file_names_have_the_same_numbers_in_all_folders() -> None:
    names = FileNames()

    assert paths(names, a="Main.java", b="main.java") == {"a": "Main.java", "b": "main-2.java"}
    assert paths(names, c="MAIN.java", b="main.java") == {"b": "main-2.java", "c": "MAIN.java"}
    assert paths(names, a="Main.java", b="main.java", c="MAIN.java")["b"] == "main-2.java"


def test_renamed_file_leaves_its_path_to_others() -> None:
    names = FileNames()

    assert paths(names, a="x.py", b="y.py") == {"a": "x.py", "b": "y.py"}
    assert paths(names, a="z.py", b="x.py") == {"a": "z.py", "b": "x.py"}
    assert names.are_original
    assert json.loads(names.manifest()) == {"x.py": "a", "y.py": "b", "z.py": "a"}


def test_file_and_folder_of_one_name_get_different_paths() -> None:
    """The two paths differ for users, but a system that ignores case would take them for one."""
    chosen = paths(FileNames(), a="STRASSE", b="straße/x", c="d/e", d="D")

    assert chosen == {"a": "STRASSE", "b": "straße-2/x", "c": "d/e", "d": "D-2"}


def test_root_that_is_no_text_is_one_file_with_an_ending() -> None:
    """If a root has a text and other content, it makes two files."""
    names = FileNames()

    chosen = names.paths({"b/c": "b/c.json"}, {"b/c": ".json"})

    assert chosen == ({"b/c": "b/c.json"}, {"b/c": "b%2Fc.json"})
    assert not names.are_original


def test_many_similar_names_are_numbered_quickly() -> None:
    """4,096 names that differ only in capitals are numbered quickly.

    A hostile editor can make this number of texts.
    """
    letters = [
        f"{number:012b}".translate({ord("0"): "a", ord("1"): "A"}) for number in range(4_096)
    ]

    assert len({name.lower() for name in check(letters).values()}) == len(letters)


async def test_exports_of_corpus_are_unpacked_and_cloned(ada: Api, tmp_path: Path) -> None:
    """unzip, Python and git can unpack an export of all these names, with all texts unchanged.

    git runs with its rules for Windows and macOS.
    """
    roots = [root for root in CORPUS if 0 < len(root.encode()) <= 255][:240]
    texts = {root: f"text of {root!r}\n" for root in roots}
    session_id = await ada.new_session()
    wire = await joined(ada, session_id)
    await wire.send(texts_frame(texts))
    await until(lambda: ada.live(session_id), lambda live: len(live["files"]) >= len(texts))
    assert (await ada.post(f"/code/{session_id}/save", {})).status == 201
    wire.close()

    archive = (await ada.get(f"/code/{session_id}/export")).body
    (tmp_path / "session.zip").write_bytes(archive)
    run(needed_program("unzip"), "-q", "session.zip", "-d", "unzipped", folder=tmp_path)
    zipfile.ZipFile(io.BytesIO(archive)).extractall(tmp_path / "extracted")
    (tmp_path / "session.bundle").write_bytes(
        (await ada.get(f"/code/{session_id}/export?format=git")).body
    )
    rules = [
        "-c",
        "core.protectNTFS=true",
        "-c",
        "core.protectHFS=true",
        "-c",
        "transfer.fsckObjects=true",
    ]
    run("git", *rules, "clone", "--quiet", "session.bundle", "clone", folder=tmp_path)
    run("git", "fsck", "--strict", folder=tmp_path / "clone")

    texts["codemirror"] = ""
    for folder in ("unzipped", "extracted"):
        originals = json.loads((tmp_path / folder / MANIFEST).read_text())
        for place in ("live", "versions/0001-manual"):
            assert unpacked(tmp_path / folder / place, originals) == texts
    originals = json.loads((tmp_path / "clone" / MANIFEST).read_text())
    assert unpacked(tmp_path / "clone", originals) == texts
    parts = {part for name in originals for part in name.split("/")}
    assert {part: fault for part in parts if (fault := problem(part))} == {}


def run(*command: str, folder: Path) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def unpacked(folder: Path, originals: dict[str, str]) -> dict[str, str]:
    """Return {name of the text: text} of the files in a folder."""
    paths = {str(file.relative_to(folder)): file for file in folder.rglob("*") if file.is_file()}
    return {
        originals[path]: file.read_bytes().decode()
        for path, file in paths.items()
        if path != MANIFEST and not path.startswith(".git/")
    }
