"""Deleted content in stored documents, of which ids and lengths are kept; and how many bytes each author has."""
