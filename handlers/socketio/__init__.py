"""Serves the original backend's Socket.IO events (docs/api.md, docs/migrating.md).

Socket.IO clients and Yjs editors work in the same sessions.
"""
