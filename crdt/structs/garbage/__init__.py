"""Drops deleted content of stored documents, and counts the bytes of each author."""
