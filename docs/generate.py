"""Writes the generated parts of docs and web app: settings, close codes and the list of modules.

`python -m docs.generate` writes the files. With `--check`, it only fails if a file is out of date.
"""

import sys
from pathlib import Path

from collab_server.cli import flag_name
from collab_server.config import all_settings
from docs.modules import module_map
from handlers.close_codes import CloseCode, words

ROOT = Path(__file__).parent.parent

_CONFIGURATION_HEAD = """# Configuration

<!-- Made by `make format` from collab_server/config.py; edit there. -->

After reading this page you can change each setting, and check your settings before a start.

Settings come from the command's flags, then the environment, then a file `.env` in the current
folder. A wrong value ends the start with one line that names the variable and the rule. An unknown
`COLLAB_*` variable only causes a warning. `collab-server check` tests a configuration without
starting the server: it makes the checks of a start (address and port, store, secret, files in
`DATA_DIR`), and creates no files. If a check fails, it prints the line that the start would print.

`.env` is UTF-8 and has lines `NAME=value`. Values may be quoted. A `#` after a blank begins a
comment. `${OTHER}` is replaced by the value of that variable, so write `'…'` around a value that
has `${` in it. A file in another encoding, a folder of that name, or a line that is not a setting
ends the start.

Numbers have the digits 0 to 9 only, and a point before a fraction: `5_000`, `1e3` and `+5` are
refused.

`HOST` is one address or name of this machine. With `localhost`, only this machine reaches the
server. `0.0.0.0` is every IPv4 address, `::` every IPv6 address, and `*` every address of both.
Quote the `*` in a shell: `--host '*'`.

| variable, flag | default | allowed | meaning |
|---|---|---|---|
"""

_CONFIGURATION_TAIL = """
Passwords have 10 to 128 characters of any kind. The most common passwords are refused, and so are
the user's own name and e-mail address. Passwords are stored as bcrypt over
base64(sha256(password)).

The signing secret is made at the first start and kept in `DATA_DIR/secret` (mode 0600). If you
change or delete it, everybody has to sign in again.
"""

_ENV_HEAD = """# Settings of collab-server. Copy to .env and uncomment settings. See docs/configuration.md.
"""  # noqa: E501  # a line of .env.example


_CODES_BEGIN = (
    "<!-- close codes: made by `make format` from handlers/close_codes.py; edit there -->\n"
)
_CODES_END = "<!-- end of close codes -->\n"

_WEB_CODES_HEAD = """// Made by `make format` from handlers/close_codes.py: edit there.

/**
 * The codes with which the server closes a connection under /sync. docs/api.md says what each
 * means.
 */
export const CLOSE_CODE = {
"""


def configuration() -> str:
    """Return docs/configuration.md."""
    rows = []
    for setting in all_settings():
        if setting.is_number:
            allowed = f"{_plain(setting.low)} – {_plain(setting.high)}"
        else:
            allowed = ", ".join(f"`{word}`" for word in setting.allowed) or "text"
        default = f"`{_plain(setting.default)}`" if setting.default != "" else "unset"
        flag = "--" + flag_name(setting.variable)
        rows.append(
            f"| `{setting.variable}`<br>`{flag}` | {default} | {allowed} | {setting.about} |\n"
        )
    return _CONFIGURATION_HEAD + "".join(rows) + _CONFIGURATION_TAIL


def env_example() -> str:
    """Return .env.example."""
    return _ENV_HEAD + "".join(
        f"\n# {setting.about}\n# {setting.variable}={_plain(setting.default)}\n"
        for setting in all_settings()
    )


def api() -> str:
    """Return docs/api.md with a new table of close codes between its two marks."""
    head, _, rest = (ROOT / "docs" / "api.md").read_text().partition(_CODES_BEGIN)
    return head + _CODES_BEGIN + _close_codes() + _CODES_END + rest.partition(_CODES_END)[2]


def _close_codes() -> str:
    rows = ["| close code | words | meaning | come back? |\n|---|---|---|---|\n"]
    for code in CloseCode:
        named = ", ".join(f"`{word}`" for word in words(code))
        rows.append(
            f"| {code} | {named} | {code.meaning} | {'later' if code.comes_back else 'no'} |\n"
        )
    return "".join(rows)


def web_close_codes() -> str:
    """Return static/src/close_codes.ts."""
    lines = []
    for code in CloseCode:
        first, *others = code.name.lower().split("_")
        lines.append(f"  {first}{''.join(word.title() for word in others)}: {code},\n")
    return _WEB_CODES_HEAD + "".join(lines) + "} as const\n"


def _plain(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def main() -> int:
    """Write the generated files, or only compare them (`--check`); return the exit code."""
    stale = []
    made = {
        ROOT / "docs" / "configuration.md": configuration(),
        ROOT / "docs" / "api.md": api(),
        ROOT / "docs" / "modules.md": module_map(ROOT),
        ROOT / ".env.example": env_example(),
        ROOT / "static" / "src" / "close_codes.ts": web_close_codes(),
    }
    for path, text in made.items():
        if path.exists() and path.read_text() == text:
            continue
        if "--check" in sys.argv:
            stale.append(path.name)
        else:
            path.write_text(text)
    if stale:
        print(f"not up to date: {', '.join(stale)}; run `make format`", file=sys.stderr)
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
