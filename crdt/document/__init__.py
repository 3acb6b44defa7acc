"""One Yjs document in memory: merged, shown by pycrdt at a measured cost,
and edited by the server.
"""
