"""Names the file of a session's main text by its language, like the tabs of the web app."""

from typing import Final

from handlers.api.session import MAIN_ROOT

_SUFFIXES: Final = {
    "javascript": "js", "typescript": "ts", "python": "py", "java": "java", "c": "c", "cpp": "cpp",
    "csharp": "cs", "go": "go", "rust": "rs", "sql": "sql", "html": "html", "css": "css",
    "markdown": "md", "json": "json", "ruby": "rb", "php": "php", "kotlin": "kt",
    "swift": "swift", "scala": "scala", "shell": "sh", "yaml": "yaml",
}  # fmt: skip
"""{language: ending of its files}, the same as in `static/src/lib/languages.ts`."""


def shown_names(language: str) -> dict[str, str]:
    """Return {root: the name that users see for it}, for roots with a special name."""
    return {MAIN_ROOT: f"main.{_SUFFIXES.get(language, 'txt')}"}
