"""Writes the documents that come from code: docs/configuration.md and .env.example.

`python -m docs.generate` writes, `--check` fails if something is not up to date.
"""

import sys
from pathlib import Path

from collab_server.cli import flag_name
from collab_server.config import all_settings

ROOT = Path(__file__).parent.parent

_CONFIGURATION_HEAD = """# Configuration

<!-- Made by `make format` from collab_server/config.py; edit there. -->

Settings come from the command's flags, then the environment, then a file `.env` in the current
folder. A bad value ends the start with one line that names the variable and the rule; an unknown
`COLLAB_*` variable is a warning. `collab-server check` tries a configuration without starting.

| variable, flag | default | allowed | what it is |
|---|---|---|---|
"""

_CONFIGURATION_TAIL = """
Passwords have 10 to 128 characters of any kind, are none of the most common ones, and not the
user's own name or e-mail address. They are stored as bcrypt over base64(sha256(password)).

The signing secret is made at the first start and kept in `DATA_DIR/secret` (mode 0600). Whoever
changes or deletes it signs everybody out.
"""

_ENV_HEAD = """# Settings of collab-server; copy to .env and uncomment what you change. See docs/configuration.md.
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
        rows.append(f"| `{setting.variable}`<br>`{flag}` | {default} | {allowed} | {setting.about} |\n")
    return _CONFIGURATION_HEAD + "".join(rows) + _CONFIGURATION_TAIL


def env_example() -> str:
    """Return .env.example."""
    return _ENV_HEAD + "".join(
        f"\n# {setting.about}\n# {setting.variable}={_plain(setting.default)}\n" for setting in all_settings()
    )


def _plain(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def main() -> int:
    stale = []
    for path, text in ((ROOT / "docs" / "configuration.md", configuration()), (ROOT / ".env.example", env_example())):
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
