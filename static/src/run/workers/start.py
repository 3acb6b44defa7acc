"""Starts a user's program as `python main.py` would, called by static/src/run/workers/python.ts."""

_ask = None
"""Returns a promise of the next line, or of None; None if the user cannot type lines."""

_copied = set()
"""The names of modules that only a copy of memory has. Python alone does not load them."""


def _typed_lines(ask):
    """Return a file for `sys.stdin`, which waits for each line of the user."""
    import io

    from pyodide.ffi import run_sync

    class TypedLines(io.TextIOBase):
        encoding = "utf-8"

        def readable(self):
            return True

        def readline(self, size=-1):
            line = run_sync(ask())
            return "" if line is None else f"{line}\n"

        def read(self, size=-1):
            return "".join(self)

    return TypedLines()


def _load_modules():
    """Import what starts of programs and their tests need, for a copy of memory that has it."""
    import sys

    before = set(sys.modules)
    import json  # noqa: F401
    import linecache  # noqa: F401
    import traceback  # noqa: F401
    import unittest  # noqa: F401
    from pathlib import Path  # noqa: F401

    _copied.update(set(sys.modules) - before)


def _forget_copied(folders):
    """Let a program import its own modules, also if the copy has others of the same name.

    Python alone finds a module in one of these folders before one of the library.
    """
    import sys
    from pathlib import Path

    own = {path.stem for folder in folders for path in Path(folder).iterdir()}
    for name in _copied:
        if name.partition(".")[0] in own:
            sys.modules.pop(name, None)


def _start(entry):
    """Run the file `entry` as the main module; return the exit code of the process."""
    import os
    import sys
    import traceback
    from pathlib import Path
    from types import ModuleType

    # The seed may come from a copy of memory, with which many programs start.
    if "random" in sys.modules:
        sys.modules["random"].seed()
    os.chdir("/home/user")
    # Modules in the entry's folder come first, as in a terminal, and then those at the root.
    folders = ("/home/user", str(Path(f"/home/user/{entry}").parent))
    for folder in folders:
        if folder not in sys.path:
            sys.path.insert(0, folder)
    _forget_copied(folders)
    sys.argv = [entry]
    # Written line by line, so that output appears while the program runs.
    sys.stdout.reconfigure(line_buffering=True)
    if _ask:
        sys.stdin = _typed_lines(_ask)
    main = ModuleType("__main__")
    main.__file__ = entry
    sys.modules["__main__"] = main
    code = 0
    try:
        with open(entry, encoding="utf-8") as file:
            source = file.read()
        exec(compile(source, entry, "exec"), main.__dict__)
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
        if isinstance(ended.code, str):
            print(ended.code, file=sys.stderr)
    except BaseException as error:
        # The first entry of the traceback is this function.
        inside = error.__traceback__.tb_next if error.__traceback__ else None
        traceback.print_exception(type(error), error, inside)
        code = 1
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    return code
