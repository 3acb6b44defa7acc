"""One Yjs document in memory: merged, shown by pycrdt, and edited by the server."""
