"""Measurements of the server, alone and next to others.
Not for: whether it is right, which `tests` says.
"""
