"""`collab-server run` with a probe in its event loop: python -m bench.worst.probed FILE."""

import sys
from pathlib import Path
from typing import Any

from bench.worst.probe import LoopProbe
from collab_server import cli
from collab_server.server import Server


def install(path: Path) -> None:
    """Have each server of this process, and of its forks, write into a file when its loop is held.

    `bench.worst.probe` measures these holds.
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
