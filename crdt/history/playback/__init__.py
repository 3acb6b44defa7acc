"""Plays back a session's stored log: the document at any moment, its changes, and a timeline."""
