"""The log of a session's updates: its encoding, unwritten updates, and restored documents."""
