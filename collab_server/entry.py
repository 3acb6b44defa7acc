"""Starts the command, if Python finds the server's own packages.

The packages have ordinary names, such as `handlers`. A module of that name in a folder of
PYTHONPATH, or in another installed program, would run instead. Python would then say only that it
cannot import some name, but not why.
"""

from importlib.util import find_spec
from pathlib import Path

from collab_server import logs

PACKAGES = ("handlers", "crdt", "storage")
_HERE = Path(__file__).parents[1]
_CANNOT_START = 2


def main() -> int:
    """Run the command, or say in one line which package is not the server's own.

    Returns the exit code.
    """
    if problem := shadowed():
        logs.complain(problem)
        return _CANNOT_START
    # It is imported here, because it imports all these packages.
    from collab_server.cli import main as run  # noqa: PLC0415

    return run()


def shadowed() -> str | None:
    """Return a sentence about the first package that is not the server's, or None."""
    for name in PACKAGES:
        spec, own = find_spec(name), _HERE / name / "__init__.py"
        origin = spec.origin if spec else None
        if origin is None:
            return f"The package `{name}` of this server is missing: it should be {own}."
        if Path(origin).resolve() != own.resolve():
            return (
                f"Python finds {origin} instead of {own}: rename that module, or take its folder "
                "out of PYTHONPATH."
            )
    return None
