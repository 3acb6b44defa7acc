"""The text that simulated people type: prose in several scripts, code and emoji.

A phrase is a list of keys. A key is the text that one key press inserts. It is mostly one
character, but an emoji of several code points is one key, as in an emoji picker.
"""

from collections.abc import Iterable

from harness.simulator.dice import Dice

Phrase = list[str]

EMOJI = (
    "😀",
    "🎉",
    "🚀",
    "𝛑",
    "👍🏽",
    "❤️",
    "🇫🇷",
    "👩‍💻",
    "🏳️‍🌈",
    "👨‍👩‍👧‍👦",
    "1️⃣",
)
"""One code point beyond U+FFFF (a surrogate pair in UTF-16), or several code points that are shown
as one picture."""

_ENGLISH = (
    "the of and to a in is that it was for on are as with they be at this have from or had by not "
    "but some what there "
    "we can out other were all your when use word how said each which their time will way about "
    "many then them write "
    "would like so these her long make thing see him two has look more day could go come did "
    "number sound no most "
    "people my over know water than call first who may down side been now find paper editor server "
    "document"
)
_ACCENTED = [
    "Größe",
    "über",
    "für",
    "café",
    "naïve",
    "élève",
    "señor",
    "niño",
    "œuvre",
    "ærø",
    "Łódź",
    "čeština",
]
_SCRIPTS = {
    "russian": "сервер хранит каждую версию документа и показывает кто написал эту строку вчера "
    "вечером",
    "greek": "ο διακομιστής κρατά κάθε έκδοση του εγγράφου και δείχνει ποιος έγραψε",
    "hebrew": "השרת שומר כל גרסה של המסמך ומראה מי כתב את השורה",
    "arabic": "يحفظ الخادم كل نسخة من المستند ويعرض من كتب السطر",
    "hindi": "सर्वर दस्तावेज़ का हर संस्करण रखता है और दिखाता है किसने लिखा",
    "chinese": "服务器 保存 文档 的 每个 版本 并 显示 谁 写了 这一行",
    "japanese": "サーバー は 文書 の すべて の 版 を 保存 します",
    "korean": "서버 는 문서 의 모든 판 을 보관 합니다",
    "mathematics": "𝑓 𝑥 ∑ ∞ ≤ 𝛼 𝛽 ∈ ℝ √2 ≠ é ñ",
}
_UNSPACED = {"chinese", "japanese"}
_WORDS = {name: tuple(text.split()) for name, text in {"english": _ENGLISH, **_SCRIPTS}.items()}
_FOREIGN = tuple(_SCRIPTS)
_NAMES = [
    "total",
    "index",
    "user",
    "row",
    "text",
    "cursor",
    "update",
    "server",
    "found",
    "size",
    "left",
    "right",
    "parent",
    "child",
    "length",
    "key",
]
_CODE = (
    "def {0}({1}, {2}):",
    "    {0} = {1}.get({2}, {n})",
    "    if {0} is None or {1} > {n}:",
    "        return {0}[{n}:]",
    "    for {0} in sorted({1}):",
    '        print(f"{{{0}}} of {n}")',
    "    {0} += {1} * {n}  # {2}",
    "    return {0}",
    "class {0}:",
    "fn {0}<T: Ord>({1}: &mut Vec<T>) -> Option<usize> {{",
    "    let {0} = {1}.iter().map(|it| it + {n}).max()?;",
    "}}",
    "const {0} = async ({1}) => await fetch(`/api/${{{2}}}`);",
    "",
)


def english(dice: Dice) -> Phrase:
    """Return an English sentence, sometimes with a foreign word.

    It has no code points beyond U+FFFF.
    """
    words = [_word(dice) for _ in range(dice.between(4, 16))]
    words[0] = words[0].capitalize()
    return [
        *" ".join(words),
        *dice.weighted((((". "), 8), (", ", 4), ("? ", 1), (".\n", 3), (".\n\n", 1))),
    ]


def _word(dice: Dice) -> str:
    return dice.pick(_ACCENTED) if dice.chance(10) else dice.pick(_WORDS["english"])


def letters(dice: Dice) -> Phrase:
    """Return a sentence of a letter or a chat in one of many scripts, with emoji."""
    script = "english" if dice.chance(500) else dice.pick(_FOREIGN)
    words = [dice.pick(_WORDS[script]) for _ in range(dice.between(3, 9))]
    if dice.chance(400):
        words.insert(dice.between(1, len(words)), dice.pick(EMOJI))
    space = "" if script in _UNSPACED else " "
    spaced = [part for word in words for part in (word, space)]
    return keys([*spaced, dice.weighted(((". ", 3), ("! ", 2), ("\n", 3)))])


def code(dice: Dice) -> Phrase:
    """Return a line of code."""
    names = [dice.pick(_NAMES) for _ in range(3)]
    line = dice.pick(_CODE).format(*names, n=dice.below(100))
    comment = ("  # ", dice.pick(EMOJI)) if dice.chance(40) else ()
    return keys([line, *comment, "\n"])


def keys(parts: Iterable[str]) -> Phrase:
    """Split parts into keys; a part that is an emoji is one key."""
    return [key for part in parts for key in ((part,) if part in EMOJI else part)]
