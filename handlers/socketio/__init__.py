"""The original backend's Socket.IO events on the same sessions (docs/api.md, docs/migrating.md)."""
