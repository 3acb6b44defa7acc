"""`python -m collab_server`, the same as the command `collab-server`."""

import sys
from pathlib import Path

# `python -m` looks into the current folder first. A module there that is called as a package of the
# server, such as `handlers`, would run instead of it.
if sys.path[0] == str(Path.cwd()) and Path(__file__).parents[1] != Path.cwd():
    del sys.path[0]

from collab_server.cli import main

sys.exit(main())
