"""Runs the tests of a file of assertions in Python. programs.ts puts a call behind this file."""

import json
import linecache
import sys
import unittest
from pathlib import Path

_TESTS = "<tests>"


def _described(error):
    """Return the text of an error, with the line of the assertions that it comes from."""
    text = f"{type(error).__name__}: {error}".removesuffix(": ")
    step = error.__traceback__
    while step:
        if step.tb_frame.f_code.co_filename == _TESTS:
            line = linecache.getline(_TESTS, step.tb_lineno).strip()
            return f"line {step.tb_lineno}: {line}\n{text}"
        step = step.tb_next
    return text


def _actions(name, value):
    """Yield (name, action) of each test in a value with this name."""
    if not name.lower().startswith("test"):
        return
    if isinstance(value, type) and issubclass(value, unittest.TestCase):
        for method in unittest.defaultTestLoader.getTestCaseNames(value):
            yield f"{name}.{method}", value(method).debug
    elif callable(value):
        yield name, value


def _run_tests(root, source, mark):
    """Run the file `root`, then `source` with its names, then all that `source` calls a test."""
    write = sys.__stdout__.write
    sys.path.insert(0, str(Path(root).parent.resolve()))
    names = {"__name__": "solution", "__file__": root}
    exec(compile(Path(root).read_text(encoding="utf-8"), root, "exec"), names)
    before = dict(names)
    linecache.cache[_TESTS] = (len(source), None, source.splitlines(keepends=True), _TESTS)
    exec(compile(source, _TESTS, "exec"), names)
    added = [(name, value) for name, value in names.items() if before.get(name) is not value]
    for name, action in [pair for item in added for pair in _actions(*item)]:
        result = {"name": name, "passed": True}
        try:
            action()
        except (Exception, SystemExit) as error:
            result = {"name": name, "passed": False, "message": _described(error)}
        sys.stdout.flush()
        write(f"\n{mark}{json.dumps(result)}\n")
