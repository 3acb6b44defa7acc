"""The log of a session's updates: its records, what waits to be written, and a document restored from it."""
