"""The log of a session's updates: its encoding, unwritten updates, restored documents and their checkpoints."""
