"""Edits by the server, made with pycrdt on copies of a document."""
