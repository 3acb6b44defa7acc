"""`python -m collab_server`, the same as the command `collab-server`."""

import sys
from pathlib import Path

# `python -m` searches the current folder first. A module there may have the name of one of the
# server's packages, such as `handlers`. It would then run instead of that package.
if sys.path[0] == str(Path.cwd()) and Path(__file__).parents[1] != Path.cwd():
    del sys.path[0]

from collab_server.entry import main

sys.exit(main())
