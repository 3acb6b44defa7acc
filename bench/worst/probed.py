"""`collab-server run` with a probe in its event loop: python -m bench.worst.probed FILE."""

import sys
from pathlib import Path
from typing import Any

from bench.worst.probe import LoopProbe
from collab_server import cli
from collab_server.server import Server


def install(path: Path) -> None:
    """Make each server in this process and in its forks write the holds of its loop into a file.

    A hold is a time in which the loop does not respond (`bench.worst.probe`).
    """
    start = Server.start

    async def start_probed(*arguments: Any, **options: Any) -> Server:
        server = await start(*arguments, **options)
        LoopProbe(path).start()
        return server

    Server.start = start_probed  # type: ignore[method-assign]


if __name__ == "__main__":
    install(Path(sys.argv[1]))
    sys.exit(cli.main(["run"]))
