"""Reads the whole document in order in Python, from raw bytes: texts, maps, arrays and XML."""
