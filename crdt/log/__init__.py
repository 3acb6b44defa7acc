"""The log of a session's updates: its encoding, updates to be written, documents, checkpoints."""
