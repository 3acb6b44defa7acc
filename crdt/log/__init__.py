"""The log of a session's updates: its records, those that wait to be written,
and a document restored from it.
"""
